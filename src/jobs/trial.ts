/** Runs one planned trial: fills an arena, starts its jobs, lets observers look on, collects the trial. */
import { Arena } from '../native/arena.ts';
import { openSeries, type SeriesLook, type SeriesReader } from '../native/series.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Trial } from '../results/schema.ts';
import { collectTrial } from './collect.ts';
import type { Executor } from './executors/executor.ts';
import { executors } from './executors/registry.ts';
import { jobRanges, nativeJobs } from './native-job.ts';
import type { PlannedTrial } from './plan.ts';
import { readCounters, readTrial } from './raw-trial.ts';
import { Observers } from './trial-observer.ts';

/** How soon observers are told that all jobs are there. */
const START_POLL_MS = 5;

/** Starts an arena's jobs and waits for their end; tells observers as soon as all jobs are at work. */
async function runJobs(plan: RunPlan, arena: Arena, observers: Observers): Promise<void> {
  const executor: Executor = executors[plan.isolation];
  const look = (): void => {
    const tids = executor.tids(arena);
    if (tids === null) return;
    clearInterval(timer);
    observers.started(tids);
  };
  const timer = observers.awaitStart ? setInterval(look, START_POLL_MS) : undefined;
  try {
    await executor.run(arena, plan.joinFile);
  } finally {
    clearInterval(timer);
  }
}

/**
 * One trial of one variant, from set-up to result. A signal stops it early: what was done until then is collected.
 * @throws BenchError (failed) when jobs can't be started or a job's process dies; a job that fails by itself is
 * told in the trial's `failure`.
 * @param explainFd the map by which a tracer is told of the jobs' window (Tracer.fd); -1: nobody traces
 */
export async function runTrial(
  plan: RunPlan,
  run: PlannedTrial,
  signal: AbortSignal,
  observers: Observers = new Observers([]),
  explainFd = -1,
): Promise<Trial> {
  const arena = new Arena(nativeJobs(plan, run), explainFd);
  const stop = (): void => arena.stop();
  signal.addEventListener('abort', stop);
  let trial: Trial | null = null;
  let series: SeriesReader | undefined;
  const look = (): SeriesLook => {
    series ??= openSeries(arena.handle);
    return series.take();
  };
  try {
    await observers.prepare({ plan, run, counters: () => readCounters(arena), look, stop });
    if (signal.aborted) stop();
    await runJobs(plan, arena, observers);
    trial = collectTrial(readTrial(arena, jobRanges(plan)), plan, run, signal.aborted);
    return trial;
  } finally {
    signal.removeEventListener('abort', stop);
    await observers.ended(trial);
    series?.close();
    arena.close();
  }
}
