/** Latency by percentile, from stored histograms. */
import { BenchError } from '../../../errors.ts';
import { mergeLatencies, type PooledLatency } from '../../../results/histogram.ts';
import { countedOps } from '../../../results/ops.ts';
import type { Latency, Trial } from '../../../results/schema.ts';
import { formatCount, formatLatency } from '../../../values/format.ts';
import { lineChart } from '../charts/line.ts';
import { shortTime } from '../charts/numbers.ts';
import type { ChartPoint, Line } from '../charts/spec.ts';
import { paragraph } from './parts.ts';

/** Where curves have points, as far out as there are samples. */
const PERCENTILES: readonly number[] = [
  ...[0, 10, 25, 50, 75, 90, 95, 98],
  ...[99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.998, 99.999, 99.9995, 99.9999],
];

/** Trials whose latencies are one curve. */
export interface CurveSource {
  name: string;
  trials: readonly Pick<Trial, 'ops'>[];
}

interface Curve extends Line {
  /** Whether the histograms could be read; else only the stored percentiles are there. */
  whole: boolean;
}

function pointsOf({ percentile, N, max }: PooledLatency): ChartPoint[] {
  const points = Object.entries(percentile)
    .map(([key, y]): ChartPoint => ({ x: Number(key), y }))
    .filter(({ x }) => x < 100 && 100 / (100 - x) <= N)
    .sort((a, b) => a.x - b.x);
  const last: ChartPoint = { x: 100 * (1 - 1 / N), y: max, title: `the most of ${formatCount(N)}` };
  return N === 0 ? [] : [...points.filter(({ x }) => x < last.x), last];
}

/** What can be said of latencies whose histograms are damaged: the largest trial's stored percentiles. */
function storedOf(parts: readonly Latency[]): PooledLatency {
  const [most] = [...parts].sort((a, b) => b.N - a.N);
  return most ?? { mean: 0, min: 0, max: 0, N: 0, percentile: {} };
}

function curveOf({ name, trials }: CurveSource, of: 'lat_ns' | 'service_ns'): Curve {
  const parts = trials.flatMap(countedOps).flatMap((op) => op[of] ?? []);
  try {
    return { name, points: pointsOf(mergeLatencies(parts, PERCENTILES)), whole: true };
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    return { name, points: pointsOf(storedOf(parts)), whole: false };
  }
}

/** Of jobs with a rate: what a response is, and beside it from when it was sent. */
function curvesOf(sources: readonly CurveSource[]): Curve[] {
  return sources.flatMap((source) => {
    const response = curveOf(source, 'lat_ns');
    const rated = source.trials.some((trial) => countedOps(trial).some((op) => op.service_ns !== undefined));
    if (!rated) return [response];
    return [
      { ...response, name: `${source.name} response` },
      { ...curveOf(source, 'service_ns'), name: `${source.name} service` },
    ];
  });
}

/** The curve of each; '' where there is no latency. */
export function latencyCurves(id: string, title: string, sources: readonly CurveSource[]): string {
  const lines = curvesOf(sources).filter(({ points }) => points.length > 0);
  const chart = lineChart({
    id,
    title,
    description: `How long the slowest I/Os took: each step to the right is ten times rarer. ${lines
      .map(({ name, points }) => `${name}: at most ${formatLatency(points.at(-1)?.y ?? 0)}`)
      .join('; ')}.`,
    x: { label: 'percentile of I/Os', scale: 'percentile' },
    y: { label: 'latency', scale: 'log', format: shortTime },
    lines,
  });
  const damaged = lines.filter(({ whole }) => !whole).map(({ name }) => name);
  if (chart === '' || damaged.length === 0) return chart;
  return (
    chart +
    paragraph(
      `Histograms of ${damaged.join(', ')} cannot be read: stored percentiles of one trial alone.`,
      'legendline',
    )
  );
}
