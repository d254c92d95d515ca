/** Runs one planned run: fills an arena, starts its jobs, shows progress, collects the trial. */

import { LAYOUT, UB } from '../native/abi.ts';
import { Arena } from '../native/arena.ts';
import { fieldOf, type Reader } from '../native/codec.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import type { Trial } from '../results/schema.ts';
import { collectTrial } from './collect.ts';
import { nativeJobs } from './native-job.ts';
import { type PlannedRun, trialNs } from './plan.ts';
import type { Progress } from './progress.ts';

const POLL_MS = 200;
/** Past its planned end by this much, a run is said to hang. */
const LATE_SECONDS = 10;

interface Counters {
  ios: number;
  bytes: number;
  latencyNs: number;
  errors: number;
}

function countersOf(arena: Arena, results: Reader): Counters {
  const sum = { ios: 0, bytes: 0, latencyNs: 0, errors: 0 };
  const lat = fieldOf('opResult', 'lat').offset + UB.LAT_TOTAL * LAYOUT.latency.size;
  for (let j = 0; j < arena.njobs; j++) {
    const base = arena.resultBase(j);
    sum.errors += results.number(base, 'result', 'errors_total');
    for (let op = 0; op < UB.OP_SYNC; op++) {
      const at = base + fieldOf('result', 'ops').offset + op * LAYOUT.opResult.size;
      sum.ios += results.number(at, 'opResult', 'ios');
      sum.bytes += results.number(at, 'opResult', 'bytes');
      sum.latencyNs += Number(results.bigint(at + lat, 'latency', 'sum_ns'));
    }
  }
  return sum;
}

/** Share of the bounded amount that is done; null when only time bounds the run. */
function fractionDone(job: ResolvedJob, now: Counters): number | null {
  const { ios, bytes } = job.bounds;
  const shares = [ios ? now.ios / (ios * job.numjobs) : 0, bytes ? now.bytes / (bytes * job.numjobs) : 0];
  return ios || bytes ? Math.min(1, Math.max(...shares)) : null;
}

/** Samples the live counters until stopped. The counters may step back once, when ramp_time is over. */
function watch(arena: Arena, job: ResolvedJob, run: PlannedRun, progress: Progress): () => void {
  const startedAt = performance.now();
  const planned = trialNs(job);
  const trialSeconds = planned === null ? null : planned / 1e9;
  let before: Counters = { ios: 0, bytes: 0, latencyNs: 0, errors: 0 };
  let beforeAt = startedAt;
  let late = false;
  const timer = setInterval(() => {
    const now = countersOf(arena, arena.results());
    const at = performance.now();
    if (now.ios < before.ios) before = { ios: 0, bytes: 0, latencyNs: 0, errors: before.errors };
    const seconds = (at - beforeAt) / 1000;
    const ios = now.ios - before.ios;
    const elapsedSeconds = (at - startedAt) / 1000;
    progress.sample({
      variant: run.variant.label,
      trial: run.trial,
      elapsedSeconds,
      trialSeconds,
      fractionDone: fractionDone(job, now),
      iops: ios / seconds,
      bwBytes: (now.bytes - before.bytes) / seconds,
      meanLatencyNs: ios > 0 ? (now.latencyNs - before.latencyNs) / ios : 0,
      errors: now.errors,
    });
    if (!late && trialSeconds !== null && elapsedSeconds > trialSeconds + LATE_SECONDS) {
      late = true;
      progress.note(
        `${run.variant.label}: still waiting for I/O ${LATE_SECONDS} s after its end: does the device hang?`,
      );
    }
    before = now;
    beforeAt = at;
  }, POLL_MS);
  return () => clearInterval(timer);
}

/**
 * One trial of one variant, from set-up to result. A signal stops it early: what was done until then is collected.
 * @throws BenchError (failed) when jobs can't be started or a job's process dies; a job that fails by itself is
 * told in the trial's `failure`.
 */
export async function runTrial(
  job: ResolvedJob,
  run: PlannedRun,
  progress: Progress,
  signal: AbortSignal,
): Promise<Trial> {
  const arena = new Arena(nativeJobs(job, run));
  const stop = (): void => arena.stop();
  signal.addEventListener('abort', stop);
  const unwatch = watch(arena, job, run, progress);
  try {
    if (signal.aborted) stop();
    if (job.isolation === 'process') await arena.runProcesses();
    else await arena.runThreads();
    return collectTrial(arena, job, run, signal.aborted);
  } finally {
    unwatch();
    signal.removeEventListener('abort', stop);
    arena.close();
  }
}
