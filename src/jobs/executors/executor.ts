/** What starts the jobs of an arena. */
import { BenchError, isSystemError, systemHint } from '../../errors.ts';
import { UB } from '../../native/abi.ts';
import type { Arena } from '../../native/arena.ts';

export interface Executor {
  /**
   * Starts all jobs of an arena and waits for their end.
   * @param joinFile cgroup.procs of a group that they are to be in: of processes alone
   * @throws BenchError (failed) when one can't be started, or ends otherwise than by itself; all have ended by then
   */
  run(arena: Arena, joinFile?: string): Promise<void>;
  /**
   * Thread ids of the jobs that are at work, once all of them are at the barrier or past it; null as long as they are
   * not, and when none is at work any more. A job that is a process has its id.
   */
  tids(arena: Arena): number[] | null;
}

/** Jobs on this machine write their own ids. */
export function tidsAtWork(arena: Arena): number[] | null {
  const results = arena.results();
  const jobs = Array.from({ length: arena.njobs }, (_, job) => {
    const base = arena.resultBase(job);
    return {
      state: results.number(base, 'result', 'state'),
      tid: results.number(base, 'result', 'tid'),
    };
  });
  if (jobs.some(({ state }) => state < UB.STATE_READY)) return null;
  const atWork = jobs.filter(({ state }) => state < UB.STATE_FINISHED);
  return atWork.length > 0 ? atWork.map(({ tid }) => tid) : null;
}

/** What becomes of a trial whose job did not start, or ended otherwise than by itself. @param cause a system call's error */
export function jobError(message: string, stage: string, cause: unknown): BenchError {
  const errno = isSystemError(cause) ? Math.abs(cause.errno) : undefined;
  const hint = errno === undefined ? undefined : systemHint(errno);
  const known = { ...(errno === undefined ? {} : { errno }), ...(hint === undefined ? {} : { hint }) };
  return new BenchError(message, { kind: 'failed', stage, ...known });
}

/** Waits for the ends of all jobs. @throws what the first of them has failed with, once all have ended */
export async function allEnded(jobs: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(jobs);
  const failed = outcomes.find((o): o is PromiseRejectedResult => o.status === 'rejected');
  if (failed) throw failed.reason;
}
