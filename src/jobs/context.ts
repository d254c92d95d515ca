/** What a run is given beside its plan. */
import type { ExplainProbe, Tracer, TracerOptions } from '../native/explain.ts';
import type { OutputOptions } from '../options/output.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ResultWarning, RunResult } from '../results/schema.ts';
import type { Unavailable } from './preflight.ts';
import type { Progress } from './progress.ts';
import type { TrialObserver } from './trial-observer.ts';

/** The kernel's tracing, as src/native/explain.ts has it; tests bring their own. */
export interface Tracing {
  probe(): ExplainProbe;
  /** @throws BenchError (unavailable) with what is missing, and its mend */
  open(options: TracerOptions): Tracer;
}

export interface RunContext {
  progress: Progress;
  /** Aborted: stop, keep what there is, clean up. */
  signal: AbortSignal;
  /** argv as typed, for the record. */
  commandLine: readonly string[];
  output: OutputOptions;
  /** Of option resolution: they go into the result. */
  warnings: readonly ResultWarning[];
  /** Look on at each counted trial, outermost first. */
  observers?: readonly TrialObserver[];
  /** How the pass of `--explain` is traced; left out: it is not. */
  tracing?: Tracing;
  /** What the result is to be shown as, beside what every result is. */
  report?: NonNullable<RunResult['report']>;
  /** Decides on the plan's own files what is run of it; all of it when left out. */
  choose?: (
    plan: RunPlan,
    skipped: readonly Unavailable[],
  ) => Promise<{ plan: RunPlan; skipped: readonly Unavailable[] }>;
}
