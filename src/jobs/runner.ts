/**
 * The whole run: preflight, layout, blocks of trials (blocks.ts), the result. What was created is removed again,
 * however it ends.
 */
import type { Variant } from '../backends/backend.ts';
import { diagnose } from '../doctor/checks.ts';
import { lookAround } from '../doctor/seen.ts';
import { BenchError, systemError, usageError } from '../errors.ts';
import type { FoldedStacks } from '../explain/stacks.ts';
import { withHashedSerial } from '../host/device-info.ts';
import { captureEnvironment } from '../host/environment.ts';
import { ownFiles } from '../leftovers/own-files.ts';
import { dropCache, holeSeeker, makeRoom, nativeFacts } from '../native/library.ts';
import { formatOption } from '../options/option-reader.ts';
import {
  filesOf,
  firstGroup,
  type JobGroup,
  pathsOf,
  type RunPlan,
  storedJob,
  variantOf,
} from '../resolve/run-plan.ts';
import type { Environment, Finding, ResultWarning, RunResult } from '../results/schema.ts';
import { openResultFile } from '../results/store.ts';
import { SCHEMA_VERSION } from '../results/versions.ts';
import { withTuning } from '../stats/tuning.ts';
import { holeWarning } from '../targets/holes.ts';
import { type Created, layOut } from '../targets/layout.ts';
import { holdTargets } from '../targets/target-hold.ts';
import { packageVersion } from '../version.ts';
import { operationsOf } from '../workload/operations.ts';
import type { TargetFile } from '../workload/workload.ts';
import { explainAll, finish, noteInterruption, runBlocks, settleFiles } from './blocks.ts';
import type { RunContext } from './context.ts';
import { explains, mostTrials, runSeconds, trialNs } from './plan.ts';
import { preflight, type Unavailable } from './preflight.ts';
import type { ProgressPlan } from './progress.ts';
import { planWarnings } from './warnings.ts';

export interface RunOutcome {
  result: RunResult;
  /** Where the result is stored; null with --no-save. */
  path: string | null;
  /** Why what is stored is not the whole result; null when it is. */
  unsaved: BenchError | null;
  /** What was sampled of each variant when it was explained in full. */
  stacks: readonly FoldedStacks[];
}

/** What `doctor` finds, for the first file of the run. */
function findingsOf(plan: RunPlan): Finding[] {
  const bufferBytes = plan.groups.reduce((sum, { workload }) => {
    const { bs, iodepth, numjobs } = workload;
    return sum + Math.max(bs.read, bs.write) * iodepth * numjobs;
  }, 0);
  return diagnose(lookAround(pathsOf(plan)[0] ?? null, { bufferBytes }));
}

async function environmentOf(plan: RunPlan, { output }: RunContext): Promise<Environment> {
  const environment = await captureEnvironment(pathsOf(plan), nativeFacts());
  const files = output.hashSerial ? environment.files.map(withHashedSerial) : environment.files;
  return { ...environment, files, doctor: findingsOf(plan) };
}

/** A result with nothing run yet. */
async function emptyResult(
  plan: RunPlan,
  context: RunContext,
  skipped: readonly Unavailable[],
): Promise<RunResult> {
  const reasons = new Map(skipped.map(({ variant, reason }) => [variant, reason]));
  return {
    schema_version: SCHEMA_VERSION,
    tool: { name: 'uring-bench', version: packageVersion() },
    status: 'complete',
    started_at: new Date().toISOString(),
    finished_at: null,
    command_line: [...context.commandLine],
    ...(Object.keys(context.output.labels).length > 0 ? { labels: { ...context.output.labels } } : {}),
    ...(context.output.note === null ? {} : { note: context.output.note }),
    environment: await environmentOf(plan, context),
    jobs: plan.groups.map(storedJob),
    reference:
      plan.variants.find((v) => v.label === plan.reference || v.name === plan.reference)?.name ?? null,
    backends: plan.variants.map((variant) => ({
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
    warnings: [...context.warnings, ...planWarnings(plan).map(withTuning)],
    ...(context.report ? { report: context.report } : {}),
  };
}

/** The groups whose jobs touch files: the null backend's don't. */
function groupsWithFiles({ groups, variants }: RunPlan): JobGroup[] {
  return groups.filter((group) =>
    variants.some((variant) => variantOf(group, variant).backend.name !== 'null'),
  );
}

/** Files that are needed, of all groups. */
export function neededFiles(plan: RunPlan): TargetFile[] {
  return filesOf({ groups: groupsWithFiles(plan) });
}

/** @param opened a path to its open descriptor */
function dropCacheOrThrow(path: string, opened: string): void {
  const result = dropCache(opened);
  if (result === 0) return;
  const { code, text } = systemError(-result);
  throw new BenchError(`cannot drop the cached pages of ${path}: ${text} (${code})`, {
    kind: 'failed',
    errno: -result,
    stage: 'drop cache',
  });
}

/** What laying out asks of the kernel beyond what Node can. */
export const layoutCalls = { dropCache: dropCacheOrThrow, makeRoom };

async function makeFiles(plan: RunPlan, context: RunContext): Promise<Created> {
  const files = neededFiles(plan);
  if (files.length === 0) return { paths: [], identities: new Map(), bytes: 0, remove() {} };
  return layOut([files], {
    direct: plan.groups.some(({ workload }) => workload.direct),
    ...layoutCalls,
    onProgress: (done, total) => context.progress.layout(done, total),
    signal: context.signal,
  });
}

/** The plan with what the files are that were made for it. */
export function withIdentities(plan: RunPlan, { identities }: Created): RunPlan {
  const known = (file: TargetFile): TargetFile => {
    const identity = file.identity ?? identities.get(file.path);
    return identity === undefined ? file : { ...file, identity };
  };
  const groups = plan.groups.map((group) => ({ ...group, files: group.files.map((own) => own.map(known)) }));
  return { ...plan, groups };
}

function hold(plan: RunPlan): () => void {
  return holdTargets(
    groupsWithFiles(plan).flatMap(({ files, workload }) => {
      const changing = operationsOf(workload.rw).some(({ changes }) => changes);
      return files.flat().map((file) => ({ file, changing }));
    }),
  );
}

/** Files with parts that no device holds. */
function holeWarnings(plan: RunPlan): ResultWarning[] {
  return groupsWithFiles(plan).flatMap(
    ({ files, workload }) => holeWarning(files, workload.rw, holeSeeker) ?? [],
  );
}

/** Folders in which nobody could clean up after a run that is killed. */
function markerWarnings(): ResultWarning[] {
  return ownFiles
    .takeTroubles()
    .map((message) => ({ code: 'unmarked-files', message, variant: null, trial: null }));
}

/** The workload in fio's words; how often it runs is what progress says next. */
function describeGroup({ workload }: JobGroup): string {
  const { rw, iodepth, numjobs, direct, tree } = workload;
  if (tree !== null) return `rw=${rw} nrfiles=${tree.items} iodepth=${iodepth} numjobs=${numjobs}`;
  const bs = formatOption('bs', workload.bs);
  return `rw=${rw} bs=${bs} iodepth=${iodepth} numjobs=${numjobs} direct=${Number(direct)}`;
}

function describeWorkload({ groups }: RunPlan): string {
  const named = groups.length > 1;
  return groups
    .map((group) => `${named ? `${group.workload.name}: ` : ''}${describeGroup(group)}`)
    .join('; ');
}

function announce(plan: RunPlan, skipped: readonly Unavailable[], context: RunContext): void {
  for (const { variant, reason } of skipped) context.progress.note(`${variant.label} is skipped: ${reason}`);
  const running = plan.variants.filter((variant) => !skipped.some((s) => s.variant === variant));
  context.progress.start(progressPlan(plan, running));
}

function progressPlan(plan: RunPlan, running: readonly Variant[]): ProgressPlan {
  const each = trialNs(plan);
  return {
    variants: running.map((variant) => variant.label),
    trials: mostTrials(plan),
    atMost: plan.untilConfident !== null,
    explains: explains(plan),
    ofTrees: plan.groups.every(({ workload }) => workload.tree !== null),
    trialSeconds: each === null ? null : each / 1e9,
    expectedSeconds: runSeconds({ ...plan, variants: [...running] }),
  };
}

/** File name stem of a result: what a person would call the run, as `randread-4k-qd8-io_uring-sync`. */
function stem(plan: RunPlan, { report }: RunContext): string {
  if (report?.kind === 'article') return `article-${report.table}`;
  const { rw, bs, iodepth, tree } = firstGroup(plan).workload;
  const size = tree === null ? formatOption('bs', bs) : `${tree.items}-files`;
  const what = plan.groups.length > 1 ? 'jobs' : `${rw}-${size}-qd${iodepth}`;
  const steps = report?.kind === 'ladder';
  return `${report ? `${report.kind}-` : ''}${what}${steps ? '' : `-${backendsText(plan.variants)}`}`;
}

/** So many backends are named in a file name, then they are counted. */
const BACKENDS_NAMED = 2;

function backendsText(variants: readonly Variant[]): string {
  if (variants.length > BACKENDS_NAMED) return `${variants.length}-backends`;
  return variants.map(({ label }) => label).join('-');
}

/** What is run of a plan whose files are there. */
async function choose(
  plan: RunPlan,
  skipped: readonly Unavailable[],
  context: RunContext,
): Promise<{ plan: RunPlan; skipped: readonly Unavailable[] }> {
  if (!context.choose) return { plan, skipped };
  const chosen = await context.choose(plan, skipped);
  for (const variant of plan.variants) settleFiles(plan, variant);
  return chosen;
}

/**
 * Runs a plan.
 * @throws BenchError: usage when the options ask too much of this machine or there is no room for files or result,
 * unavailable when no backend can work here, failed when no result can be stored. A trial that fails is
 * told in the result, and a result that can't be stored any more in what is returned: neither is thrown.
 */
export async function runPlan(asked: RunPlan, context: RunContext): Promise<RunOutcome> {
  if (asked.latencyTarget !== undefined)
    throw usageError('latency-target is a search of many runs', 'only a run by itself knows it');
  const unavailable = preflight(asked);
  if (unavailable.length === asked.variants.length) {
    const [first] = unavailable as [Unavailable];
    const names = unavailable.map(({ variant }) => variant.label).join(', ');
    throw new BenchError(`${names}: unavailable here: ${first.reason}`, { kind: 'unavailable' });
  }
  const { output, progress } = context;
  progress.begin(describeWorkload(asked));
  const file = output.save ? await openResultFile(output.resultsDir, new Date(), stem(asked, context)) : null;
  let created: Created | null = null;
  let result: RunResult | null = null;
  let release = (): void => {};
  const removeFiles = (): void => created?.remove();
  process.once('exit', removeFiles);
  try {
    created = await makeFiles(asked, context);
    const whole = withIdentities(asked, created);
    release = hold(whole);
    const { plan, skipped } = await choose(whole, unavailable, context);
    result = await emptyResult(plan, context, skipped);
    result.warnings.push(...holeWarnings(plan).map(withTuning), ...markerWarnings());
    announce(plan, skipped, context);
    const { unsaved, stacks } = await runBlocks(plan, result, file, context);
    return { result, path: file?.path ?? null, unsaved, stacks };
  } catch (error) {
    // Whatever went wrong: trials that are stored were measured.
    if (!result?.backends.some(({ trials }) => trials.length > 0)) file?.discard();
    if (!context.signal.aborted || error !== context.signal.reason) throw error;
    // Stopped before the first trial: there is nothing to keep, but what was asked for is told.
    const nothing = await emptyResult(asked, context, unavailable);
    noteInterruption(asked, nothing);
    finish(asked, nothing, true, true);
    return { result: nothing, path: null, unsaved: null, stacks: [] };
  } finally {
    progress.end();
    release();
    removeFiles();
    process.off('exit', removeFiles);
  }
}

/**
 * Explains variants that a result has measured, on the plan's files, which are there.
 * @returns the stacks that were sampled @throws BenchError (failed) when a device is held by others
 */
export async function explainMeasured(
  plan: RunPlan,
  result: RunResult,
  context: RunContext,
): Promise<FoldedStacks[]> {
  const release = hold(plan);
  try {
    return await explainAll(plan, result, context);
  } finally {
    release();
  }
}
