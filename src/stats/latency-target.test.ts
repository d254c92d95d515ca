import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeRate, RATE_TRIALS_MOST, RateSearch, type RateTrial } from './latency-target.ts';
import { type Random, randomOf } from './random.ts';

const SHARE = 0.05;

/** A device whose queue grows without bound towards its capacity; its percentile differs from trial to trial. */
interface Model {
  capacity: number;
  /** Without a queue. */
  baseNs: number;
  /** Of the percentile's logarithm, from trial to trial. */
  deviation: number;
}

function medianNs({ capacity, baseNs }: Model, rate: number): number {
  return rate >= capacity ? Number.POSITIVE_INFINITY : baseNs * (1 + rate / capacity / (1 - rate / capacity));
}

/** The highest rate whose median is within the limit: what the search looks for. */
function trueRate({ capacity, baseNs }: Model, limitNs: number): number {
  return capacity * (1 - baseNs / limitNs);
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function trialOf(model: Model, rate: number, random: Random): RateTrial {
  const latNs = medianNs(model, rate) * Math.exp(model.deviation * normal(random));
  return { latNs: Number.isFinite(latNs) ? latNs : 1e12, iops: rate, behind: rate >= model.capacity };
}

function searched(model: Model, limitNs: number, random: Random): { search: RateSearch; trials: number } {
  // The closed loop is measured as well, and not exactly.
  const closed = model.capacity * (1 + 0.01 * normal(random));
  const search = new RateSearch({ limitNs, share: SHARE }, closed, 1);
  let trials = 0;
  for (let rate = search.next(); rate !== null; rate = search.next()) {
    search.note(trialOf(model, rate, random));
    trials++;
  }
  return { search, trials };
}

test('a bracket holds the true rate in at least 95 % of seeds, whatever the noise and the limit', () => {
  for (const deviation of [0.02, 0.1, 0.4]) {
    for (const limit of [1.3, 3, 10]) {
      const model = { capacity: 200_000, baseNs: 100_000, deviation };
      const truth = trueRate(model, limit * model.baseNs);
      let wrong = 0;
      for (let seed = 1n; seed <= 200n; seed++) {
        const { search } = searched(model, limit * model.baseNs, randomOf(seed));
        const [low, high] = [search.low ?? 0, search.high ?? search.closedIops];
        if (truth < low || truth > high) wrong++;
      }
      assert.ok(wrong <= 10, `deviation ${deviation}, limit ${limit}: ${wrong} of 200 are wrong`);
    }
  }
});

test('without much noise the bracket is as narrow as was asked for, after few trials', () => {
  const model = { capacity: 200_000, baseNs: 100_000, deviation: 0.01 };
  for (let seed = 1n; seed <= 50n; seed++) {
    const { search, trials } = searched(model, 250_000, randomOf(seed));
    assert.equal(search.outcome(), 'bracket');
    const [low, high] = [search.low ?? 0, search.high ?? 0];
    assert.ok((high - low) / high <= 2 * SHARE, `${low}..${high}`);
    assert.ok(trials <= 60, `${trials} trials`);
  }
});

test('what cannot be kept at any rate, and what is kept at all, are known after two rates at most', () => {
  const model = { capacity: 50_000, baseNs: 100_000, deviation: 0.05 };
  const never = searched(model, 50_000, randomOf(1n));
  assert.deepEqual([never.search.outcome(), never.search.low], ['never', null]);
  assert.equal(never.search.tried.length, 2);
  const full = searched(model, 100_000_000, randomOf(2n));
  assert.equal(full.search.outcome(), 'full');
  assert.equal(full.search.tried.length, 1);
  assert.ok((full.search.low ?? 0) >= 0.9 * model.capacity);
});

test('a search ends, within its bounds, whatever trials say', () => {
  const trial = fc.record({
    latNs: fc.double({ min: 1, max: 1000, noNaN: true }),
    iops: fc.constant(1),
    behind: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.infiniteStream(trial), fc.double({ min: 1, max: 1e7, noNaN: true }), (stream, closed) => {
      const search = new RateSearch({ limitNs: 500, share: SHARE }, closed, 100);
      let trials = 0;
      for (let rate = search.next(); rate !== null; rate = search.next()) {
        assert.ok(rate > 0 && rate < closed);
        search.note(stream.next().value as RateTrial);
        assert.ok(++trials <= 25 * RATE_TRIALS_MOST, 'it does not end');
      }
      assert.ok(search.tried.length <= 25);
      const { low, high } = search;
      assert.notEqual(search.outcome(), 'unfinished');
      if (search.outcome() === 'bracket') assert.ok(low !== null && high !== null);
    }),
    { numRuns: 200 },
  );
});

test('a rate is judged by all of its trials, and left open where they disagree', () => {
  const of = (...values: number[]) =>
    values.map((latNs): RateTrial => ({ latNs, iops: 1, behind: latNs === 0 }));
  assert.equal(judgeRate(of(40, 40, 40), 100), 'held');
  assert.equal(judgeRate(of(0, 0, 0), 100), 'missed');
  assert.equal(judgeRate(of(90, 90, 90), 100), null);
  assert.equal(judgeRate(of(90, 90, 90, 90, 90, 90), 100), 'held');
  assert.equal(judgeRate(of(90, 90, 110, 90, 90, 90), 100), null);
  assert.equal(judgeRate(of(90, 90, 110, 90, 90, 90, 90, 90, 90, 90), 100), 'held');
  const mixed = Array.from({ length: RATE_TRIALS_MOST }, (_, i) => (i % 2 ? 90 : 110));
  assert.equal(judgeRate(of(...mixed), 100), 'undecided');
  // A trial that fell behind missed it, however soon it answered what it sent.
  assert.equal(
    judgeRate(
      [1, 2, 3].map(() => ({ latNs: 1, iops: 1, behind: true })),
      100,
    ),
    'missed',
  );
});

test('a search that is stopped says so and keeps what it knows', () => {
  const search = new RateSearch({ limitNs: 100, share: SHARE }, 1000, 1);
  for (let i = 0; i < 3; i++) search.note({ latNs: 1e6, iops: 1, behind: false });
  search.stop();
  assert.deepEqual([search.next(), search.outcome(), search.high], [null, 'unfinished', 950]);
});
