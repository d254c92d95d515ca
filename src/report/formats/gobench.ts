/**
 * The benchmark format of Go's testing package, for benchstat and its relatives (golang.org/design/14313): a line
 * for each trial, with the workload and the backend as sub-benchmark names, what differs between machines in
 * configuration lines, and which values are better in unit lines. A comparison has both sides in one file, told
 * apart by `side`: `benchstat -col side FILE`.
 */
import type { Metric } from '../../compare/metrics.ts';
import { own } from '../../values/own.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { pooledSeries, type Series, seriesOf } from '../view/series.ts';
import { usualMetrics } from './metric-list.ts';

/** Latencies are named before their unit, which tools know and scale: `lat-p99-ns`. */
function unitOf({ name, unit }: Metric): string {
  switch (unit) {
    case 'ns':
      return `${name.replaceAll('_', '-')}-ns`;
    case 'ns/io':
      return 'cpu-ns/op';
    case 'ctx/io':
      return 'ctx/op';
    case 'syscalls/io':
      return 'syscalls/op';
    case 'instructions/io':
      return 'instructions/op';
    case 'io/s':
    case 'B/s': {
      // Of one direction: read-io/s beside io/s.
      const direction = /^(.+)_(?:iops|bw)$/.exec(name)?.[1];
      return direction === undefined ? unit : `${direction}-${unit}`;
    }
  }
}

/** Go's names of what the kernel calls otherwise. */
const GOARCH: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** A part of a benchmark's name: no space ends it and no slash divides it. */
function namePart(text: string): string {
  return text.replace(/[\s\p{Cc}/]+/gu, '_');
}

function benchmarkName({ options, label, result }: Series): string {
  const parts = Object.entries(options).map(([flag, text]) => `/${flag}=${namePart(text)}`);
  const job = namePart(result.jobs.map(({ name }) => name).join('+')) || 'job';
  // The backend stands last: a name must not end in -N, which is GOMAXPROCS.
  return `BenchmarkIO/job=${job}${parts.join('')}/backend=${namePart(label)}`;
}

/** Keys begin with a small letter and have no capitals: benchfmt would not take the line for one. */
function configurationKey(tag: string): string {
  return tag.replaceAll('_', '-').toLowerCase();
}

/** @param tags all keys that any of the results has; one that this has not gets no value */
function configuration({ result, tags }: Series, side: string, keys: readonly string[]): string[] {
  const { environment, tool, started_at } = result;
  const pairs = {
    side,
    goos: 'linux',
    goarch: own(GOARCH, environment.arch) ?? environment.arch,
    cpu: environment.cpu_model,
    ...Object.fromEntries(keys.map((key) => [configurationKey(key), own(tags, key) ?? ''])),
    'uring-bench': tool.version,
    'started-at': started_at,
  };
  // An empty value takes back what a run before this one said.
  return Object.entries(pairs).map(([key, value]) =>
    `${key}: ${value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`.trimEnd(),
  );
}

function trialLine(series: Series, at: number, metrics: readonly Metric[]): string {
  const { trial } = series.trials[at] as Series['trials'][number];
  const values = metrics.flatMap((metric) => {
    const value = metric.of(trial);
    return value === null ? [] : [`${value} ${unitOf(metric)}`];
  });
  // Time of one operation as Go means it: of the clock on the wall.
  const nsPerOp = trial.total_ios > 0 ? [`${trial.runtime_ns / trial.total_ios} ns/op`] : [];
  return [benchmarkName(series), trial.total_ios, ...nsPerOp, ...values].join('\t');
}

function unitLines(metrics: readonly Metric[]): string[] {
  return metrics.map((metric) => `Unit ${unitOf(metric)} better=${metric.better}`);
}

/** Lines of some series; those of one run stand together under its configuration. */
function resultLines(series: readonly Series[], metrics: readonly Metric[], side: string): string[] {
  const keys = [...new Set(series.flatMap(({ tags }) => Object.keys(tags)))];
  const results = [...new Set(series.flatMap(({ trials }) => trials.map(({ result }) => result)))];
  return results.flatMap((result) => {
    const own = series.filter(({ trials }) => trials.some((entry) => entry.result === result));
    const lines = own.flatMap((one) =>
      one.trials.flatMap((entry, at) => (entry.result === result ? [trialLine(one, at, metrics)] : [])),
    );
    const [first] = own;
    return first ? [...configuration({ ...first, result }, side, keys), '', ...lines, ''] : [];
  });
}

const format: ReportFormat = {
  ...forPrograms,
  runs(results, options) {
    const metrics = usualMetrics(options);
    return [...unitLines(metrics), '', ...resultLines(seriesOf(results, metrics), metrics, '')].join('\n');
  },
  comparison({ baseline, candidate, metrics }) {
    const lines = (runs: typeof baseline, side: string) =>
      resultLines(
        pooledSeries(
          runs.map(({ result }) => result),
          metrics,
        ),
        metrics,
        side,
      );
    return [...unitLines(metrics), '', ...lines(baseline, 'baseline'), ...lines(candidate, 'candidate')].join(
      '\n',
    );
  },
};

export default format;
