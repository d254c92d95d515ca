/** What an arena holds, as plain values: the one place that reads its results. */
import { LAYOUT, SYSCALL_NAMES, UB } from '../native/abi.ts';
import type { Arena, MergedLatency } from '../native/arena.ts';
import { fieldOf, type Reader } from '../native/codec.ts';
import { countedOperations } from '../workload/operations.ts';
import type { JobRange } from './native-job.ts';

/** Use of CPU and scheduler, as getrusage counts it. */
export interface RawUsage {
  voluntary: number;
  involuntary: number;
  usrNs: number;
  sysNs: number;
  /** Page faults without I/O, and with it: of jobs' threads alone, 0 of helpers. */
  minorFaults: number;
  majorFaults: number;
}

interface RawError {
  /** UB.OP_*. */
  op: number;
  /** Positive. */
  errno: number;
  count: number;
  /** Index of the file among the job's; null when it was about none. */
  firstFile: number | null;
  firstOffset: number;
}

/** What a job counted of an operation. */
interface RawOp {
  ios: number;
  bytes: number;
  shortIos: number;
}

/** What one job did: struct ub_result. Times by the arena's clock. */
export interface RawJob {
  /** UB.STATE_*. */
  state: number;
  /** Positive errno that ended it; 0 when it ended as it should. */
  errno: number;
  /** What was being done then. */
  stage: string;
  errorFile: number | null;
  /** When it saw that; 0 without an error. */
  errorNs: number;
  /** I/Os that the kernel took and whose end could not be waited for. */
  lost: number;
  /** Whether the kernel refused it a descriptor table of its own, which makes lookups cheaper. */
  sharedFds: boolean;
  /** Both 0 when it never got as far as its loop. */
  beginNs: number;
  endNs: number;
  offsetsHash: bigint;
  hashedIos: number;
  /** What I/Os in flight at the window's begin had been so already: in their latency, not in the window. */
  carriedNs: number;
  /** Of its window, without any completion for a second or more at a time. */
  stalledNs: number;
  /** I/Os that were due when its open loop ended and had not been sent. */
  unsent: number;
  usage: RawUsage;
  /** What was to be counted (ub_job.count), of its thread and those that it started. */
  counted: number;
  /** Why nothing was: a positive errno. */
  uncounted: number;
  /** System calls made for I/O by name, as strace prints it. */
  syscalls: Readonly<Record<string, number>>;
  /** By UB.OP_*. */
  ops: readonly RawOp[];
  errors: readonly RawError[];
}

/** Histograms of one operation over the jobs of a group. */
export interface RawLatencies {
  total: MergedLatency;
  /** Zero samples where submission is no call of its own. */
  submit: MergedLatency;
  done: MergedLatency;
  /** From when each was due; without samples unless they had a rate. */
  response: MergedLatency;
}

export interface RawTrial {
  jobs: readonly RawJob[];
  /** What each process used beside its jobs' threads. */
  helpers: readonly RawUsage[];
  /** latencies[group] by UB.OP_*; null for operations that no job of it did. */
  latencies: readonly (readonly (RawLatencies | null)[])[];
}

const NO_FILE = 2 ** 32 - 1;

function fileIndex(index: number): number | null {
  return index === NO_FILE ? null : index;
}

function readUsage(reader: Reader, base: number): RawUsage {
  return {
    voluntary: reader.number(base, 'usage', 'voluntary'),
    involuntary: reader.number(base, 'usage', 'involuntary'),
    usrNs: reader.number(base, 'usage', 'usr_ns'),
    sysNs: reader.number(base, 'usage', 'sys_ns'),
    minorFaults: reader.number(base, 'usage', 'minor_faults'),
    majorFaults: reader.number(base, 'usage', 'major_faults'),
  };
}

function readOp(results: Reader, job: number, op: number): RawOp {
  const at = job + fieldOf('result', 'ops').offset + op * LAYOUT.opResult.size;
  return {
    ios: results.number(at, 'opResult', 'ios'),
    bytes: results.number(at, 'opResult', 'bytes'),
    shortIos: results.number(at, 'opResult', 'short_ios'),
  };
}

function readErrors(results: Reader, job: number): RawError[] {
  const n = results.number(job, 'result', 'nerrors');
  return Array.from({ length: n }, (_, e) => {
    const at = job + fieldOf('result', 'errors').offset + e * LAYOUT.error.size;
    return {
      op: results.number(at, 'error', 'op'),
      errno: results.number(at, 'error', 'error'),
      count: results.number(at, 'error', 'count'),
      firstFile: fileIndex(results.number(at, 'error', 'first_file')),
      firstOffset: results.number(at, 'error', 'first_offset'),
    };
  });
}

function readSyscalls(results: Reader, job: number): Record<string, number> {
  const at = job + fieldOf('result', 'syscalls').offset;
  const counts = Object.entries(SYSCALL_NAMES).map(
    ([index, name]) => [name, results.u64(at + Number(index) * 8, name)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function readJob(results: Reader, base: number): RawJob {
  return {
    state: results.number(base, 'result', 'state'),
    errno: results.number(base, 'result', 'error'),
    stage: results.text(base + fieldOf('result', 'stage').offset, UB.STAGE_BYTES),
    errorFile: fileIndex(results.number(base, 'result', 'error_file')),
    errorNs: results.number(base, 'result', 'error_ns'),
    lost: results.number(base, 'result', 'lost'),
    sharedFds: results.number(base, 'result', 'shared_fds') !== 0,
    beginNs: results.number(base, 'result', 'begin_ns'),
    endNs: results.number(base, 'result', 'end_ns'),
    offsetsHash: results.bigint(base, 'result', 'offsets_hash'),
    hashedIos: results.number(base, 'result', 'hashed_ios'),
    carriedNs: results.number(base, 'result', 'carried_ns'),
    counted: results.number(base, 'result', 'counted'),
    uncounted: results.number(base, 'result', 'uncounted'),
    stalledNs: results.number(base, 'result', 'stalled_ns'),
    unsent: results.number(base, 'result', 'unsent'),
    usage: readUsage(results, base + fieldOf('result', 'usage').offset),
    syscalls: readSyscalls(results, base),
    ops: Array.from({ length: UB.OPS }, (_, op) => readOp(results, base, op)),
    errors: readErrors(results, base),
  };
}

function readHelpers(arena: Arena): RawUsage[] {
  const processes = arena.processes();
  const at = fieldOf('process', 'helpers').offset;
  const count = arena.header().number(0, 'arena', 'nprocesses');
  return Array.from({ length: count }, (_, p) => readUsage(processes, p * LAYOUT.process.size + at));
}

function readLatencies(
  arena: Arena,
  jobs: readonly RawJob[],
  { first, count }: JobRange,
  op: number,
): RawLatencies | null {
  const own = jobs.slice(first, first + count);
  if (own.every(({ ops }) => ops[op]?.ios === 0)) return null;
  const merged = (lat: number): MergedLatency => arena.merged(op, lat, first, count);
  return {
    total: merged(UB.LAT_TOTAL),
    submit: merged(UB.LAT_SUBMIT),
    done: merged(UB.LAT_DONE),
    response: merged(UB.LAT_RESPONSE),
  };
}

/** A copy of all that a trial's jobs have left in its arena. @param ranges the jobs of each group */
export function readTrial(arena: Arena, ranges: readonly JobRange[]): RawTrial {
  const results = arena.results();
  const jobs = Array.from({ length: arena.njobs }, (_, j) => readJob(results, arena.resultBase(j)));
  const ops = Array.from({ length: UB.OPS }, (_, op) => op);
  return {
    jobs,
    helpers: readHelpers(arena),
    latencies: ranges.map((range) => ops.map((op) => readLatencies(arena, jobs, range, op))),
  };
}

/** The live counters of all jobs together, of operations that count: without fsync. */
export interface RawCounters {
  ios: number;
  bytes: number;
  latencyNs: number;
  errors: number;
}

/** How far the jobs are while they run. */
export function readCounters(arena: Arena): RawCounters {
  const results = arena.results();
  const sum = { ios: 0, bytes: 0, latencyNs: 0, errors: 0 };
  const lat = fieldOf('opResult', 'lat').offset + UB.LAT_TOTAL * LAYOUT.latency.size;
  for (let j = 0; j < arena.njobs; j++) {
    const base = arena.resultBase(j);
    sum.errors += results.number(base, 'result', 'errors_total');
    for (const { id } of countedOperations) {
      const at = base + fieldOf('result', 'ops').offset + id * LAYOUT.opResult.size;
      sum.ios += results.number(at, 'opResult', 'ios');
      sum.bytes += results.number(at, 'opResult', 'bytes');
      sum.latencyNs += Number(results.bigint(at + lat, 'latency', 'sum_ns'));
    }
  }
  return sum;
}
