/** Shows how a trial comes on, by the live counters of its jobs. */
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Workload } from '../workload/workload.ts';
import { trialNs } from './plan.ts';
import type { Progress } from './progress.ts';
import type { RawCounters } from './raw-trial.ts';
import type { TrialObserver, TrialView } from './trial-observer.ts';

const POLL_MS = 200;
/** Past its planned end by this much, a run is said to hang. */
const LATE_SECONDS = 10;

/** Share of the bounded amount that is done; null when only time bounds the run. */
function fractionDone({ groups }: RunPlan, now: RawCounters): number | null {
  const most = (of: (bounds: Workload['bounds']) => number): number =>
    groups.reduce((sum, { workload }) => sum + of(workload.bounds) * workload.numjobs, 0);
  const [ios, bytes] = [most((bounds) => bounds.ios), most((bounds) => bounds.bytes)];
  // Groups that only time bounds add to what is done, not to what is to be done.
  if (groups.some(({ workload: { bounds } }) => !bounds.ios && !bounds.bytes)) return null;
  return Math.min(1, Math.max(ios ? now.ios / ios : 0, bytes ? now.bytes / bytes : 0));
}

/** Samples the live counters until stopped. The counters may step back once, when ramp_time is over. */
function sampleEvery(ms: number, { plan, run, counters }: TrialView, progress: Progress): () => void {
  const startedAt = performance.now();
  const planned = trialNs(plan);
  const trialSeconds = planned === null ? null : planned / 1e9;
  let before: RawCounters = { ios: 0, bytes: 0, latencyNs: 0, errors: 0 };
  let beforeAt = startedAt;
  let late = false;
  const timer = setInterval(() => {
    const now = counters();
    const at = performance.now();
    if (now.ios < before.ios) before = { ios: 0, bytes: 0, latencyNs: 0, errors: before.errors };
    const seconds = (at - beforeAt) / 1000;
    const ios = now.ios - before.ios;
    const elapsedSeconds = (at - startedAt) / 1000;
    progress.sample({
      variant: run.variant.label,
      trial: run.trial,
      explains: run.explains === true,
      elapsedSeconds,
      trialSeconds,
      fractionDone: fractionDone(plan, now),
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
  }, ms);
  return () => clearInterval(timer);
}

/** An observer that samples each trial several times a second. */
export function observeProgress(progress: Progress): TrialObserver {
  let stop = (): void => {};
  return {
    name: 'progress',
    prepare(view) {
      stop = sampleEvery(POLL_MS, view, progress);
    },
    ended: () => stop(),
  };
}
