/**
 * The article's experiments (ScyllaDB, "How io_uring and eBPF Will Revolutionize Programming in Linux", 2020) as
 * workloads: the set-ups as data, scaled to this machine, and what of them this machine cannot do.
 */
import { freemem } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isSystemError } from '../errors.ts';
import { describePaths } from '../host/device-info.ts';
import { pathFacts } from '../host/host-files.ts';
import type { RawOptions } from '../options/options.ts';
import type { Machine } from '../resolve/cpus.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ResultWarning } from '../results/schema.ts';
import type { ArticleTable } from '../results/schema-report.ts';
import { splitFilenames } from '../targets/target.ts';
import { dioAlignAt } from '../targets/target-direct.ts';
import { freeBytes } from '../targets/target-space.ts';
import { formatSize } from '../values/units.ts';

export const articleTables: readonly ArticleTable[] = ['table1', 'table2', 'table3'];

interface Setup {
  backends: readonly string[];
  direct: boolean;
  bs: number;
  iodepth: number;
  nrfiles: number;
  /** null: scaled to the CPUs, 72 with --full. */
  numjobs: number | null;
  /** fio's jobs are processes. */
  isolation: 'process' | 'thread';
}

/** Tables 1 and 2: the CPUs are the limit, so what an I/O costs is what is seen. */
const loaded = { bs: 1024, iodepth: 8, nrfiles: 4, numjobs: null, isolation: 'process' } as const;

const SETUPS: Readonly<Record<ArticleTable, Setup>> = {
  table1: {
    ...loaded,
    backends: ['sync', 'posix-aio', 'linux-aio', 'io_uring', 'io_uring+enhanced'],
    direct: true,
  },
  table2: { ...loaded, backends: ['sync', 'posix-aio', 'linux-aio', 'io_uring'], direct: false },
  table3: {
    backends: ['linux-aio', 'io_uring+enhanced'],
    direct: true,
    bs: 512,
    iodepth: 1000,
    nrfiles: 1,
    numjobs: 1,
    isolation: 'thread',
  },
};

/** 72 jobs on 8 CPUs. */
const ARTICLE_CPUS = 8;
const ARTICLE_JOBS = 72;
const JOBS_PER_CPU = ARTICLE_JOBS / ARTICLE_CPUS;
const TRIALS = 5;
const RUNTIME_NS = 3_000_000_000;
/** The article's sync row: 27.6 M switches, one a read at 814 k IOPS, are about half a minute. */
const FULL_RUNTIME_NS = 30_000_000_000;

/** The article does not say how large its files were. All files together, at most: */
const TOTAL_BYTES = 2 ** 30;
const FULL_TOTAL_BYTES = 16 * 2 ** 30;
/** ... and at most this part of the free disk and of the available memory, which must hold table 2's. */
const SHARE = 4;
const LEAST_FILE_BYTES = 2 ** 20;
/** Of existing files, which every job reads into the cache before its trial, table 2 uses this much together. */
const NAMED_CACHED_BYTES = 256 * 2 ** 20;

/** What of the machine decides about the sizes of files; bytes. */
export interface Room {
  /** null: unknown. */
  diskBytes: number | null;
  memoryBytes: number;
}

/** Bytes of each of some new files: a power of two, so that the same machine always makes the same. */
export function scaledFileBytes(files: number, room: Room, full: boolean): number {
  const most = full ? FULL_TOTAL_BYTES : TOTAL_BYTES;
  const disk = room.diskBytes === null ? most : room.diskBytes / SHARE;
  const each = Math.min(most, disk, room.memoryBytes / SHARE) / files;
  return Math.max(LEAST_FILE_BYTES, 2 ** Math.floor(Math.log2(Math.max(1, each))));
}

export interface ArticleJob {
  table: ArticleTable;
  full: boolean;
  plan: RunPlan;
  warnings: ResultWarning[];
  /** Where the set-up is not the article's, for people. */
  notes: string[];
}

/** What a file is or will be on. */
export interface Place {
  alignBytes: number;
  polled: boolean;
  device: string | null;
}

/** Files that were named, as resolve finds them. */
function namedPaths(raw: RawOptions): string[] {
  const names = (raw.filename ?? []).flatMap(splitFilenames);
  return names.map((name) => (isAbsolute(name) ? name : join(raw.directory ?? '', name)));
}

/** A path that stands for all: a named file, else one that is going to be made. */
function placeOf(raw: RawOptions, host: ResolveHost): Place {
  const path = namedPaths(raw)[0] ?? join(raw.directory ?? '', 'uring-bench');
  const [device] = describePaths([path], host.target);
  return {
    alignBytes: dioAlignAt(path, host.target) ?? device?.logical_block_size ?? 512,
    polled: device?.io_poll === true,
    device: device?.device ?? null,
  };
}

/** What the system says, null when it cannot: resolve says of a path what is wrong with it. */
function orNull<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return null;
  }
}

function roomFor(raw: RawOptions): Room {
  const memoryBytes = Math.min(freemem(), process.availableMemory());
  return { diskBytes: orNull(() => freeBytes(raw.directory ?? '.')), memoryBytes };
}

/** Bytes of each file; undefined: those that are there are used whole. */
function fileBytes(raw: RawOptions, setup: Setup, numjobs: number, full: boolean): RawOptions['filesize'] {
  if (raw.filesize !== undefined || raw.size !== undefined) return raw.filesize;
  const named = namedPaths(raw);
  if (named.length === 0) return scaledFileBytes(numjobs * setup.nrfiles, roomFor(raw), full);
  if (setup.direct) return undefined;
  const each = Math.floor(NAMED_CACHED_BYTES / named.length);
  const sizes = named
    .map((path) => orNull(() => pathFacts(path)))
    .map((facts) => (facts?.kind === 'file' ? facts.sizeBytes : each));
  return Math.min(each, ...sizes.filter((bytes) => bytes > 0));
}

/** The backends of a table; io_uring polls in table 3 where the device can. */
export function backendsOf(table: ArticleTable, place: Place): string[] {
  const { backends } = SETUPS[table];
  const polls = table === 'table3' && place.polled;
  return backends.map((name) => (polls && name === 'io_uring+enhanced' ? `${name}+iopoll` : name));
}

/** Where the set-up is not the article's. */
export function articleNotes(
  table: ArticleTable,
  place: Place,
  bs: number,
  full: boolean,
  machine: Machine,
): string[] {
  const setup = SETUPS[table];
  const cpus = machine.cpusAllowed.length;
  const where = place.device ?? 'the file system';
  const notes: string[] = [];
  if (bs !== setup.bs) {
    notes.push(
      `bs=${formatSize(bs)}, not ${formatSize(setup.bs)}: smaller direct reads are not possible on ${where}`,
    );
  }
  if (table === 'table3') {
    const how = 'the interrupts of the device end each read, where the article polled';
    if (!place.polled)
      notes.push(
        `${where} has no polled queue: ${how} (NVMe: nvme.poll_queues=N on the kernel's command line)`,
      );
  } else if (cpus !== ARTICLE_CPUS && full) {
    const each = Math.round((ARTICLE_JOBS / cpus) * 10) / 10;
    notes.push(`${ARTICLE_JOBS} jobs are ${each} for each of the CPUs here, ${JOBS_PER_CPU} in the article`);
  }
  return notes;
}

/**
 * One of the experiments on this machine.
 * @param raw what the command line may change: files, runtime, trials, isolation
 * @throws BenchError (usage) when it cannot run here; nothing is created
 */
export function articleJob(table: ArticleTable, raw: RawOptions, host: ResolveHost): ArticleJob {
  const { full: asked, ...own } = raw;
  const full = asked ?? false;
  const setup = SETUPS[table];
  const place = placeOf(raw, host);
  const cpus = host.machine.cpusAllowed;
  const numjobs = setup.numjobs ?? (full ? ARTICLE_JOBS : JOBS_PER_CPU * cpus.length);
  const bs = setup.direct ? Math.max(setup.bs, place.alignBytes) : setup.bs;
  const filesize = fileBytes(raw, setup, numjobs, full);
  const options: RawOptions = {
    backend: backendsOf(table, place),
    rw: 'randread',
    bs: { read: bs, write: bs, trim: bs },
    iodepth: setup.iodepth,
    numjobs,
    direct: setup.direct,
    ...(setup.direct ? {} : { 'pre-read': true }),
    ...(namedPaths(raw).length > 0 ? {} : { nrfiles: setup.nrfiles }),
    ...(filesize === undefined ? {} : { filesize }),
    ...(table === 'table3' ? { 'cpus-allowed': cpus.slice(-1) } : {}),
    isolation: setup.isolation,
    trials: TRIALS,
    runtime: full ? FULL_RUNTIME_NS : RUNTIME_NS,
    name: `uring-bench-${table}`,
    ...own,
  };
  const { plan, warnings } = resolve(options, host);
  return { table, full, plan, warnings, notes: articleNotes(table, place, bs, full, host.machine) };
}
