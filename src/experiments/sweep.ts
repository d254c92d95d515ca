/**
 * Runs a grid of workloads one after the other: all points are checked before anything is created, files are laid out
 * once, and what there is is stored after each point.
 */
import type { Variant } from '../backends/backend.ts';
import { BenchError, usageError } from '../errors.ts';
import type { FoldedStacks } from '../explain/stacks.ts';
import type { RunContext } from '../jobs/context.ts';
import { explains } from '../jobs/plan.ts';
import { preflight } from '../jobs/preflight.ts';
import type { Progress } from '../jobs/progress.ts';
import { explainMeasured, layoutCalls, neededFiles, runPlan, withIdentities } from '../jobs/runner.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import type { OutputOptions } from '../options/output.ts';
import { type Grid, gridPoints, type PointValues, pointOptions, pointText } from '../options/sweep-grid.ts';
import { type ResolveHost, resolve } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import { Keeper } from '../results/keeper.ts';
import type { ResultFile } from '../results/store.ts';
import type { SweepPoint, SweepResult } from '../results/sweep-schema.ts';
import { type Created, layOut } from '../targets/layout.ts';
import type { TargetFile } from '../workload/workload.ts';
import { ManyRunsProgress, type PlannedPoint } from './many-runs-progress.ts';

/** A grid has many points: shorter and fewer trials than those of a single comparison, and no series unless it is asked for. */
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
  /** Of what is measured the points that are to be explained, and which variants there. */
  kneesOf: (sweep: SweepResult) => SweepKnee[];
  tracing: NonNullable<RunContext['tracing']>;
}

/** Where curves bend. */
interface SweepKnee {
  values: PointValues;
  /** Labels of the variants whose curves bend there. */
  labels: readonly string[];
}

function withDefaults(raw: RawOptions): RawOptions {
  const bounded = raw['time-based'] === false || raw['io-size'] || raw['number-ios'] || raw.loops;
  return { ...(bounded ? {} : { runtime: SWEEP_RUNTIME_NS }), trials: SWEEP_TRIALS, interval: 0, ...raw };
}

/**
 * Resolves every point.
 * @throws BenchError (usage) for the first that is wrong, naming it
 */
export function planSweep(grid: Grid, host: ResolveHost): PlannedPoint[] {
  const points = gridPoints(grid).map((values) => {
    const { raw, warnings } = readOptions(pointOptions(grid, values));
    checkMaxTrials(raw);
    const resolved = resolve(withDefaults(raw), host);
    return { values, plan: resolved.plan, warnings: [...warnings, ...resolved.warnings] };
  });
  return depthlessOnce(points);
}

/** Dimensions that mean nothing to a backend that does one I/O at a time. */
const isOfDepth = (option: string): boolean => option.startsWith('iodepth');

/** Whether a point can do without a variant that an earlier one measured: others are left, and none is set against it. */
function isSpare({ variants, reference }: RunPlan, variant: Variant): boolean {
  const named = reference === variant.label || reference === variant.name;
  return !variant.backend.async && !named && variants.some(({ backend }) => backend.async);
}

/** Measures what has no depth once along it, beside those that have. */
function depthlessOnce(points: readonly PlannedPoint[]): PlannedPoint[] {
  const seen = new Set<string>();
  return points.map((point) => {
    const { values, plan } = point;
    const others = Object.entries(values).filter(([option]) => !isOfDepth(option));
    if (others.length === Object.keys(values).length || plan.groups.length > 1) return point;
    const key = ({ name }: Variant): string => JSON.stringify([others, name]);
    const variants = plan.variants.filter((one) => !(seen.has(key(one)) && isSpare(plan, one)));
    const first = plan.variants.filter((one) => isSpare(plan, one) && !seen.has(key(one)));
    for (const one of plan.variants) seen.add(key(one));
    const warnings = first.map(({ label, name }) => ({
      code: 'measured-once',
      message: `${label} does one I/O at a time, whatever iodepth is: it is measured once along it`,
      variant: name,
      trial: null,
    }));
    const groups = plan.groups.map((group) => ({
      ...group,
      options: { ...group.options, backend: variants.map(({ label }) => label) },
    }));
    return { ...point, plan: { ...plan, variants, groups }, warnings: [...point.warnings, ...warnings] };
  });
}

/** Whether each point can be set up here: better told now than after an hour. @throws BenchError */
export function checkSetup(points: readonly PlannedPoint[]): void {
  filesToMake(points);
  for (const { values, plan } of points) {
    const missing = preflight(plan);
    const [first] = missing;
    if (first === undefined || missing.length < plan.variants.length) continue;
    const names = missing.map(({ variant }) => variant.label).join(', ');
    throw new BenchError(`${pointText(values)}: ${names}: unavailable here: ${first.reason}`, {
      kind: 'unavailable',
    });
  }
}

/** Every file that is to be made, long enough for all points. */
function filesToMake(points: readonly PlannedPoint[]): TargetFile[] {
  const files = new Map<string, TargetFile>();
  for (const { plan } of points) {
    for (const file of neededFiles(plan)) {
      if (!file.create) continue;
      const known = files.get(file.path);
      if (known && (known.room === undefined) !== (file.room === undefined)) {
        throw usageError(
          `overwrite=0 at some points only: ${file.path} cannot be laid out for the others`,
          'sweep them apart',
        );
      }
      const end = Math.max(file.offset + file.size, known ? known.offset + known.size : 0);
      files.set(file.path, { ...file, size: end - file.offset });
    }
  }
  return [...files.values()];
}

/** The plan when its files are there. */
export function withFiles(plan: RunPlan): RunPlan {
  const there = (file: TargetFile): TargetFile => ({ ...file, create: false, remove: false });
  const groups = plan.groups.map((group) => ({ ...group, files: group.files.map((own) => own.map(there)) }));
  return { ...plan, groups };
}

/** Lays out every file that is to be made, once for all points. @throws BenchError as layOut does */
export async function makeFiles(
  points: readonly PlannedPoint[],
  context: Pick<RunContext, 'progress' | 'signal'>,
): Promise<Created> {
  const direct = points.some(({ plan }) => plan.groups.some(({ workload }) => workload.direct));
  return layOut([filesToMake(points)], {
    direct,
    ...layoutCalls,
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

/** What became of a sweep. */
interface SweepEnd {
  /** Why the file lacks the whole of it; null when it has it. */
  unsaved: BenchError | null;
  stacks: FoldedStacks[];
}

/** One more trial of each variant whose curve bends, where it does. */
async function explainKnees(
  points: readonly PlannedPoint[],
  sweep: SweepResult,
  context: SweepContext,
  created: Created,
): Promise<FoldedStacks[]> {
  const { signal, progress, commandLine, output, tracing, kneesOf } = context;
  const stacks: FoldedStacks[] = [];
  if (points.every(({ plan }) => !explains(plan))) return stacks;
  for (const { values, labels } of kneesOf(sweep)) {
    const at = pointText(values);
    const planned = points.find((point) => pointText(point.values) === at);
    const stored = sweep.points.find((point) => pointText(point.values) === at);
    if (signal.aborted || planned === undefined || stored === undefined) continue;
    progress.note(`explaining ${labels.join(', ')} at ${at}`);
    const plan = withFiles(withIdentities(planned.plan, created));
    const variants = plan.variants.filter(({ label }) => labels.includes(label));
    const run = { progress, signal, commandLine, output, warnings: [], tracing };
    stacks.push(...(await explainMeasured({ ...plan, variants }, stored.result, run)));
  }
  return stacks;
}

/**
 * Runs the points that sweep lacks and puts their results into it; writes it to file after each. Then its knees are
 * explained, if they are to be.
 * @throws BenchError as runPlan does; what was done until then is stored
 */
export async function runSweep(
  points: readonly PlannedPoint[],
  sweep: SweepResult,
  file: ResultFile | null,
  context: SweepContext,
): Promise<SweepEnd> {
  const keeper = new Keeper(file, (line) => context.progress.note(line));
  const left = pointsLeft(points, sweep);
  const order = new Map(points.map(({ values }, i) => [pointText(values), i]));
  const progress = new ManyRunsProgress(context.progress, left);
  const output = { ...context.output, save: false };
  let created: Created | null = null;
  const removeFiles = (): void => created?.remove();
  process.once('exit', removeFiles);
  try {
    created = await makeFiles(left, context);
    progress.startAll();
    for (const { values, plan, warnings } of left) {
      if (context.signal.aborted) break;
      const { signal, commandLine } = context;
      const run = { progress: progress.at(values), signal, commandLine, output, warnings };
      // A sweep is explained where its curves bend, which is known when all points are.
      const measured: RunPlan = { ...withFiles(withIdentities(plan, created)), explain: 'none' };
      const { result } = await runPlan(measured, run);
      if (result.backends.every(({ trials, status }) => trials.length === 0 && status === 'interrupted'))
        break;
      const point = { values: { ...values }, result };
      keep(sweep, point, order);
      sweep.status = statusOf(sweep, points.length);
      keeper.write(sweep);
      await context.onPoint(point);
    }
    const stacks = await explainKnees(points, sweep, context, created);
    sweep.status = statusOf(sweep, points.length);
    sweep.finished_at = new Date().toISOString();
    return { unsaved: keeper.write(sweep), stacks };
  } finally {
    context.progress.end();
    removeFiles();
    process.off('exit', removeFiles);
  }
}
