/** Latency by percentile, from stored histograms. */
import { BenchError } from '../../errors.ts';
import { mergeLatencies, type PooledLatency } from '../../results/histogram.ts';
import { countedOps } from '../../results/ops.ts';
import type { Latency, Trial } from '../../results/schema.ts';
import { formatCount } from '../../values/format.ts';

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

interface CurvePoint {
  /** The percentile, 0..100. */
  x: number;
  /** ns. */
  y: number;
  /** Said of the point beside its values. */
  title?: string;
}

export interface LatencyCurve {
  name: string;
  points: CurvePoint[];
  /** Whether the histograms could be read; else only the stored percentiles are there. */
  whole: boolean;
}

function pointsOf({ percentile, N, max }: PooledLatency): CurvePoint[] {
  const points = Object.entries(percentile)
    .map(([key, y]): CurvePoint => ({ x: Number(key), y }))
    .filter(({ x }) => x < 100 && 100 / (100 - x) <= N)
    .sort((a, b) => a.x - b.x);
  const last: CurvePoint = { x: 100 * (1 - 1 / N), y: max, title: `the most of ${formatCount(N)}` };
  return N === 0 ? [] : [...points.filter(({ x }) => x < last.x), last];
}

/** What can be said of latencies whose histograms are damaged: the largest trial's stored percentiles. */
function storedOf(parts: readonly Latency[]): PooledLatency {
  const [most] = [...parts].sort((a, b) => b.N - a.N);
  return most ?? { mean: 0, min: 0, max: 0, N: 0, percentile: {} };
}

function curveOf({ name, trials }: CurveSource, of: 'lat_ns' | 'service_ns'): LatencyCurve {
  const parts = trials.flatMap(countedOps).flatMap((op) => op[of] ?? []);
  try {
    return { name, points: pointsOf(mergeLatencies(parts, PERCENTILES)), whole: true };
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    return { name, points: pointsOf(storedOf(parts)), whole: false };
  }
}

/** Of jobs with a rate: what a response is, and beside it from when it was sent. */
export function curvesOf(sources: readonly CurveSource[]): LatencyCurve[] {
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
