import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { median, quantile } from './spread.ts';

/* -0 is no measurement: it has no order beside 0. */
const numbers = fc
  .array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => values.map((value) => value + 0));

test('quantiles are linear between the two nearest values', () => {
  assert.equal(quantile([10, 20], 0.5), 15);
  assert.equal(quantile([30, 10, 20], 0.5), 20);
  assert.equal(quantile([1, 2, 3, 4], 0.25), 1.75);
  assert.equal(quantile([7], 0.99), 7);
  assert.throws(() => quantile([], 0.5), RangeError);
});

test('a quantile never falls when q grows, and ends at the extremes', () => {
  const q = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(numbers, q, q, (values, a, b) => {
      assert.ok(quantile(values, Math.min(a, b)) <= quantile(values, Math.max(a, b)));
      assert.equal(quantile(values, 0), Math.min(...values));
      assert.equal(quantile(values, 1), Math.max(...values));
    }),
  );
});

test('half of the values are on either side of the median, in whatever order they come', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const middle = median(values);
      assert.ok(values.filter((value) => value < middle).length <= values.length / 2);
      assert.ok(values.filter((value) => value > middle).length <= values.length / 2);
      assert.equal(median([...values].reverse()), middle);
    }),
  );
});

test('the values themselves are left as they are', () => {
  const values = [3, 1, 2];
  median(values);
  assert.deepEqual(values, [3, 1, 2]);
});
