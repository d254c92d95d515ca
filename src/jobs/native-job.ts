/** A resolved job in the ABI's terms: the values of struct ub_job for each native job. */
import { UB } from '../native/abi.ts';
import type { ArenaJob } from '../native/arena.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import type { RwMode } from '../workload/workload.ts';
import type { PlannedRun } from './plan.ts';

const OP_BITS: Record<RwMode, number> = {
  read: 1 << UB.OP_READ,
  randread: 1 << UB.OP_READ,
  write: 1 << UB.OP_WRITE,
  randwrite: 1 << UB.OP_WRITE,
  trim: 1 << UB.OP_TRIM,
  randtrim: 1 << UB.OP_TRIM,
  rw: (1 << UB.OP_READ) | (1 << UB.OP_WRITE),
  randrw: (1 << UB.OP_READ) | (1 << UB.OP_WRITE),
};

const PAIRS = {
  none: UB.PAIR_NONE,
  'write-fdatasync': UB.PAIR_WRITE_FDATASYNC,
  'read-write': UB.PAIR_READ_WRITE,
} as const;

const SERVICE = {
  roundrobin: UB.SERVICE_ROUNDROBIN,
  random: UB.SERVICE_RANDOM,
  sequential: UB.SERVICE_SEQUENTIAL,
} as const;

function flagsOf(job: ResolvedJob): number {
  const on: [boolean, number][] = [
    [job.direct, UB.FLAG_DIRECT],
    [job.sync === 'sync', UB.FLAG_O_SYNC],
    [job.sync === 'dsync', UB.FLAG_O_DSYNC],
    [job.endFsync, UB.FLAG_END_FSYNC],
    [job.invalidate, UB.FLAG_INVALIDATE],
    [job.noatime, UB.FLAG_NOATIME],
    [job.preRead, UB.FLAG_PRE_READ],
    [job.norandommap, UB.FLAG_NORANDOMMAP],
    [job.refillBuffers, UB.FLAG_REFILL],
    [job.zeroBuffers, UB.FLAG_ZERO_BUFFERS],
    [job.isolation === 'thread', UB.FLAG_PRIVATE_FDS],
    [['read', 'io', 'all'].includes(job.continueOnError), UB.FLAG_CONTINUE_READ],
    [['write', 'io', 'all'].includes(job.continueOnError), UB.FLAG_CONTINUE_WRITE],
  ];
  return on.reduce((sum, [is, bit]) => (is ? sum | bit : sum), 0);
}

function distributionOf(job: ResolvedJob): { dist: number; dist_param: number } {
  if (!job.rw.startsWith('rand')) return { dist: UB.DIST_SEQUENTIAL, dist_param: 0 };
  const d = job.randomDistribution;
  if (d.kind === 'zipf') return { dist: UB.DIST_ZIPF, dist_param: d.theta };
  if (d.kind === 'pareto') return { dist: UB.DIST_PARETO, dist_param: d.h };
  if (d.kind === 'normal') return { dist: UB.DIST_NORMAL, dist_param: d.deviation };
  return { dist: UB.DIST_RANDOM, dist_param: 0 };
}

/** cpus_allowed_policy: all of them for each job, or one each in turn. */
function cpusOf(job: ResolvedJob, index: number): number[] {
  if (job.cpusAllowedPolicy === 'shared' || job.cpusAllowed.length === 0) return job.cpusAllowed;
  return [job.cpusAllowed[index % job.cpusAllowed.length] as number];
}

/** What each of numjobs native jobs of this run does. */
export function nativeJobs(job: ResolvedJob, run: PlannedRun): ArenaJob[] {
  const features = run.variant.features.reduce((sum, f) => sum | f.bit, 0);
  return run.seeds.map((seed, index) => ({
    values: {
      backend: run.variant.backend.id,
      flags: flagsOf(job),
      features,
      op_mask: OP_BITS[job.rw],
      read_pct: job.rwmixread,
      iodepth: job.iodepth,
      batch_submit: job.iodepthBatchSubmit,
      batch_complete_min: job.iodepthBatchCompleteMin,
      batch_complete_max: job.iodepthBatchCompleteMax,
      max_ios: job.bounds.ios,
      max_bytes: job.bounds.bytes,
      runtime_ns: job.bounds.runtimeNs,
      ramp_ns: job.rampTimeNs,
      startdelay_ns: job.startdelayNs,
      thinktime_ns: job.thinktimeNs,
      seed,
      ...distributionOf(job),
      service: SERVICE[job.fileServiceType],
      service_batch: job.fileServiceBatch,
      fsync: job.fsync,
      fdatasync: job.fdatasync,
      compress_pct: job.bufferCompressPercentage,
      nice: job.nice,
      aio_threads: job.aioThreads,
      pair: PAIRS[job.pair],
      sq_cpu: job.sqthreadPollCpu ?? -1,
      sq_idle_ms: job.sqthreadPollIdleMs,
      iowq_bounded: job.iowqBounded,
      iowq_unbounded: job.iowqUnbounded,
      null_delay_ns: job.nullDelayNs,
      process: job.isolation === 'process' ? index : 0,
      after_first: 0,
      after_count: 0,
    },
    bs: [job.bs.read, job.bs.write, job.bs.trim],
    cpus: cpusOf(job, index),
    files: job.files[index] ?? [],
  }));
}
