import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import { opsOf } from '../../../test/support/ops.ts';
import { mergeLatencies } from '../../results/histogram.ts';
import type { RunResult } from '../../results/schema.ts';
import { formatLatency } from '../../values/format.ts';
import { latencyTables } from './latency.ts';
import { rowsOf } from './rows.ts';
import type { TableView } from './table-view.ts';

function tables(result: RunResult, percentiles?: readonly number[]): TableView[] {
  return latencyTables(rowsOf(result), percentiles);
}

/** The cell of a row by its name, in the column of the n-th backend. */
function cell(table: TableView | undefined, name: string, n = 1): string | undefined {
  const row = table?.[0]?.cells.findIndex(({ text }) => text === name) ?? -1;
  return table?.[n]?.cells[row]?.text;
}

function titles(result: RunResult): (string | undefined)[] {
  return tables(result).map((table) => table[0]?.head[0]);
}

test('there is a block for all I/Os, for each direction of several, and for fsync', () => {
  assert.deepEqual(titles(fixture('comparison')), ['read latency']);
  assert.deepEqual(titles(fixture('mixed')), ['latency, all I/Os', 'read latency', 'write latency']);
  assert.deepEqual(titles(fixture('troubled')), ['write latency', 'fsync latency']);
});

test('quantiles that the summary lacks come from the histograms and agree with it where it has them', () => {
  const result = fixture('mixed');
  const stored = cell(tables(result)[0], 'Lat quantile=0.99');
  const [table] = tables(result, [12.5, 99]);
  assert.equal(cell(table, 'Lat quantile=0.99'), stored);
  const trials = result.backends[0]?.trials ?? [];
  const merged = mergeLatencies(
    trials.map(opsOf).flatMap(({ read, write }) => [read.lat_ns, write.lat_ns]),
    [12.5],
  );
  assert.equal(
    cell(table, 'Lat quantile=0.125'),
    formatLatency(merged.percentile['12.500000'] ?? Number.NaN),
  );
  assert.equal(cell(table, 'Lat quantile=0.5'), undefined);
});

test('the summary is trusted as long as it has what is wanted', () => {
  const result = fixture('single');
  for (const trial of result.backends[0]?.trials ?? []) opsOf(trial).read.lat_ns.hdr = 'damaged';
  assert.equal(cell(tables(result)[0], 'Lat max'), '9,153 ns');
  assert.throws(() => tables(result, [12.5]), /histogram cannot be read/);
});

test('a block of one direction has its own rate, mean and maximum', () => {
  const result = fixture('mixed');
  const [, read, write] = tables(result);
  const trials = result.backends[2]?.trials ?? [];
  const max = (op: 'read' | 'write') =>
    formatLatency(Math.max(...trials.map((trial) => opsOf(trial)[op].lat_ns.max)));
  assert.equal(cell(read, 'Lat max', 3), max('read'));
  assert.equal(cell(write, 'Lat max', 3), max('write'));
  assert.notEqual(cell(read, 'IOPS', 3), cell(write, 'IOPS', 3));
  assert.equal(cell(tables(result)[0], 'IOPS', 3), undefined);
});

test('backends without I/O have no column', () => {
  const labels = tables(fixture('troubled'))[0]
    ?.slice(1)
    .map(({ head }) => head.join(''));
  assert.deepEqual(labels, ['sync', 'posix-aio', 'linux-aio *']);
  const result = fixture('single');
  result.backends = result.backends.map((backend) => ({
    ...backend,
    trials: [],
    summary: null,
    status: 'skipped',
  }));
  assert.deepEqual(tables(result), []);
});
