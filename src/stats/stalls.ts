/**
 * Trials in which all stood still for a while, or that lasted longer than they were to: a suspended device, a path or drive
 * that retried, a stopped process, a queue that took long to drain. Their figures are means over that, too.
 */
import type { ResultWarning, RunResult, Trial } from '../results/schema.ts';
import { completeTrials, runWarning, trialsWarning, type Whose } from './condition-warning.ts';

/** Where I/Os take that long by themselves, none ending for a second is how slow the device is, no stall. */
const SLOW_IO_NS = 250_000_000;
/** A trial may overrun by so much: what is in flight at its end is waited for. */
const OVERRUN_SHARE = 0.25;
const OVERRUN_NS = 500_000_000;

/** "8.0 s" */
function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(1)} s`;
}

/** Whether half of a trial's I/Os, of any operation, take so long that a second is a few of them. */
function isSlow({ ops }: Trial): boolean {
  return Object.values(ops).some(
    ({ lat_ns: lat }) => lat.N > 0 && (lat.percentile['50.000000'] ?? lat.mean) > SLOW_IO_NS,
  );
}

/** Of a trial, in nanoseconds; null when nothing stood still. */
export function stalledNs(trial: Trial): number | null {
  const { stalled_ns: stalled = 0 } = trial;
  return stalled === 0 || isSlow(trial) ? null : stalled;
}

/** How long the trials were to last, as the stored job says; null where something else ends them, or jobs follow each other. */
function wantedNs({ jobs }: RunResult): number | null {
  const [job, second] = jobs;
  const runtime = job?.options.runtime;
  return job === undefined || second !== undefined || typeof runtime !== 'number' ? null : runtime * 1e9;
}

function overruns(trials: readonly Whose[], wanted: number): ResultWarning[] {
  const late = trials.filter(
    ({ trial }) =>
      trial.runtime_ns - wanted - (stalledNs(trial) ?? 0) > Math.max(OVERRUN_NS, wanted * OVERRUN_SHARE),
  );
  if (late.length === 0) return [];
  const worst = late.reduce((a, b) => (b.trial.runtime_ns > a.trial.runtime_ns ? b : a));
  const where = late.length === 1 ? '' : ` (${late.length} of ${trials.length} trials did)`;
  const message =
    `${worst.backend.label}, trial ${worst.trial.trial}, lasted ${seconds(worst.trial.runtime_ns)} where` +
    ` runtime=${seconds(wanted)}: what was in flight or cached at its end took that long${where}`;
  return [runWarning('overrun', message)];
}

/** What stood still or lasted too long, of the trials that are complete. */
export function stallWarnings(result: RunResult): ResultWarning[] {
  const trials = completeTrials(result);
  const wanted = wantedNs(result);
  return [
    ...trialsWarning(
      trials,
      'stalled',
      'no I/O ended for a second or more at a time (a suspended or retrying device, or a stopped process)',
      stalledNs,
      seconds,
    ),
    ...(wanted === null ? [] : overruns(trials, wanted)),
  ];
}
