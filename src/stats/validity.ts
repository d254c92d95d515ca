/** What of a run can be trusted, in one sentence. */
import type { BackendResult, ResultWarning, RunResult } from '../results/schema.ts';
import type { Validity } from '../results/schema-statistics.ts';
import { joined } from '../values/format.ts';
import { own } from '../values/own.ts';
import { INTERVAL_TRIALS_LEAST } from './confidence.ts';
import { errorsText } from './error-share.ts';
import { usableTrials } from './summary.ts';

/** Warnings after which numbers are not what their name says. */
const UNSOUND: Readonly<Record<string, string>> = {
  'offsets-differ': 'the backends were not given the same I/O: do not compare them',
  'io-limit': "the control group's io.max is what was measured, not the device",
  'latency-below-device': 'it was faster than the device can be: something else was measured',
  'above-link': 'it was faster than the link to the device: something else was measured',
  'file-has-holes': 'holes are not read from the device: the figures are not those of the device',
};

/** What makes figures of another hour differ, and how it is called. */
const DISTURBING: Readonly<Record<string, string>> = {
  drift: 'drift',
  'steal-time': 'steal time',
  'other-cpu-load': 'other CPU load',
  'cpu-throttled': 'thermal throttling',
  'cpu-frequency': 'a changing CPU clock',
  'device-load': 'other load on the device',
  'device-busy': 'other load on the device',
  pressure: 'pressure by others',
  'cpu-quota': "the control group's CPU quota",
  'memory-limit': "the control group's memory limit",
  stalled: 'a standstill',
};

function disturbers(warnings: readonly ResultWarning[]): string[] {
  return [...new Set(warnings.flatMap(({ code }) => own(DISTURBING, code) ?? []))];
}

/** Fewest usable trials of the backends that have any. */
function fewestTrials(backends: readonly BackendResult[]): number {
  const counts = backends.map(({ trials }) => usableTrials(trials).length).filter((n) => n > 0);
  return counts.length > 0 ? Math.min(...counts) : 0;
}

/** Differences that no number of blocks so far can tell. */
function missingBlocks(backends: readonly BackendResult[]): number {
  return Math.max(0, ...backends.map(({ summary }) => summary?.vs_reference?.iops.more_trials ?? 0));
}

/** What the number of trials allows to say; null when there is nothing to add. */
function trialsPart(backends: readonly BackendResult[], n: number): string | null {
  const missing = missingBlocks(backends);
  if (missing > 0)
    return `${trials(n)} of each cannot tell a difference: ${missing} more ${missing === 1 ? 'is' : 'are'} needed`;
  if (n === 1) return 'one trial has no interval: it says nothing about the next one (--trials)';
  return null;
}

function trials(n: number): string {
  return n === 1 ? '1 trial' : `${n} trials`;
}

function disturbedPart(names: readonly string[], compared: boolean): string {
  const trust = compared
    ? 'trust the differences, which blocks protect, more than the figures themselves'
    : 'another hour may give other figures';
  return `${joined(names)} disturbed it: ${trust}`;
}

/** What the run rests on when nothing is wrong. */
function soundText(n: number, compared: boolean): string {
  const interval =
    n < INTERVAL_TRIALS_LEAST
      ? `intervals are the range of the trials, which covers ${((1 - 2 * 0.5 ** n) * 100).toFixed(0)} %`
      : 'intervals are 95 %';
  const what = compared ? `${trials(n)} of each in shuffled blocks` : trials(n);
  return `${what}, nothing seen that disturbed them; ${interval}`;
}

/** Judges a run by its trials and warnings. */
export function validityOf(result: RunResult): Validity {
  const { backends, warnings, status } = result;
  const n = fewestTrials(backends);
  if (n === 0) return { verdict: 'unsound', text: 'no trial gave a number' };
  const codes = new Set(warnings.map(({ code }) => code));
  const unsound = Object.entries(UNSOUND).flatMap(([code, text]) => (codes.has(code) ? [text] : []));
  for (const backend of backends) {
    const text = errorsText(backend);
    if (text !== null) unsound.push(`${backend.label}: ${text}`);
  }
  if (unsound.length > 0) return { verdict: 'unsound', text: unsound.join('; ') };

  const compared = backends.some(({ summary }) => summary?.vs_reference);
  const names = disturbers(warnings);
  const parts = [
    status === 'complete' ? null : 'not all trials are there',
    trialsPart(backends, n),
    names.length > 0 ? disturbedPart(names, compared) : null,
    codes.has('reads-from-cache') ? 'reads came from a cache: the figures are not those of the device' : null,
    codes.has('memory-backed')
      ? 'the target is memory: the figures say what software costs, nothing of a drive'
      : null,
    codes.has('never-steady') ? 'it never became steady: a longer run may give other figures' : null,
    codes.has('overrun')
      ? 'trials lasted longer than they were to: the end of the queue is in their figures'
      : null,
    codes.has('outlier-trial') ? 'outliers are in means and maxima; medians hold' : null,
    codes.has('confidence-limit') ? 'intervals are wider than was asked for' : null,
    codes.has('few-ios') ? 'high percentiles rest on few I/Os' : null,
  ].filter((part) => part !== null);
  if (parts.length > 0) return { verdict: 'limited', text: parts.join('; ') };
  return { verdict: 'sound', text: soundText(n, compared) };
}
