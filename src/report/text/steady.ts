/** When the trials of --steady-state had become steady, in words. */
import type { BackendResult, RunResult } from '../../results/schema.ts';
import type { SteadyState } from '../../results/schema-series.ts';
import { formatDuration, formatIops, formatLatency, formatMiBps, formatPct } from '../../values/format.ts';

/** The mean of a window as its metric is shown elsewhere. */
function meanText(rule: string, mean: number): string {
  if (rule.startsWith('lat')) return formatLatency(mean);
  return rule.startsWith('bw') ? `${formatMiBps(mean)} MiB/s` : `${formatIops(mean)} IOPS`;
}

/** "240 s (46,200 IOPS, range 3.2 %, slope 0.4 %)" */
function steadyText({ rule, at_ns: at, window }: SteadyState): string {
  if (at === null || window === null) return 'never';
  const { mean, range, excursion } = window;
  const figures = `${meanText(rule, mean)}, range ${formatPct(range * 100)} %, slope ${formatPct(excursion * 100)} %`;
  return `after ${formatDuration(at)} (${figures})`;
}

/** Of the trials of a backend: of several the one that took longest, and how many never were. */
function ofBackend({ label, trials }: BackendResult): string[] {
  const all = trials.flatMap(({ steady_state: steady }) => steady ?? []);
  const known = all.filter(({ at_ns: at }) => at !== null);
  const [first] = all;
  if (first === undefined) return [];
  const last = known.reduce((a, b) => ((b.at_ns ?? 0) > (a.at_ns ?? 0) ? b : a), known[0] ?? first);
  const never =
    known.length > 0 && known.length < all.length
      ? `, ${all.length - known.length} of ${all.length} trials never`
      : '';
  return [`${label} ${known.length > 1 ? 'at most ' : ''}${steadyText(last)}${never}`];
}

/** One for each backend; none without --steady-state. */
export function steadyItems({ backends }: Pick<RunResult, 'backends'>): string[] {
  return backends.flatMap(ofBackend);
}
