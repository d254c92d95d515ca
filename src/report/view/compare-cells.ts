/** Numbers of a comparison as people read them. */
import { type Metric, parseMetric } from '../../compare/metrics.ts';
import type { MetricComparison } from '../../compare/schema.ts';
import type { Estimate } from '../../stats/difference.ts';
import { formatChange } from '../../values/format.ts';
import { halfWidth } from './series.ts';

/** A ratio as a change: 1.05 is "+5.0%". */
export function ratioText(ratio: number): string {
  return formatChange((ratio - 1) * 100);
}

/** The change with what it is worth: "-10.2%", "~ +0.3%" (not significant), "? -4.0%" (too few trials to tell). */
export function changeText({ baseline, candidate, difference }: MetricComparison): string {
  if (baseline === null || candidate === null || difference === null) return 'no value';
  // Nothing has a ratio to 0.
  const ratio = difference.ratio === null ? 'from 0' : ratioText(difference.ratio);
  if (difference.verdict === 'unknown') return `? ${ratio}`;
  return difference.verdict === 'same' ? `~ ${ratio}` : ratio;
}

/** "-12.1..-8.4%": the 95 % interval of the change. */
export function changeIntervalText({ difference }: MetricComparison): string {
  if (difference === null || difference.low === null || difference.high === null) return '';
  return `${ratioText(difference.low).replace('%', '')}..${ratioText(difference.high)}`;
}

/** "548,450 IOPS". */
export function valueText(metric: Pick<Metric, 'format'>, estimate: Estimate | null): string {
  return estimate === null ? '' : metric.format(estimate.median);
}

/** "±1.2%": how far the interval of the median reaches, as in benchstat. One trial has none. */
export function plusMinusText(estimate: Estimate | null): string {
  const half = estimate === null || estimate.n === 1 ? null : halfWidth(estimate);
  if (half === null) return '';
  const pct = half * 100;
  return `±${pct < 9.95 ? pct.toFixed(1) : Math.round(pct)}%`;
}

/** "0.008", to the digits that matter; nothing without a test. */
export function probabilityText({ difference }: MetricComparison): string {
  if (difference === null || difference.test === 'none') return '';
  return difference.p < 0.0005 ? '<0.001' : difference.p.toFixed(3);
}

/** The metric that a stored comparison names. */
export function metricOf({ metric }: MetricComparison): Metric {
  return parseMetric('metric', metric);
}
