import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Measured, pairOrder, pairOrders } from './order.ts';

function measured(name: string, published: number, values: number[]): Measured {
  return { name, published, samples: values.map((value, i) => ({ trial: i + 1, value })) };
}

const FAST = [102, 101, 103, 100, 104];
const SLOW = [52, 51, 53, 50, 54];

describe('the order of two things', () => {
  it('agrees, differs or is unclear', () => {
    const fast = measured('fast', 2, FAST);
    const slow = measured('slow', 1, SLOW);
    const order = pairOrder(slow, fast);
    assert.deepEqual(
      [order.high, order.low, order.published, order.agreement],
      ['fast', 'slow', 2, 'agrees'],
    );
    assert.ok(order.measured.ratio > 1.9 && order.measured.ratio < 2.1);
    const turned = pairOrder({ ...slow, published: 4 }, fast);
    assert.deepEqual([turned.high, turned.low, turned.agreement], ['slow', 'fast', 'differs']);
    assert.ok(turned.measured.ratio < 0.6, 'high over low, as published');
    assert.equal(pairOrder(fast, measured('same', 1, [...FAST].reverse())).agreement, 'unclear');
  });

  it('cannot be told of a few trials', () => {
    const order = pairOrder(measured('a', 2, [10, 11]), measured('b', 1, [1, 2]));
    assert.equal(order.agreement, 'unclear');
    assert.ok(order.measured.moreTrials > 0);
  });

  it('pairs trials of the same number, and only those', () => {
    // Drift from 100 to 300 that hits both: within each trial one is 2 % ahead.
    const drift = [100, 140, 180, 220, 260, 300];
    const ahead = drift.map((value) => value * 1.02);
    assert.equal(pairOrder(measured('a', 2, ahead), measured('b', 1, drift)).agreement, 'agrees');
    const moved = measured('b', 1, drift);
    const apart = {
      ...moved,
      samples: moved.samples.map(({ trial, value }) => ({ trial: trial + 1, value })),
    };
    assert.equal(pairOrder(measured('a', 2, ahead), apart).agreement, 'unclear');
  });
});

describe('the order of several', () => {
  it('has every pair of those that were measured once', () => {
    const things = [
      measured('a', 1, SLOW),
      measured('b', 3, FAST),
      measured('missing', 4, []),
      measured('c', 2, FAST),
    ];
    const pairs = pairOrders(things).map(({ high, low }) => `${high} over ${low}`);
    assert.deepEqual(pairs, ['b over a', 'c over a', 'b over c']);
    assert.deepEqual(pairOrders(things.slice(0, 1)), []);
  });
});
