import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { opsOf } from '../../test/support/ops.ts';
import { countsFromSparse, countsIndex, mergeLatencies, toLatency } from '../results/histogram.ts';
import type { BackendResult, Latency, OpResult, Trial } from '../results/schema.ts';
import { referenceOf, Summarizer, summarize, trialRates, usableTrials, withReference } from './summary.ts';

const PERCENTILES = [50, 99];

function latency(values: readonly number[]): Latency {
  const exact = {
    min: Math.min(...values),
    max: Math.max(...values),
    sum: values.reduce((sum, value) => sum + value, 0),
    overRange: 0,
  };
  return toLatency(
    countsFromSparse(values.map((value) => [countsIndex(value), 1] as const)),
    exact,
    PERCENTILES,
  );
}

function opResult(values: readonly number[]): OpResult {
  const lat = latency(values);
  return {
    total_ios: values.length,
    io_bytes: values.length * 4096,
    iops: values.length,
    bw_bytes: values.length * 4096,
    short_ios: 0,
    slat_ns: latency([]),
    clat_ns: lat,
    lat_ns: lat,
  };
}

function trial(number: number, rest: Partial<Trial> = {}): Trial {
  return {
    trial: number,
    position: 1,
    status: 'complete',
    runtime_ns: 1_000_000_000,
    total_ios: 4,
    iops: 4,
    bw_bytes: 4 * 4096,
    ctx: { total: 8, voluntary: 6, involuntary: 2, helpers: 0 },
    cpu: { usr_ns: 250_000_000, sys_ns: 1_500_000_000, helpers_ns: 0 },
    syscalls: { total: 4, per_io: 1, by_name: { pread64: 4 }, exact: true },
    effective_depth: 1,
    ops: { read: opResult([100, 200, 300]), write: opResult([5_000]) },
    groups: [],
    errors: [],
    failure: null,
    ...rest,
  };
}

function backend(variant: string, trials: Trial[], label = variant): BackendResult {
  return {
    backend: variant,
    variant,
    label,
    status: 'complete',
    reason: null,
    trials,
    summary: summarize(trials, PERCENTILES),
  };
}

test('only complete trials count as long as there is one', () => {
  const trials = [
    trial(1),
    trial(2, { status: 'interrupted' }),
    trial(3, { status: 'failed', total_ios: 0 }),
  ];
  assert.deepEqual(usableTrials(trials), [trials[0]]);
  assert.equal(summarize(trials, PERCENTILES)?.trials, 1);
});

test('without a complete one, those that did I/O count', () => {
  const trials = [
    trial(1, { status: 'interrupted', iops: 3 }),
    trial(2, { status: 'failed', total_ios: 0 }),
    trial(3, { status: 'failed', iops: 5 }),
  ];
  assert.deepEqual(usableTrials(trials), [trials[0], trials[2]]);
  const { median, min, max, n } = summarize(trials, PERCENTILES)?.iops ?? {};
  assert.deepEqual([median, min, max, n], [4, 3, 5, 2]);
});

test('no trial with I/O gives no summary', () => {
  assert.equal(summarize([], PERCENTILES), null);
  assert.equal(summarize([trial(1, { status: 'failed', total_ios: 0 })], PERCENTILES), null);
});

test('rates: per I/O, and CPU as a percentage of one CPU', () => {
  assert.deepEqual(trialRates(trial(1)), {
    ctx_per_io: 2,
    cpu_ns_per_io: 437_500_000,
    usr_pct: 25,
    sys_pct: 150,
  });
});

test('a complete trial without I/O or time divides nothing by zero', () => {
  const none = trial(1, { total_ios: 0, iops: 0, runtime_ns: 0 });
  assert.deepEqual(trialRates(none), { ctx_per_io: 0, cpu_ns_per_io: 0, usr_pct: 0, sys_pct: 0 });
});

test('a summary is the median of its trials with its interval', () => {
  const trials = [10, 30, 20].map((iops, i) => trial(i + 1, { iops, bw_bytes: iops * 4096 }));
  const summary = summarize(trials, PERCENTILES);
  const iops = { median: 20, low: 10, high: 30, confidence: 0.75, min: 10, max: 30, n: 3 };
  assert.deepEqual(summary?.iops, iops);
  assert.equal(summary?.bw_bytes.median, 81_920);
  assert.equal(summary?.syscalls_per_io.high, 1);
  assert.deepEqual([summary?.iops_vs_reference_pct, summary?.vs_reference], [null, null]);
});

test("quantiles over trials are of each trial's own quantiles, all operations merged", () => {
  const trials = [100, 300, 200].map((ns, i) => trial(i + 1, { ops: { read: opResult([ns, ns, 900]) } }));
  const { lat_ns_trials: quantiles } = summarize(trials, PERCENTILES) ?? {};
  assert.deepEqual(Object.keys(quantiles ?? {}), ['50.000000', '99.000000', '99.900000']);
  assert.deepEqual(
    [quantiles?.['50.000000']?.median, quantiles?.['50.000000']?.low, quantiles?.['99.900000']?.median],
    [200, 100, 900],
  );
  const mixed = summarize(
    [trial(1, { ops: { read: opResult([100]), write: opResult([500, 500]) } })],
    PERCENTILES,
  );
  assert.equal(mixed?.lat_ns_trials['50.000000']?.median, 500);
});

test('latency is that of all operations and trials in one histogram', () => {
  const trials = [trial(1), trial(2, { ops: { read: opResult([50, 60]), write: opResult([9_000, 9_500]) } })];
  const { percentile, min, max, mean, N } = mergeLatencies(
    trials.map(opsOf).flatMap(({ read, write }) => [read.lat_ns, write.lat_ns]),
    PERCENTILES,
  );
  assert.deepEqual(summarize(trials, PERCENTILES)?.lat_ns, { mean, min, max, N, percentile });
  assert.deepEqual({ N, min, max }, { N: 8, min: 50, max: 9_500 });
  assert.equal(mean, (100 + 200 + 300 + 5_000 + 50 + 60 + 9_000 + 9_500) / 8);
});

test('trials that come one by one are summarised, after each, as all at once', () => {
  const status = fc.constantFrom('complete', 'failed', 'interrupted' as const);
  const values = fc.array(fc.integer({ min: 1, max: 1e9 }), { maxLength: 5 });
  const drawn = fc.record({ status, read: values, write: values });
  const draws = fc.array(drawn, { maxLength: 8 });
  const property = fc.property(draws, (list) => {
    const trials = list.map(({ status, read, write }, i) => {
      const ops = { read: opResult(read), write: opResult(write) };
      return trial(i + 1, { status, total_ios: read.length + write.length, ops });
    });
    const summarizer = new Summarizer(PERCENTILES);
    for (const [i, next] of trials.entries()) {
      summarizer.add(next);
      const [summary, sofar] = [summarizer.summary(), trials.slice(0, i + 1)];
      assert.deepEqual(summary, summarize(sofar, PERCENTILES));
      const latencies = usableTrials(sofar)
        .map(opsOf)
        .flatMap(({ read, write }) => [read.lat_ns, write.lat_ns]);
      if (summary) assert.deepEqual(summary.lat_ns, mergeLatencies(latencies, PERCENTILES));
    }
  });
  fc.assert(property, { numRuns: 25 });
});

test('a histogram is decoded as often with many trials as with few', () => {
  let decoded = 0;
  const lat_ns = latency([100, 200]);
  const counted = Object.defineProperty({ ...lat_ns }, 'hdr', {
    get: () => {
      decoded++;
      return lat_ns.hdr;
    },
  });
  const summarizer = new Summarizer(PERCENTILES);
  const decodes = Array.from({ length: 30 }, (_, i) => {
    decoded = 0;
    summarizer.add(trial(i + 1, { ops: { read: { ...opResult([100, 200]), lat_ns: counted } } }));
    summarizer.summary();
    return decoded;
  });
  // Once for the sum, once for the trial's own percentiles over all operations.
  assert.deepEqual(new Set(decodes), new Set([2]));
});

test('the reference is found by variant before label', () => {
  const backends = [backend('io_uring+a', [trial(1)], 'io_uring'), backend('io_uring', [trial(1)], 'x')];
  assert.equal(referenceOf(backends, 'io_uring'), backends[1]);
  assert.equal(referenceOf(backends, 'x'), backends[1]);
  assert.equal(referenceOf(backends, 'sync'), undefined);
  assert.equal(referenceOf(backends, null), undefined);
});

test('±% is the ratio of medians, null for the reference and for what was not run', () => {
  const skipped: BackendResult = { ...backend('posix-aio', []), status: 'skipped', reason: 'none here' };
  const backends = [
    backend('sync', [trial(1, { iops: 50 })]),
    backend('io_uring', [trial(1, { iops: 100 })]),
    backend('linux-aio', [trial(1, { iops: 125 })]),
    skipped,
  ];
  const compared = withReference(backends, 'io_uring').map(({ summary }) => summary?.iops_vs_reference_pct);
  assert.deepEqual(compared, [-50, null, 25, undefined]);
  assert.equal(backends[0]?.summary?.iops_vs_reference_pct, null, 'the input is left as it is');
});

/** As many trials as levels, with latency and cost in proportion to a factor. */
function trialsOf(levels: readonly number[], factor: number): Trial[] {
  return levels.map((level, i) =>
    trial(i + 1, {
      iops: level * factor,
      ctx: { total: Math.round(1000 * factor), voluntary: 0, involuntary: 0, helpers: 0 },
      ops: { read: opResult([Math.round((1e6 * factor * level) / 100)]) },
    }),
  );
}

const LEVELS = [100, 140, 90, 120, 110, 130];

test('differences are paired within blocks, for what is felt and what it costs', () => {
  const backends = [
    backend('io_uring', trialsOf(LEVELS, 1)),
    backend('sync', trialsOf(LEVELS, 0.8).reverse()),
  ];
  const [reference, other] = withReference(backends, 'io_uring');
  assert.equal(reference?.summary?.vs_reference, null);
  const found = other?.summary?.vs_reference;
  assert.ok(found);
  // Block by block it is 0.8 throughout, so that the interval has no width, whatever the blocks differ.
  for (const difference of [
    found.iops,
    found.lat_ns['50.000000'],
    found.lat_ns['99.900000'],
    found.ctx_per_io,
  ]) {
    assert.ok(difference);
    for (const part of ['ratio', 'low', 'high'] as const) {
      assert.ok(Math.abs((difference[part] ?? 0) - 0.8) < 0.002, `${part} ${difference[part]}`);
    }
    assert.deepEqual([difference.test, difference.verdict, difference.n], ['wilcoxon', 'lower', 6]);
    assert.equal(difference.p, 2 / 64);
  }
  assert.equal(found.cpu_ns_per_io.verdict, 'same');
});

test('blocks that lack one of two are left out of their difference', () => {
  const partial = trialsOf(LEVELS, 0.8).filter(({ trial: number }) => number !== 2 && number !== 5);
  const backends = [backend('io_uring', trialsOf(LEVELS, 1)), backend('sync', partial)];
  const found = withReference(backends, 'io_uring')[1]?.summary?.vs_reference?.iops;
  assert.equal(found?.n, 4);
  assert.ok(Math.abs((found?.high ?? 0) - 0.8) < 1e-9);
  const apart = [backend('io_uring', [trial(1)]), backend('sync', [trial(2, { iops: 50 })])];
  assert.equal(withReference(apart, 'io_uring')[1]?.summary?.vs_reference, null);
});

test('a ratio to nothing is null: JSON has no infinity', () => {
  const ctx = { total: 0, voluntary: 0, involuntary: 0, helpers: 0 };
  const base = LEVELS.map((iops, i) => trial(i + 1, { iops, ctx }));
  const backends = [backend('io_uring', base), backend('sync', trialsOf(LEVELS, 1))];
  const found = withReference(backends, 'io_uring')[1]?.summary?.vs_reference?.ctx_per_io;
  assert.deepEqual([found?.ratio, found?.high, found?.verdict], [null, null, 'higher']);
});

test('differences that are not asked for stay as they were', () => {
  const backends = [backend('io_uring', trialsOf(LEVELS, 1)), backend('sync', trialsOf(LEVELS, 0.5))];
  const before = withReference(backends, 'io_uring');
  const after = withReference(before, 'io_uring', { differences: false });
  assert.deepEqual(after, before);
  assert.equal(withReference(backends, 'io_uring', { differences: false })[1]?.summary?.vs_reference, null);
});

test('without a usable reference there is no ±%', () => {
  const run = backend('sync', [trial(1, { iops: 50 })]);
  const still = backend('io_uring', [trial(1, { iops: 0 })]);
  const skipped: BackendResult = { ...backend('io_uring', []), status: 'skipped' };
  for (const [other, reference] of [
    [still, 'io_uring'],
    [skipped, 'io_uring'],
    [still, null],
    [still, 'absent'],
  ] as const) {
    const [first] = withReference([run, other], reference);
    assert.equal(first?.summary?.iops_vs_reference_pct, null);
  }
});
