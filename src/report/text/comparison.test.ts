import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import { summarize } from '../../stats/summary.ts';
import { causeTable } from './comparison.ts';
import { rowsOf } from './rows.ts';

test('instructions have a column where any were counted', () => {
  const result = fixture('comparison');
  const heads = () => causeTable(rowsOf(result)).map(({ head }) => head.join(' '));
  assert.ok(!heads().includes('instructions per I/O'));
  const [first] = result.backends;
  assert.ok(first);
  for (const trial of first.trials) trial.instructions = 12_000 * trial.total_ios;
  first.summary = summarize(first.trials, [50, 99]);
  assert.equal(first.summary?.instructions_per_io?.median, 12_000);
  const column = causeTable(rowsOf(result)).find(({ head }) => head[0] === 'instructions');
  assert.deepEqual(
    column?.cells.map(({ text }) => text),
    ['12,000', ...result.backends.slice(1).map(() => '')],
  );
});
