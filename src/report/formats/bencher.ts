/**
 * Bencher Metric Format (bencher.dev, `--adapter json`): benchmark -> measure -> {value, lower_value, upper_value}.
 * Measures have their names as Bencher's slugs are written. A comparison gives the candidate's values: Bencher keeps
 * the history itself.
 */
import { jsonText } from '../text/json.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { pooledSeries, type Series, seriesOf } from '../view/series.ts';
import { usualMetrics } from './metric-list.ts';

/** `lat_p99.9` -> `lat-p99-9`. */
function slug(metric: string): string {
  return metric.replace(/[^a-z0-9]+/g, '-');
}

function text(series: readonly Series[]): string {
  const benchmarks = series.map(({ label, name, values }) => {
    const measures = values.map(({ metric, estimate }) => {
      const value = { value: estimate.median, lower_value: estimate.low, upper_value: estimate.high };
      return [slug(metric.name), value] as const;
    });
    return [`${label}: ${name}`, Object.fromEntries(measures)] as const;
  });
  return jsonText(Object.fromEntries(benchmarks));
}

const format: ReportFormat = {
  ...forPrograms,
  runs: (results, options) => text(seriesOf(results, usualMetrics(options))),
  comparison: ({ candidate, metrics }) =>
    text(
      pooledSeries(
        candidate.map(({ result }) => result),
        metrics,
      ),
    ),
};

export default format;
