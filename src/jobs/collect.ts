/** From what a trial's jobs left in the arena to the stored trial: a pure function of that and the plan. */
import { join } from 'node:path';
import { CHECKSUM_STAGE, failureHint, refusedFeature } from '../backends/hints.ts';
import { systemError, systemWords } from '../errors.ts';
import { UB } from '../native/abi.ts';
import type { MergedLatency } from '../native/arena.ts';
import { type JobGroup, type RunPlan, variantOf } from '../resolve/run-plan.ts';
import { countsFromRaw, toLatency } from '../results/histogram.ts';
import { countedOps } from '../results/ops.ts';
import type { GroupResult, IoErrorCount, Latency, OpResult, Trial } from '../results/schema.ts';
import { formatIops } from '../values/format.ts';
import { type Operation, operations, rwModes } from '../workload/operations.ts';
import { itemName } from '../workload/tree-names.ts';
import type { Workload } from '../workload/workload.ts';
import { jobRanges } from './native-job.ts';
import type { PlannedTrial } from './plan.ts';
import type { RawJob, RawLatencies, RawTrial, RawUsage } from './raw-trial.ts';

/** A part of a trial: the jobs of one group, or all of them. */
interface Part {
  groups: readonly PartGroup[];
  /** What processes used beside their jobs' threads; none for a group that shares its process with others. */
  helpers: readonly RawUsage[];
}

/** One group with what its jobs left. */
interface PartGroup {
  group: JobGroup;
  /** Those that got as far as their loop. */
  begun: readonly RawJob[];
  /** By operation; where submission is no call of its own `done` is `total`, and `submit` has no samples. */
  latencies: readonly (RawLatencies | null)[];
  syscallsExact: boolean;
}

/** From the common start to the last end; 0 when no job got as far. */
function runtimeOf({ groups }: Part): number {
  const jobs = groups.flatMap(({ begun }) => begun);
  if (jobs.length === 0) return 0;
  return Math.max(...jobs.map(({ endNs }) => endNs)) - Math.min(...jobs.map(({ beginNs }) => beginNs));
}

const EMPTY: MergedLatency = {
  counts: new BigUint64Array(UB.HIST_COUNTS),
  count: 0,
  minNs: 2n ** 64n - 1n,
  maxNs: 0n,
  sumNs: 0n,
  over: 0,
};

/** Histograms of several groups as one. */
function addLatencies(parts: readonly MergedLatency[]): MergedLatency {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  return parts.reduce(
    (sum, part) => ({
      counts: sum.counts.map((count, i) => count + (part.counts[i] ?? 0n)),
      count: sum.count + part.count,
      minNs: part.minNs < sum.minNs ? part.minNs : sum.minNs,
      maxNs: part.maxNs > sum.maxNs ? part.maxNs : sum.maxNs,
      sumNs: sum.sumNs + part.sumNs,
      over: sum.over + part.over,
    }),
    EMPTY,
  );
}

function latencyOf(merged: MergedLatency, percentiles: readonly number[]): Latency {
  const exact = { min: merged.minNs, max: merged.maxNs, sum: merged.sumNs, overRange: merged.over };
  const latency = toLatency(countsFromRaw(merged.counts), exact, percentiles);
  if (latency.N !== merged.count) {
    throw new Error(`histogram holds ${latency.N} samples, ${merged.count} were counted`);
  }
  return latency;
}

/** One operation over all jobs of a part. */
function opResult(part: Part, op: number, percentiles: readonly number[]): OpResult {
  const jobs = part.groups.flatMap(({ begun }) => begun);
  const sum = { ios: 0, bytes: 0, short: 0 };
  for (const { ops } of jobs) {
    sum.ios += ops[op]?.ios ?? 0;
    sum.bytes += ops[op]?.bytes ?? 0;
    sum.short += ops[op]?.shortIos ?? 0;
  }
  const seconds = runtimeOf(part) / 1e9;
  const merged = part.groups.flatMap(({ latencies }) => latencies[op] ?? []);
  const latency = (of: (one: RawLatencies) => MergedLatency): Latency =>
    latencyOf(addLatencies(merged.map(of)), percentiles);
  const total = latency((one) => one.total);
  const same = merged.every((one) => one.done === one.total);
  return {
    total_ios: sum.ios,
    io_bytes: sum.bytes,
    iops: seconds > 0 ? sum.ios / seconds : 0,
    bw_bytes: seconds > 0 ? sum.bytes / seconds : 0,
    short_ios: sum.short,
    slat_ns: latency((one) => one.submit),
    clat_ns: same ? total : latency((one) => one.done),
    // Jobs without a rate send an I/O when it is due.
    ...(isRated(part) ? { lat_ns: latency((one) => one.response), service_ns: total } : { lat_ns: total }),
  };
}

function sumUsage(parts: readonly RawUsage[]): RawUsage {
  const sum = { voluntary: 0, involuntary: 0, usrNs: 0, sysNs: 0, minorFaults: 0, majorFaults: 0 };
  for (const part of parts) {
    sum.voluntary += part.voluntary;
    sum.involuntary += part.involuntary;
    sum.usrNs += part.usrNs;
    sum.sysNs += part.sysNs;
    sum.minorFaults += part.minorFaults;
    sum.majorFaults += part.majorFaults;
  }
  return sum;
}

function usageOf(part: Part): Pick<Trial, 'ctx' | 'cpu' | 'page_faults'> {
  const jobs = sumUsage(part.groups.flatMap(({ begun }) => begun.map(({ usage }) => usage)));
  const helpers = sumUsage(part.helpers);
  const helperSwitches = helpers.voluntary + helpers.involuntary;
  return {
    ctx: {
      total: jobs.voluntary + jobs.involuntary + helperSwitches,
      voluntary: jobs.voluntary + helpers.voluntary,
      involuntary: jobs.involuntary + helpers.involuntary,
      helpers: helperSwitches,
    },
    cpu: {
      usr_ns: jobs.usrNs + helpers.usrNs,
      sys_ns: jobs.sysNs + helpers.sysNs,
      helpers_ns: helpers.usrNs + helpers.sysNs,
    },
    page_faults: { minor: jobs.minorFaults, major: jobs.majorFaults },
  };
}

/** Instructions of all jobs of a part; null when one of them could not be counted, absent when none was to be. */
function instructionsOf({ groups }: Part): Pick<Trial, 'instructions'> {
  const counting = groups.filter(({ group }) => group.workload.nativeOptions['count-instructions'] === true);
  const jobs = counting.flatMap(({ begun }) => begun);
  if (jobs.length === 0) return {};
  const whole = counting.length === groups.length && jobs.every(({ uncounted }) => uncounted === 0);
  return { instructions: whole ? jobs.reduce((sum, { counted }) => sum + counted, 0) : null };
}

function syscallsOf(part: Part, ios: number): Trial['syscalls'] {
  const byName: Record<string, number> = {};
  let total = 0;
  for (const { syscalls } of part.groups.flatMap(({ begun }) => begun)) {
    for (const [name, count] of Object.entries(syscalls)) {
      byName[name] = (byName[name] ?? 0) + count;
      total += count;
    }
  }
  const exact = part.groups.every(({ syscallsExact }) => syscallsExact);
  return { total, per_io: ios > 0 ? total / ios : 0, by_name: byName, exact };
}

/** Whether any of its jobs has a rate: then all latencies are responses, those of the others being their service. */
function isRated({ groups }: Part): boolean {
  return groups.some(({ group }) => group.workload.rateIops > 0);
}

/** What was asked of a part, and what it left undone; absent when some of its jobs go as fast as they can. */
function rateOf({ groups }: Part): Pick<Trial, 'rate'> {
  if (groups.some(({ group }) => group.workload.rateIops === 0)) return {};
  const asked = groups.reduce(
    (sum, { group: { workload } }) => sum + workload.rateIops * workload.numjobs,
    0,
  );
  const unsent = groups.flatMap(({ begun }) => begun).reduce((sum, job) => sum + job.unsent, 0);
  return { rate: { asked_iops: asked, unsent } };
}

type Figures = Omit<GroupResult, 'name'>;

/** The operations that the workloads of a part have. */
function operationsIn({ groups }: Part): Operation[] {
  const workloads = groups.map(({ group }) => group.workload);
  const names = workloads.flatMap(({ rw }) => rwModes[rw].operations);
  if (workloads.some(({ fsync, fdatasync }) => fsync > 0 || fdatasync > 0)) names.push('sync');
  return operations.filter(({ name }) => names.includes(name));
}

/** The figures of a part; those of a trial and of a group are the same. */
function figuresOf(part: Part, percentiles: readonly number[]): Figures {
  const runtimeNs = runtimeOf(part);
  const ops: GroupResult['ops'] = {};
  for (const { name, id } of operationsIn(part)) ops[name] = opResult(part, id, percentiles);
  const counted = countedOps({ ops });
  const ios = counted.reduce((sum, op) => sum + op.total_ios, 0);
  const bytes = counted.reduce((sum, op) => sum + op.io_bytes, 0);
  const jobs = part.groups.flatMap(({ begun }) => begun);
  const carriedNs = jobs.reduce((sum, job) => sum + job.carriedNs, 0);
  const busyNs = counted.reduce(
    (sum, { lat_ns, service_ns: { mean, N } = lat_ns }) => sum + mean * N,
    -carriedNs,
  );
  return {
    runtime_ns: runtimeNs,
    total_ios: ios,
    iops: runtimeNs > 0 ? (ios * 1e9) / runtimeNs : 0,
    bw_bytes: runtimeNs > 0 ? (bytes * 1e9) / runtimeNs : 0,
    ...usageOf(part),
    ...instructionsOf(part),
    ...rateOf(part),
    syscalls: syscallsOf(part, ios),
    // What failed has carried time over and no latency to take it from.
    effective_depth: runtimeNs > 0 ? Math.max(0, busyNs) / runtimeNs : 0,
    ops,
  };
}

/** A job with the group that it belongs to. */
interface OwnedJob {
  job: RawJob;
  group: JobGroup;
  /** Within the group. */
  index: number;
}

function fileName({ group, index }: OwnedJob, file: number | null): string {
  return file === null ? '' : (group.files[index]?.[file]?.path ?? '');
}

/** What an operation was done to: of a tree the item, else a place in a file. */
function placeOf(
  one: OwnedJob,
  { op, firstFile, firstOffset }: RawJob['errors'][number],
): { file: string; offset: number } {
  const file = fileName(one, firstFile);
  const { tree, rw } = one.group.workload;
  if (tree === null || operationOf(op)?.kind !== 'tree' || file === '') return { file, offset: firstOffset };
  return { file: join(file, itemName(tree, rw, one.index, firstOffset)), offset: 0 };
}

function operationOf(id: number): Operation | undefined {
  return operations.find((operation) => operation.id === id);
}

/** Errors by operation and errno over all jobs; the first of each by the lowest job. */
function errorsOf(owned: readonly OwnedJob[]): IoErrorCount[] {
  const found = new Map<string, IoErrorCount>();
  for (const one of owned) {
    for (const error of one.job.errors) {
      const { op, errno, count } = error;
      const known = found.get(`${op} ${errno}`);
      if (known) known.count += count;
      else {
        const { file, offset } = placeOf(one, error);
        found.set(`${op} ${errno}`, {
          op: operationOf(op)?.word ?? 'unknown',
          errno,
          code: systemError(errno).code,
          count,
          first_file: file,
          first_offset: offset,
        });
      }
    }
  }
  return [...found.values()];
}

/** What the operation was done to that ended a job; the file alone when it ended otherwise. */
function whereOf(one: OwnedJob): string {
  const { errors, stage, errno, errorFile } = one.job;
  const ended = errors.find((error) => {
    const word = operationOf(error.op)?.word;
    return (word === stage || stage === CHECKSUM_STAGE) && error.errno === errno;
  });
  const operation = ended && operationOf(ended.op);
  if (ended && operation?.kind === 'tree') return ` ${placeOf(one, ended).file}`;
  const file = fileName(one, errorFile);
  return `${file && ` ${file}`}${ended && operation?.bs ? ` at offset ${ended.firstOffset}` : ''}`;
}

/** The job that failed before the others did; their errors may have come of its own. */
function firstFailed(owned: readonly OwnedJob[]): OwnedJob | undefined {
  const failed = owned.filter(({ job }) => job.errno !== 0);
  return failed.sort((a, b) => a.job.errorNs - b.job.errorNs)[0];
}

/** Why the first job that failed did so: its stage, file and errno, with the likely mend. */
function failureOf(owned: readonly OwnedJob[], run: PlannedTrial): Trial['failure'] {
  const failed = firstFailed(owned);
  if (failed === undefined) return null;
  const { errno, stage } = failed.job;
  const variant = variantOf(failed.group, run.variant);
  const what = stage === CHECKSUM_STAGE ? MISMATCH : systemWords(errno);
  const refused = refusedFeature(variant, errno, stage);
  const hint = refused ?? failureHint(variant.backend, errno, stage, failed.group.workload) ?? null;
  const { lost = 0 } = lostOf({ jobs: owned.map(({ job }) => job) });
  const flying = lost > 0 ? `; ${lost} I/Os were in flight and could not be waited for` : '';
  return { message: `${stage}${whereOf(failed)}: ${what}${flying}`, errno, stage, hint };
}

/** A job that did fewer I/Os a second than --rate-iops-min or --rate-min asks for. */
function tooSlow(owned: readonly OwnedJob[]): Trial['failure'] {
  for (const { job, group, index } of owned) {
    const { rateIopsMin, name } = group.workload;
    const ios = operations.reduce((sum, { id, counted }) => sum + (counted ? (job.ops[id]?.ios ?? 0) : 0), 0);
    const iops = job.endNs > job.beginNs ? (ios * 1e9) / (job.endNs - job.beginNs) : 0;
    if (iops >= rateIopsMin) continue;
    const message = `job ${index + 1} of ${name} did ${formatIops(iops)} I/Os a second: at least ${formatIops(rateIopsMin)} were asked for (rate-iops-min, rate-min)`;
    return { message, errno: 0, stage: 'run', hint: null };
  }
  return null;
}

/** What it is that another sum means. */
const MISMATCH = 'what was read is not what was laid out: its crc32c is another (EILSEQ)';

const FNV_PRIME = 0x100000001b3n;

function lostOf({ jobs }: Pick<RawTrial, 'jobs'>): { lost?: number } {
  const lost = jobs.reduce((sum, job) => sum + job.lost, 0);
  return lost > 0 ? { lost } : {};
}

/** Absent unless every job issued all the I/Os that its hash is made of, so that hashes can be compared. */
function offsetsHash(owned: readonly OwnedJob[]): { offsets_hash?: string } {
  let hash: bigint | null = null;
  for (const { job, group } of owned) {
    if (job.hashedIos < UB.HASHED_IOS && group.workload.bounds.runtimeNs !== 0) return {};
    // In order, so that equal jobs do not cancel each other.
    hash = hash === null ? job.offsetsHash : BigInt.asUintN(64, hash * FNV_PRIME) ^ job.offsetsHash;
  }
  return hash === null ? {} : { offsets_hash: hash.toString(16).padStart(16, '0') };
}

/** Where submission is no call of its own, clat is lat; without a rate an I/O is due when it is sent. */
function normalized(
  latencies: RawLatencies | null,
  hasSlat: boolean,
  { rateIops }: Workload,
): RawLatencies | null {
  if (latencies === null) return null;
  const { total, done, response } = latencies;
  return { ...latencies, done: hasSlat ? done : total, response: rateIops > 0 ? response : total };
}

/** The trial that its jobs have left, once they have ended. */
export function collectTrial(raw: RawTrial, plan: RunPlan, run: PlannedTrial, interrupted: boolean): Trial {
  const ranges = jobRanges(plan);
  const owned = plan.groups.flatMap((group, at) => {
    const { first, count } = ranges[at] ?? { first: 0, count: 0 };
    return raw.jobs.slice(first, first + count).map((job, index) => ({ job, group, index }));
  });
  const groups = plan.groups.map((group, at): PartGroup => {
    const { hasSlat, syscallsExact } = variantOf(group, run.variant).backend;
    const jobs = owned.filter((one) => one.group === group).map(({ job }) => job);
    const latencies = (raw.latencies[at] ?? []).map((one) => normalized(one, hasSlat, group.workload));
    return {
      group,
      begun: jobs.filter(({ beginNs, endNs }) => beginNs > 0 && endNs > 0),
      latencies,
      syscallsExact,
    };
  });
  const failure = failureOf(owned, run) ?? (interrupted ? null : tooSlow(owned));
  // A process that holds one job's helpers alone holds those of its group; threads share theirs.
  const helpersOf = (at: number): readonly RawUsage[] => {
    const { first, count } = ranges[at] ?? { first: 0, count: 0 };
    return plan.isolation === 'process' ? raw.helpers.slice(first, first + count) : [];
  };
  const several = groups.length > 1 ? groups : [];
  return {
    trial: run.trial,
    position: run.position,
    status: failure ? 'failed' : interrupted ? 'interrupted' : 'complete',
    ...figuresOf({ groups, helpers: raw.helpers }, plan.percentileList),
    groups: several.map((one, at) => ({
      name: one.group.workload.name,
      ...figuresOf({ groups: [one], helpers: helpersOf(at) }, plan.percentileList),
    })),
    ...offsetsHash(owned),
    errors: errorsOf(owned),
    ...(raw.jobs.some(({ sharedFds }) => sharedFds) ? { shared_fds: true } : {}),
    ...lostOf(raw),
    stalled_ns: Math.max(0, ...raw.jobs.map(({ stalledNs }) => stalledNs)),
    failure,
  };
}
