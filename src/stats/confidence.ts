/** How wide the intervals of a run are: when --until-confident has enough. */
import type { BackendResult, Summary } from '../results/schema.ts';

/** The fewest trials whose order statistics reach 95 %: an interval of fewer is not believed. */
export const INTERVAL_TRIALS_LEAST = 6;

export interface Width {
  /** The backend whose interval it is. */
  label: string;
  /** high - low in percent of the value itself; Infinity when it has no bound or too few trials. */
  pct: number;
}

function widthPct(low: number | null, high: number | null, value: number | null, n: number): number {
  if (n < INTERVAL_TRIALS_LEAST || low === null || high === null || !value) return Number.POSITIVE_INFINITY;
  return ((high - low) / value) * 100;
}

function widthOf(summary: Summary, compared: boolean): number {
  const difference = summary.vs_reference?.iops;
  if (difference) return widthPct(difference.low, difference.high, difference.ratio, difference.n);
  // The reference has no difference to itself: its interval counts where nothing is compared.
  if (compared) return 0;
  return widthPct(summary.iops.low, summary.iops.high, summary.iops.median, summary.iops.n);
}

/**
 * The widest interval of the backends that still run: of each one's difference in IOPS to the reference, or of the
 * median IOPS when nothing is compared. Null when none has a number.
 */
export function widestInterval(backends: readonly BackendResult[]): Width | null {
  const running = backends.filter(({ status }) => status === 'complete');
  const compared = running.some(({ summary }) => summary?.vs_reference);
  const widths = running.flatMap(({ label, summary }) =>
    summary === null ? [] : [{ label, pct: widthOf(summary, compared) }],
  );
  return widths.reduce<Width | null>(
    (widest, width) => (width.pct > (widest?.pct ?? -1) ? width : widest),
    null,
  );
}
