import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureText } from '../../../test/fixtures/load.ts';
import { syntheticEvaluation } from '../../../test/fixtures/synthetic-evaluation.ts';
import { stepsOf } from '../../stats/evaluation.ts';
import { isMap, mapGrids, mapParts } from './evaluate-map.ts';

const evaluation = syntheticEvaluation(JSON.parse(fixtureText('single')).environment);
const phase = evaluation.phases.find(isMap);
assert.ok(phase);

test('a map has the p99 of each direction where both rates were held, and nothing where one was missed', () => {
  const [reads, writes, ...more] = mapGrids(evaluation, phase);
  assert.deepEqual([reads?.op, writes?.op, more.length], ['read', 'write', 0]);
  for (const { cell, load, read, write } of stepsOf(evaluation, 'map')) {
    const [, r = 0, w = 0] = cell.split('-').map(Number);
    const blank = load?.missed !== false;
    assert.equal(reads?.cells[w]?.[r], blank ? null : (read?.lat_ns.percentile['99.000000'] ?? null), cell);
    assert.equal(writes?.cells[w]?.[r], blank ? null : (write?.lat_ns.percentile['99.000000'] ?? null), cell);
  }
  assert.ok(reads?.cells.flat().some((value) => value !== null));
  assert.equal(reads?.cells[0]?.[0], null, 'of neither there is nothing');
  assert.deepEqual([reads?.missed, reads?.reads[0], reads?.writes[0]], [2, '0', '0']);
});

test('its table is the same, and a cell that was never measured is blank as well', () => {
  const steps = evaluation.steps.filter(({ cell }) => cell !== 'map-2-2');
  const { tables, lines } = mapParts({ ...evaluation, steps }, phase);
  assert.equal(tables[0]?.table.length, 1 + 3);
  assert.equal(tables[0]?.table[3]?.cells[2]?.text, '');
  assert.match(lines[0] ?? '', /: 2 of 7 cells missed a rate and are blank/);
});
