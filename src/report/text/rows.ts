/** The rows that all tables share: one a backend, in the order of the run, and one for each of its groups of jobs. */
import type { BackendResult, RunResult, Summary, Trial } from '../../results/schema.ts';
import { backendRows } from '../../stats/groups.ts';
import { usableTrials } from '../../stats/summary.ts';
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
}

export function rowsOf(result: RunResult): Row[] {
  const complete = result.backends.filter(({ status, summary }) => status === 'complete' && summary !== null);
  const top = Math.max(...complete.map((backend) => backend.summary?.iops.median ?? 0));
  return backendRows(result).map((backend) => {
    const { summary } = backend;
    return {
      label: printable(backend.label),
      status: backend.status,
      summary,
      trials: usableTrials(backend.trials),
      partial: summary !== null && backend.status !== 'complete',
      best: complete.length > 1 && complete.includes(backend) && summary?.iops.median === top,
    };
  });
}

/** A label in pieces that may stand on lines of their own: "io_uring", "+fixedbufs", "+registerfiles". */
export function labelParts(label: string): string[] {
  return label.split(/(?=\+)/);
}

/**
 * Trials of each backend that were asked for; the most that there are where that is not known: of a result that
 * doesn't say, and of one that went on until it was confident.
 */
export function plannedTrials({ jobs, backends, report }: RunResult): number {
  const { trials: planned, 'until-confident': until } = jobs[0]?.options ?? {};
  const most = Math.max(0, ...backends.map(({ trials }) => trials.length));
  // A search takes as many as it needs.
  if (typeof planned !== 'number' || report?.kind === 'latency-target') return most;
  return typeof until === 'number' ? Math.max(planned, most) : planned;
}
