/**
 * One more trial of each variant after those that count, with everybody looking on: what `--explain` says. It is run as
 * every trial, is none of them, and what goes wrong with it is a warning: the run has its figures already.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Variant } from '../backends/backend.ts';
import { BenchError, isSystemError, systemReason } from '../errors.ts';
import { basicOnly } from '../explain/basic.ts';
import type { ExplainContext } from '../explain/context.ts';
import { explain, passOf } from '../explain/explain.ts';
import { type FoldedStacks, foldedStacks } from '../explain/stacks.ts';
import { hasJobThreads } from '../host/job-look.ts';
import type { RawExplain, Tracer } from '../native/explain.ts';
import { firstGroup, type RunPlan } from '../resolve/run-plan.ts';
import type { BackendResult, ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { Explanation } from '../results/schema-explain.ts';
import type { RunContext } from './context.ts';
import { observeBasic } from './observe-basic.ts';
import { observeConditions } from './observe-conditions.ts';
import { observeProgress } from './observe-progress.ts';
import { testedDisks } from './own-traffic.ts';
import { explains, type PlannedTrial } from './plan.ts';
import { runTrial } from './trial.ts';
import { Observers } from './trial-observer.ts';

/** What a pass has left. */
interface Pass {
  trial: Trial;
  raw: RawExplain | null;
  /** Why it was not traced; null: it was, or was not to be. */
  missing: string | null;
}

/** What files need before and after a trial. */
export interface AroundTrial {
  renew(plan: RunPlan, variant: Variant): void;
  settle(plan: RunPlan, variant: Variant): void;
}

function reasonOf(error: unknown): string {
  if (error instanceof BenchError) return error.hint ? `${error.message}: ${error.hint}` : error.message;
  if (isSystemError(error)) return systemReason(error);
  throw error;
}

/** glibc's pool lives on for a second: longer than that nobody is waited for. */
const HELPERS_MS = 1500;
const HELPERS_POLL_MS = 20;

/** Until the helpers of trials before have ended: they are none of the pass's. */
async function helpersGone(signal: AbortSignal): Promise<void> {
  const until = performance.now() + HELPERS_MS;
  while (hasJobThreads() && performance.now() < until && !signal.aborted) await sleep(HELPERS_POLL_MS);
}

/** The tracer that the plan asks for, or why there is none. */
function openFor({ explain: how }: RunPlan, { tracing }: RunContext): Tracer | string | null {
  if (how === 'basic') return tracing?.probe().missing ?? null;
  try {
    return tracing?.open({ full: how === 'full' }) ?? null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** One trial under the tracer's eyes. @throws BenchError as runTrial does */
async function traced(
  plan: RunPlan,
  run: PlannedTrial,
  context: RunContext,
  observers: Observers,
): Promise<Pass> {
  const tracer = openFor(plan, context);
  if (tracer === null || typeof tracer === 'string') {
    return { trial: await runTrial(plan, run, context.signal, observers), raw: null, missing: tracer };
  }
  try {
    tracer.start();
    let trial: Trial;
    try {
      trial = await runTrial(plan, run, context.signal, observers, tracer.fd);
    } finally {
      tracer.stop();
    }
    return { trial, raw: tracer.read(), missing: null };
  } finally {
    tracer.close();
  }
}

/** Which of the words for the pass's own workload go with its figures. */
function contextOf(
  plan: RunPlan,
  variant: Variant,
  trial: Trial,
  backend: BackendResult,
): ExplainContext & { measured_iops: number | null } {
  const { workload } = firstGroup(plan);
  return {
    trial,
    backend: variant.backend.name,
    variant: variant.name,
    async: variant.backend.async,
    direct: plan.groups.every((group) => group.workload.direct),
    descriptors: plan.groups.reduce((sum, { files }) => sum + files.flat().length, 0),
    iodepth: variant.backend.async ? workload.iodepth : 1,
    rw: workload.rw,
    measured_iops: backend.summary?.iops.median ?? null,
    full: plan.explain === 'full',
  };
}

/** The explanation of one variant; null when a signal came first. @throws BenchError when its trial can't be run */
async function explainOne(
  plan: RunPlan,
  run: PlannedTrial,
  backend: BackendResult,
  { result, context, around, stacks }: Explaining,
): Promise<Explanation | null> {
  const { variant } = run;
  const basic = observeBasic(testedDisks(result.environment));
  const conditions = observeConditions(result.environment);
  const observers = new Observers([basic, conditions, observeProgress(context.progress)]);
  around.renew(plan, variant);
  await helpersGone(context.signal);
  const { trial, raw, missing } = await traced(plan, run, context, observers);
  around.settle(plan, variant);
  result.warnings.push(...observers.warnings(run).map((one) => ({ ...one, trial: null })));
  if (trial.status === 'interrupted' || context.signal.aborted) return null;
  if (trial.failure !== null) throw new BenchError(trial.failure.message, { kind: 'failed' });
  const own = contextOf(plan, variant, trial, backend);
  if (raw !== null) stacks.push({ name: variant.label, text: foldedStacks(variant.label, raw.samples) });
  const said = raw === null ? basicOnly(passOf(trial, own.measured_iops), missing) : explain(raw, own);
  const figures = basic.figures();
  return figures === null ? said : { ...said, basic: figures };
}

function warning(variant: Variant, message: string): ResultWarning {
  return { code: 'explain', message: `${variant.label}: ${message}`, variant: variant.name, trial: null };
}

/** What all passes of a run share. */
interface Explaining {
  result: RunResult;
  context: RunContext;
  around: AroundTrial;
  stacks: FoldedStacks[];
}

/**
 * Explains every variant that has had all its trials, in their order, and puts what is to be said into the result.
 * A signal ends it: what is explained until then stays.
 * @returns the stacks that were sampled, of each variant
 */
export async function explainVariants(
  plan: RunPlan,
  result: RunResult,
  context: RunContext,
  around: AroundTrial,
): Promise<FoldedStacks[]> {
  const all: Explaining = { result, context, around, stacks: [] };
  if (!explains(plan)) return all.stacks;
  const trial = 1 + Math.max(0, ...result.backends.map(({ trials }) => trials.length));
  for (const [at, variant] of plan.variants.entries()) {
    const backend = result.backends.find((one) => one.variant === variant.name);
    if (context.signal.aborted) break;
    if (backend?.status !== 'complete') continue;
    const run: PlannedTrial = { variant, trial, position: at + 1, explains: true };
    try {
      const said = await explainOne(plan, run, backend, all);
      if (said === null) break;
      backend.explain = said;
      if (plan.explain !== 'basic' && said.missing !== null)
        result.warnings.push(warning(variant, `not traced: ${said.missing}`));
    } catch (error) {
      result.warnings.push(warning(variant, `not explained: ${reasonOf(error)}`));
    }
  }
  return all.stacks;
}
