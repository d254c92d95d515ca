/** `uring-bench article metadata` and its like: an experiment of several runs, in one table. */

import { ManyRunsProgress } from '../experiments/many-runs-progress.ts';
import { type PhaseExperiment, runPhase } from '../experiments/phases.ts';
import type { RunOutcome } from '../jobs/runner.ts';
import type { RawOptions } from '../options/options.ts';
import { renderPhases } from '../report/formats/phases.ts';
import { readMachine } from '../resolve/cpus.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { Clearing } from './clean.ts';
import { Stopped } from './failure.ts';
import { reportRuns } from './report-runs.ts';
import { Session } from './session.ts';

/** @param raw as read from the command line @param warnings of reading it */
export async function phasesCommand(
  experiment: PhaseExperiment,
  raw: RawOptions,
  warnings: readonly ResultWarning[],
  argv: readonly string[],
): Promise<number> {
  const session = await Session.open(raw, argv);
  checkMaxTrials(raw);
  const clearing = new Clearing(session);
  const jobs = experiment.jobs(raw, { machine: readMachine(), target: clearing.target });
  session.checkApart(jobs.flatMap(({ plan }) => pathsOf(plan)));
  const done: RunOutcome[] = [];
  try {
    await session.during(async (work) => {
      const points = jobs.map(({ phase, plan }) => ({ values: { phase }, plan, warnings: [] }));
      const progress = new ManyRunsProgress(work.progress, points, true);
      progress.startAll();
      for (const job of jobs) {
        if (work.signal.aborted) break;
        const own = { ...job, warnings: [...warnings, ...clearing.warnings, ...job.warnings] };
        const context = { ...work, progress: progress.at({ phase: job.phase }), warnings: own.warnings };
        done.push(await runPhase(own, context));
      }
    });
  } catch (error) {
    // Stopped while a later phase was prepared: the earlier ones stand.
    if (!(error instanceof Stopped) || done.length === 0) throw error;
  }
  return reportRuns(done, jobs.length, session, renderPhases);
}
