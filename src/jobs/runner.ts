/**
 * The whole run: preflight, layout, blocks of trials (blocks.ts), the result. What was created is removed again,
 * however it ends.
 */
import type { Variant } from '../backends/backend.ts';
import { BenchError, systemError } from '../errors.ts';
import { captureEnvironment } from '../host/environment.ts';
import { dropCache, holeSeeker, nativeFacts } from '../native/library.ts';
import { formatOption } from '../options/option-reader.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import { type RunResult, SCHEMA_VERSION } from '../results/schema.ts';
import { openResultFile } from '../results/store.ts';
import { holeWarning } from '../targets/holes.ts';
import { type Created, layOut } from '../targets/layout.ts';
import { packageVersion } from '../version.ts';
import { finish, noteInterruption, runBlocks, settleFiles } from './blocks.ts';
import type { RunContext } from './context.ts';
import { mostTrials, runSeconds, trialNs } from './plan.ts';
import { preflight, type Unavailable } from './preflight.ts';
import type { ProgressPlan } from './progress.ts';
import { planWarnings } from './warnings.ts';

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
    idle: [],
    validity: null,
    warnings: [...context.warnings, ...planWarnings(job)],
    ...(context.report ? { report: context.report } : {}),
  };
}

/** Only backends that touch files need them. */
export function needsFiles(job: ResolvedJob): boolean {
  return job.variants.some((variant) => variant.backend.name !== 'null');
}

export function dropCacheOrThrow(path: string): void {
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

/** The workload in fio's words; how often it runs is what progress says next. */
function describeWorkload(job: ResolvedJob): string {
  const bs = formatOption('bs', job.bs);
  return `rw=${job.rw} bs=${bs} iodepth=${job.iodepth} numjobs=${job.numjobs} direct=${Number(job.direct)}`;
}

function announce(job: ResolvedJob, skipped: readonly Unavailable[], context: RunContext): void {
  for (const { variant, reason } of skipped) context.progress.note(`${variant.label} is skipped: ${reason}`);
  const running = job.variants.filter((variant) => !skipped.some((s) => s.variant === variant));
  context.progress.start(progressPlan(job, running));
}

function progressPlan(job: ResolvedJob, running: readonly Variant[]): ProgressPlan {
  const each = trialNs(job);
  return {
    variants: running.map((variant) => variant.label),
    trials: mostTrials(job),
    atMost: job.untilConfident !== null,
    trialSeconds: each === null ? null : each / 1e9,
    expectedSeconds: runSeconds({ ...job, variants: [...running] }),
  };
}

/** File name stem of a result: what a person would call the run. */
function stem(job: ResolvedJob, { report }: RunContext): string {
  if (report?.kind === 'article') return `article-${report.table}`;
  return `${report ? `${report.kind}-` : ''}${job.rw}-${formatOption('bs', job.bs)}`;
}

/** What is run of a job whose files are there. */
async function choose(
  job: ResolvedJob,
  skipped: readonly Unavailable[],
  context: RunContext,
): Promise<{ job: ResolvedJob; skipped: readonly Unavailable[] }> {
  if (!context.choose) return { job, skipped };
  const chosen = await context.choose(job);
  for (const variant of job.variants) settleFiles(job, variant);
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
  progress.begin(describeWorkload(asked));
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
    await runBlocks(job, result, file, context);
    return { result, path: file?.path ?? null };
  } catch (error) {
    file?.discard();
    if (!context.signal.aborted || error !== context.signal.reason) throw error;
    // Stopped before the first trial: there is nothing to keep, but what was asked for is told.
    const result = await emptyResult(asked, context, unavailable);
    noteInterruption(asked, result);
    finish(asked, result, true, true);
    return { result, path: null };
  } finally {
    progress.end();
    removeFiles();
    process.off('exit', removeFiles);
  }
}
