/** From a run's plan to what is run, in order: blocks that hold a trial of every variant, shuffled. */
import type { Variant } from '../backends/backend.ts';
import { type JobGroup, type RunPlan, withWorkloads } from '../resolve/run-plan.ts';
import { mixSeed, randomOf, shuffled } from '../stats/random.ts';

/** One trial of one variant: one arena, the native jobs of all groups. */
export interface PlannedTrial {
  variant: Variant;
  /** Its block, from 1; 0 is a warm-up, which is not stored. */
  trial: number;
  /** Its turn within the block, from 1. */
  position: number;
  /** It is one more than the trials that count: looked at while it runs, and no part of any figure but what it explains. */
  explains?: true;
}

/** Longest warm-up trial: caches, clocks and the device's state settle in less. */
const WARMUP_NS = 500_000_000;
const MASK = 2n ** 64n - 1n;
/** Beside the numbers of jobs, which end below it. */
const ORDER = 2n ** 32n;
const TREE = 2n ** 33n;

/**
 * Seed of job `job` (0-based, over all groups) in trial `trial` (1-based): the same for all variants of a trial, so that
 * they get the same offsets.
 */
export function jobSeed(randseed: bigint, trial: number, job: number): bigint {
  return mixSeed(mixSeed(mixSeed(randseed & MASK) ^ BigInt(trial)) ^ BigInt(job));
}

/** Seed of the sizes and content of a job's tree, which lasts for all trials. */
export function treeSeed(randseed: bigint, job: number): bigint {
  return mixSeed(mixSeed(randseed & MASK) ^ TREE ^ BigInt(job));
}

/**
 * The trials of one block, each variant once: a randomised block design, so that whatever drifts or comes and goes
 * on the machine hits all variants alike. The order is the seed's, another one in each block.
 */
export function planBlock(
  { variants, randseed }: Pick<RunPlan, 'variants' | 'randseed'>,
  trial: number,
): PlannedTrial[] {
  const order = randomOf(mixSeed(mixSeed(randseed & MASK) ^ BigInt(trial) ^ ORDER));
  return shuffled(variants, order).map((variant, i) => ({ variant, trial, position: i + 1 }));
}

/** The plan of a warm-up trial: the same I/O, shorter. */
export function warmupPlan(plan: RunPlan): RunPlan {
  return withWorkloads(plan, (workload) => {
    const runtimeNs = Math.min(workload.bounds.runtimeNs || WARMUP_NS, WARMUP_NS);
    return { ...workload, bounds: { ...workload.bounds, runtimeNs }, rampTimeNs: 0, startdelayNs: 0 };
  });
}

/** Planned length of a group's part in nanoseconds; null when only an amount of I/O bounds it. */
function groupNs({ workload }: JobGroup): number | null {
  const { bounds, rampTimeNs, startdelayNs } = workload;
  return bounds.runtimeNs ? bounds.runtimeNs + rampTimeNs + startdelayNs : null;
}

/**
 * Planned length of one trial in nanoseconds, ramps and delays included, of groups that follow each other one after the
 * other; null when only an amount of I/O bounds it.
 */
export function trialNs({ groups }: Pick<RunPlan, 'groups'>): number | null {
  const ends = new Map<string, number | null>();
  for (const group of groups) {
    const begin = group.startAfter === null ? 0 : (ends.get(group.startAfter) ?? null);
    const own = groupNs(group);
    ends.set(group.workload.name, begin === null || own === null ? null : begin + own);
  }
  const all = [...ends.values()];
  return all.includes(null) ? null : Math.max(...(all as number[]));
}

/** The most trials of each variant that there may be. */
export function mostTrials(plan: Pick<RunPlan, 'untilConfident' | 'trials'>): number {
  return plan.untilConfident?.maxTrials ?? plan.trials;
}

/** Whether each variant has one more trial, which explains it. */
export function explains({ explain }: Pick<RunPlan, 'explain'>): boolean {
  return explain !== 'none';
}

/** How long the machine is watched before each block while the benchmark does nothing. */
export const IDLE_NS = 100_000_000;
/** What a trial takes beside its time: jobs are set up, counters read, the result stored; measured, see docs/PERFORMANCE.md. */
const AROUND_TRIAL_NS = 30_000_000;

/**
 * How long all trials and warm-ups take in seconds, with what is around them, at most; null when only an amount of I/O bounds
 * them. What is in flight at a trial's end comes on top.
 */
export function runSeconds(plan: RunPlan): number | null {
  const each = trialNs(plan);
  if (each === null) return null;
  const trials = mostTrials(plan);
  const warmup = (trialNs(warmupPlan(plan)) ?? 0) + AROUND_TRIAL_NS;
  const passes = explains(plan) ? 1 : 0;
  const ofVariant = (each + AROUND_TRIAL_NS) * (trials + passes) + warmup * plan.warmupTrials;
  return (ofVariant * plan.variants.length + IDLE_NS * trials) / 1e9;
}
