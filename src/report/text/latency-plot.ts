/** Latency by percentile as text: a curve a backend, each further nine as wide as the one before. */
import { curvesOf } from './latency-curves.ts';
import { drawPlot, SERIES_MAX } from './plot.ts';
import type { Row } from './rows.ts';

/** Percentiles that are named below the curves, as far as these reach. */
const NAMED = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999];

/** How a chart is drawn. */
export interface ChartOptions {
  /** No line is wider. */
  columns: number;
  color: boolean;
  /** For a terminal that shows nothing else. */
  ascii: boolean;
}

/** Where a percentile lies: 1/(1-p), each ten times as far as wide as the ten times before. */
function nines(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

/** Nanoseconds in fio's units, as short as they can be: 500 ns, 20 usec, 1.5 msec. */
export function shortLatency(ns: number): string {
  const digits = (value: number): string => String(Number(value.toPrecision(2)));
  if (ns < 995) return `${digits(ns)} ns`;
  if (ns < 995e3) return `${digits(ns / 1e3)} usec`;
  return ns < 995e6 ? `${digits(ns / 1e6)} msec` : `${digits(ns / 1e9)} sec`;
}

/** The lines of the plot; none where there is no latency. Backends beyond the eighth are left out, and it is said. */
export function latencyPlot(rows: readonly Row[], { columns, ascii }: ChartOptions): string[] {
  const curves = curvesOf(rows.map(({ label, trials }) => ({ name: label, trials }))).filter(
    ({ points }) => points.length > 0,
  );
  const shown = curves.slice(0, SERIES_MAX).map(({ name, points }) => ({
    name,
    points: points.filter(({ y }) => y > 0).map(({ x, y }) => ({ x: nines(x), y })),
  }));
  const left = curves.length - shown.length;
  return drawPlot(shown, {
    title: `latency by percentile${left > 0 ? ` (the first ${SERIES_MAX} of ${curves.length})` : ''}`,
    columns,
    xName: 'percentile, by 1/(1-p)',
    formatX: (x) => NAMED.map((one) => `p${one}`).find((_, at) => nines(NAMED[at] ?? 0) === x) ?? '',
    formatY: shortLatency,
    ticksX: NAMED.map(nines),
    log: true,
    ascii,
  });
}
