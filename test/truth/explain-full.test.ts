/** What `--explain=full` says of system calls, against strace. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { backendOf, benchResult } from '../support/bench.ts';
import { diskFolder } from '../support/disk.ts';
import { COMMON, explained, explainedOf, noTracing, seenWhole, total } from '../support/explained.ts';
import { countCalls, jobThreads, noStrace, straced } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const skip = noTracing;

test('system calls are those that strace sees, by name', { skip: firstReason(skip, noStrace) }, async (t) => {
  await seenWhole(async () => {
    for (const [backend, calls] of [
      ['sync', ['pread64']],
      ['linux-aio', ['io_submit', 'io_getevents']],
      ['io_uring', ['io_uring_enter']],
    ] as const) {
      const args = [...COMMON, '--number-ios', '500', '--backend', backend, '--explain=full'];
      const { result, threads } = await straced(diskFolder(t), args);
      const { traced } = explainedOf(backendOf(result));
      // Two trials: the last job is that of the pass.
      const [, job] = jobThreads({ result, threads });
      assert.ok(job, 'a job of the pass');
      const seen = countCalls(job.calls);
      for (const name of calls) {
        const own = traced.syscalls?.find((call) => call.name === name && call.kind === 'job');
        assert.equal(own?.count, seen[name], `${backend}: ${name}`);
      }
    }
  });
});

test("posix-aio's pool makes a read an I/O, and its calls are exact", { skip }, async (t) => {
  await seenWhole(async () => {
    const { traced, pass, explain } = await explained(t, 'posix-aio', [
      '--number-ios',
      '2000',
      '--explain=full',
    ]);
    assert.equal(explain.tier, 'full');
    const pool = (name: string): number =>
      traced.syscalls?.find((call) => call.name === name && call.kind === 'pool')?.count ?? 0;
    assert.equal(pool('pread64'), pass.total_ios);
    assert.ok(pool('futex') > 0, 'what it waits by is seen');
  });
});

test('stacks are of each backend, in lines that flame graph tools read', { skip }, async (t) => {
  const folder = diskFolder(t);
  const args = [...COMMON, '--backend', 'sync,io_uring', '--runtime', '1', '--explain=full'];
  const result = await benchResult(folder, [...args, '--explain-stacks', 'stacks']);
  const lines = readFileSync(`${folder}/stacks`, 'utf8').trimEnd().split('\n');
  for (const line of lines) assert.match(line, /^(sync|io_uring);(job|pool|iou-\w+|other);\S+ \d+$/);
  for (const backend of ['sync', 'io_uring']) {
    const samples = explainedOf(backendOf(result, backend)).traced.samples;
    const counts = lines.filter((line) => line.startsWith(`${backend};`)).map((line) => line.split(' ')[1]);
    assert.equal(total(counts.map(Number)), samples?.total, backend);
  }
});
