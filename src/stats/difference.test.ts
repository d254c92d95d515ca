import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareSamples, estimate } from './difference.ts';
import { type Random, randomOf } from './random.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('the interval of a median', () => {
  it('is that of the published tables', () => {
    // Ranks and coverage of 95 % intervals by the sign test: Conover, Practical Nonparametric Statistics, section
    // 3.2; Hahn and Meeker, Statistical Intervals, section 5.2.
    const table = [
      [6, 1, 6, 0.9688],
      [8, 1, 8, 0.9922],
      [9, 2, 8, 0.9609],
      [10, 2, 9, 0.9785],
      [15, 4, 12, 0.9648],
      [20, 6, 15, 0.9586],
      [25, 8, 18, 0.9567],
    ] as const;
    for (const [n, low, high, confidence] of table) {
      const found = estimate(range(n));
      assert.deepEqual([found.low, found.high, found.confidence.toFixed(4)], [low, high, String(confidence)]);
    }
  });

  it('is all there is of fewer than six, and says what that covers', () => {
    const few = [1, 2, 3, 4, 5].map((n) => estimate(range(n)));
    assert.deepEqual(
      few.map(({ low, high }) => [low, high]),
      [1, 2, 3, 4, 5].map((n) => [1, n]),
    );
    assert.deepEqual(
      few.map(({ confidence }) => confidence),
      [0, 0.5, 0.75, 0.875, 0.9375],
    );
  });

  it('holds the median, within the extremes, in whatever order the trials came', () => {
    const samples = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(samples, (values) => {
        const { median, low, high, min, max, n } = estimate(values);
        assert.ok(min <= low && low <= median && median <= high && high <= max);
        assert.equal(n, values.length);
        assert.deepEqual(estimate([...values].reverse()), estimate(values));
      }),
    );
  });

  it('refuses what is no sample', () => {
    assert.throws(() => estimate([]), RangeError);
    assert.throws(() => estimate([1, Number.NaN]), RangeError);
    assert.throws(() => compareSamples([1], [Number.POSITIVE_INFINITY], { paired: false }), RangeError);
    assert.throws(() => compareSamples([1], [-1], { paired: false }), RangeError);
    assert.throws(() => compareSamples([1, 2], [1], { paired: true }), /2 and 1 samples cannot be paired/);
  });
});

const amounts = fc.array(fc.double({ min: 0.001, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 12 });
/** Whole numbers: a unit then scales them without rounding. */
const pairs = fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 })), {
  minLength: 1,
  maxLength: 12,
});

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * expected, `${actual} is not ${expected}`);
}

describe('a difference', () => {
  it('is told from 4 trials on, and until then how many are missing', () => {
    const low = [100, 101, 102, 103, 104, 105];
    const high = low.map((value) => value * 2);
    for (const paired of [true, false]) {
      const by = [1, 2, 3, 4, 5, 6].map((n) => compareSamples(low.slice(0, n), high.slice(0, n), { paired }));
      assert.deepEqual(
        by.map(({ moreTrials }) => moreTrials),
        [3, 2, 1, 0, 0, 0],
      );
      assert.deepEqual(
        by.map(({ verdict }) => verdict),
        ['unknown', 'unknown', 'unknown', 'higher', 'higher', 'higher'],
      );
      const last = paired ? 'wilcoxon' : 'mann-whitney';
      assert.deepEqual(
        by.map(({ test }) => test),
        ['none', 'none', 'none', 'mann-whitney', 'mann-whitney', last],
      );
    }
    // Sides of unequal size: with 1 and 19, 2 / C(20, 1) is 0.1; one more of each are 2 / C(22, 2).
    assert.equal(compareSamples([1], range(19), { paired: false }).moreTrials, 1);
    assert.equal(compareSamples([1], range(60), { paired: false }).moreTrials, 0);
  });

  it('of a run and itself is none', () => {
    fc.assert(
      fc.property(amounts, fc.boolean(), (values, paired) => {
        const { verdict, ratio, low, high, p } = compareSamples(values, values, { paired });
        assert.ok(verdict === 'same' || verdict === 'unknown');
        assert.equal(p, 1);
        assert.equal(ratio, 1);
        assert.ok(low <= 1 && high >= 1);
      }),
      { numRuns: 50 },
    );
  });

  it('is the reciprocal when the sides are exchanged', () => {
    const opposite = { higher: 'lower', lower: 'higher', same: 'same', unknown: 'unknown' } as const;
    const check = (a: readonly number[], b: readonly number[], paired: boolean) => {
      const [there, back] = [compareSamples(a, b, { paired }), compareSamples(b, a, { paired })];
      close(there.ratio, 1 / back.ratio);
      close(there.low, 1 / back.high);
      close(there.high, 1 / back.low);
      close(there.p, back.p);
      assert.equal(there.verdict, opposite[back.verdict]);
      assert.equal(there.moreTrials, back.moreTrials);
    };
    fc.assert(
      fc.property(amounts, amounts, (a, b) => check(a, b, false)),
      { numRuns: 50 },
    );
    const split = (list: readonly (readonly [number, number])[], side: 0 | 1) =>
      list.map((pair) => pair[side]);
    fc.assert(
      fc.property(pairs, (list) => check(split(list, 0), split(list, 1), true)),
      { numRuns: 50 },
    );
  });

  it('does not depend on the unit', () => {
    fc.assert(
      fc.property(pairs, fc.constantFrom(3, 1000, 1024), fc.boolean(), (list, unit, paired) => {
        const [a, b] = [list.map(([x]) => x), list.map(([, y]) => y)];
        const scaled = (values: readonly number[]) => values.map((value) => value * unit);
        const [plain, other] = [
          compareSamples(a, b, { paired }),
          compareSamples(scaled(a), scaled(b), { paired }),
        ];
        for (const part of ['ratio', 'low', 'high', 'p'] as const) close(other[part], plain[part]);
        assert.equal(other.verdict, plain.verdict);
      }),
      { numRuns: 50 },
    );
  });

  it('is the same for the same seed, and hardly another one for another', () => {
    const random = randomOf(5n);
    const a = Array.from({ length: 12 }, () => 100 + 3 * gauss(random));
    const b = Array.from({ length: 12 }, () => 110 + 3 * gauss(random));
    const by = (seed: bigint) => compareSamples(a, b, { paired: false, seed });
    assert.deepEqual(by(1n), by(1n));
    assert.ok(Math.abs(by(1n).low - by(2n).low) < 0.01);
    assert.equal(by(1n).p, by(2n).p, 'the test has no chance in it');
  });

  it('of nothing and nothing is none; from nothing to something it has no bound', () => {
    const none = compareSamples([0, 0, 0, 0, 0], [0, 0, 0, 0, 0], { paired: true });
    assert.deepEqual([none.ratio, none.low, none.high, none.verdict], [1, 1, 1, 'same']);
    const some = compareSamples([0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], { paired: true });
    assert.deepEqual([some.ratio, some.high, some.verdict], [Infinity, Infinity, 'higher']);
  });

  it('is claimed only where medians and ranks agree', () => {
    // The ranks rise, the median falls.
    const reference = [...Array(10).fill(1), ...Array(11).fill(100)];
    const candidate = [...Array(11).fill(99), ...Array(10).fill(200)];
    const { p, ratio, verdict } = compareSamples(reference, candidate, { paired: false });
    assert.ok(p < 0.05 && ratio < 1);
    assert.equal(verdict, 'same');
  });
});

function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

interface Simulation {
  n: number;
  paired: boolean;
  /** Of the logarithm, from trial to trial and from block to block. */
  noise: number;
  blocks: number;
  /** Now and then a trial is held up. */
  heavy?: boolean;
}

/** Shares of so many comparisons of two sides whose medians differ by `effect`. */
function simulate(effect: number, { n, paired, noise, blocks, heavy }: Simulation, runs = 250) {
  const random = randomOf(BigInt(n) * 1000n + BigInt(Math.round(effect * 100)));
  const found = { significant: 0, right: 0, covered: 0 };
  for (let run = 0; run < runs; run++) {
    const block = Array.from({ length: n }, () => Math.exp(blocks * gauss(random)));
    const side = (median: number) =>
      block.map((level) => {
        const late = heavy && random() < 0.1 ? 0.6 : 1;
        return median * level * late * Math.exp(noise * gauss(random));
      });
    const result = compareSamples(side(50_000), side(50_000 * effect), { paired, seed: BigInt(run) });
    if (result.verdict === 'higher' || result.verdict === 'lower') found.significant++;
    if (result.verdict === (effect < 1 ? 'lower' : 'higher')) found.right++;
    if (result.low <= effect && effect <= result.high) found.covered++;
  }
  return {
    significant: found.significant / runs,
    right: found.right / runs,
    covered: found.covered / runs,
  };
}

describe('simulated runs', () => {
  const usual: readonly Simulation[] = [
    { n: 4, paired: false, noise: 0.03, blocks: 0 },
    { n: 5, paired: true, noise: 0.03, blocks: 0 },
    { n: 5, paired: true, noise: 0.03, blocks: 0.1 },
    { n: 5, paired: false, noise: 0.03, blocks: 0, heavy: true },
    { n: 6, paired: true, noise: 0.03, blocks: 0.1 },
    { n: 10, paired: true, noise: 0.03, blocks: 0, heavy: true },
    { n: 12, paired: false, noise: 0.05, blocks: 0 },
    { n: 20, paired: true, noise: 0.05, blocks: 0.05 },
  ];
  for (const setUp of usual) {
    it(`without a difference find one in at most 5 %: ${JSON.stringify(setUp)}`, () => {
      const { significant, covered } = simulate(1, setUp);
      // Three standard deviations of 250 draws at 5 % are 4.1 %.
      assert.ok(significant <= 0.05 + 0.041, `${significant} false positives`);
      assert.ok(covered >= 0.95 - 0.045, `${covered} of the intervals hold the truth`);
    });
  }

  it('find 10 % in five trials with 3 % of noise, and 5 % in ten', () => {
    const ten = simulate(0.9, { n: 5, paired: true, noise: 0.03, blocks: 0 });
    assert.ok(ten.right >= 0.9, `power ${ten.right}`);
    const five = simulate(1.05, { n: 10, paired: true, noise: 0.03, blocks: 0 });
    assert.ok(five.right >= 0.8, `power ${five.right}`);
    for (const { right, significant } of [ten, five]) assert.equal(right, significant, 'none the wrong way');
  });

  it('see through what blocks have in common: 10 % in six blocks that differ by 30 %', () => {
    const setUp = { n: 6, noise: 0.03, blocks: 0.3 };
    const paired = simulate(0.9, { ...setUp, paired: true });
    const blind = simulate(0.9, { ...setUp, paired: false });
    assert.ok(paired.right >= 0.85, `power ${paired.right} with pairs`);
    assert.ok(blind.right <= 0.2, `power ${blind.right} without`);
  });
});
