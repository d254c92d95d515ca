import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pairedGain, studentT95 } from './paired.ts';

function near(actual: number | undefined, expected: number, most: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= most, `${actual} is not ${expected}`);
}

/** Share of Student's distribution within ±t, by its density integrated with Simpson's rule. */
function within(t: number, degrees: number): number {
  // x = sqrt(degrees) tan a turns the density into a power of cos a on a bounded interval.
  const density = (a: number) => Math.cos(a) ** (degrees - 1);
  const integral = (to: number): number => {
    const steps = 2000;
    let sum = density(0) + density(to);
    for (let i = 1; i < steps; i++) sum += density((to * i) / steps) * (i % 2 ? 4 : 2);
    return (sum * to) / steps / 3;
  };
  return integral(Math.atan(t / Math.sqrt(degrees))) / integral(Math.PI / 2);
}

test("95 % of Student's t lie within the bound, in the table and beyond it", () => {
  for (let degrees = 1; degrees <= 200; degrees++) near(within(studentT95(degrees), degrees), 0.95, 2e-5);
  near(studentT95(1000), 1.9623, 1e-4);
  near(studentT95(1e9), 1.96, 1e-4);
  assert.throws(() => studentT95(0), RangeError);
});

test('a worked example', () => {
  // Logarithms of the ratios: 0.1, 0.2, 0.3. Mean 0.2, standard error 0.1 / sqrt(3), t of 2 degrees 4.3027.
  const before = [100, 200, 50];
  const after = before.map((value, i) => value * Math.exp((i + 1) / 10));
  const { pct, interval, pairs } = pairedGain(before, after);
  assert.equal(pairs, 3);
  near(pct, (Math.exp(0.2) - 1) * 100, 1e-9);
  const half = (4.3027 * 0.1) / Math.sqrt(3);
  near(interval?.low, (Math.exp(0.2 - half) - 1) * 100, 1e-3);
  near(interval?.high, (Math.exp(0.2 + half) - 1) * 100, 1e-3);
});

test('pairs see through drift that is larger than the gain', () => {
  const machine = [100, 60, 140, 80, 120];
  const noise = [1.001, 0.999, 1, 1.0005, 0.9995];
  const { interval } = pairedGain(
    machine,
    machine.map((speed, i) => speed * 1.02 * (noise[i] ?? 1)),
  );
  assert.ok(interval && interval.low > 1.5 && interval.high < 2.5, JSON.stringify(interval));
});

test('one pair has a gain and no interval; no pair has neither', () => {
  assert.deepEqual(pairedGain([100], [100]), { pct: 0, interval: null, pairs: 1 });
  near(pairedGain([100], [110]).pct, 10, 1e-9);
  assert.throws(() => pairedGain([], []), RangeError);
  assert.throws(() => pairedGain([1, 2], [1]), /no pairs/);
  assert.throws(() => pairedGain([1, 0], [1, 1]), /positive/);
  assert.throws(() => pairedGain([1], [Number.NaN]), /positive/);
});

const speed = fc.double({ min: 1, max: 1e7, noNaN: true });
const pairs = fc.array(fc.tuple(speed, speed), { minLength: 2, maxLength: 40 });

test('the interval holds the gain, does not depend on order or unit, and mirrors when the sides change', () => {
  fc.assert(
    fc.property(pairs, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (list, unit) => {
      const of = (some: readonly (readonly [number, number])[], scale = 1) =>
        pairedGain(
          some.map(([a]) => a * scale),
          some.map(([, b]) => b * scale),
        );
      const factor = (pct: number) => 1 + pct / 100;
      const close = (a: number, b: number) => assert.ok(Math.abs(Math.log(a / b)) < 1e-6, `${a} and ${b}`);
      const { pct, interval } = of(list);
      assert.ok(interval);
      assert.ok(interval.low <= pct && pct <= interval.high);
      close(factor(of(list, unit).pct), factor(pct));
      close(factor(of([...list].reverse()).pct), factor(pct));
      close(factor(of(list.map(([a, b]) => [b, a] as const)).pct), 1 / factor(pct));
    }),
  );
});

test('twice the noise is about twice the interval', () => {
  const width = (spread: number): number => {
    const { interval } = pairedGain([1, 1, 1, 1], [1 - spread, 1 + spread, 1 - spread, 1 + spread]);
    return interval ? interval.high - interval.low : 0;
  };
  near(width(0.002) / width(0.001), 2, 0.01);
  assert.equal(width(0), 0);
});
