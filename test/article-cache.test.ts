/** `article cache`: its jobs are in the control group that it makes, and nothing of it is left; its table. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { EXIT } from '../src/errors.ts';
import { makeMemoryGroup, pageBytes } from '../src/host/memory-group.ts';
import { cacheOf } from '../src/results/document.ts';
import { parseResult } from '../src/results/read.ts';
import { bench, benchFails, startBench } from './support/bench.ts';
import { diskFolder, filesIn, noDisk } from './support/disk.ts';
import { firstReason } from './support/witness.ts';

const MEBIBYTE = 2 ** 20;
const LIMIT_BYTES = 16 * MEBIBYTE;
const SHORT = ['article', 'cache', '--memory=16m', '--size=64m', '--trials=1', '--runtime=300ms'];

/** Where groups are made here; text: why none can be. */
function place(): { folder: string; usage: string } | string {
  const group = makeMemoryGroup(LIMIT_BYTES);
  if (typeof group === 'string') return group;
  group.remove();
  const usage = group.version === 1 ? 'memory.usage_in_bytes' : 'memory.current';
  return { folder: dirname(group.folder), usage };
}

const there = place();
const noGroup = typeof there === 'string' ? there : false;
const skip = firstReason(noDisk, noGroup);

function ours(): string[] {
  assert.ok(typeof there !== 'string');
  return readdirSync(there.folder).filter((name) => name.startsWith('uring-bench-cache-'));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it is gone by now
  }
}

/** Looks at a run's group until the run has ended -> names of the processes seen in it, and the most memory. */
function watchGroup(): () => { names: Set<string>; bytes: number; looks: number } {
  assert.ok(typeof there !== 'string');
  const { folder, usage } = there;
  const seen = { names: new Set<string>(), bytes: 0, looks: 0 };
  const timer = setInterval(() => {
    for (const name of ours()) {
      for (const pid of textOf(join(folder, name, 'cgroup.procs'))
        .split('\n')
        .filter(Boolean)) {
        seen.looks++;
        const tasks = textOf(`/proc/${pid}/status`);
        seen.names.add(/^Name:\t(\S+)/m.exec(tasks)?.[1] ?? '');
      }
      seen.bytes = Math.max(seen.bytes, Number(textOf(join(folder, name, usage))));
    }
  }, 5);
  return () => {
    clearInterval(timer);
    return seen;
  };
}

test('jobs are in a group with little memory, whose cache fills where it is used', { skip }, async (t) => {
  assert.ok(typeof there !== 'string');
  // What a run that was killed has left: its process is gone.
  const { pid } = spawnSync('true');
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  const left = `uring-bench-cache-${namespace}-${pid}`;
  mkdirSync(join(there.folder, left));
  const folder = diskFolder(t);
  const unwatch = watchGroup();
  const { code, stdout, stderr } = await bench(folder, SHORT);
  const seen = unwatch();
  assert.equal(code, EXIT.ok, stderr);
  assert.deepEqual(ours(), [], 'neither its own nor the one that was left');
  assert.deepEqual(
    filesIn(folder).filter((name) => !name.startsWith('results')),
    [],
  );

  assert.ok(seen.looks > 10);
  assert.deepEqual(
    [...seen.names].filter((name) => !/^ub-job|^uring-bench-wor/.test(name)),
    [],
  );
  // Usage holds for a moment what is being asked for and then refused (page_counter_try_charge): a folio of at most 2 MiB.
  assert.ok(seen.bytes <= LIMIT_BYTES + 2 * MEBIBYTE, `${seen.bytes} are more than the limit`);
  assert.ok(seen.bytes > LIMIT_BYTES * 0.9, `${seen.bytes}: the cache was full`);

  const results = readdirSync(join(folder, 'results')).map((name) =>
    parseResult(readFileSync(join(folder, 'results', name), 'utf8'), name),
  );
  assert.equal(results.length, 4);
  for (const result of results) {
    const report = cacheOf(result);
    assert.ok(report);
    assert.equal(report.limit_bytes, LIMIT_BYTES);
    assert.ok((report.memory_bytes_peak ?? 0) <= LIMIT_BYTES);
    for (const { variant, status, trials } of result.backends) {
      if (status === 'skipped') continue;
      const [seenTrial] = report.trials.filter((one) => one.variant === variant);
      const [trial] = trials;
      assert.ok(seenTrial && trial, `${variant} was looked at`);
      const filled = !report.direct && variant !== 'sync+uncached';
      const cached = seenTrial.cache_bytes_peak / LIMIT_BYTES;
      if (filled) assert.ok(cached > 0.6, `${variant}: ${cached} of the memory is cache`);
      else if (report.direct) assert.ok(cached < 0.25, `${variant}: ${cached} of the memory is cache`);
      if (variant === 'mmap') assert.ok((trial.page_faults?.major ?? 0) > 0);
      // Pages come only as fast as they go when the cache is full, and no faster than they are read.
      const bytes = trial.ops.read?.io_bytes ?? 0;
      const [read, gone] = [seenTrial.pages_in, seenTrial.pages_out].map((n) => (n ?? -1) * pageBytes());
      assert.ok(read !== undefined && gone !== undefined);
      const what = `${report.access} ${variant}: ${read} of ${bytes} were read from the device, ${gone} evicted`;
      if (report.direct) assert.ok(read < MEBIBYTE, what);
      // In order readahead of some devices is so large for this little memory that it throws away what it brings.
      else if (report.access === 'random') assert.ok(read <= bytes * 1.1 + 2 * MEBIBYTE, what);
      if (!filled) continue;
      // In order the page that comes next has just been taken away; at random one in four is met.
      assert.ok(read > bytes * (report.access === 'sequential' ? 0.9 : 0.5) - MEBIBYTE, what);
      assert.ok(gone > read * 0.8 - MEBIBYTE && gone < read * 1.2 + LIMIT_BYTES, what);
    }
  }
  for (const line of [/^sequential +sync /m, /^random +sync /m, /^ +mmap /m, /^ +sync, direct /m])
    assert.match(stdout, line);
  assert.match(stdout, /control group \(version [12]\) with 16(\.0)? MiB of memory/);
});

test('a signal takes the group and the file away, too', { skip }, async (t) => {
  const folder = diskFolder(t);
  const running = startBench(folder, [...SHORT, '--runtime=20s']);
  assert.ok(typeof there !== 'string');
  while (!ours().some((name) => textOf(join(there.folder, name, 'cgroup.procs')) !== ''))
    await setTimeout(20);
  await setTimeout(1000);
  running.kill('SIGTERM');
  const { code } = await running.ended;
  assert.equal(code, 143);
  assert.deepEqual(ours(), []);
  assert.deepEqual(
    filesIn(folder).filter((name) => !name.startsWith('results')),
    [],
  );
});

test('what cannot be is refused before anything is made', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const cases: [string[], RegExp][] = [
    [['cache', '--memory=32m', '--size=48m'], /size=48m is not twice the memory that it may use, 32m/],
    [['cache', 'table1'], /cache is no table of the article's/],
    [['cache', '--iodepth=4'], /iodepth is of article metadata and article durability alone/],
    [['table1', '--memory=32m'], /memory is of article cache alone/],
    [['cache', '--isolation=thread'], /only a process can be in a control group/],
  ];
  for (const [args, said] of cases)
    assert.match(await benchFails(folder, ['article', ...args], EXIT.usage), said);
  assert.deepEqual(filesIn(folder), []);
});
