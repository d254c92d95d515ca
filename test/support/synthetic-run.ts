/** Results with trials of given IOPS, for tests that need many of them: no histograms, all else as a run has it. */
import type { BackendResult, Latency, OpResult, RunResult, Trial } from '../../src/results/schema.ts';
import { environment, file } from '../fixtures/synthetic-host.ts';

const RUNTIME_NS = 1_000_000_000;
const DEPTH = 8;
const BS = 4096;
/** How high the quantiles of latency are above its mean. */
const SHAPE: Readonly<Record<string, number>> = { '50.000000': 0.95, '99.000000': 2, '99.900000': 4 };

const NONE: Latency = { min: 0, max: 0, mean: 0, stddev: 0, N: 0, percentile: {}, over_range: 0, hdr: '' };

function latency(meanNs: number, N: number): Latency {
  const percentile = Object.fromEntries(Object.entries(SHAPE).map(([key, factor]) => [key, meanNs * factor]));
  return {
    min: meanNs / 2,
    max: meanNs * 8,
    mean: meanNs,
    stddev: meanNs / 4,
    N,
    percentile,
    over_range: 0,
    hdr: '',
  };
}

function opResult(iops: number): OpResult {
  const ios = Math.round((iops * RUNTIME_NS) / 1e9);
  if (ios === 0) {
    const nothing = { total_ios: 0, io_bytes: 0, iops: 0, bw_bytes: 0, short_ios: 0 };
    return { ...nothing, slat_ns: NONE, clat_ns: NONE, lat_ns: NONE };
  }
  const meanNs = (DEPTH / iops) * 1e9;
  return {
    total_ios: ios,
    io_bytes: ios * BS,
    iops,
    bw_bytes: iops * BS,
    short_ios: 0,
    slat_ns: latency(meanNs / 10, ios),
    clat_ns: latency(meanNs * 0.9, ios),
    lat_ns: latency(meanNs, ios),
  };
}

/** A complete trial of reads. Little's law and the sums of a real one hold. */
export function syntheticTrial(number: number, iops: number, rest: Partial<Trial> = {}): Trial {
  const read = opResult(iops);
  const ios = read.total_ios;
  return {
    trial: number,
    position: 1,
    status: 'complete',
    runtime_ns: RUNTIME_NS,
    total_ios: ios,
    iops,
    bw_bytes: iops * BS,
    ctx: { total: Math.round(ios / 8), voluntary: Math.round(ios / 8), involuntary: 0, helpers: 0 },
    cpu: { usr_ns: ios * 500, sys_ns: ios * 4000, helpers_ns: 0 },
    syscalls: { total: ios, per_io: 1, by_name: { io_uring_enter: ios }, exact: true },
    effective_depth: DEPTH,
    ops: { read },
    groups: [],
    errors: [],
    failure: null,
    ...rest,
  };
}

export const OPTIONS: Readonly<Record<string, unknown>> = {
  rw: 'randread',
  bs: BS,
  iodepth: DEPTH,
  numjobs: 1,
  direct: true,
  runtime: 1,
  trials: 5,
  'percentile-list': '50:99:99.9',
};

let runs = 0;

/** A complete run: IOPS of each trial by variant. Each has a start of its own. */
export function syntheticRun(
  iops: Readonly<Record<string, readonly number[]>>,
  rest: Partial<RunResult> = {},
): RunResult {
  const started = new Date(Date.UTC(2026, 10, 22) + ++runs * 60_000).toISOString();
  const backends = Object.entries(iops).map(
    ([variant, values]): BackendResult => ({
      backend: variant.split('+')[0] ?? variant,
      variant,
      label: variant,
      status: 'complete',
      reason: null,
      trials: values.map((value, at) => syntheticTrial(at + 1, value)),
      summary: null,
    }),
  );
  const trials = Math.max(1, ...Object.values(iops).map((values) => values.length));
  return {
    schema_version: 2,
    tool: { name: 'uring-bench', version: '0.1.0' },
    status: 'complete',
    started_at: started,
    finished_at: started,
    command_line: ['uring-bench'],
    environment: { ...environment, files: [file('/data/a', 2 ** 30)] },
    jobs: [{ name: 'uring-bench', numjobs: 1, files: ['/data/a'], options: { ...OPTIONS, trials } }],
    reference: null,
    backends,
    validity: { verdict: 'sound', text: 'synthetic' },
    warnings: [],
    ...rest,
  };
}

/** Uniform numbers in 0..1, the same for the same seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Trials of a noisy machine: normal about a mean with a relative deviation, and one in 20 held up by a fifth. */
export function noisyTrials(random: () => number, n: number, mean: number, deviation: number): number[] {
  return Array.from({ length: n }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return mean * (1 + deviation * normal) * (random() < 0.05 ? 0.8 : 1);
  });
}
