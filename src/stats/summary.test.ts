import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsFromSparse, countsIndex, mergeLatencies, toLatency } from '../results/histogram.ts';
import type { BackendResult, Direction, Latency, Trial } from '../results/schema.ts';
import { referenceOf, summarize, trialRates, usableTrials, withReference } from './summary.ts';

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

function direction(values: readonly number[]): Direction {
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
    status: 'complete',
    runtime_ns: 1_000_000_000,
    total_ios: 4,
    iops: 4,
    bw_bytes: 4 * 4096,
    ctx: { total: 8, voluntary: 6, involuntary: 2, helpers: 0 },
    cpu: { usr_ns: 250_000_000, sys_ns: 1_500_000_000, helpers_ns: 0 },
    syscalls: { total: 4, per_io: 1, by_name: { pread64: 4 }, exact: true },
    effective_depth: 1,
    read: direction([100, 200, 300]),
    write: direction([5_000]),
    trim: direction([]),
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
  assert.deepEqual(summarize(trials, PERCENTILES)?.iops, { median: 4, min: 3, max: 5 });
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

test('a summary is the median and range of its trials', () => {
  const trials = [10, 30, 20].map((iops, i) => trial(i + 1, { iops, bw_bytes: iops * 4096 }));
  const summary = summarize(trials, PERCENTILES);
  assert.deepEqual(summary?.iops, { median: 20, min: 10, max: 30 });
  assert.deepEqual(summary?.bw_bytes, { median: 81_920, min: 40_960, max: 122_880 });
  assert.deepEqual(summary?.syscalls_per_io, { median: 1, min: 1, max: 1 });
  assert.equal(summary?.iops_vs_reference_pct, null);
});

test('latency is that of all directions and trials in one histogram', () => {
  const trials = [trial(1), trial(2, { read: direction([50, 60]), write: direction([9_000, 9_500]) })];
  const { percentile, min, max, mean, N } = mergeLatencies(
    trials.flatMap(({ read, write }) => [read.lat_ns, write.lat_ns]),
    PERCENTILES,
  );
  assert.deepEqual(summarize(trials, PERCENTILES)?.lat_ns, { mean, min, max, N, percentile });
  assert.deepEqual({ N, min, max }, { N: 8, min: 50, max: 9_500 });
  assert.equal(mean, (100 + 200 + 300 + 5_000 + 50 + 60 + 9_000 + 9_500) / 8);
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
