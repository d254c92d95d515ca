/**
 * InfluxDB line protocol: a point of `uring_bench` for each trial, a point of `uring_bench_change` for each metric of
 * a comparison and one of `uring_bench_check` for each of its rules. Timestamps are nanoseconds: of a trial the
 * start of its run, whose trials the tag `trial` tells apart. Tags name the host, kernel, device and labels of the run.
 */
import type { Metric } from '../../compare/metrics.ts';
import type { Comparison } from '../../compare/schema.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { candidateTags, pooledSeries, type Series, seriesOf } from '../view/series.ts';
import { usualMetrics } from './metric-list.ts';

type FieldValue = number | bigint | boolean | string;

interface Point {
  measurement: string;
  tags: Readonly<Record<string, string>>;
  fields: Readonly<Record<string, FieldValue>>;
  timestampNs: bigint;
}

/** Line ends are not allowed anywhere, and a backslash at the end would escape what follows it. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').replace(/\\+$/, '');
}

function escaped(text: string): string {
  return plain(text).replace(/[,= ]/g, '\\$&');
}

/** A float; an integer as bigint has its `i`. */
function fieldText(value: FieldValue): string {
  if (typeof value === 'bigint') return `${value}i`;
  if (typeof value === 'string') return `"${plain(value).replace(/["\\]/g, '\\$&')}"`;
  return String(value);
}

function pointText({ measurement, tags, fields, timestampNs }: Point): string {
  // Sorted by key, which the server would otherwise do.
  const tagTexts = Object.entries(tags)
    .filter(([, value]) => plain(value) !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `,${escaped(key)}=${escaped(value)}`);
  const fieldTexts = Object.entries(fields).map(([key, value]) => `${escaped(key)}=${fieldText(value)}`);
  return `${measurement}${tagTexts.join('')} ${fieldTexts.join(',')} ${timestampNs}\n`;
}

function startedNs(startedAt: string): bigint {
  return BigInt(Date.parse(startedAt)) * 1_000_000n;
}

function seriesPoints(
  { trials, variant, options, tags, workload }: Series,
  metrics: readonly Metric[],
): Point[] {
  return trials.map(({ trial, result }): Point => {
    const known = metrics.flatMap((metric) => {
      const value = metric.of(trial);
      return value === null ? [] : [[metric.name, value] as const];
    });
    const errors = trial.errors.reduce((sum, error) => sum + error.count, 0);
    return {
      measurement: 'uring_bench',
      tags: {
        ...options,
        ...tags,
        workload,
        backend: variant,
        job: result.jobs.map(({ name }) => name).join('+'),
        trial: String(trial.trial),
      },
      fields: {
        ...Object.fromEntries(known),
        total_ios: BigInt(trial.total_ios),
        runtime_ns: BigInt(trial.runtime_ns),
        errors: BigInt(errors),
      },
      timestampNs: startedNs(result.started_at),
    };
  });
}

/** @param tags of the candidate */
function comparisonPoints({ variants, checks, candidate }: Comparison, tags: Series['tags']): Point[] {
  // The run's own time, so that the same comparison made again replaces its points.
  const timestampNs = startedNs(candidate.started_at[0] ?? '');
  const changes = variants.flatMap(({ variant, metrics }) =>
    metrics.flatMap(({ metric, baseline, candidate: after, difference }): Point[] => {
      if (baseline === null || after === null || difference === null) return [];
      const { ratio, low, high, p, verdict } = difference;
      const known = Object.entries({ ratio, low, high }).filter((entry) => entry[1] !== null);
      const fields = { baseline: baseline.median, candidate: after.median, p, verdict };
      return [
        {
          measurement: 'uring_bench_change',
          tags: { ...tags, backend: variant, metric },
          fields: { ...fields, ...(Object.fromEntries(known) as Record<string, number>) },
          timestampNs,
        },
      ];
    }),
  );
  const judged = checks.map(
    ({ variant, rule, outcome, reason }): Point => ({
      measurement: 'uring_bench_check',
      tags: { ...tags, backend: variant, rule },
      fields: { outcome, reason },
      timestampNs,
    }),
  );
  return [...changes, ...judged];
}

function seriesText(series: readonly Series[], metrics: readonly Metric[]): string {
  return series
    .flatMap((one) => seriesPoints(one, metrics))
    .map(pointText)
    .join('');
}

const format: ReportFormat = {
  ...forPrograms,
  runs(results, options) {
    const metrics = usualMetrics(options);
    return seriesText(seriesOf(results, metrics), metrics);
  },
  comparison({ comparison, candidate, metrics }) {
    const results = candidate.map(({ result }) => result);
    const points = comparisonPoints(comparison, candidateTags(results));
    return seriesText(pooledSeries(results, metrics), metrics) + points.map(pointText).join('');
  },
};

export default format;
