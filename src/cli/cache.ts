/** `uring-bench article cache`: a file that is larger than memory, through the page cache and past it, in one table. */

import { type CacheJob, cacheJobs, makeCacheRoom, runCache } from '../experiments/cache.ts';
import { ManyRunsProgress } from '../experiments/many-runs-progress.ts';
import type { RunOutcome } from '../jobs/runner.ts';
import type { RawOptions } from '../options/options.ts';
import { renderCache } from '../report/formats/cache.ts';
import { readMachine } from '../resolve/cpus.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { Clearing } from './clean.ts';
import { Stopped } from './failure.ts';
import { reportRuns } from './report-runs.ts';
import { Session } from './session.ts';

const valuesOf = ({ access, direct }: CacheJob) => ({ access, direct: direct ? '1' : '0' });

/** @param raw as read from the command line @param warnings of reading it */
export async function cacheCommand(
  raw: RawOptions,
  warnings: readonly ResultWarning[],
  argv: readonly string[],
): Promise<number> {
  const session = await Session.open(raw, argv);
  checkMaxTrials(raw);
  const clearing = new Clearing(session);
  const planned = cacheJobs(raw, { machine: readMachine(), target: clearing.target });
  session.checkApart(planned.jobs.flatMap(({ plan }) => pathsOf(plan)));
  const room = makeCacheRoom(planned);
  const removeGroup = (): void => room.group?.remove();
  process.once('exit', removeGroup);
  const done: RunOutcome[] = [];
  try {
    await session.during(async (work) => {
      const points = planned.jobs.map((job) => ({ values: valuesOf(job), plan: job.plan, warnings: [] }));
      const progress = new ManyRunsProgress(work.progress, points, true);
      progress.startAll();
      const contextOf = (job: CacheJob) => ({
        ...work,
        progress: progress.at(valuesOf(job)),
        warnings: [...warnings, ...clearing.warnings],
      });
      await runCache(planned, room, work, contextOf, (outcome) => done.push(outcome));
    });
  } catch (error) {
    // Stopped while a later run was prepared: the earlier ones stand.
    if (!(error instanceof Stopped) || done.length === 0) throw error;
  } finally {
    removeGroup();
    process.off('exit', removeGroup);
  }
  return reportRuns(done, planned.jobs.length, session, renderCache);
}
