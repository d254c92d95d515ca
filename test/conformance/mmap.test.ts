/** The backend mmap: what it reads and writes is the file's, and what SIGBUS tells is an error of one I/O. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { EXIT } from '../../src/errors.ts';
import { backendOf, bench, benchFails, benchResult, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, diskLoop, filesIn, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { processTree } from '../support/proc-watch.ts';
import { parseResult } from '../support/result.ts';
import { skipUnless } from '../support/scratch.ts';
import { firstReason } from '../support/witness.ts';

const { EIO } = constants.errno;
const MEBIBYTE = 2 ** 20;
const MAPPED = ['--backend=mmap', '--buffered', '--trials=1'];
const JSON_REPORT = ['--output-format=json', '--quiet', '--no-save'];

test('each block that is written lands where it belongs', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), 2 * MEBIBYTE);
  const args = [...MAPPED, '--filename', path, '--allow-overwrite', '--rw=randwrite', '--bs=8k', '--loops=1'];
  const trial = trialOf(await benchResult(folder, [...args, '--fsync=16', '--offset=64k', '--size=1m']));
  assert.equal(opsOf(trial).write.io_bytes, MEBIBYTE);
  const content = readFileSync(path);
  const stamped = Array.from({ length: 256 }, (_, block) =>
    Number(content.readBigUInt64LE(65536 + block * 4096)),
  );
  assert.deepEqual(
    stamped,
    stamped.map((_, block) => 65536 + block * 4096),
  );
  assert.deepEqual(trial.syscalls.by_name, { msync: 7 }); // none after the 128th, the last
  assert.equal(opsOf(trial).sync.total_ios, 7);
});

test('it reads the same offsets as the plain calls, and as much', { skip: noDisk }, async (t) => {
  const args = ['--backend=sync,mmap,mmap+populate', '--buffered', '--trials=1', '--rw=randread'];
  const result = await benchResult(diskFolder(t), [...args, '--size=8m', '--loops=1']);
  const [plain, mapped, populated] = ['sync', 'mmap', 'mmap+populate'].map((label) => trialOf(result, label));
  assert.ok(plain && mapped && populated);
  for (const trial of [mapped, populated]) {
    assert.equal(trial.offsets_hash, plain.offsets_hash);
    assert.equal(opsOf(trial).read.io_bytes, 8 * MEBIBYTE);
    assert.equal(trial.syscalls.total, 0);
  }
  assert.equal(mapped.page_faults?.major, 2048, 'a page each, nothing is read ahead of random reads');
  assert.equal(populated.page_faults?.major, 0);
});

/** Resolves once a process, or one that it started, has mapped a file and had some time to read it. */
async function isMapped(pid: number, path: string): Promise<void> {
  const maps = () => processTree(pid).map((one) => readFileSync(`/proc/${one}/maps`, 'utf8'));
  while (!maps().some((text) => text.includes(path))) await setTimeout(20);
  await setTimeout(100);
}

for (const isolation of ['thread', 'process', 'worker']) {
  test(`a file that is truncated beneath it, in a ${isolation}: EIO at its offset`, {
    skip: noDisk,
  }, async (t) => {
    const folder = diskFolder(t);
    const path = dataFile(join(folder, 'data'), 4 * MEBIBYTE);
    const workload = ['--filename', path, '--rw=randread', '--runtime=10', `--isolation=${isolation}`];
    const running = startBench(folder, [...MAPPED, ...workload, '--thinktime=100us', ...JSON_REPORT]);
    await isMapped(running.pid, path);
    truncateSync(path, MEBIBYTE);
    const ended = await running.ended;
    assert.equal(ended.code, EXIT.failed, ended.stderr);
    const pattern =
      /^uring-bench: mmap failed: read \S+data at offset \d{7}: [^\n]*\(EIO\)[^\n]*SIGBUS[^\n]*\n$/;
    assert.match(ended.stderr, pattern);
    const trial = trialOf(parseResult(ended.stdout));
    assert.deepEqual([trial.failure?.errno, trial.failure?.stage], [EIO, 'read']);
    const [error] = trial.errors;
    assert.ok(error && error.first_file === path && error.first_offset >= MEBIBYTE);
    assert.ok(trial.total_ios > 0 && trial.runtime_ns < 5e9);
    assert.deepEqual(filesIn(folder), ['data']);
  });
}

test('a device that fails: each such I/O is counted, the others are read', {
  skip: firstReason(noDisk, skipUnless('loop')),
}, async (t) => {
  const { device, image } = diskLoop(t, 4 * MEBIBYTE);
  truncateSync(image, MEBIBYTE);
  const args = ['--filename', device, '--rw=randread', '--number-ios=1024', '--continue-on-error=read'];
  const ended = await bench(diskFolder(t), [...MAPPED, ...args, ...JSON_REPORT]);
  assert.equal(ended.code, EXIT.failed, ended.stderr);
  const result = parseResult(ended.stdout);
  const trial = trialOf(result);
  assert.equal(opsOf(trial).read.total_ios, 256);
  const [error, ...others] = trial.errors;
  assert.deepEqual([error?.code, error?.count, others.length], ['EIO', 768, 0]);
  assert.match(backendOf(result).reason ?? '', /^75 % of its I\/Os failed \(EIO\)/);
});

test('what a mapping cannot be is refused before anything is made', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const cases: [string[], RegExp][] = [
    [['--backend=mmap'], /mmap needs buffered I\/O \(--buffered\)/],
    [['--backend=sync,mmap', '--direct=1'], /mmap needs buffered I\/O/],
    [['--backend=mmap', '--buffered', '--sync=dsync'], /mmap needs --sync=none/],
    [
      ['--backend=mmap', '--buffered', '--rw=write', '--overwrite=0', '--fallocate=none'],
      /mmap needs files that have their length/,
    ],
    [['--backend=mmap', '--buffered', '--rw=trim'], /mmap cannot trim/],
  ];
  for (const [args, said] of cases)
    assert.match(await benchFails(folder, [...args, '--size=1m', '--no-save'], EXIT.usage), said);
  assert.deepEqual(filesIn(folder), []);
});
