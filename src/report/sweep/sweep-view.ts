/** What a report of a sweep shows: which metrics, which limit; and the cells of its rows. */

import { type Metric, parseMetric, parseMetrics } from '../../compare/metrics.ts';
import { usageError } from '../../errors.ts';
import { defaultOf } from '../../options/option-reader.ts';
import type { RawOptions } from '../../options/options.ts';
import type { BackendResult } from '../../results/schema.ts';
import type { LatencyLimit, SweepPoint, SweepResult } from '../../results/sweep-schema.ts';
import { type Estimate, estimate } from '../../stats/difference.ts';
import { backendRows } from '../../stats/groups.ts';
import { usableTrials } from '../../stats/summary.ts';
import { formatIops, formatMiBps, formatUsec } from '../../values/format.ts';
import { own } from '../../values/own.ts';
import { formatTime, parseTime, shown } from '../../values/units.ts';
import { printable } from '../text/text.ts';

const DEFAULT_METRICS = ['iops', 'bw', 'lat_mean', 'lat_p99', 'cpu_per_io'];
/** The latency of curves when no limit names another. */
const USUAL_LATENCY = 'lat_p99';

export interface SweepView {
  metrics: readonly Metric[];
  limit: LatencyLimit | null;
  /** The latency of curves and of the limit. */
  latency: Metric;
  kneeGainPct: number;
}

type ReportSettings = SweepResult['report'];

/** `p99:500us`, `mean:200us`, `clat_p99.9:1ms`. @throws BenchError (usage) */
export function parseLimit(option: string, text: string): LatencyLimit {
  const at = text.lastIndexOf(':');
  if (at < 0) throw usageError(`${shown(option, text)} is not WHAT:TIME`, 'like p99:500us or mean:200us');
  const what = text.slice(0, at);
  const name = /^(p\d|mean|min|max|stddev)/i.test(what) ? `lat_${what}` : what;
  const metric = parseMetric(option, name);
  if (metric.unit !== 'ns') {
    throw usageError(`${shown(option, text)}: ${metric.name} is not a latency`, 'like p99:500us');
  }
  const ns = parseTime(option, text.slice(at + 1), 'us');
  if (ns === 0) throw usageError(`${shown(option, text)}: nothing takes no time`);
  return { metric: metric.name, ns };
}

/**
 * What to show: as asked for, else as stored with the sweep, else the usual.
 * @throws BenchError (usage) for an unknown metric or a limit that cannot be read
 */
export function reportSettings(raw: RawOptions, stored: ReportSettings | null): ReportSettings {
  const asked = raw.metric?.flatMap((text) => text.split(','));
  const limit = raw['latency-limit'];
  return {
    metrics: asked
      ? parseMetrics('metric', asked).map(({ name }) => name)
      : (stored?.metrics ?? DEFAULT_METRICS),
    latency_limit: limit === undefined ? (stored?.latency_limit ?? null) : parseLimit('latency-limit', limit),
    knee_gain_pct: raw['knee-gain'] ?? stored?.knee_gain_pct ?? defaultOf('knee-gain'),
  };
}

/** @throws BenchError (usage) when a stored name is not a metric's */
export function sweepView(settings: ReportSettings): SweepView {
  const { metrics, latency_limit: limit, knee_gain_pct: kneeGainPct } = settings;
  return {
    metrics: parseMetrics('metric', metrics),
    limit,
    latency: parseMetric('latency-limit', limit?.metric ?? USUAL_LATENCY),
    kneeGainPct,
  };
}

/** `lat_p99 <= 500us` */
export function limitText({ metric, ns }: LatencyLimit): string {
  return `${metric} <= ${formatTime(ns)}`;
}

/** A metric over the trials of a backend; null when no trial has it. */
export function estimateOf({ trials }: BackendResult, metric: Metric): Estimate | null {
  const samples = usableTrials(trials).flatMap((trial) => metric.of(trial) ?? []);
  return samples.length === 0 ? null : estimate(samples);
}

/** The heading says the unit where cells would only repeat it. */
export function metricHead({ name, unit }: Metric): string {
  if (unit === 'B/s') return `${name} MiB/s`;
  return unit === 'ns/io' ? `${name} usec` : name;
}

export function metricValue(metric: Metric, value: number): string {
  if (metric.unit === 'io/s') return formatIops(value);
  if (metric.unit === 'B/s') return formatMiBps(value);
  if (metric.unit === 'ns/io') return formatUsec(value);
  return metric.format(value);
}

/** How far the interval of the median reaches to its farther side: `±3%`; empty for one trial. */
export function shortMarginText({ median, low, high, n }: Estimate): string {
  if (n < 2) return '';
  const share = median > 0 ? Math.max(high - median, median - low) / median : 0;
  const pct = share * 100;
  return `±${pct > 0 && pct < 0.95 ? pct.toFixed(1) : Math.round(pct)}%`;
}

/** Labels of the backends, in the order of the runs. */
export function labelsOf({ points }: Pick<SweepResult, 'points'>): string[] {
  return [
    ...new Set(points.flatMap(({ result }) => backendRows(result).map(({ label }) => printable(label)))),
  ];
}

/** One row a backend. */
export interface SweepRow {
  /** Of the dimensions, in their order. */
  values: string[];
  label: string;
  status: BackendResult['status'];
  estimates: (Estimate | null)[];
}

export function rowsOfPoint(point: SweepPoint, dimensions: readonly string[], view: SweepView): SweepRow[] {
  const values = dimensions.map((option) => own(point.values, option) ?? '');
  return backendRows(point.result).map((backend) => ({
    values,
    label: printable(backend.label),
    status: backend.status,
    estimates: view.metrics.map((metric) => estimateOf(backend, metric)),
  }));
}
