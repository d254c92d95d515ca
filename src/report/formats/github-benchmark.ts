/**
 * For the GitHub Action github-action-benchmark: an array of {name, unit, value, range, extra}. It knows one direction
 * a file, so there are two formats: its tools customBiggerIsBetter and customSmallerIsBetter. A comparison gives the
 * candidate's values: the action keeps the history itself.
 */
import type { Metric } from '../../compare/metrics.ts';
import { jsonText } from '../text/json.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { halfWidth, pooledSeries, type Series, seriesOf } from '../view/series.ts';
import { usualMetrics } from './metric-list.ts';

interface Bench {
  name: string;
  unit: string;
  value: number;
  /** Shown behind the value, as it is. */
  range?: string;
  /** A tooltip. */
  extra: string;
}

function benchesOf({ label, name, values, trials, result }: Series, better: Metric['better']): Bench[] {
  const { kernel, cpu_model: cpu } = result.environment;
  return values
    .filter(({ metric }) => metric.better === better)
    .map(({ metric, estimate }) => {
      const half = halfWidth(estimate);
      return {
        name: `${label}: ${metric.name} (${name})`,
        unit: metric.unit,
        value: estimate.median,
        ...(half === null ? {} : { range: `± ${(half * 100).toFixed(1)}%` }),
        extra: `${trials.length} trials, ${estimate.low}..${estimate.high}\nLinux ${kernel}\n${cpu}`,
      };
    });
}

function text(series: readonly Series[], better: Metric['better']): string {
  return jsonText(series.flatMap((one) => benchesOf(one, better)));
}

/** The format for metrics of one direction. */
export function githubFormat(better: Metric['better']): ReportFormat {
  return {
    ...forPrograms,
    runs: (results, options) => text(seriesOf(results, usualMetrics(options)), better),
    comparison: ({ candidate, metrics }) =>
      text(
        pooledSeries(
          candidate.map(({ result }) => result),
          metrics,
        ),
        better,
      ),
  };
}
