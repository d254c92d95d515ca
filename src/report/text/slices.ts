/** The intervals of a trial as charts need them: few enough, with neighbours merged exactly. */
import { BenchError } from '../../errors.ts';
import { lowestNsAt, mergeCounts, percentileKey, percentilesOf } from '../../results/histogram.ts';
import type { Trial } from '../../results/schema.ts';
import type { IntervalConditions, SeriesInterval } from '../../results/schema-series.ts';
import { countedOperations } from '../../workload/operations.ts';

/** Some intervals that follow each other, as one. */
export interface Slice {
  startNs: number;
  lengthNs: number;
  ios: number;
  intervals: readonly SeriesInterval[];
  /** Means over its intervals, of those that have one. */
  conditions: IntervalConditions;
}

function countedOf({ ops }: SeriesInterval) {
  return countedOperations.flatMap(({ name }) => ops[name] ?? []);
}

function meanOf(intervals: readonly SeriesInterval[], key: keyof IntervalConditions): number | undefined {
  const values = intervals.flatMap(({ conditions }) => conditions?.[key] ?? []);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sliceOf(intervals: readonly SeriesInterval[]): Slice {
  const conditions: IntervalConditions = {};
  for (const key of ['cpu_busy_pct', 'steal_pct', 'temperature_c'] as const) {
    const value = meanOf(intervals, key);
    if (value !== undefined) conditions[key] = value;
  }
  return {
    startNs: intervals[0]?.start_ns ?? 0,
    lengthNs: intervals.reduce((sum, { length_ns }) => sum + length_ns, 0),
    ios: intervals.flatMap(countedOf).reduce((sum, { ios }) => sum + ios, 0),
    intervals,
    conditions,
  };
}

/** The trial in the middle: what a backend usually does. */
export function typicalTrial(trials: readonly Trial[]): Trial | undefined {
  return [...trials].sort((a, b) => a.iops - b.iops)[Math.floor((trials.length - 1) / 2)];
}

/** A trial in at most so many slices; without those that have no length. */
export function slicesOf({ series }: Pick<Trial, 'series'>, most: number): Slice[] {
  const intervals = series?.intervals ?? [];
  const each = Math.max(1, Math.ceil(intervals.length / most));
  const slices: Slice[] = [];
  for (let at = 0; at < intervals.length; at += each) slices.push(sliceOf(intervals.slice(at, at + each)));
  return slices.filter(({ lengthNs }) => lengthNs > 0);
}

/** A percentile of a slice's latencies; null without any, and where the histograms are damaged. */
export function tailOf({ intervals }: Slice, percentile: number): number | null {
  const lats = intervals.flatMap(countedOf).filter(({ ios }) => ios > 0);
  const key = percentileKey(percentile);
  const [only] = lats;
  if (only === undefined) return null;
  if (lats.length === 1) return only.lat.percentile[key] ?? null;
  try {
    const counts = mergeCounts(lats.map(({ lat }) => lat.hdr));
    const max = Math.max(...lats.map(({ lat }) => lat.max));
    return percentilesOf(counts, [percentile], { min: 0, max })[key] ?? null;
  } catch (error) {
    if (error instanceof BenchError) return null;
    throw error;
  }
}

interface LatencyGrid {
  /** Of each column, ns. */
  starts: number[];
  /** The least latency of each row, the longest latencies first. */
  floors: number[];
  /** I/Os by row and column; null: none. */
  cells: (number | null)[][];
}

/** Rows of a map of latencies at the most, unless fewer are wanted. */
const ROWS_MAX = 24;
/** How far apart rows are that stand close: 10 in a decade. */
const FINE = 10 ** 0.1;

/** Counts of latencies by time and by size; null where there are none. @throws BenchError (usage) for damaged histograms */
export function latencyGrid(slices: readonly Slice[], rowsMax = ROWS_MAX): LatencyGrid | null {
  const counts = slices.map(({ intervals }) =>
    mergeCounts(intervals.flatMap(countedOf).map(({ lat }) => lat.hdr)),
  );
  const used = counts.flatMap((all) => {
    const first = all.findIndex((count) => count > 0);
    return first < 0 ? [] : [lowestNsAt(first), lowestNsAt(all.findLastIndex((count) => count > 0))];
  });
  if (used.length === 0) return null;
  const [low, high] = [Math.max(1, Math.min(...used)), Math.max(...used, 2)];
  const step = Math.max(FINE, (high / low) ** (1 / rowsMax) * 1.0001);
  const rowOf = (ns: number): number =>
    Math.max(0, Math.floor(Math.log(Math.max(ns, low) / low) / Math.log(step)));
  const rows = rowOf(high) + 1;
  const cells = Array.from({ length: rows }, (): (number | null)[] => Array(slices.length).fill(null));
  for (const [column, all] of counts.entries()) {
    for (const [index, count] of all.entries()) {
      if (count === 0) continue;
      const row = cells[rows - 1 - rowOf(lowestNsAt(index))];
      if (row !== undefined) row[column] = (row[column] ?? 0) + count;
    }
  }
  return {
    starts: slices.map(({ startNs }) => startNs),
    floors: Array.from({ length: rows }, (_, at) => low * step ** (rows - 1 - at)),
    cells,
  };
}
