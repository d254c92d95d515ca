/** What a pass over a file is: as many I/Os as fio does, each block once; and bounds that are of what is measured. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bench, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { watchProcess } from '../support/proc-watch.ts';
import { near, parseResult } from '../support/result.ts';
import { scratchFolder } from '../support/scratch.ts';
import { jobThreads, noStrace, offsetOf, straced } from '../support/strace.ts';
import { needsCommand } from '../support/witness.ts';

const KIB = 1024;

/** Options that both sides know; files of so many bytes are made for them. */
const passes: { name: string; files: readonly number[]; args: readonly string[] }[] = [
  { name: '30k in blocks of 4k', files: [30 * KIB], args: ['--rw=read', '--bs=4k'] },
  { name: '1m in blocks of 96k', files: [1024 * KIB], args: ['--rw=read', '--bs=96k'] },
  { name: '1m in blocks of 96k, in random order', files: [1024 * KIB], args: ['--rw=randread', '--bs=96k'] },
  { name: '1m from 900k on', files: [1024 * KIB], args: ['--rw=read', '--bs=4k', '--offset=900k'] },
  { name: 'one block from 900k on', files: [1024 * KIB], args: ['--rw=read', '--bs=96k', '--offset=900k'] },
  { name: 'ten files of 6k', files: Array(10).fill(6 * KIB), args: ['--rw=read', '--bs=4k', '--nrfiles=10'] },
  { name: 'three passes', files: [30 * KIB], args: ['--rw=read', '--bs=4k', '--loops=3'] },
];

for (const { name, files, args } of passes) {
  test(`a pass over ${name}`, { skip: needsCommand('fio') }, async (t) => {
    const folder = scratchFolder(t);
    for (const [i, bytes] of files.entries()) dataFile(join(folder, `j.0.${i}`), bytes);
    const where =
      files.length === 1
        ? [`--filename=${join(folder, 'j.0.0')}`]
        : [`--directory=${folder}`, '--filesize=6k'];
    const shared = ['--name=j', '--direct=0', ...where, ...args];
    const { stdout } = spawnSync('fio', ['--ioengine=psync', '--output-format=json', ...shared], {
      encoding: 'utf8',
    });
    const fio: number = JSON.parse(stdout).jobs[0].read.total_ios;
    const once = args.some((arg) => arg.startsWith('--loops')) ? [] : ['--loops=1'];
    for (const backend of ['sync', 'io_uring']) {
      const mine = ['--trials=1', '--warmup-trials=0', '--no-save', '--output-format=json', '--quiet'];
      const ended = await bench(scratchFolder(t), [`--backend=${backend}`, ...shared, ...once, ...mine]);
      assert.equal(trialOf(parseResult(ended.stdout), backend).total_ios, fio);
    }
  });
}

test('a pass reads each block once, and nothing twice', { skip: noStrace }, async (t) => {
  const folder = scratchFolder(t);
  const path = dataFile(join(folder, 'data'), 30 * KIB);
  const args = [`--filename=${path}`, '--backend=sync', '--rw=read', '--bs=4k', '--loops=1', '--direct=0'];
  const traced = await straced(folder, [...args, '--trials=1', '--warmup-trials=0']);
  const [job] = jobThreads(traced);
  const reads = job?.calls.filter((call) => call.name === 'pread64') ?? [];
  assert.deepEqual(
    reads.map(offsetOf),
    [0, 1, 2, 3, 4, 5, 6].map((block) => block * 4 * KIB),
  );
});

test('number-ios and io-size are of what is measured, not of the ramp before it', async (t) => {
  const folder = scratchFolder(t);
  const path = dataFile(join(folder, 'data'), 1024 * KIB);
  for (const [bound, more] of [
    ['--number-ios=1000', ['--loops=100']],
    ['--io-size=4000k', []],
  ] as const) {
    for (const backend of ['sync', 'io_uring']) {
      const args = [
        `--filename=${path}`,
        `--backend=${backend}`,
        '--rw=randread',
        '--bs=4k',
        '--iodepth=8',
        '--direct=0',
      ];
      const ends = [
        bound,
        ...more,
        '--ramp-time=300ms',
        '--trials=1',
        '--warmup-trials=0',
        '--no-save',
        '--quiet',
      ];
      const { stdout } = await bench(folder, [...args, ...ends, '--output-format=json']);
      assert.equal(trialOf(parseResult(stdout), backend).total_ios, 1000, `${backend} ${bound}`);
    }
  }
});

test('a pause is in no latency, whatever the depth', async (t) => {
  const folder = scratchFolder(t);
  const path = dataFile(join(folder, 'data'), 1024 * KIB);
  for (const backend of ['posix-aio', 'threadpool', 'linux-aio', 'io_uring']) {
    const args = [
      `--filename=${path}`,
      `--backend=${backend}`,
      '--iodepth=8',
      '--thinktime=20ms',
      '--pre-read',
      '--direct=0',
    ];
    const ends = [
      '--runtime=600ms',
      '--trials=1',
      '--warmup-trials=0',
      '--no-save',
      '--quiet',
      '--output-format=json',
    ];
    const { stdout } = await bench(folder, [...args, ...ends]);
    const { ops, total_ios: ios } = trialOf(parseResult(stdout), backend);
    assert.ok(
      (ops.read?.lat_ns.percentile['50.000000'] ?? Number.POSITIVE_INFINITY) < 10e6,
      `${backend}: p50`,
    );
    assert.ok(ios > 5 && ios <= 30, `${backend}: a pause after each of ${ios} I/Os`);
  }
});

test('iodepth_batch_complete_min=0 polls: it waits in no call', { skip: noStrace }, async (t) => {
  const folder = scratchFolder(t);
  const path = dataFile(join(folder, 'data'), 1024 * KIB);
  const args = [
    `--filename=${path}`,
    '--backend=io_uring',
    '--iodepth=4',
    '--iodepth-batch-complete-min=0',
    '--number-ios=50',
  ];
  const traced = await straced(folder, [...args, '--trials=1', '--warmup-trials=0']);
  const enters = jobThreads(traced).flatMap(({ calls }) =>
    calls.filter(({ name }) => name === 'io_uring_enter'),
  );
  const waits = enters.filter((call) => Number(/^[^,]+, \d+, (\d+)/.exec(call.args)?.[1]) > 0);
  assert.ok(enters.length >= 50);
  // What is left in flight at the end is waited for.
  assert.ok(waits.length <= 4, `${waits.length} of ${enters.length} wait`);
  assert.equal(trialOf(traced.result, 'io_uring').syscalls.by_name.io_uring_enter, enters.length);
});

test('each pass of buffered reads begins with nothing cached, as in fio', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const bytes = 16 * 1024 * KIB;
  const path = dataFile(join(folder, 'data'), bytes);
  const args = [`--filename=${path}`, '--buffered=1', '--rw=read', '--bs=64k', '--loops=4'];
  const mine = ['--trials=1', '--warmup-trials=0', '--no-save', '--quiet', '--output-format=json'];
  for (const backend of ['sync', 'io_uring', 'posix-aio', 'threadpool', 'linux-aio']) {
    for (const [more, passes] of [
      [[], 4],
      [['--invalidate=0'], 0],
      [['--number-ios=600'], 3],
    ] as const) {
      readFileSync(path);
      const running = startBench(folder, [`--backend=${backend}`, ...args, ...more, ...mine]);
      const unwatch = watchProcess(running.pid);
      const { stdout } = await running.ended;
      const read = unwatch().processes.get(running.pid)?.readBytes ?? -1;
      const { total_ios: ios } = trialOf(parseResult(stdout), backend);
      assert.equal(ios, more[0] === '--number-ios=600' ? 600 : 1024);
      near(read, passes * bytes, 0.05, `${backend} ${more}`, 4 * 1024 * KIB);
    }
  }
});

test('percentages of size, offset and io-size are those of fio', { skip: needsCommand('fio') }, async (t) => {
  const folder = scratchFolder(t);
  const path = dataFile(join(folder, 'data'), 1024 * KIB + 100);
  for (const args of [
    ['--size=50%'],
    ['--size=33%', '--bs=12k'],
    ['--offset=37%'],
    ['--size=50%', '--offset=75%'],
    ['--size=50%', '--io_size=30%'],
  ]) {
    const shared = ['--name=j', '--direct=0', `--filename=${path}`, '--rw=read', '--bs=4k', ...args];
    const { stdout } = spawnSync('fio', ['--ioengine=psync', '--output-format=json', ...shared], {
      encoding: 'utf8',
    });
    const mine = ['--trials=1', '--warmup-trials=0', '--no-save', '--output-format=json', '--quiet'];
    const ended = await bench(folder, ['--backend=sync', '--no-time-based', ...shared, ...mine]);
    const fio: number = JSON.parse(stdout).jobs[0].read.io_bytes;
    const own = trialOf(parseResult(ended.stdout), 'sync').ops.read?.io_bytes;
    assert.equal(own, fio, args.join(' '));
  }
});
