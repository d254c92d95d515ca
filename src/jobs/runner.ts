/**
 * The whole run: preflight, layout, trials in turn, the result stored after each. What was created is removed
 * again, however it ends.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { BenchError } from '../errors.ts';
import { dropCache, holeSeeker, nativeFacts } from '../native/library.ts';
import { captureEnvironment } from '../results/environment.ts';
import {
  type BackendResult,
  type ResultWarning,
  type RunResult,
  SCHEMA_VERSION,
  type Trial,
} from '../results/schema.ts';
import { openResultFile, type ResultFile } from '../results/store.ts';
import { summarize, withReference } from '../stats/summary.ts';
import { packageVersion } from '../version.ts';
import { systemError } from './collect.ts';
import { holeWarning } from './holes.ts';
import type { OutputOptions, ResolvedJob } from './job.ts';
import { type Created, layOut } from './layout.ts';
import { formatOption } from './option-reader.ts';
import { type PlannedRun, planRuns, trialNs } from './plan.ts';
import { preflight, type Unavailable } from './preflight.ts';
import type { Progress } from './progress.ts';
import { runTrial } from './trial.ts';
import { offsetWarnings, planWarnings, trialWarnings } from './warnings.ts';

export interface RunContext {
  progress: Progress;
  /** Aborted: stop, keep what there is, clean up. */
  signal: AbortSignal;
  /** argv as typed, for the record. */
  commandLine: readonly string[];
  output: OutputOptions;
  /** Of option resolution: they go into the result. */
  warnings: readonly ResultWarning[];
  /** What the result is to be shown as; a comparison when left out. */
  report?: NonNullable<RunResult['report']>;
  /** Decides on the job's own files what is run of it; all of it when left out. */
  choose?: (job: ResolvedJob) => Promise<{ job: ResolvedJob; skipped: readonly Unavailable[] }>;
}

export interface RunOutcome {
  result: RunResult;
  /** Where the result is stored; null with --no-save. */
  path: string | null;
}

function pathsOf(job: ResolvedJob): string[] {
  return [...new Set(job.files.flat().map((file) => file.path))];
}

/** A result with nothing run yet. */
async function emptyResult(
  job: ResolvedJob,
  context: RunContext,
  skipped: readonly Unavailable[],
): Promise<RunResult> {
  const reasons = new Map(skipped.map(({ variant, reason }) => [variant, reason]));
  return {
    schema_version: SCHEMA_VERSION,
    tool: { name: 'uring-bench', version: packageVersion() },
    status: 'complete',
    ...(context.report ? { report: context.report } : {}),
    started_at: new Date().toISOString(),
    finished_at: null,
    command_line: [...context.commandLine],
    environment: await captureEnvironment(pathsOf(job), nativeFacts()),
    jobs: [
      {
        name: job.name,
        numjobs: job.numjobs,
        files: (job.files[0] ?? []).map((file) => file.path),
        options: job.options,
      },
    ],
    reference: job.variants.find((v) => v.label === job.reference || v.name === job.reference)?.name ?? null,
    backends: job.variants.map((variant) => ({
      backend: variant.backend.name,
      variant: variant.name,
      label: variant.label,
      status: reasons.has(variant) ? 'skipped' : 'complete',
      reason: reasons.get(variant) ?? null,
      trials: [],
      summary: null,
    })),
    warnings: [...context.warnings, ...planWarnings(job)],
  };
}

/** Only backends that touch files need them. */
function needsFiles(job: ResolvedJob): boolean {
  return job.variants.some((variant) => variant.backend.name !== 'null');
}

function dropCacheOrThrow(path: string): void {
  const result = dropCache(path);
  if (result === 0) return;
  const { code, text } = systemError(-result);
  throw new BenchError(`cannot drop the cached pages of ${path}: ${text} (${code})`, {
    kind: 'failed',
    errno: -result,
    stage: 'drop cache',
  });
}

async function makeFiles(job: ResolvedJob, context: RunContext): Promise<Created> {
  if (!needsFiles(job)) return { paths: [], bytes: 0, remove() {} };
  return layOut(job.files, {
    direct: job.direct,
    dropCache: dropCacheOrThrow,
    onProgress: (done, total) => context.progress.layout(done, total),
    signal: context.signal,
  });
}

/** Buffered writes leave dirty pages behind: they are the trial's own, not the next one's. */
function settleFiles(job: ResolvedJob): void {
  if (job.direct || job.rw === 'read' || job.rw === 'randread' || !needsFiles(job)) return;
  for (const path of pathsOf(job)) {
    const fd = openSync(path, 'r+');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

/** A trial that could not even be collected: a job's process died, no thread could be started. */
function noteFailure(backend: BackendResult, error: BenchError): void {
  backend.status = 'failed';
  backend.reason = error.hint ? `${error.message} (${error.hint})` : error.message;
}

function noteTrial(job: ResolvedJob, backend: BackendResult, trial: Trial): void {
  backend.trials.push(trial);
  backend.summary = summarize(backend.trials, job.percentileList);
  if (trial.failure) {
    backend.status = 'failed';
    backend.reason = trial.failure.hint
      ? `${trial.failure.message} (${trial.failure.hint})`
      : trial.failure.message;
  } else if (trial.status === 'interrupted') {
    backend.status = 'interrupted';
  }
}

/** Whatever stands so far, ready to be stored or shown. */
function finish(result: RunResult, over: boolean, interrupted: boolean): void {
  result.backends = withReference(result.backends, result.reference);
  for (const backend of result.backends) {
    if (over && interrupted && backend.status === 'complete' && backend.trials.length === 0) {
      backend.status = 'interrupted'; // its turn has not come
    }
  }
  if (result.backends.some((backend) => backend.status === 'failed')) result.status = 'failed';
  else if (interrupted || !over) result.status = 'interrupted';
  else result.status = 'complete';
  result.finished_at = over ? new Date().toISOString() : null;
}

async function runOne(
  job: ResolvedJob,
  run: PlannedRun,
  result: RunResult,
  context: RunContext,
): Promise<void> {
  const backend = result.backends.find((b) => b.variant === run.variant.name) as BackendResult;
  if (backend.status !== 'complete') return; // skipped or failed before
  try {
    const trial = await runTrial(job, run, context.progress, context.signal);
    noteTrial(job, backend, trial);
    result.warnings.push(...trialWarnings(job, run.variant, trial));
    settleFiles(job);
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    noteFailure(backend, error);
  }
}

async function runTrials(
  job: ResolvedJob,
  result: RunResult,
  file: ResultFile | null,
  context: RunContext,
): Promise<void> {
  finish(result, false, true);
  file?.write(result); // a crash in the first trial leaves a file that says what was running
  const runs = planRuns(job);
  for (const run of runs) {
    if (context.signal.aborted) break;
    await runOne(job, run, result, context);
    finish(result, false, true);
    file?.write(result);
  }
  result.warnings.push(...offsetWarnings(result.backends));
  finish(result, true, context.signal.aborted);
  file?.write(result);
}

/** The workload in fio's words; how often it runs is what progress says next. */
function describeWorkload(job: ResolvedJob): string {
  const bs = formatOption('bs', job.bs);
  return `rw=${job.rw} bs=${bs} iodepth=${job.iodepth} numjobs=${job.numjobs} direct=${Number(job.direct)}`;
}

function announce(job: ResolvedJob, skipped: readonly Unavailable[], context: RunContext): void {
  for (const { variant, reason } of skipped) context.progress.note(`${variant.label} is skipped: ${reason}`);
  const running = job.variants.filter((variant) => !skipped.some((s) => s.variant === variant));
  const each = trialNs(job);
  context.progress.start({
    variants: running.map((variant) => variant.label),
    trials: job.trials,
    expectedSeconds: each === null ? null : (each / 1e9) * running.length * job.trials,
  });
}

/** File name stem of a result: what a person would call the run. */
function stem(job: ResolvedJob, { report }: RunContext): string {
  return `${report ? `${report}-` : ''}${job.rw}-${formatOption('bs', job.bs)}`;
}

/** What is run of a job whose files are there. */
async function choose(
  job: ResolvedJob,
  skipped: readonly Unavailable[],
  context: RunContext,
): Promise<{ job: ResolvedJob; skipped: readonly Unavailable[] }> {
  if (!context.choose) return { job, skipped };
  const chosen = await context.choose(job);
  settleFiles(job);
  return chosen;
}

/**
 * Runs a resolved job.
 * @throws BenchError: usage when the options ask too much of this machine or there is no room for files or result,
 * unavailable when no backend can work here, failed when the result can't be stored. A trial that fails is
 * told in the result, not thrown.
 */
export async function runJob(asked: ResolvedJob, context: RunContext): Promise<RunOutcome> {
  const unavailable = preflight(asked.variants, asked);
  if (unavailable.length === asked.variants.length) {
    const [first] = unavailable as [Unavailable];
    const names = unavailable.map(({ variant }) => variant.label).join(', ');
    throw new BenchError(`${names}: unavailable here: ${first.reason}`, { kind: 'unavailable' });
  }
  const { output, progress } = context;
  progress.note(describeWorkload(asked));
  const file = output.save ? await openResultFile(output.resultsDir, new Date(), stem(asked, context)) : null;
  let created: Created | null = null;
  const removeFiles = (): void => created?.remove();
  process.once('exit', removeFiles);
  try {
    created = await makeFiles(asked, context);
    const { job, skipped } = await choose(asked, unavailable, context);
    const result = await emptyResult(job, context, skipped);
    const holes = needsFiles(job) ? holeWarning(job.files, job.rw, holeSeeker) : null;
    if (holes) result.warnings.push(holes);
    announce(job, skipped, context);
    await runTrials(job, result, file, context);
    return { result, path: file?.path ?? null };
  } catch (error) {
    file?.discard();
    if (!context.signal.aborted || error !== context.signal.reason) throw error;
    // Stopped before the first trial: there is nothing to keep, but what was asked for is told.
    const result = await emptyResult(asked, context, unavailable);
    finish(result, true, true);
    return { result, path: null };
  } finally {
    progress.end();
    removeFiles();
    process.off('exit', removeFiles);
  }
}
