import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import type { RunResult } from '../../results/schema.ts';
import { noteLine, notesOf, statusNote } from './warnings.ts';

function lines(result: RunResult): string[] {
  return notesOf(result).map(noteLine);
}

test('a complete run without trouble has nothing to say', () => {
  const result = fixture('comparison');
  assert.equal(statusNote(result), null);
  assert.deepEqual(lines(result), []);
});

test('an interrupted run says what its numbers are of', () => {
  const result = fixture('interrupted');
  const status = statusNote(result);
  assert.equal(status && noteLine(status), 'warning: this run was interrupted: the result is partial');
  assert.deepEqual(lines(result), [
    'warning: sync: interrupted; numbers are of 1 of 3 trials',
    'warning: io_uring: interrupted; numbers are of a part of one trial, 3.2 s',
    'warning: io_uring+enhanced: interrupted; no trial gave a number',
  ]);
});

test('skipped and failed backends give their reason, errors and short I/Os their count', () => {
  const result = fixture('troubled');
  result.warnings = [];
  assert.equal(statusNote(result)?.level, 'error');
  const found = lines(result);
  assert.match(
    found[0] ?? '',
    /^error: linux-aio: trial 2: io_setup: .* \(raise fs.aio-max-nr\); numbers are of 1 of 2 trials$/,
  );
  assert.match(found[1] ?? '', /^skipped: io_uring: io_uring_setup: Operation not permitted/);
  assert.deepEqual(found.slice(2), [
    'warning: sync: 2 short writes',
    'error: posix-aio: 5 writes failed with EIO, the first at offset 1048576 of /data/volumes/bench/uring-bench.1',
    'error: posix-aio: 1 write failed with ENOSPC, the first at offset 33554432 of /data/volumes/bench/uring-bench.1',
  ]);
});

test('a failure without a stated reason is told from the trial', () => {
  const result = fixture('troubled');
  const failed = result.backends.find(({ status }) => status === 'failed');
  assert.ok(failed);
  const stated = lines(result)[0];
  failed.reason = null;
  assert.equal(lines(result)[0], stated);
});

test('the same warning of several backends or trials is said once', () => {
  const result = fixture('comparison');
  const warning = (variant: string | null, trial: number | null) => ({
    code: 'low-depth',
    message: 'm',
    variant,
    trial,
  });
  const enhanced = 'io_uring+fixedbufs+registerfiles';
  result.warnings = [
    warning('sync', 1),
    warning('sync', 2),
    warning(enhanced, 1),
    { ...warning(null, null), message: 'n' },
  ];
  assert.deepEqual(lines(result), ['warning: sync, io_uring+enhanced: m', 'warning: n']);
  result.warnings = [warning('sync', 2)];
  assert.deepEqual(lines(result), ['warning: sync, trial 2: m']);
  result.warnings = [warning(null, 2)];
  assert.deepEqual(lines(result), ['warning: trial 2: m']);
});

test('a typed warning of short I/Os takes the place of the count', () => {
  const result = fixture('troubled');
  result.warnings = [
    { code: 'short-ios', message: '2 writes of 44,000 were short', variant: 'sync', trial: null },
  ];
  const found = lines(result).filter((line) => line.includes('short'));
  assert.deepEqual(found, ['warning: sync: 2 writes of 44,000 were short']);
});

test('samples over the range of the histogram are told', () => {
  const result = fixture('single');
  const read = result.backends[0]?.trials[0]?.ops.read;
  assert.ok(read);
  read.lat_ns.over_range = 3;
  assert.deepEqual(lines(result), [
    'warning: io_uring: 3 reads took longer than the 73 minutes that the histogram spans',
  ]);
});
