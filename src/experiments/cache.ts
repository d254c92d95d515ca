/**
 * `article cache`: reading a file that is larger than the memory it may use, through the page cache, past it, and by page
 * faults of a mapping. The jobs are processes in a control group with little memory; without one the file must be larger
 * than what is free.
 */

import type { Variant } from '../backends/backend.ts';
import { parseVariant } from '../backends/registry.ts';
import { BenchError, usageError } from '../errors.ts';
import { readByJobs, readDiskCounters } from '../host/device-reads.ts';
import {
  type MemoryCounts,
  type MemoryGroup,
  machineCounts,
  makeMemoryGroup,
  pageBytes,
} from '../host/memory-group.ts';
import { availableMemory } from '../host/memory-limits.ts';
import type { RunContext } from '../jobs/context.ts';
import { layoutCalls, neededFiles, type RunOutcome, runPlan, withIdentities } from '../jobs/runner.ts';
import { runTrial } from '../jobs/trial.ts';
import type { TrialObserver, TrialView } from '../jobs/trial-observer.ts';
import { variantTrier } from '../jobs/try-variant.ts';
import type { RawOptions } from '../options/options.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import { firstGroup, pathsOf, type RunPlan, withWorkloads } from '../resolve/run-plan.ts';
import type { ResultWarning } from '../results/schema.ts';
import type { CacheReport } from '../results/schema-report.ts';
import { layOut } from '../targets/layout.ts';
import { formatBytes } from '../values/format.ts';
import { formatSize } from '../values/units.ts';

const MEMORY_BYTES = 128 * 2 ** 20;
/** Of the memory that it may use: so that one read in four is of something cached when they are random. */
const FILE_TIMES = 4;
const TRIALS = 5;
const RUNTIME_NS = 3_000_000_000;
/** A program reads a file through in larger pieces than it looks something up in. */
const BLOCK_BYTES = { sequential: 65_536, random: 4096 };
const SAMPLE_MS = 250;

type Access = CacheReport['access'];

/** One of the runs: an access with all that goes through the cache, or with what goes past it. */
export interface CacheJob {
  access: Access;
  direct: boolean;
  plan: RunPlan;
  warnings: ResultWarning[];
}

export interface CacheJobs {
  jobs: CacheJob[];
  memoryBytes: number;
  fileBytes: number;
}

function sizesOf({ memory, size }: RawOptions): Omit<CacheJobs, 'jobs'> {
  const memoryBytes = memory ?? MEMORY_BYTES;
  const fileBytes = size ?? FILE_TIMES * memoryBytes;
  if (typeof fileBytes !== 'number') throw usageError('size is in bytes here', 'like 512m');
  if (fileBytes < 2 * memoryBytes) {
    throw usageError(
      `size=${formatSize(fileBytes)} is not twice the memory that it may use, ${formatSize(memoryBytes)}`,
      `a larger --size, or less --memory: ${FILE_TIMES} times as much is the default`,
    );
  }
  return { memoryBytes, fileBytes };
}

/**
 * Random reads come again and again to the same blocks, as those of programs do: of a map of blocks that takes each once
 * nothing cached would ever be met.
 */
function optionsOf(access: Access, direct: boolean, raw: RawOptions, size: number): RawOptions {
  const bs = BLOCK_BYTES[access];
  return {
    trials: TRIALS,
    runtime: RUNTIME_NS,
    name: 'uring-bench-cache',
    ...raw,
    size,
    backend: direct ? ['sync'] : ['sync', 'sync+uncached', 'mmap'],
    rw: access === 'random' ? 'randread' : 'read',
    bs: { read: bs, write: bs, trim: bs },
    direct,
    invalidate: false,
    norandommap: access === 'random',
    isolation: 'process',
    'warmup-trials': 0,
  };
}

/** @throws BenchError (usage) when it cannot run here; nothing is created */
export function cacheJobs({ memory, ...raw }: RawOptions, host: ResolveHost): CacheJobs {
  if ((raw.isolation ?? 'process') !== 'process') {
    throw usageError(
      `isolation=${raw.isolation}: only a process can be in a control group of its own`,
      'leave it out',
    );
  }
  const sizes = sizesOf({ ...raw, ...(memory === undefined ? {} : { memory }) });
  const jobs = (['sequential', 'random'] as const).flatMap((access) =>
    [false, true].map((direct) => {
      const options = optionsOf(access, direct, raw, sizes.fileBytes);
      return { access, direct, ...resolve(options, host) };
    }),
  );
  return { jobs, ...sizes };
}

/** What holds for all runs: where memory is counted, and what it may be. */
export interface CacheRoom {
  group: MemoryGroup | null;
  /** Why there is no group; null when there is one. */
  why: string | null;
}

/**
 * Makes the control group; where there can be none the file must be larger than free memory.
 * @throws BenchError (unavailable) when it is not
 */
export function makeCacheRoom({ memoryBytes, fileBytes }: CacheJobs): CacheRoom {
  const group = makeMemoryGroup(memoryBytes);
  if (typeof group !== 'string') return { group, why: null };
  const free = availableMemory();
  if (free !== null && fileBytes > free) return { group: null, why: group };
  const most = free === null ? 'not known' : formatBytes(free);
  throw new BenchError(`no control group can be made to limit memory: ${group}`, {
    kind: 'unavailable',
    hint: `as root, or in a group that was delegated (systemd-run --user --scope -p Delegate=yes); else --size must be larger than free memory, ${most}`,
  });
}

function usesCache(variant: Variant, direct: boolean): boolean {
  return !direct && !variant.features.some(({ name }) => name === 'uncached');
}

/** Reads all of the file once into the cache of the group: what was read last stays. @throws Error when it fails */
async function fill(plan: RunPlan, signal: AbortSignal): Promise<void> {
  const bs = BLOCK_BYTES.sequential;
  const once = withWorkloads({ ...plan, trials: 1 }, (workload) => ({
    ...workload,
    rw: 'read',
    bs: { read: bs, write: bs, trim: bs },
    fadvise: 'sequential',
    bounds: {
      runtimeNs: 0,
      ios: 0,
      bytes: (firstGroup(plan).files[0] ?? []).reduce((n, f) => n + f.size, 0),
    },
  }));
  const filling = await runTrial(once, { variant: parseVariant('sync'), trial: 1, position: 1 }, signal);
  if (filling.failure !== null) throw new Error(`cannot fill the cache: ${filling.failure.message}`);
}

function since(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : Math.max(0, Math.round(after - before));
}

/** What jobs that are processes read from devices: it is theirs while they live, and then their parent's. */
class JobReads {
  readonly #ended: number | null;
  readonly #living: number;

  /** @param ids of all of them, at work */
  constructor(ids: readonly number[]) {
    this.#ended = readDiskCounters([]).processBytes;
    this.#living = readByJobs(ids);
  }

  /** Bytes since then, once all have ended; null where nobody counts them. */
  sinceThen(): number | null {
    const all = since(this.#ended, readDiskCounters([]).processBytes);
    return since(this.#living, all);
  }
}

/** Looks at memory and progress at the same moments. */
class Samples {
  readonly #view: TrialView;
  readonly #read: () => MemoryCounts;
  readonly #before: MemoryCounts;
  readonly #reads: JobReads;
  readonly #timer: NodeJS.Timeout;
  readonly #rates: number[] = [];
  #last: { bytes: number; atMs: number };
  #peakCache: number;

  constructor(view: TrialView, ids: readonly number[], read: () => MemoryCounts) {
    this.#view = view;
    this.#read = read;
    this.#before = read();
    this.#reads = new JobReads(ids);
    this.#peakCache = this.#before.cacheBytes;
    this.#last = { bytes: view.counters().bytes, atMs: performance.now() };
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  #look(): void {
    const now = { bytes: this.#view.counters().bytes, atMs: performance.now() };
    const seconds = (now.atMs - this.#last.atMs) / 1000;
    this.#rates.push(Math.max(0, (now.bytes - this.#last.bytes) / seconds));
    this.#last = now;
    this.#peakCache = Math.max(this.#peakCache, this.#read().cacheBytes);
  }

  /**
   * What has come of it; the last moments, less than an interval, have no rate. What was read from devices has come into
   * the cache, unless it is direct; what has come and is not there has gone, but for what is dropped once it is read.
   */
  end({
    direct,
    filled,
  }: {
    direct: boolean;
    filled: boolean;
  }): Pick<
    CacheReport['trials'][number],
    'cache_bytes_peak' | 'pages_in' | 'pages_out' | 'refaults' | 'bw_bytes'
  > {
    clearInterval(this.#timer);
    const after = this.#read();
    const grown = (after.cacheBytes - this.#before.cacheBytes) / pageBytes();
    const bytes = this.#reads.sinceThen();
    const pagesIn = direct ? Math.max(0, grown) : bytes === null ? null : bytes / pageBytes();
    return {
      cache_bytes_peak: Math.max(this.#peakCache, after.cacheBytes),
      pages_in: pagesIn === null ? null : Math.round(pagesIn),
      pages_out: since(this.#before.pagesOut, after.pagesOut) ?? (filled ? since(grown, pagesIn) : null),
      refaults: Math.max(0, after.refaults - this.#before.refaults),
      bw_bytes: this.#rates,
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Before each trial nothing of the file is cached; then, for what goes through the cache, that is filled. */
function observeCache(report: CacheReport, { group }: CacheRoom, signal: AbortSignal): TrialObserver {
  const read = (): MemoryCounts => group?.counts() ?? machineCounts();
  let view: TrialView | null = null;
  let samples: Samples | null = null;
  return {
    name: 'page cache',
    async prepare(trial) {
      view = trial;
      samples = null;
      for (const path of pathsOf(trial.plan)) layoutCalls.dropCache(path, path);
      if (usesCache(trial.run.variant, report.direct)) await fill(trial.plan, signal);
    },
    started(ids) {
      if (view !== null) samples = new Samples(view, ids, read);
    },
    ended(trial) {
      if (samples === null || view === null) return;
      const { direct } = report;
      const seen = samples.end({ direct, filled: usesCache(view.run.variant, direct) });
      if (trial === null) return;
      report.trials.push({ variant: view.run.variant.name, trial: trial.trial, ...seen });
      report.memory_bytes_peak = group?.counts().peakBytes ?? null;
    },
  };
}

/** A run is of files that are there. */
function withFiles(plan: RunPlan): RunPlan {
  const groups = plan.groups.map((group) => ({
    ...group,
    files: group.files.map((own) => own.map((file) => ({ ...file, create: false, remove: false }))),
  }));
  return { ...plan, groups };
}

async function runJob(job: CacheJob, room: CacheRoom, context: RunContext): Promise<RunOutcome> {
  const { access, direct, plan, warnings } = job;
  const report: CacheReport = {
    kind: 'cache',
    access,
    direct,
    limit_bytes: room.group?.limitBytes ?? null,
    group_version: room.group?.version ?? null,
    no_group: room.why,
    page_bytes: pageBytes(),
    interval_ms: SAMPLE_MS,
    memory_bytes_peak: null,
    trials: [],
  };
  return runPlan(plan, {
    ...context,
    warnings: [...context.warnings, ...warnings],
    report,
    observers: [observeCache(report, room, context.signal)],
    choose: async (chosen) => {
      const reasonAgainst = variantTrier(chosen, context.signal);
      const skipped = [];
      for (const variant of chosen.variants) {
        const reason = await reasonAgainst(variant);
        if (reason !== null) skipped.push({ variant, reason });
      }
      return { plan: chosen, skipped: skipped.length < chosen.variants.length ? skipped : [] };
    },
  });
}

/**
 * Lays the file out once and runs all jobs on it.
 * @param contextOf of a job's run
 * @param done is told of each outcome as soon as it is there
 * @throws BenchError as runPlan does
 */
export async function runCache(
  { jobs }: CacheJobs,
  room: CacheRoom,
  { progress, signal }: Pick<RunContext, 'progress' | 'signal'>,
  contextOf: (job: CacheJob) => RunContext,
  done: (outcome: RunOutcome) => void,
): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  const created = await layOut([neededFiles(first.plan)], {
    direct: true,
    ...layoutCalls,
    onProgress: (written, total) => progress.layout(written, total),
    signal,
  });
  const removeFiles = (): void => created.remove();
  process.once('exit', removeFiles);
  try {
    for (const job of jobs) {
      if (signal.aborted) break;
      const { group } = room;
      const joined = group === null ? job.plan : { ...job.plan, joinFile: group.joinFile };
      const plan = withFiles(withIdentities(joined, created));
      done(await runJob({ ...job, plan }, room, contextOf(job)));
    }
  } finally {
    removeFiles();
    process.off('exit', removeFiles);
  }
}
