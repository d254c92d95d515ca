/**
 * The trials of a run: warm-ups, then blocks that hold every variant once, until there are enough. The result is
 * stored after each trial; what it says of differences is made anew after each block.
 */
import { closeSync, constants, fsyncSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Variant } from '../backends/backend.ts';
import { BenchError, isSystemError, quietly, systemError, systemReason } from '../errors.ts';
import type { FoldedStacks } from '../explain/stacks.ts';
import { openKnown } from '../host/file-identity.ts';
import { idleBetween, sampleLoad } from '../host/host-load.ts';
import { makeRoom } from '../native/library.ts';
import { filesOf, type RunPlan, variantOf } from '../resolve/run-plan.ts';
import { Keeper } from '../results/keeper.ts';
import type { BackendResult, RunResult, Trial } from '../results/schema.ts';
import type { ResultFile } from '../results/store.ts';
import { INTERVAL_TRIALS_LEAST, widestInterval } from '../stats/confidence.ts';
import { disturbances } from '../stats/disturbance.ts';
import { errorsText, isAsked } from '../stats/error-share.ts';
import { withGroups } from '../stats/groups.ts';
import { referenceOf, Summarizer, withReference } from '../stats/summary.ts';
import { suspicions } from '../stats/suspicions.ts';
import { validityOf } from '../stats/validity.ts';
import { operationsOf } from '../workload/operations.ts';
import type { TargetFile } from '../workload/workload.ts';
import type { RunContext } from './context.ts';
import { explainVariants } from './explain-pass.ts';
import { observeConditions } from './observe-conditions.ts';
import { observeProgress } from './observe-progress.ts';
import { observeSeries } from './observe-series.ts';
import { testedDisks } from './own-traffic.ts';
import { IDLE_NS, type PlannedTrial, planBlock, warmupPlan } from './plan.ts';
import { runTrial } from './trial.ts';
import { Observers } from './trial-observer.ts';
import { confidenceWarning, offsetWarnings, trialWarnings } from './warnings.ts';

/** Writes a file's dirty pages back. @throws the system's error, of fsync(2) before that of close(2) */
function flush({ path, identity }: TargetFile): void {
  const fd = openKnown(path, constants.O_RDWR | constants.O_NONBLOCK, identity);
  try {
    fsyncSync(fd);
  } catch (error) {
    quietly(() => closeSync(fd));
    throw error;
  }
  closeSync(fd);
}

/** The device below has no room, or has failed: the kernel says so only once it writes the pages back. */
function flushError({ path }: TargetFile, { errno: negative }: { errno: number }): BenchError {
  const errno = Math.abs(negative);
  const { code, text } = systemError(errno);
  return new BenchError(`flush ${path}: ${text} (${code})`, {
    kind: 'failed',
    errno,
    stage: 'flush',
    hint: 'what was written to the page cache did not reach the device: see dmesg',
  });
}

/**
 * Buffered writes leave dirty pages behind: they are the trial's own, not the next one's.
 * @throws BenchError (failed) when they cannot be written back
 */
export function settleFiles({ groups }: RunPlan, variant: Variant): void {
  const dirty = groups.filter((group) => {
    const { direct, rw } = group.workload;
    const changes = operationsOf(rw).some((operation) => operation.changes && operation.kind === 'data');
    return !direct && changes && variantOf(group, variant).backend.name !== 'null';
  });
  const files = new Map(filesOf({ groups: dirty }).map((file) => [file.path, file]));
  for (const file of files.values()) {
    try {
      flush(file);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw flushError(file, error);
    }
  }
}

/**
 * Files that are not laid out are made anew: else what one trial allocated the next would overwrite.
 * @throws BenchError (failed) when there is no room
 */
function renewFiles({ groups }: RunPlan, variant: Variant): void {
  const used = groups.filter((group) => variantOf(group, variant).backend.name !== 'null');
  for (const { path, offset, size, room, identity } of filesOf({ groups: used })) {
    if (room === undefined) continue;
    try {
      const fd = openKnown(path, constants.O_WRONLY | constants.O_NONBLOCK, identity);
      try {
        makeRoom(`/proc/self/fd/${fd}`, offset + size, room);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const stage = 'make room';
      throw new BenchError(`${stage} in ${path}: ${systemReason(error)}`, {
        kind: 'failed',
        errno: Math.abs(error.errno),
        stage,
      });
    }
  }
}

/** A trial in which nothing was done has no figures: it has failed, if only by what was counted as errors. */
function withSomething(trial: Trial, { label }: Variant): Trial {
  if (trial.status !== 'complete' || trial.total_ios > 0) return trial;
  const [error] = trial.errors;
  if (error !== undefined && trial.errors.every(({ code }) => isAsked(label, code))) return trial;
  const count = trial.errors.reduce((sum, one) => sum + one.count, 0);
  const why = error === undefined ? '' : `: all ${count} failed, the first with ${error.code}`;
  const failure = { message: `no I/O was done${why}`, errno: error?.errno ?? 0, stage: 'run', hint: null };
  return { ...trial, status: 'failed', failure };
}

/** A trial with what its files say once they are settled: one whose data never reached the device has failed. */
function settled(ended: Trial, plan: RunPlan, variant: Variant): Trial {
  const trial = withSomething(ended, variant);
  try {
    settleFiles(plan, variant);
    return trial;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    const { message, errno = 0, stage = 'flush', hint = null } = error;
    const failure = trial.failure ?? { message, errno, stage, hint };
    return { ...trial, status: 'failed', failure };
  }
}

/** A trial that could not even be collected: a job's process died, no thread could be started. */
function noteFailure(backend: BackendResult, error: BenchError): void {
  backend.status = 'failed';
  backend.reason = error.hint ? `${error.message} (${error.hint})` : error.message;
}

function noteTrial(backend: BackendResult, trial: Trial, summarizer: Summarizer): void {
  const known = backend.summary?.vs_reference ?? null;
  backend.trials.push(trial);
  summarizer.add(trial);
  backend.summary = summarizer.summary();
  // Until the block is full, what was known after the one before it.
  if (backend.summary) backend.summary.vs_reference = known;
  if (trial.failure) {
    backend.status = 'failed';
    backend.reason = trial.failure.hint
      ? `${trial.failure.message} (${trial.failure.hint})`
      : trial.failure.message;
  } else if (trial.status === 'interrupted') {
    backend.status = 'interrupted';
  }
}

function backendOf(result: RunResult, run: PlannedTrial): BackendResult {
  return result.backends.find((backend) => backend.variant === run.variant.name) as BackendResult;
}

/** Whether it is worth going on with a variant: it is neither skipped nor has it failed. */
function runs(result: RunResult, run: PlannedTrial): boolean {
  return backendOf(result, run).status === 'complete';
}

/** A signal stopped the run: what has not had all its trials is not complete. */
export function noteInterruption(plan: RunPlan, result: RunResult): void {
  for (const backend of result.backends) {
    if (backend.status === 'complete' && backend.trials.length < plan.trials) backend.status = 'interrupted';
  }
}

/** Errors that were to be counted, but are too many for the figures to mean anything. */
function noteErrors(backend: BackendResult): void {
  const text = errorsText(backend);
  if (text === null || backend.status === 'failed') return;
  backend.status = 'failed';
  backend.reason = text;
}

/** Whatever stands so far, ready to be stored or shown. */
export function finish(plan: RunPlan, result: RunResult, over: boolean, interrupted: boolean): void {
  if (over) for (const backend of result.backends) noteErrors(backend);
  if (result.backends.some((backend) => backend.status === 'failed')) result.status = 'failed';
  else if (interrupted || !over) result.status = 'interrupted';
  else result.status = 'complete';
  const options = { seed: plan.randseed, differences: over };
  result.backends = withReference(result.backends, result.reference, options);
  result.finished_at = over ? new Date().toISOString() : null;
}

async function runOne(
  plan: RunPlan,
  run: PlannedTrial,
  result: RunResult,
  context: RunContext,
  summarizers: ReadonlyMap<string, Summarizer>,
): Promise<void> {
  const backend = backendOf(result, run);
  const observers = new Observers([
    ...(context.observers ?? []),
    observeConditions(result.environment),
    observeSeries(result.environment, context.progress),
    observeProgress(context.progress),
  ]);
  try {
    renewFiles(plan, run.variant);
    const ended = await runTrial(plan, run, context.signal, observers);
    const trial = settled(ended, plan, run.variant);
    noteTrial(backend, trial, summarizers.get(run.variant.name) as Summarizer);
    const told = result.warnings.filter((one) => one.trial === null).map(({ code }) => code);
    // What holds for the whole run is said once.
    const warnings = trialWarnings(plan, run.variant, trial).filter(
      (one) => one.trial !== null || !told.includes(one.code),
    );
    result.warnings.push(...warnings);
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    noteFailure(backend, error);
  } finally {
    result.warnings.push(...observers.warnings(run));
  }
}

/** Short trials that nobody counts. One that fails is left to the first trial to tell. */
async function warmUp(plan: RunPlan, result: RunResult, context: RunContext): Promise<void> {
  const shorter = warmupPlan(plan);
  for (let round = 0; round < plan.warmupTrials; round++) {
    for (const run of planBlock(plan, 0)) {
      if (context.signal.aborted) return;
      if (!runs(result, run)) continue;
      try {
        renewFiles(plan, run.variant);
        await runTrial(shorter, run, context.signal, new Observers([observeProgress(context.progress)]));
        settleFiles(plan, run.variant);
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
      }
    }
  }
}

async function lookAtIdle(result: RunResult, trial: number): Promise<void> {
  const disks = testedDisks(result.environment);
  const before = sampleLoad(disks);
  await sleep(IDLE_NS / 1e6);
  result.idle = [...(result.idle ?? []), idleBetween(before, sampleLoad(disks), trial)];
}

/** Whether another block is wanted after so many. */
function goesOn(plan: RunPlan, result: RunResult, blocks: number): boolean {
  if (result.backends.every(({ status }) => status !== 'complete')) return false;
  const until = plan.untilConfident;
  if (until === null || blocks < plan.trials) return blocks < plan.trials;
  // Without its reference nothing more can be told of a difference.
  const reference = referenceOf(result.backends, result.reference);
  if (blocks >= until.maxTrials || (reference && reference.status !== 'complete')) return false;
  if (blocks < INTERVAL_TRIALS_LEAST) return true;
  const widest = widestInterval(result.backends);
  return widest !== null && widest.pct > until.pct;
}

/** The trials that explain, with what files need around them. */
export function explainAll(
  plan: RunPlan,
  result: RunResult,
  context: RunContext,
): ReturnType<typeof explainVariants> {
  return explainVariants(plan, result, context, { renew: renewFiles, settle: settleFiles });
}

/** What became of all trials. */
interface BlocksEnd {
  /** Why the file lacks the whole result; null when it has it. */
  unsaved: BenchError | null;
  /** What was sampled when variants were explained. */
  stacks: FoldedStacks[];
}

/**
 * Runs all trials of a plan into result, and stores it in file after each, but at most once a second. Then variants are
 * explained, if they are to be. A trial that fails is told in the result.
 * @throws BenchError (failed) when nothing can be stored, before the first trial
 */
export async function runBlocks(
  plan: RunPlan,
  result: RunResult,
  file: ResultFile | null,
  context: RunContext,
): Promise<BlocksEnd> {
  const { signal } = context;
  const keeper = new Keeper(file, (line) => context.progress.note(line));
  const summarizers = new Map(plan.variants.map(({ name }) => [name, new Summarizer(plan.percentileList)]));
  finish(plan, result, false, true);
  file?.write(result); // a crash in the first trial leaves a file that says what was running
  await warmUp(plan, result, context);
  for (let trial = 1; !signal.aborted && goesOn(plan, result, trial - 1); trial++) {
    await lookAtIdle(result, trial);
    for (const run of planBlock(plan, trial)) {
      if (signal.aborted) break;
      if (!runs(result, run)) continue;
      await runOne(plan, run, result, context, summarizers);
      finish(plan, result, false, true);
      keeper.save(result);
    }
    result.backends = withReference(result.backends, result.reference, { seed: plan.randseed });
  }
  const stacks = await explainAll(plan, result, context);
  if (signal.aborted) noteInterruption(plan, result);
  finish(plan, result, true, signal.aborted);
  result.backends = withGroups(result, plan.percentileList, { seed: plan.randseed });
  result.warnings.push(...offsetWarnings(result.backends), ...disturbances(result), ...suspicions(result));
  if (!signal.aborted) result.warnings.push(...confidenceWarning(plan, result.backends));
  result.validity = validityOf(result);
  return { unsaved: keeper.write(result), stacks };
}
