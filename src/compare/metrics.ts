/** What trials are compared by: each metric turns one trial into one number. Names are fio's words. */
import { usageError } from '../errors.ts';
import { mergeLatencies, percentileKey } from '../results/histogram.ts';
import { countedOps } from '../results/ops.ts';
import type { Latency, OpResult, Trial } from '../results/schema.ts';
import { instructionsPerIo, trialRates } from '../stats/summary.ts';
import { formatIops, formatLatency, formatMiBps, formatPerIo, formatUsec } from '../values/format.ts';
import { didYouMean } from '../values/nearest.ts';
import { shown } from '../values/units.ts';
import { type OperationName, operationNames } from '../workload/operations.ts';

/** io/s: operations per second; ns/io, ctx/io, syscalls/io, instructions/io: for each operation. */
export type MetricUnit = 'io/s' | 'B/s' | 'ns' | 'ns/io' | 'ctx/io' | 'syscalls/io' | 'instructions/io';

export interface Metric {
  /** As on the command line: `iops`, `write_lat_p99.9`. */
  name: string;
  unit: MetricUnit;
  better: 'higher' | 'lower';
  /** One trial's value in the unit; null when it did no such I/O. */
  of: (trial: Trial) => number | null;
  /** A value with its unit, for people. */
  format: (value: number) => string;
}

/** A percentile below this many digits would be one name for several: as many as fio prints. */
const PERCENTILE = /^(lat|clat|slat)_p(\d{1,3}(?:\.\d{1,6})?)$/;
const MOMENT = /^(lat|clat|slat)_(mean|min|max|stddev)$/;

/** Metrics without a parameter; latencies are in the patterns above. */
const PLAIN = ['iops', 'bw', 'cpu_per_io', 'ctx_per_io', 'syscalls_per_io', 'instructions_per_io'] as const;
/** What an unknown name is compared with. */
const EXAMPLES = [
  ...PLAIN,
  ...['lat', 'clat', 'slat'].flatMap((lat) => [`${lat}_mean`, `${lat}_p50`, `${lat}_p99`, `${lat}_p99.9`]),
  'lat_max',
];

/** What a trial did of one operation, or of all that count. */
function partsOf(trial: Trial, op: OperationName | null): OpResult[] {
  if (op === null) return countedOps(trial);
  const part = trial.ops[op];
  return part === undefined ? [] : [part];
}

function latencies(trial: Trial, op: OperationName | null, kind: string): Latency[] {
  const key = `${kind}_ns` as 'lat_ns' | 'clat_ns' | 'slat_ns';
  return partsOf(trial, op)
    .map((part) => part[key])
    .filter(({ N }) => N > 0);
}

/** Percentiles that are looked for together: with the first all of them are taken from a merged histogram. */
const OFTEN: readonly number[] = [50, 90, 95, 99, 99.9];
/** What was taken from merged histograms, by the first of the parts and how many they are. */
const mergedBefore = new WeakMap<Latency, Map<number, Record<string, number>>>();

/** A percentile of several latencies together: the stored one when there is only one, else of the merged histogram. */
function percentileOf(parts: readonly Latency[], percentile: number): number | null {
  const key = percentileKey(percentile);
  const [first] = parts;
  if (first === undefined) return null;
  const stored = parts.length === 1 ? first.percentile[key] : undefined;
  if (stored !== undefined) return stored;
  const known = mergedBefore.get(first) ?? new Map<number, Record<string, number>>();
  mergedBefore.set(first, known);
  let percentiles = known.get(parts.length);
  if (percentiles?.[key] === undefined) {
    percentiles = { ...percentiles, ...mergeLatencies(parts, [...OFTEN, percentile]).percentile };
    known.set(parts.length, percentiles);
  }
  return percentiles[key] ?? null;
}

function momentOf(parts: readonly Latency[], moment: string): number | null {
  if (parts.length === 0) return null;
  const N = parts.reduce((sum, part) => sum + part.N, 0);
  const mean = parts.reduce((sum, part) => sum + part.mean * part.N, 0) / N;
  switch (moment) {
    case 'mean':
      return mean;
    case 'min':
      return Math.min(...parts.map((part) => part.min));
    case 'max':
      return Math.max(...parts.map((part) => part.max));
    default: {
      // About the common mean: the variance within each part and that between them.
      const squares = parts.reduce(
        (sum, part) => sum + part.N * (part.stddev ** 2 + (part.mean - mean) ** 2),
        0,
      );
      return Math.sqrt(squares / N);
    }
  }
}

/** The metric without its operation; undefined when there is none of that name. */
function metricOf(name: string, op: OperationName | null): Omit<Metric, 'name'> | undefined {
  const sum = (of: (part: OpResult) => number) => (trial: Trial) => {
    const parts = partsOf(trial, op).filter((part) => part.total_ios > 0);
    return op !== null && parts.length === 0 ? null : parts.reduce((total, part) => total + of(part), 0);
  };
  if (name === 'iops' || name === 'ops_per_sec') {
    const of = op === null ? (trial: Trial) => trial.iops : sum((part) => part.iops);
    const unit = name === 'iops' ? 'IOPS' : 'ops/s';
    return { unit: 'io/s', better: 'higher', of, format: (value) => `${formatIops(value)} ${unit}` };
  }
  if (name === 'bw') {
    const of = op === null ? (trial: Trial) => trial.bw_bytes : sum((part) => part.bw_bytes);
    return { unit: 'B/s', better: 'higher', of, format: (value) => `${formatMiBps(value)} MiB/s` };
  }
  const percentile = PERCENTILE.exec(name);
  const moment = MOMENT.exec(name);
  const [, kind = ''] = percentile ?? moment ?? [];
  const latency = (of: (parts: Latency[]) => number | null): Omit<Metric, 'name'> => ({
    unit: 'ns',
    better: 'lower',
    of: (trial) => of(latencies(trial, op, kind)),
    format: formatLatency,
  });
  if (moment) return latency((parts) => momentOf(parts, moment[2] ?? ''));
  const rank = Number(percentile?.[2]);
  if (percentile && rank > 0 && rank <= 100) return latency((parts) => percentileOf(parts, rank));
  return op === null ? perIoMetric(name) : undefined;
}

/** What an I/O costs: counted for the whole trial, so that no operation has it to itself. */
function perIoMetric(name: string): Omit<Metric, 'name'> | undefined {
  const each = (of: (trial: Trial) => number) => (trial: Trial) => (trial.total_ios > 0 ? of(trial) : null);
  switch (name) {
    case 'cpu_per_io':
      return {
        unit: 'ns/io',
        better: 'lower',
        of: each((trial) => trialRates(trial).cpu_ns_per_io),
        format: (value) => `${formatUsec(value)} usec`,
      };
    case 'ctx_per_io':
      return {
        unit: 'ctx/io',
        better: 'lower',
        of: each((trial) => trialRates(trial).ctx_per_io),
        format: formatPerIo,
      };
    case 'syscalls_per_io':
      return {
        unit: 'syscalls/io',
        better: 'lower',
        of: each((trial) => trial.syscalls.per_io),
        format: formatPerIo,
      };
    case 'instructions_per_io':
      return { unit: 'instructions/io', better: 'lower', of: instructionsPerIo, format: formatPerIo };
    default:
      return undefined;
  }
}

/** `p99` for `p99.0` and `p099`: one metric has one name. */
function canonicalName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('-', '_')
    .replace(/_p(\d+(?:\.\d+)?)$/, (_, digits: string) => `_p${Number(digits)}`);
}

/**
 * The metric of a name: iops (ops_per_sec where no data moves), bw, {lat,clat,slat}_{mean,min,max,stddev,pN}, each also with read_, write_, trim_ or
 * sync_ before it, and {cpu,ctx,syscalls,instructions}_per_io.
 * @param option named in the error
 * @throws BenchError (usage) for an unknown name
 */
export function parseMetric(option: string, text: string): Metric {
  const name = canonicalName(text.trim());
  const op = operationNames.find((known) => name.startsWith(`${known}_`)) ?? null;
  const metric = metricOf(op === null ? name : name.slice(op.length + 1), op);
  if (metric !== undefined) return { name, ...metric };
  const near = didYouMean(name, EXAMPLES);
  throw usageError(
    `${shown(option, text)}: there is no such metric${near}`,
    'iops, bw, lat_mean, lat_p99, clat_..., slat_..., each also as read_..., write_...; cpu_per_io, ctx_per_io, syscalls_per_io, instructions_per_io',
  );
}

/** Metrics of a list, each once. @throws BenchError (usage) */
export function parseMetrics(option: string, texts: readonly string[]): Metric[] {
  const metrics = texts.map((text) => parseMetric(option, text));
  return [...new Map(metrics.map((metric) => [metric.name, metric])).values()];
}
