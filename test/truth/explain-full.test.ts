/** What `--explain=full` says of system calls, against strace; of the page cache and of the way into the kernel. */
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
  for (const { label, explain } of result.backends) {
    const { stacks = [], total: all } = explain?.traced?.samples ?? {};
    assert.equal(total(stacks.map(({ count }) => count)), all, `${label}: so few stacks are all stored`);
  }
  const lines = readFileSync(`${folder}/stacks`, 'utf8').trimEnd().split('\n');
  for (const line of lines) assert.match(line, /^(sync|io_uring);(job|pool|iou-\w+|other);\S+ \d+$/);
  for (const backend of ['sync', 'io_uring']) {
    const samples = explainedOf(backendOf(result, backend)).traced.samples;
    const counts = lines.filter((line) => line.startsWith(`${backend};`)).map((line) => line.split(' ')[1]);
    assert.equal(total(counts.map(Number)), samples?.total, backend);
  }
});

test('the page cache: what was read before is found, what was not is read from the device', {
  skip,
}, async (t) => {
  const looked = (args: readonly string[]) => explained(t, 'sync', ['--buffered', '--explain=full', ...args]);
  await seenWhole(async () => {
    const ios = 1000;
    const cold = await looked(['--number-ios', String(ios)]);
    const hot = await looked(['--number-ios', String(ios), '--pre-read']);
    assert.deepEqual([cold.traced.cache?.lookups, hot.traced.cache?.lookups], [ios, ios]);
    assert.deepEqual(
      [hot.traced.cache?.hits, hot.traced.cache?.misses, hot.traced.cache?.added],
      [ios, 0, 0],
    );
    const { misses = 0, added = 0, readahead } = cold.traced.cache ?? {};
    assert.ok(misses > 0.9 * ios && readahead === added - misses, `${misses} of ${ios}`);
    const { bytes = 0, lost = 0 } = cold.traced.block ?? {};
    assert.equal(lost, 0);
    assert.equal(bytes / 4096, added, 'each page that was added came from the device');
  });
});

test('the page cache: in order, each page is looked for once and most were read ahead', {
  skip,
}, async (t) => {
  await seenWhole(async () => {
    const args = ['--buffered', '--rw', 'read', '--bs', '256k', '--number-ios', '64', '--explain=full'];
    const { cache } = (await explained(t, 'sync', args)).traced;
    assert.equal(cache?.lookups, 64 * 64);
    assert.ok((cache?.readahead ?? 0) > cache.misses, `${cache.readahead} ahead, ${cache.misses} misses`);
  });
});

test('the page cache: pages that a write makes dirty', { skip }, async (t) => {
  await seenWhole(async () => {
    const args = ['--buffered', '--rw', 'randwrite', '--number-ios', '500', '--explain=full'];
    const { cache } = (await explained(t, 'sync', args)).traced;
    assert.deepEqual([cache?.lookups, cache?.dirtied, cache?.readahead], [0, 500, null]);
  });
});

test('the way of a call to the block layer is known, and the parts are the whole', { skip }, async (t) => {
  await seenWhole(async () => {
    for (const backend of ['sync', 'posix-aio', 'threadpool']) {
      const { time } = (await explained(t, backend, ['--number-ios', '1000', '--explain=full'])).traced;
      const parts = [time.turn_ns, time.before_ns, time.queue_ns, time.device_ns, time.until_reaped_ns];
      assert.deepEqual(time.undivided, [], backend);
      assert.ok(
        parts.every((part) => part !== null),
        `${backend}: ${parts}`,
      );
      assert.ok(
        (time.before_ns ?? 0) > 500 && (time.before_ns ?? 0) < 1e6,
        `${backend}: ${time.before_ns} ns`,
      );
      const sum = total(parts.map(Number));
      assert.ok(Math.abs(sum / (time.total_ns ?? 0) - 1) < 0.03, `${backend}: ${sum} of ${time.total_ns}`);
    }
  });
});
