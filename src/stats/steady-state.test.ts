import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PTS_RULE, type SteadyRule, steadyState } from './steady-state.ts';

const RULE: SteadyRule = { metric: 'iops', ...PTS_RULE };

function near(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test('rounds that stay within the range and whose line is flat are steady, from the first such window on', () => {
  const verdict = steadyState([40_000, 30_000, 20_000, 10_000, 10_100, 9900, 10_050, 9950, 10_000], RULE);
  assert.equal(verdict.steady, true);
  assert.equal(verdict.at, 7);
  assert.deepEqual(verdict.window, [3, 7]);
  near(verdict.mean, 10_000);
  near(verdict.range, 0.02);
  near(verdict.slope, -15);
  near(verdict.excursion, 0.006);
});

test('gives what another tool prints of its rounds', () => {
  // STB Suite's manual of its SSD preconditioning test: 5.0 % of the average, slope 2.41, 9.66 along the line.
  const verdict = steadyState([228.9, 240.21, 240.6, 240.71, 240.71], { ...RULE, metric: 'bw' });
  near(verdict.mean, 238.23, 0.005);
  near(verdict.range, 0.05, 0.0005);
  near(verdict.slope, 2.41, 0.005);
  near(verdict.excursion, 9.66 / 238.23, 0.0001);
  assert.equal(verdict.steady, true);
});

test('a straight line: range and excursion are the same, so the slope alone refuses it', () => {
  // 95, 98, 101, 104, 107: 12 % of 101 from end to end.
  const verdict = steadyState([95, 98, 101, 104, 107], RULE);
  near(verdict.slope, 3);
  near(verdict.excursion, 12 / 101);
  near(verdict.range, 12 / 101);
  assert.equal(verdict.steady, false);
  assert.equal(steadyState([95, 98, 101, 104, 107], { ...RULE, excursion: null }).steady, true);
});

test('values that scatter without a trend are refused by the range alone', () => {
  const verdict = steadyState([100, 85, 111, 85, 100], RULE);
  near(verdict.excursion, 0);
  assert.equal(verdict.steady, false);
});

test('limits belong to what is steady: 20 % and 10 %', () => {
  assert.equal(steadyState([90, 100, 110, 100, 100].map(Number), { ...RULE, excursion: null }).steady, true);
  assert.equal(steadyState([89.9, 100, 110.1, 100, 100], { ...RULE, excursion: null }).steady, false);
  const line = [95, 97.5, 100, 102.5, 105];
  assert.equal(steadyState(line, RULE).steady, true);
  assert.equal(
    steadyState(
      line.map((value) => value * 1.001 - 0.1),
      { ...RULE, excursion: 0.1 },
    ).steady,
    false,
  );
});

test('with fewer rounds than a window nothing is known; a window of one round is a mistake', () => {
  const none = { steady: false, at: null, window: null, mean: 0, range: 0, slope: 0, excursion: 0 };
  assert.deepEqual(steadyState([], RULE), none);
  assert.deepEqual(steadyState([1, 1, 1, 1], RULE), none);
  assert.throws(() => steadyState([1, 1], { ...RULE, rounds: 1 }), RangeError);
});

test('that never settles: the last window is told', () => {
  const verdict = steadyState([1, 2, 4, 8, 16, 32, 64], RULE);
  assert.equal(verdict.at, null);
  assert.deepEqual(verdict.window, [2, 6]);
});

test('zeros are steady, and one value among them is not', () => {
  assert.equal(steadyState([0, 0, 0, 0, 0], RULE).steady, true);
  const odd = steadyState([0, 0, 5, 0, -5], RULE);
  assert.equal(odd.steady, false);
  assert.ok(Number.isFinite(odd.range));
});

const values = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 5, maxLength: 30 });

test('the verdict does not depend on the unit', () => {
  fc.assert(
    fc.property(values, (list) => {
      const [one, other] = [
        steadyState(list, RULE),
        steadyState(
          list.map((value) => value * 1024),
          RULE,
        ),
      ];
      // Not where rounding decides: at the very limits.
      const close = (verdict: typeof one) =>
        Math.abs(verdict.range - RULE.range) < 1e-9 || Math.abs(verdict.excursion - 0.1) < 1e-9;
      if (close(one) || close(other)) return;
      assert.equal(one.at, other.at);
      near(one.range, other.range, 1e-9 * Math.max(1, one.range));
    }),
  );
});

test('a steady window holds what the rule says, looked at another way, and no window before it does', () => {
  const holds = (list: readonly number[]): boolean => {
    const n = list.length;
    const sum = (of: readonly number[]) => of.reduce((a, b) => a + b, 0);
    const mean = sum(list) / n;
    // The normal equations, unlike the sums about the middle that are tested.
    const sx = sum(list.map((_, x) => x));
    const slope =
      (n * sum(list.map((y, x) => x * y)) - sx * sum(list)) / (n * sum(list.map((_, x) => x * x)) - sx * sx);
    const ends = Math.abs(slope * (n - 1));
    return Math.max(...list) - Math.min(...list) <= 0.2 * mean && ends <= 0.1 * mean;
  };
  const settling = fc.array(fc.double({ min: 90, max: 115, noNaN: true }), { minLength: 5, maxLength: 20 });
  fc.assert(
    fc.property(settling, (list) => {
      const windows = list.slice(4).map((_, i) => list.slice(i, i + 5));
      const first = windows.findIndex(holds);
      assert.equal(steadyState(list, RULE).at, first < 0 ? null : first + 4);
    }),
  );
});

test('what follows a steady window does not change the verdict', () => {
  fc.assert(
    fc.property(values, values, (list, more) => {
      const verdict = steadyState(list, RULE);
      if (verdict.steady) assert.deepEqual(steadyState([...list, ...more], RULE), verdict);
    }),
  );
});
