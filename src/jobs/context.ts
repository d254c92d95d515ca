/** What a run is given beside its plan. */
import type { Variant } from '../backends/backend.ts';
import type { OutputOptions } from '../options/output.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { Unavailable } from './preflight.ts';
import type { Progress } from './progress.ts';

export interface RunContext {
  progress: Progress;
  /** Aborted: stop, keep what there is, clean up. */
  signal: AbortSignal;
  /** argv as typed, for the record. */
  commandLine: readonly string[];
  output: OutputOptions;
  /** Of option resolution: they go into the result. */
  warnings: readonly ResultWarning[];
  /** Looks on at each counted trial, from before its jobs start until they have ended. */
  watch?: TrialWatch;
  /** What the result is to be shown as, beside what every result is. */
  report?: NonNullable<RunResult['report']>;
  /** Decides on the plan's own files what is run of it; all of it when left out. */
  choose?: (plan: RunPlan) => Promise<{ plan: RunPlan; skipped: readonly Unavailable[] }>;
}

/** Told of trials as they come and go. */
export interface TrialWatch {
  before(): void;
  after(trial: Trial, variant: Variant): void;
}
