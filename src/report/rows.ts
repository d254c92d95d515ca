/** The rows that all tables share: one a backend, in the order of the run. */
import type { BackendResult, RunResult, Summary, Trial } from '../results/schema.ts';
import { referenceOf, usableTrials } from '../stats/summary.ts';
import { printable } from './text.ts';

export interface Row {
  label: string;
  status: BackendResult['status'];
  /** null when there is nothing to show but the status. */
  summary: Summary | null;
  /** The trials that the summary is made of. */
  trials: readonly Trial[];
  /** Whether its numbers are of less than was asked for. */
  partial: boolean;
  /** Highest median IOPS of several complete backends. */
  best: boolean;
  /** The difference to the reference is smaller than the range of the trials can tell. */
  unclear: boolean;
}

/** With one trial each there is no range, so that nothing can be said about it. */
function overlaps(a: Summary, b: Summary): boolean {
  return a.trials > 1 && b.trials > 1 && a.iops.min <= b.iops.max && b.iops.min <= a.iops.max;
}

export function rowsOf(result: RunResult): Row[] {
  const base = referenceOf(result.backends, result.reference);
  const complete = result.backends.filter(({ status, summary }) => status === 'complete' && summary !== null);
  const top = Math.max(...complete.map((backend) => backend.summary?.iops.median ?? 0));
  return result.backends.map((backend) => {
    const { summary } = backend;
    return {
      label: printable(backend.label),
      status: backend.status,
      summary,
      trials: usableTrials(backend.trials),
      partial: summary !== null && backend.status !== 'complete',
      best: complete.length > 1 && complete.includes(backend) && summary?.iops.median === top,
      unclear: summary !== null && !!base?.summary && base !== backend && overlaps(summary, base.summary),
    };
  });
}

/** A label in pieces that may stand on lines of their own: "io_uring", "+fixedbufs", "+registerfiles". */
export function labelParts(label: string): string[] {
  return label.split(/(?=\+)/);
}

/** Trials of each backend that were asked for; of a result that doesn't say, the most that there are. */
export function plannedTrials({ jobs, backends }: RunResult): number {
  const planned = jobs[0]?.options.trials;
  return typeof planned === 'number' ? planned : Math.max(0, ...backends.map(({ trials }) => trials.length));
}
