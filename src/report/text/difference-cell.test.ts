import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredDifference } from '../../results/schema-statistics.ts';
import { differenceCell, differenceLegend } from './difference-cell.ts';

const difference = (fields: Partial<StoredDifference>): StoredDifference => ({
  ratio: 0.9,
  low: 0.88,
  high: 0.91,
  p: 0.008,
  test: 'mann-whitney',
  n: 5,
  verdict: 'lower',
  more_trials: 0,
  ...fields,
});

test('a difference has the larger side of its interval, and says whether it is good', () => {
  assert.deepEqual(differenceCell(difference({}), null, 'higher'), { text: '-10.0% ±2.0', tone: 'bad' });
  assert.deepEqual(differenceCell(difference({}), null, 'lower'), { text: '-10.0% ±2.0', tone: 'good' });
  const twelvefold = difference({ ratio: 12, low: 11, high: 12.5, verdict: 'higher' });
  assert.equal(differenceCell(twelvefold, null, 'lower').text, '+1,100.0% ±100.0');
});

test('one that is not significant, or cannot be told, is marked', () => {
  const same = difference({ ratio: 0.99, low: 0.9, high: 1.02, p: 0.4, verdict: 'same' });
  assert.deepEqual(differenceCell(same, null, 'higher'), { text: '~ -1.0% ±9.0', tone: 'unclear' });
  const unknown = difference({ verdict: 'unknown', test: 'none', more_trials: 2 });
  assert.deepEqual(differenceCell(unknown, null, 'higher'), { text: '? -10.0%', tone: 'unclear' });
});

test('without bounds there is no margin, without a ratio nothing', () => {
  assert.equal(differenceCell(difference({ high: null }), null, 'higher').text, '-10.0%');
  const none = difference({ ratio: null, low: null, high: null });
  assert.deepEqual(differenceCell(none, null, 'higher'), { text: '' });
  assert.deepEqual(differenceCell(null, null, 'higher'), { text: '' });
  assert.deepEqual(differenceCell(null, 4.96, 'higher'), { text: '+5.0%', tone: 'good' });
});

test('what may hide in a wide interval is said', () => {
  const same = (low: number | null, high: number) => difference({ ratio: 1, low, high, verdict: 'same' });
  for (const wide of [same(0.9, 1.04), same(null, 1)]) {
    assert.match(differenceLegend([wide])[1] ?? '', /^~ no significant .*more trials: --until-confident$/);
  }
  assert.equal(differenceLegend([same(0.96, 1.02)])[1], '~ no significant difference (p >= 0.05)');
  const told = difference({ low: 0.1, high: 0.99 });
  assert.equal(differenceLegend([told, same(0.99, 1.01)])[1], '~ no significant difference (p >= 0.05)');
});

test('only the marks that are there are explained', () => {
  const same = difference({ verdict: 'same' });
  const [two, three] = [1, 3].map((more_trials) => difference({ verdict: 'unknown', more_trials }));
  assert.deepEqual(differenceLegend([null]), []);
  assert.deepEqual(differenceLegend([difference({})]), ['±: 95 % interval of the difference']);
  assert.deepEqual(differenceLegend([same, two ?? null, three ?? null]), [
    '±: 95 % interval of the difference',
    '~ no significant difference (p >= 0.05)',
    '? too few trials to tell: needs 3 more trials of each',
  ]);
  assert.deepEqual(differenceLegend([two ?? null]), ['? too few trials to tell: needs 1 more trial of each']);
});
