/** What to run, with every default applied and every check passed. Made by resolve.ts, read by src/jobs. */
import type { Variant } from '../backends/backend.ts';
import type { RunResult } from '../results/schema.ts';
import type { ExplainHow, Isolation, SteadyAsk, TargetFile, Workload } from '../workload/workload.ts';

/** A percentile of the response, and how long it may be. */
export interface LatencyTarget {
  percentile: number;
  limitNs: number;
}

/** Jobs that do the same: numjobs of one workload. */
export interface JobGroup {
  workload: Workload;
  /** Its own, whatever is compared; null: in each trial the one that the trial is of. */
  variant: Variant | null;
  /** files[j] are those of job j (0-based); jobs may share the same paths. */
  files: TargetFile[][];
  /** Name of the group at whose end this one starts; null: with the trial. It stands earlier in the plan. */
  startAfter: string | null;
  /** Every option by flag name with its value in force: the stored job description. */
  options: Record<string, unknown>;
}

/** What is compared, how often, and the groups of jobs that make up each trial. */
export interface RunPlan {
  /** At least one; names are unique. */
  groups: JobGroup[];
  variants: Variant[];
  /** Label of the variant that ±% refers to; null when there is only one. */
  reference: string | null;
  /** Blocks; with untilConfident the fewest. */
  trials: number;
  /** Goes on until every interval is narrower than `pct` percent, or there are `maxTrials` blocks; null: just `trials`. */
  untilConfident: { pct: number; maxTrials: number } | null;
  /** Trials of each variant that come first and are not counted. */
  warmupTrials: number;
  isolation: Isolation;
  /** What is said of where the time goes, in one more trial of each variant that is not counted. */
  explain: ExplainHow;
  /** cgroup.procs of a control group that jobs are in from before they do anything; with processes alone. */
  joinFile?: string;
  percentileList: number[];
  /** Of the series that each trial stores; 0: none. */
  intervalNs: number;
  /** When a trial ends before its time; null: it does not. */
  steadyState: SteadyAsk | null;
  /** What a rate is looked for that keeps it; such a plan is of many runs, and not of one. */
  latencyTarget?: LatencyTarget;
  /** Of the order of trials and of all jobs' random numbers. */
  randseed: bigint;
}

/** The variant that a group runs with in a trial of another or the same. */
export function variantOf(group: JobGroup, trialOf: Variant): Variant {
  return group.variant ?? trialOf;
}

/** Files of all jobs of all groups; a path may occur more than once. */
export function filesOf({ groups }: Pick<RunPlan, 'groups'>): TargetFile[] {
  return groups.flatMap(({ files }) => files.flat());
}

/** Their paths, each once. */
export function pathsOf(plan: Pick<RunPlan, 'groups'>): string[] {
  return [...new Set(filesOf(plan).map(({ path }) => path))];
}

/** The first group: the only one unless --job was given. */
export function firstGroup({ groups }: Pick<RunPlan, 'groups'>): JobGroup {
  const [first] = groups;
  if (first === undefined) throw new Error('a plan has at least one group of jobs');
  return first;
}

/** A change of every group's workload: a shorter trial, a pass that only tries. */
export function withWorkloads(plan: RunPlan, change: (workload: Workload) => Workload): RunPlan {
  return { ...plan, groups: plan.groups.map((group) => ({ ...group, workload: change(group.workload) })) };
}

/** What is stored of a group. */
export function storedJob({
  workload,
  variant,
  files,
  startAfter,
  options,
}: JobGroup): RunResult['jobs'][number] {
  return {
    name: workload.name,
    numjobs: workload.numjobs,
    files: (files[0] ?? []).map((file) => file.path),
    ...(variant === null ? {} : { variant: variant.name }),
    ...(startAfter === null ? {} : { after: startAfter }),
    options,
  };
}
