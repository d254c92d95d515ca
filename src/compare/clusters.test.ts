import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticRun } from '../../test/support/synthetic-run.ts';
import { clusters } from './clusters.ts';
import type { StoredRun } from './workload.ts';

/** A run of a second that began so many seconds after noon. */
function at(seconds: number, rest: Partial<StoredRun> = {}): StoredRun {
  const time = (after: number) => new Date(Date.UTC(2026, 10, 22, 12, 0, after)).toISOString();
  const times = { started_at: time(seconds), finished_at: time(seconds + 1) };
  return { path: String(seconds), result: syntheticRun({ sync: [1] }, times), ...rest };
}

const paths = (runs: StoredRun[][]) => runs.map((files) => files.map(({ path }) => path).join(' '));

test('files without a pause between them are rounds of one run', () => {
  assert.deepEqual(paths(clusters([at(3), at(1), at(100)], [at(500)])), ['1 3', '100']);
});

test('both sides in turns are runs of their own', () => {
  const [old, now] = [
    [at(0), at(4), at(8)],
    [at(2), at(6), at(10)],
  ];
  assert.deepEqual(paths(clusters(old, now)), ['0', '4', '8']);
});

test('entries of a baseline are runs of their own', () => {
  assert.deepEqual(paths(clusters([at(0, { apart: true }), at(2, { apart: true })], [])), ['0', '2']);
});
