/** Experiments of several runs that are shown in one table: each a phase, stored as a run of its own. */
import type { RunContext } from '../jobs/context.ts';
import type { Unavailable } from '../jobs/preflight.ts';
import { type RunOutcome, runPlan } from '../jobs/runner.ts';
import type { RawOptions } from '../options/options.ts';
import type { ResolveHost } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ResultWarning } from '../results/schema.ts';
import type { PhaseReport } from '../results/schema-report.ts';

export interface PhaseJob {
  phase: string;
  plan: RunPlan;
  warnings: ResultWarning[];
  /** Stored with the run. */
  report: PhaseReport;
  /**
   * Before its trials: looks at what of a plan works here, and may add to the report.
   * @returns what is not run, and why
   */
  prepare(plan: RunPlan, signal: AbortSignal): Promise<Unavailable[]>;
}

export interface PhaseExperiment {
  /**
   * Its runs, in their order.
   * @throws BenchError (usage) when it cannot run here; nothing is created
   */
  jobs(raw: RawOptions, host: ResolveHost): PhaseJob[];
}

/** @throws BenchError as runPlan does */
export function runPhase(
  { plan, warnings, report, prepare }: PhaseJob,
  context: RunContext,
): Promise<RunOutcome> {
  return runPlan(plan, {
    ...context,
    warnings,
    report,
    choose: async (chosen, skipped) => {
      const working = chosen.variants.filter((variant) => !skipped.some((one) => one.variant === variant));
      const found = await prepare({ ...chosen, variants: working }, context.signal);
      return { plan: chosen, skipped: [...skipped, ...found] };
    },
  });
}
