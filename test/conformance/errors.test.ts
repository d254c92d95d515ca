/** I/O that fails or falls short is counted, told, and never taken for done. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { Trial } from '../../src/results/schema.ts';
import { backendOf, bench, type Ended, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, diskLoop, filesIn, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { hasRead } from '../support/proc-watch.ts';
import { parseResult } from '../support/result.ts';
import { loopDevice, mount, run, skipUnless } from '../support/scratch.ts';
import { list, mainOf, plainOf, realVariantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const { EIO, ENODATA } = constants.errno;
const MEBIBYTE = 2 ** 20;
const JSON_REPORT = ['--output-format', 'json', '--quiet', '--no-save'];

/** One line on standard error, by the tool, that fits all patterns. */
function oneLine({ stderr }: Ended, ...patterns: RegExp[]): void {
  const lines = stderr.split('\n').filter((line) => line.startsWith('uring-bench: '));
  assert.equal(lines.length, 1, stderr);
  for (const pattern of patterns) assert.match(lines[0] ?? '', pattern);
  assert.doesNotMatch(stderr, /this is a bug|^ +at /m);
}

/** Runs on a file of 4 MiB that loses its end while the run is at work. */
async function truncated(t: TestContext, labels: string, keepBytes: number, args: readonly string[]) {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), 4 * MEBIBYTE);
  const workload = ['--filename', path, '--backend', labels, '--iodepth', '8', '--bs', '8k', '--trials', '1'];
  const running = startBench(folder, [...workload, ...args, ...JSON_REPORT]);
  await hasRead(running.pid, MEBIBYTE);
  truncateSync(path, keepBytes);
  const ended = await running.ended;
  assert.deepEqual(filesIn(folder), ['data']);
  return { ended, path };
}

function errorCount({ errors }: Trial): number {
  return errors.reduce((sum, { count }) => sum + count, 0);
}

for (const { label } of mainOf(realVariantsFor('read'))) {
  test(`${label}: a file that ends too soon ends the run`, { skip: noDisk }, async (t) => {
    const { ended, path } = await truncated(t, label, MEBIBYTE, ['--runtime', '10']);
    assert.equal(ended.code, EXIT.failed);
    oneLine(ended, /ENODATA/, new RegExp(path), /offset[ =]\d{7}/);
    const result = parseResult(ended.stdout);
    assert.equal(result.status, 'failed');
    assert.equal(backendOf(result).status, 'failed');
    assert.match(backendOf(result).reason ?? '', /ENODATA/);
    const trial = trialOf(result);
    assert.equal(trial.failure?.errno, ENODATA);
    assert.equal(trial.failure?.stage, 'read');
    assert.equal(trial.errors[0]?.first_file, path);
    assert.ok((trial.errors[0]?.first_offset ?? 0) >= MEBIBYTE);
    assert.ok(trial.total_ios > 0 && trial.runtime_ns < 5e9, 'it ended before its time');
  });
}

test('a sweep says on stderr why points failed, once a reason, whatever the format', {
  skip: noDisk,
}, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), 4 * MEBIBYTE);
  const workload = [
    '--filename',
    path,
    '--backend',
    'sync',
    '--iodepth',
    '1',
    '--bs',
    '8k,16k',
    '--trials',
    '1',
  ];
  const running = startBench(folder, [
    'sweep',
    ...workload,
    '--runtime',
    '5',
    '--output-format=csv',
    '--no-save',
    '--quiet',
  ]);
  await hasRead(running.pid, MEBIBYTE);
  truncateSync(path, 0);
  const ended = await running.ended;
  assert.equal(ended.code, EXIT.failed);
  const [first, ...others] = ended.stderr.split('\n').filter((line) => line.startsWith('uring-bench: '));
  assert.match(first ?? '', /^uring-bench: sync failed at bs=8k: read \S+data at offset \d+: .*ENODATA/);
  assert.ok(others.length <= 1, ended.stderr);
});

test('errors and short reads are counted and the run goes on, but its figures are not held to be sound', {
  skip: noDisk,
}, async (t) => {
  const variants = mainOf(realVariantsFor('read'));
  // It ends in the middle of a block: that one is short, those behind it are not there.
  const args = ['--continue-on-error=all', '--runtime', '600ms'];
  const { ended, path } = await truncated(t, list(variants), MEBIBYTE + 4096, args);
  assert.equal(ended.code, EXIT.failed, ended.stderr);
  const result = parseResult(ended.stdout);
  assert.equal(result.validity?.verdict, 'unsound');
  assert.match(result.validity?.text ?? '', /% of its I\/Os failed \(ENODATA\)/);
  for (const { summary } of result.backends) assert.equal(summary?.iops_vs_reference_pct, null);
  for (const { label, name } of variants) {
    await t.test(label, () => {
      const trial = trialOf(result, label);
      assert.equal(trial.status, 'complete');
      assert.ok(trial.runtime_ns > 0.5e9);
      const [error, ...others] = trial.errors;
      assert.ok(error && others.length === 0);
      const { op, code, errno, count, first_file, first_offset } = error;
      assert.deepEqual([op, code, errno, first_file], ['read', 'ENODATA', ENODATA, path]);
      assert.ok(first_offset >= MEBIBYTE + 8192 && first_offset % 8192 === 0);
      assert.ok(count > 10);
      const { short_ios, total_ios, io_bytes } = opsOf(trial).read;
      assert.ok(short_ios > 0, 'short reads');
      assert.equal(io_bytes, total_ios * 8192 - short_ios * 4096, 'only what was read');
      const codes = result.warnings.filter(({ variant }) => variant === name).map(({ code }) => code);
      assert.ok(codes.includes('short-ios') && codes.includes('io-errors'), codes.join(' '));
    });
  }
});

test('a backend of which nothing succeeds has no figures, and wins nothing', { skip: noDisk }, async (t) => {
  // No poll queues here; where there are, it is the comparison of two backends that work.
  const args = ['--backend=sync,io_uring+iopoll', '--continue-on-error=all', '--size=4m', '--runtime=200ms'];
  const ended = await bench(diskFolder(t), [...args, '--trials=1', ...JSON_REPORT]);
  const result = parseResult(ended.stdout);
  const polled = backendOf(result, 'io_uring+iopoll');
  if (trialOf(result, 'io_uring+iopoll').total_ios > 0) return t.skip('the device has poll queues');
  assert.equal(ended.code, EXIT.failed, ended.stderr);
  assert.equal(polled.status, 'failed');
  assert.match(polled.reason ?? '', /^no I\/O was done: all \d+ failed, the first with EOPNOTSUPP/);
  assert.equal(polled.summary, null);
  assert.equal(result.validity?.verdict, 'unsound');
});

const skipDevice = firstReason(noDisk, skipUnless('loop'));

/** A device of 1024 blocks of 4 KiB, of which the first 256 can be read. */
function failingDevice(t: TestContext): string {
  const { device, image } = diskLoop(t, 4 * MEBIBYTE);
  truncateSync(image, MEBIBYTE);
  return device;
}

test('a device that fails: one line, and exit code 3', { skip: skipDevice }, async (t) => {
  const device = failingDevice(t);
  const folder = diskFolder(t);
  const target = ['--filename', device, '--backend', 'sync', '--number-ios', '1024'];
  const ended = await bench(folder, [...target, ...JSON_REPORT]);
  assert.equal(ended.code, EXIT.failed);
  oneLine(ended, /EIO/, new RegExp(device), /dmesg/, /offset[ =]\d{7}/);
  const { failure, errors } = trialOf(parseResult(ended.stdout));
  assert.equal(failure?.errno, EIO);
  assert.equal(errors[0]?.code, 'EIO');
  assert.deepEqual(filesIn(folder), []);
});

test('a device that fails: each error is counted', { skip: skipDevice }, async (t) => {
  const variants = realVariantsFor('read');
  const target = ['--filename', failingDevice(t), '--backend', list(variants), '--trials', '1'];
  const workload = ['--iodepth', '8', '--number-ios', '1024', '--continue-on-error=read', ...JSON_REPORT];
  const ended = await bench(diskFolder(t), [...target, ...workload]);
  assert.equal(ended.code, EXIT.failed, ended.stderr);
  const result = parseResult(ended.stdout);
  for (const { label } of variants) {
    await t.test(label, () => {
      const trial = trialOf(result, label);
      assert.match(backendOf(result, label).reason ?? '', /^75 % of its I\/Os failed \(EIO\)/);
      assert.equal(opsOf(trial).read.total_ios, 256);
      assert.equal(errorCount(trial), 768);
      assert.equal(opsOf(trial).read.short_ios, 0);
      assert.ok((trial.errors[0]?.first_offset ?? 0) >= MEBIBYTE);
    });
  }
});

test('one backend that fails does not keep the others from running', { skip: skipDevice }, async (t) => {
  const variants = plainOf(realVariantsFor('read'));
  const target = ['--filename', failingDevice(t), '--number-ios', '1024', '--trials', '2', '--iodepth', '8'];
  const ended = await bench(diskFolder(t), [
    '--backend',
    `${list(variants)},null`,
    ...target,
    ...JSON_REPORT,
  ]);
  assert.equal(ended.code, EXIT.failed);
  const result = parseResult(ended.stdout);
  assert.equal(result.status, 'failed');
  for (const { label } of variants) assert.equal(backendOf(result, label).status, 'failed');
  assert.equal(backendOf(result, 'null').status, 'complete');
  assert.equal(backendOf(result, 'null').trials.length, 2);
});

test('writes that find no room', { skip: skipUnless('root', 'loop', 'ext4') }, async (t) => {
  const { image } = loopDevice(t, 16 * MEBIBYTE);
  run('mkfs.ext4', '-q', '-m', '0', image);
  const folder = mount(t, '-o', 'loop', image);
  const path = join(folder, 'holes');
  writeFileSync(path, '');
  truncateSync(path, 64 * MEBIBYTE);
  const variants = plainOf(realVariantsFor('write'));
  const workload = ['--filename', path, '--allow-overwrite', '--rw', 'write', '--bs', '64k', '--loops', '1'];
  const args = [...workload, '--iodepth', '4', '--trials', '1', ...JSON_REPORT];

  const counted = await bench(folder, ['--backend', list(variants), ...args, '--continue-on-error=write']);
  assert.equal(counted.code, EXIT.failed, counted.stderr);
  const result = parseResult(counted.stdout);
  for (const { label } of variants) {
    await t.test(label, () => {
      const trial = trialOf(result, label);
      assert.ok(opsOf(trial).write.total_ios > 50 && opsOf(trial).write.io_bytes < 16 * MEBIBYTE);
      assert.equal(opsOf(trial).write.total_ios + errorCount(trial), 1024);
      const [error] = trial.errors;
      assert.deepEqual([error?.op, error?.code], ['write', 'ENOSPC']);
    });
  }
  const ended = await bench(folder, ['--backend', 'sync', ...args, '--continue-on-error=read']);
  assert.equal(ended.code, EXIT.failed);
  oneLine(ended, /write .*ENOSPC/, /the disk is full/);
});
