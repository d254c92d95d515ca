import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mixSeed, randomOf, shuffled } from './random.ts';

test('SplitMix64 gives the published sequence', () => {
  // The first outputs of Vigna's splitmix64.c for the state 0.
  const STEP = 0x9e3779b97f4a7c15n;
  const outputs = [0n, STEP, 2n * STEP].map(mixSeed);
  assert.deepEqual(outputs, [0xe220a8397b1dcdafn, 0x6e789e6aa1b965f4n, 0x06c45d188009454fn]);
});

test('numbers are uniform in 0..1 and the same for the same seed', () => {
  const random = randomOf(7n);
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const value = random();
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 10)] = (bins[Math.floor(value * 10)] ?? 0) + 1;
  }
  // Chi square with 9 degrees of freedom: beyond 27.9 one time in a thousand.
  const chi = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert.ok(chi < 27.9, `chi square ${chi}`);
  const [again, other] = [randomOf(7n), randomOf(8n)];
  assert.equal(again(), randomOf(7n)());
  assert.notEqual(again(), other());
});

test('shuffling keeps everything, and every order is as likely', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (values, seed) => {
      const mixed = shuffled(values, randomOf(seed));
      assert.deepEqual(
        [...mixed].sort((a, b) => a - b),
        [...values].sort((a, b) => a - b),
      );
    }),
  );
  const seen = new Map<string, number>();
  const random = randomOf(1n);
  for (let i = 0; i < 24_000; i++) {
    const order = shuffled(['a', 'b', 'c', 'd'], random).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 24);
  // 23 degrees of freedom: beyond 49.7 one time in a thousand.
  const chi = [...seen.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chi < 49.7, `chi square ${chi}`);
});
