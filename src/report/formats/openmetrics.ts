/**
 * OpenMetrics text (OTLP collectors, Prometheus' importer; prometheus.ts is what node_exporter and a Pushgateway read): base units, gauges with the unit as suffix, medians with
 * both ends of their interval by the label `stat`. What a run was is in `uring_bench_info`, to be joined by its labels.
 * A comparison adds the ratio of each metric and the state of each check.
 */
import type { Metric, MetricUnit } from '../../compare/metrics.ts';
import type { Comparison } from '../../compare/schema.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { candidateTags, pooledSeries, type Series, seriesOf } from '../view/series.ts';
import type { Family, Labels, Sample } from './metric-family.ts';
import { usualMetrics } from './metric-list.ts';
import { explainFamilies } from './openmetrics-explain.ts';

/** How a metric's unit becomes a base unit. */
const BASE: Readonly<Record<MetricUnit, { unit?: string; factor: number }>> = {
  'io/s': { factor: 1 },
  'B/s': { unit: 'bytes_per_second', factor: 1 },
  ns: { unit: 'seconds', factor: 1e-9 },
  'ns/io': { unit: 'seconds', factor: 1e-9 },
  'ctx/io': { unit: 'ratio', factor: 1 },
  'syscalls/io': { unit: 'ratio', factor: 1 },
  'instructions/io': { unit: 'ratio', factor: 1 },
};

const PREFIX = 'uring_bench';
const STATS = ['median', 'low', 'high'] as const;

/** `lat_p99.9` -> `lat_p99_9`. */
function word(metric: string): string {
  return metric.replace(/[^a-zA-Z0-9_]/g, '_');
}

function seriesLabels({ variant, workload, tags }: Series): Labels {
  return { backend: variant, workload, ...tags };
}

function metricFamily(metric: Metric, series: readonly Series[]): Family {
  const { unit, factor } = BASE[metric.unit];
  const samples = series.flatMap((one) => {
    const found = one.values.find((value) => value.metric.name === metric.name);
    if (found === undefined) return [];
    return STATS.map((stat) => ({
      labels: { ...seriesLabels(one), stat },
      // Rounded to what a double tells apart, so that 1000 ns are 1e-06 s and not 1.0000000000000002e-06.
      value: Number((found.estimate[stat] * factor).toPrecision(15)),
    }));
  });
  return {
    name: [PREFIX, word(metric.name), unit].filter((part) => part !== undefined).join('_'),
    type: 'gauge',
    ...(unit === undefined ? {} : { unit }),
    help: `${metric.name}: median of the trials, low and high end of its 95 % interval`,
    samples,
  };
}

function infoFamily(series: readonly Series[]): Family {
  const samples = series.map((one): Sample => {
    const { environment, tool, jobs } = one.result;
    const device = environment.files.find((file) => file.device !== null);
    const facts = {
      ...Object.fromEntries(Object.entries(one.options).map(([flag, text]) => [word(flag), text])),
      job: jobs.map(({ name }) => name).join('+'),
      cpu: environment.cpu_model,
      model: device?.model ?? '',
      serial: device?.serial ?? '',
      link: device?.link ?? '',
      file_system: device?.file_system ?? '',
      version: tool.version,
    };
    const known = Object.entries(facts).filter(([, value]) => value !== '');
    return { suffix: '_info', labels: { ...Object.fromEntries(known), ...seriesLabels(one) }, value: 1 };
  });
  return { name: PREFIX, type: 'info', help: 'what was measured, and where', samples };
}

function runFamilies(series: readonly Series[]): Family[] {
  const of = (value: (one: Series) => number) =>
    series.map((one) => ({ labels: seriesLabels(one), value: value(one) }));
  return [
    {
      name: `${PREFIX}_run_timestamp_seconds`,
      type: 'gauge',
      unit: 'seconds',
      help: 'when the run began, Unix time',
      samples: of(({ result }) => Date.parse(result.started_at) / 1000),
    },
    {
      name: `${PREFIX}_trials`,
      type: 'gauge',
      help: 'trials that the values are made of',
      samples: of(({ trials }) => trials.length),
    },
  ];
}

function seriesFamilies(series: readonly Series[], metrics: readonly Metric[]): Family[] {
  return [
    infoFamily(series),
    ...metrics.map((metric) => metricFamily(metric, series)),
    ...runFamilies(series),
  ];
}

const OUTCOMES = ['pass', 'regression', 'inconclusive'] as const;

/** @param tags of the candidate */
function comparisonFamilies({ variants, checks }: Comparison, tags: Labels): Family[] {
  const check = `${PREFIX}_check`;
  const changes = variants.flatMap(({ variant, metrics }) =>
    metrics.flatMap(({ metric, difference }) => {
      const ends = [
        ['median', difference?.ratio],
        ['low', difference?.low],
        ['high', difference?.high],
      ] as const;
      return ends.flatMap(([stat, value]): Sample[] =>
        value === null || value === undefined
          ? []
          : [{ labels: { backend: variant, ...tags, metric, stat }, value }],
      );
    }),
  );
  return [
    {
      name: `${PREFIX}_change_ratio`,
      type: 'gauge',
      unit: 'ratio',
      help: 'candidate over baseline, with the ends of its 95 % interval',
      samples: changes,
    },
    {
      name: check,
      type: 'stateset',
      help: 'outcome of each rule of --fail-on',
      samples: checks.flatMap(({ variant, rule, outcome }) =>
        OUTCOMES.map((state) => ({
          labels: { backend: variant, ...tags, rule, [check]: state },
          value: state === outcome ? 1 : 0,
        })),
      ),
    },
  ];
}

export function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

export function sampleText(name: string, { suffix = '', labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${suffix}{${pairs.join(',')}} ${value}`;
}

function familyText({ name, type, unit, help, samples }: Family): string[] {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map((sample) => sampleText(name, sample)),
  ];
}

function text(families: readonly Family[]): string {
  const lines = families.filter(({ samples }) => samples.length > 0).flatMap(familyText);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

/** The format of a way to write families. */
export function metricsFormat(text: (families: readonly Family[]) => string): ReportFormat {
  return {
    ...forPrograms,
    runs(results, options) {
      const metrics = usualMetrics(options);
      const series = seriesOf(results, metrics);
      return text([...seriesFamilies(series, metrics), ...explainFamilies(series, PREFIX, seriesLabels)]);
    },
    comparison({ comparison, candidate, metrics }) {
      const results = candidate.map(({ result }) => result);
      const series = seriesFamilies(pooledSeries(results, metrics), metrics);
      return text([...series, ...comparisonFamilies(comparison, candidateTags(results))]);
    },
  };
}

const format: ReportFormat = metricsFormat(text);

export default format;
