import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changePoints, FALSE_RATE, LEAST_RUNS, LONGEST, type SeriesEstimate } from './change-points.ts';
import { type Random, randomOf } from './random.ts';

/** Noise with long tails to one side, as measurements have: most runs near 1, some slower. */
function noise(random: Random): number {
  return 1 - 0.01 * -Math.log(1 - random());
}

/** Levels of so many runs each, with noise. */
function seriesOf(levels: readonly { runs: number; level: number }[], random: Random): SeriesEstimate[] {
  return levels.flatMap(({ runs, level }) =>
    Array.from({ length: runs }, () => {
      const value = level * noise(random);
      return { value, low: value * 0.995, high: value * 1.005 };
    }),
  );
}

const seeds = Array.from({ length: 200 }, (_, i) => BigInt(i + 1));

test('of series without a change no more than the stated rate has one', () => {
  const falseRate = 0.05;
  const alarms = seeds.filter((seed) => {
    const series = seriesOf([{ runs: 15, level: 1000 }], randomOf(seed));
    return changePoints(series, { falseRate, seed }).length > 0;
  });
  // 200 at 5 %: 10 are expected; more than 20 occur once in a thousand.
  assert.ok(alarms.length <= 20, `${alarms.length} false alarms of ${seeds.length}`);
  assert.ok(FALSE_RATE < falseRate);
});

test('a step is found where it is, with how much and how sure', () => {
  const more = seeds.slice(0, 40).filter((seed) => {
    const levels = [
      { runs: 12, level: 1000 },
      { runs: 9, level: 900 },
    ];
    const found = changePoints(seriesOf(levels, randomOf(seed)));
    const change = found.find(({ at }) => at === 12);
    assert.ok(change && change.ratio > 0.88 && change.ratio < 0.92, `seed ${seed}: ${JSON.stringify(found)}`);
    assert.ok(change.low <= change.ratio && change.ratio <= change.high && change.high < 1);
    assert.ok(change.p > 0 && change.p <= FALSE_RATE);
    assert.ok(change.earliest === 12 && change.latest === 12);
    if (found.length === 1)
      assert.deepEqual([change.before.from, change.before.to, change.after.to], [0, 12, 21]);
    return found.length > 1;
  });
  // The parts are tested at the same rate: more than three of 40 occur once in a thousand.
  assert.ok(more.length <= 3, `seeds ${more} have more changes than there are`);
});

test('two steps are found, also when the second takes the first back', () => {
  for (const last of [1000, 800]) {
    const series = seriesOf(
      [
        { runs: 15, level: 1000 },
        { runs: 15, level: 900 },
        { runs: 15, level: last },
      ],
      randomOf(5n),
    );
    assert.deepEqual(
      changePoints(series).map(({ at }) => at),
      [15, 30],
      `to ${last}`,
    );
  }
});

test('a single run far off, a constant series and a short one have no change', () => {
  const random = randomOf(3n);
  const outlier = seriesOf([{ runs: 20, level: 1000 }], random);
  outlier[10] = { value: 100, low: 90, high: 110 };
  assert.deepEqual(changePoints(outlier), []);
  const same = Array.from({ length: 20 }, () => ({ value: 5, low: 5, high: 5 }));
  assert.deepEqual(changePoints(same), []);
  assert.deepEqual(changePoints([]), []);
  assert.deepEqual(changePoints(same.slice(0, 2 * LEAST_RUNS - 1)), []);
});

test('runs whose intervals hold both levels leave open when it was', () => {
  const series = seriesOf(
    [
      { runs: 10, level: 1000 },
      { runs: 10, level: 900 },
    ],
    randomOf(9n),
  );
  series[9] = { value: 990, low: 850, high: 1100 };
  const [change] = changePoints(series);
  assert.deepEqual([change?.at, change?.earliest, change?.latest], [10, 9, 10]);
});

test('changes lie apart, in order, and are the same whatever the unit', () => {
  const values = fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 25 });
  fc.assert(
    fc.property(values, (all) => {
      const of = (unit: number) => all.map((v) => ({ value: v * unit, low: v * unit, high: v * unit }));
      const found = changePoints(of(1));
      const places = found.map(({ at }) => at);
      const bounds = [0, ...places, all.length];
      assert.ok(places.length === 0 || bounds.slice(1).every((b, i) => b - (bounds[i] ?? 0) >= LEAST_RUNS));
      assert.deepEqual(
        changePoints(of(1024)).map(({ at }) => at),
        places,
      );
      assert.deepEqual(changePoints(of(1)), found);
    }),
    { numRuns: 30 },
  );
});

test('of a very long series the end is looked at, with places in the whole', () => {
  const runs = LONGEST + 50;
  const series = Array.from({ length: runs }, (_, i) => {
    const value = i < 20 ? 1 : i < runs - 100 ? 1000 : 500;
    return { value, low: value, high: value };
  });
  assert.deepEqual(
    changePoints(series).map(({ at }) => at),
    [runs - 100],
  );
});
