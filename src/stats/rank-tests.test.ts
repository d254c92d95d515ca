import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mannWhitney, type RankTest, wilcoxon } from './rank-tests.ts';

function near(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.abs(expected), `${actual} is not ${expected}`);
}

const range = (n: number, of: (i: number) => number) => Array.from({ length: n }, (_, i) => of(i));

describe("Mann and Whitney's test", () => {
  it('gives the published results', () => {
    // SciPy's manual of mannwhitneyu, after an example of the Mann-Whitney article of Wikipedia.
    const diabetes = mannWhitney([20, 11, 17, 12], [19, 22, 16, 29, 24]);
    assert.equal(diabetes.statistic, 17);
    near(diabetes.p, 1 / 9);
    // Hollander and Wolfe (1973), p. 69; R's help of wilcox.test: W = 35, one-sided p = 0.1272.
    const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const permeability = mannWhitney([1.15, 0.88, 0.9, 0.74, 1.21], term);
    assert.equal(permeability.statistic, 35);
    near(permeability.p, 0.2544122544122544);
    // Samples that do not overlap: 2 of C(10, 5) orders.
    near(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).p, 2 / 252);
  });

  it('approximates large samples as R and SciPy do, ties corrected for', () => {
    const first = range(500, (i) => 2 * i);
    const second = range(600, (i) => 2 * i - 41);
    const apart = mannWhitney(second, first);
    assert.equal(apart.statistic, 135_250);
    near(apart.p, 0.004933536081417191, 1e-6);
    const tied = second.map((value, i) => (i < 30 ? 2 * i : value));
    near(mannWhitney(tied, first).p, 0.0038703814239617993, 1e-6);
  });

  it('counts the orders of tied values as going through all of them does', () => {
    const few = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(few, few, (a, b) => near(mannWhitney(a, b).p, allSplits(a, b))));
  });

  it('is exact on one side of its limit and approximate on the other, and both agree there', () => {
    const [a, b] = [range(25, (i) => 2 * i), range(25, (i) => 2 * i + 11)];
    const exact = mannWhitney(a, b).p;
    near(mannWhitney(a, [...b, 36]).p, exact, 0.1);
  });
});

/** The same p-value by force: every way to choose the second sample out of all values. */
function allSplits(a: readonly number[], b: readonly number[]): number {
  const pool = [...a, ...b];
  const u = (chosen: readonly number[], rest: readonly number[]) =>
    chosen.reduce((sum, x) => sum + rest.reduce((n, y) => n + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0);
  const seen = u(b, a);
  const counts = { below: 0, above: 0, all: 0 };
  for (let bits = 0; bits < 2 ** pool.length; bits++) {
    const chosen = pool.filter((_, i) => bits & (1 << i));
    if (chosen.length !== b.length) continue;
    const value = u(
      chosen,
      pool.filter((_, i) => !(bits & (1 << i))),
    );
    counts.all++;
    if (value <= seen) counts.below++;
    if (value >= seen) counts.above++;
  }
  return Math.min(1, (2 * Math.min(counts.below, counts.above)) / counts.all);
}

describe("Wilcoxon's test", () => {
  it('gives the published results', () => {
    // Darwin's maize, from Wilcoxon (1945) by SciPy's manual of wilcoxon: statistic 24, of 120.
    const maize = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75];
    assert.equal(wilcoxon(maize).statistic, 120 - 24);
    near(wilcoxon(maize).p, 0.041259765625);
    // Hollander and Wolfe (1973), p. 29; R's help of wilcox.test: V = 40, one-sided p = 0.01953.
    const first = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const depression = wilcoxon(first.map((value, i) => value - (second[i] ?? 0)));
    assert.equal(depression.statistic, 40);
    near(depression.p, 20 / 512);
    // All of six on one side.
    near(wilcoxon([1, 2, 3, 4, 5, 6]).p, 2 / 64);
  });

  it('approximates many pairs as SciPy does, with ties, zeros left out and continuity corrected for', () => {
    const differences = range(60, (i) => ((i * 37) % 23) - 9);
    const { p, statistic, expected } = wilcoxon(differences);
    assert.equal(Math.min(statistic, 2 * expected - statistic), 595);
    near(p, 0.04393667979583833, 1e-6);
  });

  it('counts the signs of tied differences as going through all of them does', () => {
    const few = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 });
    fc.assert(fc.property(few, (differences) => near(wilcoxon(differences).p, allSigns(differences))));
  });

  it('finds nothing where all pairs are equal', () => {
    assert.equal(wilcoxon([0, 0, 0, 0, 0, 0, 0]).p, 1);
    assert.equal(wilcoxon([]).p, 1);
  });
});

/** The same p-value by force: every way to give the differences that are not zero their signs. */
function allSigns(differences: readonly number[]): number {
  const used = differences.filter((value) => value !== 0);
  const ranks = used.map((value) => {
    const below = used.filter((other) => Math.abs(other) < Math.abs(value)).length;
    const equal = used.filter((other) => Math.abs(other) === Math.abs(value)).length;
    return below + (equal + 1) / 2;
  });
  const seen = ranks.reduce((sum, rank, i) => sum + ((used[i] ?? 0) > 0 ? rank : 0), 0);
  let [below, above] = [0, 0];
  for (let bits = 0; bits < 2 ** used.length; bits++) {
    const sum = ranks.reduce((total, rank, i) => total + (bits & (1 << i) ? rank : 0), 0);
    if (sum <= seen) below++;
    if (sum >= seen) above++;
  }
  return Math.min(1, (2 * Math.min(below, above)) / 2 ** used.length);
}

describe('both tests', () => {
  const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 30 });
  const sound = ({ p }: RankTest) => assert.ok(p > 0 && p <= 1, `${p}`);

  it('do not change when the sides are exchanged', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        near(mannWhitney(a, b).p, mannWhitney(b, a).p, 1e-9);
        near(wilcoxon(a).p, wilcoxon(a.map((value) => -value)).p, 1e-9);
        sound(mannWhitney(a, b));
        sound(wilcoxon(a));
      }),
    );
  });

  it('see ranks alone', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const cubed = (values: readonly number[]) => values.map((value) => value ** 3);
        near(mannWhitney(a, b).p, mannWhitney(cubed(a), cubed(b)).p);
      }),
    );
  });
});
