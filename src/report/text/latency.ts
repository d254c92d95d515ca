/** The article's latency block: throughput, mean, quantiles and maximum of each backend, side by side. */
import { mergeLatencies, type PooledLatency, percentileKey } from '../../results/histogram.ts';
import { countedOps } from '../../results/ops.ts';
import type { Latency, OpResult } from '../../results/schema.ts';
import { median } from '../../stats/spread.ts';
import { formatIops, formatLatency, formatMiBps, formatQuantile } from '../../values/format.ts';
import { hasSize, type Operation, operations } from '../../workload/operations.ts';
import { labelParts, type Row } from './rows.ts';
import type { Cell, Column, TableView } from './table-view.ts';

/** The quantiles of the article. */
export const USUAL_PERCENTILES: readonly number[] = [50, 95, 99, 99.9];

/** Of jobs with a rate. */
const SERVICE_LEGEND = 'Lat counts from when an I/O was due, Service from when it was sent';

/** The numbers of one column. */
interface Figures {
  /** null where I/Os have no size: fsync. */
  bwBytes: number | null;
  /** Only in the block of one operation: of all I/Os they are in the main table. */
  rate: { name: string; perSecond: number } | null;
  latency: PooledLatency;
  /** From when I/Os were sent; null where no job has a rate, so that this is `latency`. */
  service: PooledLatency | null;
}

function operationsUsed(rows: readonly Row[]): Operation[] {
  return operations.filter(({ name }) =>
    rows.some((row) => row.trials.some((trial) => (trial.ops[name]?.total_ios ?? 0) > 0)),
  );
}

/** The summary's own percentiles when it has those that are wanted, else the histograms merged. */
function pooled(
  stored: PooledLatency,
  percentileList: readonly number[],
  latencies: () => Latency[],
): PooledLatency {
  const has = percentileList.every((percentile) => percentileKey(percentile) in stored.percentile);
  return has ? stored : mergeLatencies(latencies(), percentileList);
}

/** All I/Os. */
function overall(row: Row, percentileList: readonly number[]): Figures | null {
  const { summary, trials } = row;
  if (summary === null || summary.lat_ns.N === 0) return null;
  const done = (): OpResult[] => trials.flatMap(countedOps);
  const latency = pooled(summary.lat_ns, percentileList, () => done().map((op) => op.lat_ns));
  const { service_ns: stored } = summary;
  const service =
    stored === undefined
      ? null
      : pooled(stored, percentileList, () => done().flatMap((op) => op.service_ns ?? []));
  const moved = operationsUsed([row]).some(hasSize);
  return { bwBytes: moved ? summary.bw_bytes.median : null, rate: null, latency, service };
}

/** One operation over all trials; nothing where it was not done. */
function ofOperation(operation: Operation, row: Row, percentileList: readonly number[]): Figures | null {
  const { name, word, bs } = operation;
  const parts = row.trials.flatMap((trial) => trial.ops[name] ?? []);
  if (parts.every((part) => part.total_ios === 0)) return null;
  const services = parts.flatMap((part) => part.service_ns ?? []);
  return {
    bwBytes: !hasSize(operation) ? null : median(parts.map((part) => part.bw_bytes)),
    rate: { name: bs === null ? `${word}/s` : 'IOPS', perSecond: median(parts.map((part) => part.iops)) },
    latency: mergeLatencies(
      parts.map((part) => part.lat_ns),
      percentileList,
    ),
    service: services.length === 0 ? null : mergeLatencies(services, percentileList),
  };
}

function figureCells(figures: Figures, percentileList: readonly number[]): Cell[] {
  const { bwBytes, rate, latency, service } = figures;
  const all = ({ mean, percentile, max }: PooledLatency): number[] => [
    mean,
    ...percentileList.map((each) => percentile[percentileKey(each)] ?? 0),
    max,
  ];
  return [
    ...(rate === null ? [] : [formatIops(rate.perSecond)]),
    ...(bwBytes === null ? [] : [`${formatMiBps(bwBytes)} MiB/s`]),
    ...[latency, ...(service === null ? [] : [service])].flatMap(all).map(formatLatency),
  ].map((text) => ({ text }));
}

function latencyNames(what: string, percentileList: readonly number[]): string[] {
  const quantiles = percentileList.map((percentile) => `${what} quantile=${formatQuantile(percentile)}`);
  return [`${what} average`, ...quantiles, `${what} max`];
}

/** The names of what figureCells writes. */
function rowNames({ bwBytes, rate, service }: Figures, percentileList: readonly number[]): Cell[] {
  return [
    ...(rate === null ? [] : [rate.name]),
    ...(bwBytes === null ? [] : ['Throughput']),
    ...latencyNames('Lat', percentileList),
    ...(service === null ? [] : latencyNames('Service', percentileList)),
  ].map((text) => ({ text }));
}

/** One block; null when no backend has such I/Os. */
function block(
  title: string,
  rows: readonly Row[],
  percentileList: readonly number[],
  figuresOf: (row: Row) => Figures | null,
): TableView | null {
  const columns: Column[] = [];
  let names: Column | undefined;
  for (const row of rows) {
    const figures = figuresOf(row);
    if (figures === null) continue;
    const legend = figures.service === null ? [] : [SERVICE_LEGEND];
    names ??= { head: [title], align: 'left', cells: rowNames(figures, percentileList), legend };
    const head = labelParts(row.partial ? `${row.label} *` : row.label);
    columns.push({ head, align: 'right', cells: figureCells(figures, percentileList) });
  }
  return names === undefined ? null : [names, ...columns];
}

/**
 * The blocks of a result: all I/Os together, each operation on its own when there are several, and fsync.
 * @throws BenchError (usage) when a histogram is needed and damaged.
 */
export function latencyTables(
  rows: readonly Row[],
  percentileList: readonly number[] = USUAL_PERCENTILES,
): TableView[] {
  const used = operationsUsed(rows);
  const counted = used.filter((operation) => operation.counted);
  const [only] = counted;
  const title = counted.length === 1 ? `${only?.word} latency` : 'latency, all I/Os';
  const blockOf = (name: string, figuresOf: (row: Row) => Figures | null) =>
    block(name, rows, percentileList, figuresOf);
  const tables = [blockOf(title, (row) => overall(row, percentileList))];
  for (const operation of used) {
    if (counted.length === 1 && operation === only) continue;
    tables.push(blockOf(`${operation.word} latency`, (row) => ofOperation(operation, row, percentileList)));
  }
  return tables.filter((table) => table !== null);
}
