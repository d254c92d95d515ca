/** From a resolved job to what is run, in order: trials of all variants, interleaved. */
import type { Variant } from '../backends/registry.ts';
import type { ResolvedJob } from './job.ts';

/** One run of one backend: one arena, numjobs native jobs. */
export interface PlannedRun {
  variant: Variant;
  /** From 1. */
  trial: number;
  /** Seeds[j] of job j: the same for all variants of a trial, so that they get the same offsets. */
  seeds: bigint[];
}

const MASK = 2n ** 64n - 1n;

/** One step of SplitMix64, here to spread seeds (Steele, Lea, Flood 2014). */
function mix(x: bigint): bigint {
  let z = (x + 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** Seed of job `job` (0-based) in trial `trial` (1-based). */
export function jobSeed(randseed: bigint, trial: number, job: number): bigint {
  return mix(mix(mix(randseed & MASK) ^ BigInt(trial)) ^ BigInt(job));
}

/** A B C A B C: so that whatever drifts on the machine hits all variants alike. */
export function planRuns(job: ResolvedJob): PlannedRun[] {
  const runs: PlannedRun[] = [];
  for (let trial = 1; trial <= job.trials; trial++) {
    const seeds = Array.from({ length: job.numjobs }, (_, j) => jobSeed(job.randseed, trial, j));
    for (const variant of job.variants) runs.push({ variant, trial, seeds });
  }
  return runs;
}

/** Planned length of one trial in nanoseconds, ramp and delay included; null when only an amount of I/O bounds it. */
export function trialNs(job: ResolvedJob): number | null {
  return job.bounds.runtimeNs ? job.bounds.runtimeNs + job.rampTimeNs + job.startdelayNs : null;
}
