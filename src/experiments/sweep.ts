/**
 * Runs a grid of workloads one after the other: all points are checked before anything is created, files are laid out
 * once, and what there is is stored after each point.
 */
import { BenchError } from '../errors.ts';
import { preflight } from '../jobs/preflight.ts';
import type { Progress } from '../jobs/progress.ts';
import { dropCacheOrThrow, needsFiles, runJob } from '../jobs/runner.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import type { OutputOptions } from '../options/output.ts';
import { type Grid, gridPoints, type PointValues, pointOptions, pointText } from '../options/sweep-grid.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { ResultFile } from '../results/store.ts';
import type { SweepPoint, SweepResult } from '../results/sweep-schema.ts';
import { type Created, layOut } from '../targets/layout.ts';
import type { TargetFile } from '../workload/workload.ts';
import { type PlannedPoint, SweepProgress } from './sweep-progress.ts';

/** A grid has many points: shorter and fewer trials than those of a single comparison. */
const SWEEP_RUNTIME_NS = 3_000_000_000;
const SWEEP_TRIALS = 3;

export interface SweepContext {
  progress: Progress;
  /** Aborted: stop, keep what there is, clean up. */
  signal: AbortSignal;
  commandLine: readonly string[];
  output: OutputOptions;
  /** A point is done and stored. */
  onPoint: (point: SweepPoint) => Promise<void>;
}

function withDefaults(raw: RawOptions): RawOptions {
  const bounded = raw['time-based'] === false || raw['io-size'] || raw['number-ios'] || raw.loops;
  return { ...(bounded ? {} : { runtime: SWEEP_RUNTIME_NS }), trials: SWEEP_TRIALS, ...raw };
}

/**
 * Resolves every point.
 * @throws BenchError (usage) for the first that is wrong, naming it
 */
export function planSweep(grid: Grid, host: ResolveHost): PlannedPoint[] {
  return gridPoints(grid).map((values) => {
    const { raw, warnings } = readOptions(pointOptions(grid, values));
    checkMaxTrials(raw);
    const resolved = resolve(withDefaults(raw), host);
    return { values, job: resolved.job, warnings: [...warnings, ...resolved.warnings] };
  });
}

/** Whether each point can be set up here: better told now than after an hour. @throws BenchError */
export function checkSetup(points: readonly PlannedPoint[]): void {
  for (const { values, job } of points) {
    const missing = preflight(job.variants, job);
    const [first] = missing;
    if (first === undefined || missing.length < job.variants.length) continue;
    const names = missing.map(({ variant }) => variant.label).join(', ');
    throw new BenchError(`${pointText(values)}: ${names}: unavailable here: ${first.reason}`, {
      kind: 'unavailable',
    });
  }
}

/** Every file that is to be made, long enough for all points. */
function filesToMake(points: readonly PlannedPoint[]): TargetFile[] {
  const files = new Map<string, TargetFile>();
  for (const { job } of points) {
    for (const file of needsFiles(job) ? job.files.flat() : []) {
      if (!file.create) continue;
      const known = files.get(file.path);
      const end = Math.max(file.offset + file.size, known ? known.offset + known.size : 0);
      files.set(file.path, { ...file, size: end - file.offset });
    }
  }
  return [...files.values()];
}

/** The job when its files are there. */
function withFiles(job: ResolvedJob): ResolvedJob {
  const files = job.files.map((own) => own.map((file) => ({ ...file, create: false, remove: false })));
  return { ...job, files };
}

async function makeFiles(points: readonly PlannedPoint[], context: SweepContext): Promise<Created> {
  const direct = points.some(({ job }) => job.direct);
  return layOut([filesToMake(points)], {
    direct,
    dropCache: dropCacheOrThrow,
    onProgress: (done, total) => context.progress.layout(done, total),
    signal: context.signal,
  });
}

function statusOf(sweep: SweepResult, planned: number): SweepResult['status'] {
  const statuses = sweep.points.map(({ result }) => result.status);
  if (statuses.includes('failed')) return 'failed';
  return statuses.length < planned || statuses.includes('interrupted') ? 'interrupted' : 'complete';
}

/** Puts a point where it belongs in the order of the grid, in place of an earlier attempt at it. */
function keep(sweep: SweepResult, point: SweepPoint, order: ReadonlyMap<string, number>): void {
  const place = (values: PointValues) => order.get(pointText(values)) ?? 0;
  const others = sweep.points.filter(({ values }) => place(values) !== place(point.values));
  sweep.points = [...others, point].sort((a, b) => place(a.values) - place(b.values));
}

/** The points that have no complete result yet. */
export function pointsLeft(points: readonly PlannedPoint[], sweep: SweepResult): PlannedPoint[] {
  const done = sweep.points.filter(({ result }) => result.status === 'complete');
  const texts = new Set(done.map(({ values }) => pointText(values)));
  return points.filter(({ values }) => !texts.has(pointText(values)));
}

/**
 * Runs the points that sweep lacks and puts their results into it; writes it to file after each.
 * @throws BenchError as runJob does; what was done until then is stored
 */
export async function runSweep(
  points: readonly PlannedPoint[],
  sweep: SweepResult,
  file: ResultFile | null,
  context: SweepContext,
): Promise<void> {
  const left = pointsLeft(points, sweep);
  const order = new Map(points.map(({ values }, i) => [pointText(values), i]));
  const progress = new SweepProgress(context.progress, left);
  const output = { ...context.output, save: false };
  let created: Created | null = null;
  const removeFiles = (): void => created?.remove();
  process.once('exit', removeFiles);
  try {
    created = await makeFiles(left, context);
    progress.startAll();
    for (const { values, job, warnings } of left) {
      if (context.signal.aborted) break;
      const { signal, commandLine } = context;
      const run = { progress: progress.at(values), signal, commandLine, output, warnings };
      const { result } = await runJob(withFiles(job), run);
      if (result.backends.every(({ trials, status }) => trials.length === 0 && status === 'interrupted'))
        break;
      const point = { values: { ...values }, result };
      keep(sweep, point, order);
      sweep.status = statusOf(sweep, points.length);
      file?.write(sweep);
      await context.onPoint(point);
    }
    sweep.status = statusOf(sweep, points.length);
    sweep.finished_at = new Date().toISOString();
    file?.write(sweep);
  } finally {
    context.progress.end();
    removeFiles();
    process.off('exit', removeFiles);
  }
}
