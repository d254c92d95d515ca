import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outliersOf } from './outliers.ts';
import { trendOf } from './trend.ts';

function near(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test("Mann and Kendall's test gives the published probabilities", () => {
  // Kendall (1975), table 1; Gilbert, Statistical Methods for Environmental Pollution Monitoring (1987), table A18:
  // one-sided, to three digits.
  near(trendOf([1, 2, 3, 4, 5]).p / 2, 0.0083, 5e-5);
  near(trendOf([2, 1, 3, 4, 5]).p / 2, 0.042, 5e-4);
  near(trendOf([1, 2, 3, 4]).p / 2, 0.042, 5e-4);
  const ten = trendOf([4, 3, 2, 1, 8, 7, 6, 5, 10, 9]);
  assert.equal(ten.s, 45 - 2 * 13);
  near(ten.p / 2, 0.054, 5e-4);
  // SciPy 1.17 kendalltau(method='exact') and theilslopes of the same values.
  const rising = trendOf([3.1, 2.2, 5.9, 4.4, 7.7, 6.1, 9.2, 8.8, 11.1, 10.0]);
  near(rising.p, 0.0009463183421516755);
  near(rising.slope, 0.9333333333333332);
});

test('with ties it is near what all orders of the values give', () => {
  const values = [1, 1, 2, 3, 3, 4, 2];
  const { s, p } = trendOf(values);
  let [extreme, all] = [0, 0];
  for (const order of permutations(values)) {
    all++;
    if (Math.abs(trendOf(order).s) >= Math.abs(s)) extreme++;
  }
  near(p, extreme / all, 0.03);
  assert.equal(trendOf([5, 5, 5, 5]).p, 1);
});

function* permutations(values: readonly number[]): Generator<number[]> {
  if (values.length <= 1) yield [...values];
  for (const [i, value] of values.entries()) {
    for (const rest of permutations([...values.slice(0, i), ...values.slice(i + 1)])) yield [value, ...rest];
  }
}

test('the slope is that of a line, whatever one value does', () => {
  const line = Array.from({ length: 9 }, (_, i) => 100 + 2.5 * i);
  near(trendOf(line).slope, 2.5);
  near(trendOf(line.map((value, i) => (i === 4 ? 1e6 : value))).slope, 2.5);
});

test('turned round it is the same trend the other way', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 25 }), (values) => {
      const [there, back] = [trendOf(values), trendOf([...values].reverse())];
      assert.equal(there.s, -back.s || 0);
      near(there.p, back.p);
      near(there.slope, -back.slope);
      assert.ok(there.p > 0 && there.p <= 1);
    }),
  );
});

test('a trial far from the others is an outlier, one that is near is not', () => {
  assert.deepEqual(outliersOf([100, 101, 99, 100, 60]), [{ index: 4, share: -0.4 }]);
  assert.deepEqual(outliersOf([100, 100, 100, 100, 150]), [{ index: 4, share: 0.5 }]);
  assert.deepEqual(outliersOf([100, 100.1, 99.9, 100, 105]), [], 'within 10 %');
  assert.deepEqual(outliersOf([100, 130, 70, 115, 85]), [], 'they all scatter so');
  assert.deepEqual(outliersOf([100, 100, 100, 10]), [], 'too few to know');
});
