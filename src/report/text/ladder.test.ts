import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import type { RunResult, Trial } from '../../results/schema.ts';
import { summarize } from '../../stats/summary.ts';
import { isUnclear, ladderTable, type Rung, rungsOf } from './ladder.ts';

function rung(result: RunResult, label: string): Rung {
  const found = rungsOf(result).find((one) => one.label === label);
  assert.ok(found, label);
  return found;
}

/** Gives a step's trials these IOPS; fewer leave trials out, null makes one incomplete. */
function setIops(result: RunResult, label: string, list: readonly (number | null)[]): void {
  const backend = result.backends.find((one) => one.label === label);
  assert.ok(backend);
  const trials = list.map(
    (iops, i): Trial => ({
      ...(backend.trials[i] as Trial),
      iops: iops ?? 0,
      status: iops === null ? 'interrupted' : 'complete',
    }),
  );
  backend.trials = trials;
  backend.summary = summarize(trials, []);
}

test('a gain is over the nearest step before that was run', () => {
  const result = fixture('ladder');
  setIops(result, '+no_sqarray', [100, 200, 300]);
  setIops(result, '+sqpoll', [110, 220, 330]);
  const { gain } = rung(result, '+sqpoll');
  assert.ok(gain?.interval && Math.abs(gain.pct - 10) < 1e-9);
  assert.ok(gain.interval.high - gain.interval.low < 1e-9, 'every pair says the same');
  assert.equal(rung(result, 'io_uring').gain, null);
  assert.equal(rung(result, '+iopoll').gain, null);
});

test('only trials that both steps completed are paired', () => {
  const result = fixture('ladder');
  setIops(result, 'io_uring', [100, null, 100]);
  setIops(result, '+registerfiles', [150, 1, null]);
  const { gain, partial } = rung(result, '+registerfiles');
  assert.equal(gain?.pairs, 1);
  assert.ok(Math.abs((gain?.pct ?? 0) - 50) < 1e-9);
  assert.equal(gain?.interval, null);
  assert.equal(partial, false, 'its status is complete');
});

test('a step says what it runs without', () => {
  assert.deepEqual(rung(fixture('ladder'), '+sqpoll').without, ['coop_taskrun', 'defer_taskrun']);
  assert.deepEqual(rung(fixture('ladder'), '+fixedbufs').without, []);
});

test('an interval with 0 in it is unclear', () => {
  const gain = (low: number, high: number) => ({ pct: 1, interval: { low, high }, pairs: 3 });
  assert.equal(isUnclear(gain(-1, 3)), true);
  assert.equal(isUnclear(gain(0, 3)), true);
  assert.equal(isUnclear(gain(0.1, 3)), false);
  assert.equal(isUnclear(gain(-3, -0.1)), false);
  assert.equal(isUnclear({ pct: 1, interval: null, pairs: 1 }), false);
});

test('one trial shows gains without intervals, and says so', () => {
  const result = fixture('ladder');
  for (const backend of result.backends) {
    backend.trials = backend.trials.slice(0, 1);
    backend.summary = summarize(backend.trials, []);
  }
  const table = ladderTable(rungsOf(result));
  assert.ok(!table.some(({ head }) => head.includes('interval')));
  const column = table.find(({ head }) => head.includes('step before'));
  assert.match(column?.legend?.join() ?? '', /one trial cannot say/);
  for (const { text } of column?.cells ?? []) assert.match(text, /^(\? [+-]?\d+\.\d%)?$/);
});

test('a gain that medians contradict says why', () => {
  const result = fixture('ladder');
  setIops(result, '+no_sqarray', [100, 100, 100]);
  setIops(result, '+sqpoll', [99, 99, 200]);
  assert.equal(rung(result, '+sqpoll').opposed, true);
  const [, , gains] = ladderTable(rungsOf(result));
  assert.ok(
    gains?.cells.some(({ text }) => /^~ ! \+25\.\d%$/.test(text)),
    JSON.stringify(gains?.cells),
  );
  assert.match(gains?.legend?.join() ?? '', /! medians say otherwise/);
  setIops(result, '+sqpoll', [101, 101, 200]);
  assert.equal(rung(result, '+sqpoll').opposed, false);
});
