/** From a resolved job to what is run, in order: blocks that hold a trial of every variant, shuffled. */
import type { Variant } from '../backends/backend.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import { mixSeed, randomOf, shuffled } from '../stats/random.ts';

/** One run of one backend: one arena, numjobs native jobs. */
export interface PlannedRun {
  variant: Variant;
  /** Its block, from 1; 0 is a warm-up, which is not stored. */
  trial: number;
  /** Its turn within the block, from 1. */
  position: number;
  /** Seeds[j] of job j: the same for all variants of a trial, so that they get the same offsets. */
  seeds: bigint[];
}

/** Longest warm-up trial: caches, clocks and the device's state settle in less. */
const WARMUP_NS = 500_000_000;
const MASK = 2n ** 64n - 1n;
/** Beside the numbers of jobs, which end below it. */
const ORDER = 2n ** 32n;

/** Seed of job `job` (0-based) in trial `trial` (1-based). */
export function jobSeed(randseed: bigint, trial: number, job: number): bigint {
  return mixSeed(mixSeed(mixSeed(randseed & MASK) ^ BigInt(trial)) ^ BigInt(job));
}

/**
 * The trials of one block, each variant once: a randomised block design, so that whatever drifts or comes and goes
 * on the machine hits all variants alike. The order is the seed's, another one in each block.
 */
export function planBlock(job: ResolvedJob, trial: number): PlannedRun[] {
  const seeds = Array.from({ length: job.numjobs }, (_, j) => jobSeed(job.randseed, trial, j));
  const order = randomOf(mixSeed(mixSeed(job.randseed & MASK) ^ BigInt(trial) ^ ORDER));
  return shuffled(job.variants, order).map((variant, i) => ({ variant, trial, position: i + 1, seeds }));
}

/** The job of a warm-up trial: the same I/O, shorter. */
export function warmupJob(job: ResolvedJob): ResolvedJob {
  const runtimeNs = Math.min(job.bounds.runtimeNs || WARMUP_NS, WARMUP_NS);
  return { ...job, bounds: { ...job.bounds, runtimeNs }, rampTimeNs: 0, startdelayNs: 0 };
}

/** Planned length of one trial in nanoseconds, ramp and delay included; null when only an amount of I/O bounds it. */
export function trialNs(job: ResolvedJob): number | null {
  return job.bounds.runtimeNs ? job.bounds.runtimeNs + job.rampTimeNs + job.startdelayNs : null;
}

/** The most trials of each variant that there may be. */
export function mostTrials(job: ResolvedJob): number {
  return job.untilConfident?.maxTrials ?? job.trials;
}

/** Planned length of all trials and warm-ups in seconds, at most; null when only an amount of I/O bounds them. */
export function runSeconds(job: ResolvedJob): number | null {
  const each = trialNs(job);
  if (each === null) return null;
  const warmups = (trialNs(warmupJob(job)) ?? 0) * job.warmupTrials;
  return ((each * mostTrials(job) + warmups) * job.variants.length) / 1e9;
}
