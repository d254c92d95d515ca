/** From a run's arena to its stored trial. */

import type { Variant } from '../backends/backend.ts';
import { failureHint, refusedFeature } from '../backends/hints.ts';
import { systemError } from '../errors.ts';
import { LAYOUT, SYSCALL_NAMES, UB } from '../native/abi.ts';
import type { Arena, MergedLatency } from '../native/arena.ts';
import { fieldOf, type Reader } from '../native/codec.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import { countsFromRaw, toLatency } from '../results/histogram.ts';
import type { Direction, IoErrorCount, Latency, Trial } from '../results/schema.ts';
import type { PlannedRun } from './plan.ts';

const OP_NAMES = ['read', 'write', 'trim', 'fsync'] as const;
const NO_FILE = 2 ** 32 - 1;

interface Window {
  beginNs: number;
  endNs: number;
}

/** Base offsets of the jobs that got as far as their loop. */
function begun(arena: Arena, results: Reader): number[] {
  return Array.from({ length: arena.njobs }, (_, j) => arena.resultBase(j)).filter(
    (base) => results.number(base, 'result', 'begin_ns') > 0 && results.number(base, 'result', 'end_ns') > 0,
  );
}

function windowOf(bases: readonly number[], results: Reader): Window {
  return {
    beginNs: Math.min(...bases.map((base) => results.number(base, 'result', 'begin_ns'))),
    endNs: Math.max(...bases.map((base) => results.number(base, 'result', 'end_ns'))),
  };
}

function opTotals(
  bases: readonly number[],
  results: Reader,
  op: number,
): { ios: number; bytes: number; short: number } {
  const total = { ios: 0, bytes: 0, short: 0 };
  for (const base of bases) {
    const at = base + fieldOf('result', 'ops').offset + op * LAYOUT.opResult.size;
    total.ios += results.number(at, 'opResult', 'ios');
    total.bytes += results.number(at, 'opResult', 'bytes');
    total.short += results.number(at, 'opResult', 'short_ios');
  }
  return total;
}

function latencyOf(merged: MergedLatency, percentiles: readonly number[]): Latency {
  const exact = { min: merged.minNs, max: merged.maxNs, sum: merged.sumNs, overRange: merged.over };
  const latency = toLatency(countsFromRaw(merged.counts), exact, percentiles);
  if (latency.N !== merged.count) {
    throw new Error(`histogram holds ${latency.N} samples, ${merged.count} were counted`);
  }
  return latency;
}

/** One operation over all jobs. Where submission is no call of its own, clat is lat and slat has no samples. */
function directionOf(
  arena: Arena,
  job: ResolvedJob,
  variant: Variant,
  bases: readonly number[],
  results: Reader,
  op: number,
  runtimeNs: number,
): Direction {
  const total = opTotals(bases, results, op);
  const seconds = runtimeNs / 1e9;
  const list = job.percentileList;
  const lat = latencyOf(arena.merged(op, UB.LAT_TOTAL), list);
  const { hasSlat } = variant.backend;
  return {
    total_ios: total.ios,
    io_bytes: total.bytes,
    iops: seconds > 0 ? total.ios / seconds : 0,
    bw_bytes: seconds > 0 ? total.bytes / seconds : 0,
    short_ios: total.short,
    slat_ns: latencyOf(arena.merged(op, UB.LAT_SUBMIT), list),
    clat_ns: hasSlat ? latencyOf(arena.merged(op, UB.LAT_DONE), list) : lat,
    lat_ns: lat,
  };
}

interface Usage {
  voluntary: number;
  involuntary: number;
  usrNs: number;
  sysNs: number;
}

function usageAt(reader: Reader, base: number): Usage {
  return {
    voluntary: reader.number(base, 'usage', 'voluntary'),
    involuntary: reader.number(base, 'usage', 'involuntary'),
    usrNs: reader.number(base, 'usage', 'usr_ns'),
    sysNs: reader.number(base, 'usage', 'sys_ns'),
  };
}

function sumUsage(parts: readonly Usage[]): Usage {
  const sum = { voluntary: 0, involuntary: 0, usrNs: 0, sysNs: 0 };
  for (const part of parts) {
    sum.voluntary += part.voluntary;
    sum.involuntary += part.involuntary;
    sum.usrNs += part.usrNs;
    sum.sysNs += part.sysNs;
  }
  return sum;
}

function usage(arena: Arena, bases: readonly number[], results: Reader): Pick<Trial, 'ctx' | 'cpu'> {
  const jobs = sumUsage(bases.map((base) => usageAt(results, base + fieldOf('result', 'usage').offset)));
  const processes = arena.processes();
  const helperAt = fieldOf('process', 'helpers').offset;
  const nprocesses = arena.header().number(0, 'arena', 'nprocesses');
  const helpers = sumUsage(
    Array.from({ length: nprocesses }, (_, g) => usageAt(processes, g * LAYOUT.process.size + helperAt)),
  );
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
  };
}

function syscalls(
  variant: Variant,
  bases: readonly number[],
  results: Reader,
  ios: number,
): Trial['syscalls'] {
  const byName: Record<string, number> = {};
  let total = 0;
  for (const [index, name] of Object.entries(SYSCALL_NAMES)) {
    const at = fieldOf('result', 'syscalls').offset + Number(index) * 8;
    const count = bases.reduce((sum, base) => sum + results.u64(base + at, name), 0);
    if (count > 0) byName[name] = count;
    total += count;
  }
  const perIo = ios > 0 ? total / ios : 0;
  return { total, per_io: perIo, by_name: byName, exact: variant.backend.syscallsExact };
}

function fileName(job: ResolvedJob, index: number, file: number): string {
  return file === NO_FILE ? '' : (job.files[index]?.[file]?.path ?? '');
}

/** Errors by operation and errno over all jobs; the first of each by the lowest job. */
function errorsOf(arena: Arena, job: ResolvedJob, results: Reader): IoErrorCount[] {
  const found = new Map<string, IoErrorCount>();
  for (let j = 0; j < arena.njobs; j++) {
    const base = arena.resultBase(j);
    const n = results.number(base, 'result', 'nerrors');
    for (let e = 0; e < n; e++) {
      const at = base + fieldOf('result', 'errors').offset + e * LAYOUT.error.size;
      const op = OP_NAMES[results.number(at, 'error', 'op')] ?? 'unknown';
      const errno = results.number(at, 'error', 'error');
      const count = results.number(at, 'error', 'count');
      const known = found.get(`${op} ${errno}`);
      if (known) known.count += count;
      else {
        found.set(`${op} ${errno}`, {
          op,
          errno,
          code: systemError(errno).code,
          count,
          first_file: fileName(job, j, results.number(at, 'error', 'first_file')),
          first_offset: results.number(at, 'error', 'first_offset'),
        });
      }
    }
  }
  return [...found.values()];
}

/** Where in the file the I/O was that ended a job; nothing when it ended otherwise. */
function offsetOf(results: Reader, base: number, stage: string, errno: number): string {
  const n = results.number(base, 'result', 'nerrors');
  for (let e = 0; e < n; e++) {
    const at = base + fieldOf('result', 'errors').offset + e * LAYOUT.error.size;
    const op = OP_NAMES[results.number(at, 'error', 'op')];
    if (op === 'fsync' || op !== stage || results.number(at, 'error', 'error') !== errno) continue;
    return ` at offset ${results.number(at, 'error', 'first_offset')}`;
  }
  return '';
}

/** Why the first job that failed did so: its stage, file and errno, with the likely mend. */
function failureOf(arena: Arena, job: ResolvedJob, variant: Variant, results: Reader): Trial['failure'] {
  for (let j = 0; j < arena.njobs; j++) {
    const base = arena.resultBase(j);
    const errno = results.number(base, 'result', 'error');
    if (errno === 0) continue;
    const stage = results.text(base + fieldOf('result', 'stage').offset, UB.STAGE_BYTES);
    const file = fileName(job, j, results.number(base, 'result', 'error_file'));
    const { code, text } = systemError(errno);
    const refused = refusedFeature(variant, errno, stage);
    const hint = refused ?? failureHint(variant.backend, errno, stage, job) ?? null;
    const where = `${file && ` ${file}`}${offsetOf(results, base, stage, errno)}`;
    return { message: `${stage}${where}: ${text} (${code})`, errno, stage, hint };
  }
  return null;
}

/** Whether every job issued all the I/Os that its hash is made of, so that hashes can be compared. */
function offsetsHash(arena: Arena, job: ResolvedJob, results: Reader): string | undefined {
  let hash = 0n;
  for (let j = 0; j < arena.njobs; j++) {
    const base = arena.resultBase(j);
    const hashed = results.number(base, 'result', 'hashed_ios');
    if (hashed < UB.HASHED_IOS && job.bounds.runtimeNs !== 0) return undefined;
    hash ^= results.bigint(base, 'result', 'offsets_hash');
  }
  return hash.toString(16).padStart(16, '0');
}

/** What I/Os that were in flight when ramp_time ended had been so already: a part of lat before the window. */
function carriedNs(bases: readonly number[], results: Reader): number {
  return bases.reduce((sum, base) => sum + results.number(base, 'result', 'carried_ns'), 0);
}

/** The trial that an arena holds, once its jobs have ended. */
export function collectTrial(
  arena: Arena,
  job: ResolvedJob,
  { variant, trial, position }: PlannedRun,
  interrupted: boolean,
): Trial {
  const results = arena.results();
  const bases = begun(arena, results);
  const failure = failureOf(arena, job, variant, results);
  const window = bases.length > 0 ? windowOf(bases, results) : { beginNs: 0, endNs: 0 };
  const runtimeNs = window.endNs - window.beginNs;
  const direction = (op: number): Direction =>
    directionOf(arena, job, variant, bases, results, op, runtimeNs);
  const read = direction(UB.OP_READ);
  const write = direction(UB.OP_WRITE);
  const trim = direction(UB.OP_TRIM);
  const hasSync = job.fsync > 0 || job.fdatasync > 0;
  const all = [read, write, trim];
  const ios = all.reduce((sum, d) => sum + d.total_ios, 0);
  const bytes = all.reduce((sum, d) => sum + d.io_bytes, 0);
  const busyNs = all.reduce((sum, d) => sum + d.lat_ns.mean * d.lat_ns.N, -carriedNs(bases, results));
  const hash = offsetsHash(arena, job, results);
  return {
    trial,
    position,
    status: failure ? 'failed' : interrupted ? 'interrupted' : 'complete',
    runtime_ns: runtimeNs,
    total_ios: ios,
    iops: runtimeNs > 0 ? (ios * 1e9) / runtimeNs : 0,
    bw_bytes: runtimeNs > 0 ? (bytes * 1e9) / runtimeNs : 0,
    ...usage(arena, bases, results),
    syscalls: syscalls(variant, bases, results, ios),
    effective_depth: runtimeNs > 0 ? busyNs / runtimeNs : 0,
    read,
    write,
    trim,
    ...(hasSync ? { sync: direction(UB.OP_SYNC) } : {}),
    ...(hash === undefined ? {} : { offsets_hash: hash }),
    errors: errorsOf(arena, job, results),
    failure,
  };
}
