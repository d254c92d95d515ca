/** A plan's groups in the ABI's terms: the values of struct ub_job for each native job of a trial. */
import type { Feature, NativeField } from '../backends/backend.ts';
import { featureBits } from '../backends/probe.ts';
import { UB } from '../native/abi.ts';
import type { ArenaJob } from '../native/arena.ts';
import { nativeOptions } from '../options/options.ts';
import { type JobGroup, type RunPlan, variantOf } from '../resolve/run-plan.ts';
import { asideBytes } from '../workload/aside.ts';
import { maskOf, rwModes } from '../workload/operations.ts';
import type { Isolation, TargetFile, Workload } from '../workload/workload.ts';
import { jobSeed, type PlannedTrial, treeSeed } from './plan.ts';

const SERVICE = {
  roundrobin: UB.SERVICE_ROUNDROBIN,
  random: UB.SERVICE_RANDOM,
  sequential: UB.SERVICE_SEQUENTIAL,
} as const;

const RATE_PROCESS = { linear: UB.RATE_LINEAR, poisson: UB.RATE_POISSON } as const;

const FADVISE = {
  none: UB.FADVISE_NONE,
  random: UB.FADVISE_RANDOM,
  sequential: UB.FADVISE_SEQUENTIAL,
} as const;

function flagsOf(job: Workload, isolation: Isolation): number {
  const on: [boolean, number][] = [
    [job.direct, UB.FLAG_DIRECT],
    [job.sync === 'sync', UB.FLAG_O_SYNC],
    [job.sync === 'dsync', UB.FLAG_O_DSYNC],
    [job.endFsync, UB.FLAG_END_FSYNC],
    [job.invalidate, UB.FLAG_INVALIDATE],
    [job.noatime, UB.FLAG_NOATIME],
    [job.preRead, UB.FLAG_PRE_READ],
    [job.norandommap && job.tree === null, UB.FLAG_NORANDOMMAP],
    [rwModes[job.rw].items === 'directory', UB.FLAG_DIRECTORIES],
    [job.checksum, UB.FLAG_CHECKSUM],
    [job.refillBuffers, UB.FLAG_REFILL],
    [job.zeroBuffers, UB.FLAG_ZERO_BUFFERS],
    [isolation === 'thread', UB.FLAG_PRIVATE_FDS],
    [['read', 'io', 'all'].includes(job.continueOnError), UB.FLAG_CONTINUE_READ],
    [['write', 'io', 'all'].includes(job.continueOnError), UB.FLAG_CONTINUE_WRITE],
  ];
  return on.reduce((sum, [is, bit]) => (is ? sum | bit : sum), 0);
}

/** A tree's shape; none of a job that moves data. */
function treeFields(
  { tree }: Workload,
  index: number,
): Record<'items' | 'item_bytes' | 'item_bytes_most' | 'item_step' | 'dirs' | 'levels' | 'owner', number> {
  return {
    items: tree?.items ?? 0,
    item_bytes: tree?.itemBytes ?? 0,
    item_bytes_most: tree?.itemBytesMost ?? 0,
    item_step: tree?.itemStepBytes ?? 0,
    dirs: tree?.dirs ?? 0,
    levels: tree?.levels ?? 0,
    owner: index,
  };
}

function distributionOf(job: Workload): { dist: number; dist_param: number } {
  // The order of a tree's files is that of files.
  if (job.tree !== null) {
    return { dist: job.fileServiceType === 'random' ? UB.DIST_RANDOM : UB.DIST_SEQUENTIAL, dist_param: 0 };
  }
  if (!rwModes[job.rw].random) return { dist: UB.DIST_SEQUENTIAL, dist_param: 0 };
  const d = job.randomDistribution;
  if (d.kind === 'zipf') return { dist: UB.DIST_ZIPF, dist_param: d.theta };
  if (d.kind === 'pareto') return { dist: UB.DIST_PARETO, dist_param: d.h };
  if (d.kind === 'normal') return { dist: UB.DIST_NORMAL, dist_param: d.deviation };
  return { dist: UB.DIST_RANDOM, dist_param: 0 };
}

type DeclaredField = (typeof nativeOptions)[number]['native']['field'];

/** What the options come to that declare the field of the job that they set. */
function declaredFields(job: Workload): Record<DeclaredField, number> {
  const fields = nativeOptions.map(({ flag, native }: { flag: string; native: NativeField }) => [
    native.field,
    nativeValue(job.nativeOptions[flag], native),
  ]);
  return Object.fromEntries(fields) as Record<DeclaredField, number>;
}

/** @throws Error (a bug) for a value that the declaration says nothing of */
function nativeValue(
  value: Workload['nativeOptions'][string] | undefined,
  { field, per = 1, words, none }: NativeField,
): number {
  const number = value === null ? none : typeof value === 'string' ? words?.[value] : Number(value) / per;
  if (number === undefined || Number.isNaN(number)) throw new Error(`${value} is no value of ${field}`);
  return number;
}

/**
 * As in fio (io_u_quiesce in its handle_thinktime), what is in flight ends before a pause: else the pause would be in its latency.
 * A pause comes after each I/O, so that one is in flight; unless each I/O pauses by itself.
 */
function queueOf(
  job: Workload,
  features: readonly Feature[],
): Record<`batch_${'submit' | 'complete_min' | 'complete_max'}` | 'iodepth', number> {
  const most =
    job.thinktimeNs > 0 && !features.some(({ name }) => name === 'timeout') ? 1 : Number.POSITIVE_INFINITY;
  return {
    iodepth: Math.min(job.iodepth, most),
    batch_submit: Math.min(job.iodepthBatchSubmit, most),
    batch_complete_min: Math.min(job.iodepthBatchCompleteMin, most),
    batch_complete_max: Math.min(job.iodepthBatchCompleteMax, most),
  };
}

/** cpus_allowed_policy: all of them for each job, or one each in turn. */
function cpusOf(job: Workload, index: number): number[] {
  if (job.cpusAllowedPolicy === 'shared' || job.cpusAllowed.length === 0) return job.cpusAllowed;
  return [job.cpusAllowed[index % job.cpusAllowed.length] as number];
}

/** Which native jobs are those of a group: a range of their numbers over the whole plan. */
export interface JobRange {
  first: number;
  count: number;
}

const NO_JOBS: JobRange = { first: 0, count: 0 };

/** The ranges of all groups, in their order. */
export function jobRanges({ groups }: Pick<RunPlan, 'groups'>): JobRange[] {
  let first = 0;
  return groups.map(({ workload }) => {
    const range = { first, count: workload.numjobs };
    first += workload.numjobs;
    return range;
  });
}

/** What each native job of a trial does, group by group. */
export function nativeJobs(plan: RunPlan, run: PlannedTrial): ArenaJob[] {
  const ranges = jobRanges(plan);
  return plan.groups.flatMap((group, at) => {
    const { first, count } = ranges[at] as JobRange;
    const before = plan.groups.findIndex(({ workload }) => workload.name === group.startAfter);
    const place = { first, after: ranges[before] ?? NO_JOBS };
    return Array.from({ length: count }, (_, index) => nativeJob(group, index, place, plan, run));
  });
}

/** A double write's first writes go to the beginning of the region: what the I/Os themselves use comes after it. */
function withoutAside(file: TargetFile, aside: number): TargetFile {
  return { ...file, offset: file.offset + aside, size: file.size - aside };
}

/** @param index of the job within its group */
function nativeJob(
  group: JobGroup,
  index: number,
  { first, after }: { first: number; after: JobRange },
  plan: RunPlan,
  run: PlannedTrial,
): ArenaJob {
  const number = first + index;
  const { workload: job } = group;
  const { backend, features } = variantOf(group, run.variant);
  return {
    values: {
      backend: backend.id,
      flags: flagsOf(job, plan.isolation),
      features: featureBits(features),
      op_mask: maskOf(job.rw),
      read_pct: job.rwmixread,
      ...queueOf(job, features),
      max_ios: job.bounds.ios,
      max_bytes: job.bounds.bytes,
      pass_bytes: job.coldPassBytes,
      fadvise: FADVISE[job.fadvise],
      runtime_ns: job.bounds.runtimeNs,
      ramp_ns: job.rampTimeNs,
      startdelay_ns: job.startdelayNs,
      thinktime_ns: job.thinktimeNs,
      rate_iops: job.rateIops,
      rate_process: RATE_PROCESS[job.rateProcess],
      seed: jobSeed(job.randseed, run.trial, number),
      tree_seed: treeSeed(job.randseed, number),
      ...distributionOf(job),
      service: SERVICE[job.fileServiceType],
      service_batch: job.fileServiceBatch,
      fsync: job.fsync,
      fdatasync: job.fdatasync,
      compress_pct: job.bufferCompressPercentage,
      ...declaredFields(job),
      ...treeFields(job, index),
      process: plan.isolation === 'process' ? number : 0,
      after_first: after.first,
      after_count: after.count,
    },
    bs: [job.bs.read, job.bs.write, job.bs.trim],
    cpus: cpusOf(job, index),
    files: (group.files[index] ?? []).map((file) => withoutAside(file, asideBytes(job))),
  };
}
