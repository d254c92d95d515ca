/**
 * Runs of the same workload over time: of each workload and variant a series of estimates, what of the environment was
 * no longer the same, and where the level changed. Made of what is listed of results, so that there may be any number.
 */
import { usageError } from '../errors.ts';
import { percentileKey } from '../results/histogram.ts';
import type { ListedRun } from '../results/listed.ts';
import type { Summary } from '../results/schema.ts';
import { type ChangePoint, changePoints } from '../stats/change-points.ts';
import type { Estimate } from '../stats/difference.ts';
import { own } from '../values/own.ts';
import { type EnvironmentChange, environmentChanges } from './environment.ts';
import { workloadName } from './identity.ts';
import { type Metric, parseMetric } from './metrics.ts';

/** A run with the file that it was read from. */
export interface HistoricRun {
  path: string;
  run: ListedRun;
}

export interface HistoryPoint {
  path: string;
  started_at: string;
  /** Over the trials of the run. */
  estimate: Estimate;
  /** What is not as in the run before. */
  events: EnvironmentChange[];
}

/** One workload with one variant, on one host where hosts take turns. */
export interface History {
  workload: string;
  variant: string;
  label: string;
  /** Set where the workload was run on several hosts in turns: each has a series of its own. */
  host: string | null;
  metric: Metric;
  /** In the order of time. */
  points: HistoryPoint[];
  changes: ChangePoint[];
}

type OfSummary = (summary: Summary) => Estimate | undefined;

/** Metrics of which summaries hold the median and its interval. */
const ESTIMATED: Readonly<Record<string, OfSummary>> = {
  iops: ({ iops }) => iops,
  bw: ({ bw_bytes }) => bw_bytes,
  cpu_per_io: ({ cpu_ns_per_io }) => cpu_ns_per_io,
  ctx_per_io: ({ ctx_per_io }) => ctx_per_io,
  syscalls_per_io: ({ syscalls_per_io }) => syscalls_per_io,
  instructions_per_io: ({ instructions_per_io }) => instructions_per_io,
  ...Object.fromEntries(
    [50, 99, 99.9].map((percentile) => [
      `lat_p${percentile}`,
      ({ lat_ns_trials }: Summary) => lat_ns_trials[percentileKey(percentile)],
    ]),
  ),
};

function estimatorOf({ name }: Metric): OfSummary {
  const of = own(ESTIMATED, name);
  if (of !== undefined) return of;
  throw usageError(
    `metric=${name}: histories are made of summaries, which do not hold it`,
    Object.keys(ESTIMATED).join(', '),
  );
}

/** The metric of a name. @throws BenchError (usage) for one that summaries do not hold with its interval */
export function historyMetric(name: string): Metric {
  const metric = parseMetric('metric', name);
  estimatorOf(metric);
  return metric;
}

interface Found extends HistoricRun {
  variant: string;
  label: string;
  workload: string;
  estimate: Estimate;
}

/** What there is of a metric, by time; a run that stands in several files (a baseline's, too) counts once. */
function foundIn(runs: readonly HistoricRun[], metric: Metric): Found[] {
  const of = estimatorOf(metric);
  const found = new Map<string, Found>();
  for (const { path, run } of runs) {
    const workload = workloadName(run);
    for (const { variant, label, summary, status } of run.backends) {
      const value = summary === null || status !== 'complete' ? undefined : of(summary);
      const key = JSON.stringify([run.started_at, run.environment.hostname, workload, variant]);
      if (value !== undefined && !found.has(key))
        found.set(key, { path, run, variant, label, workload, estimate: value });
    }
  }
  const time = ({ run }: Found): number => Date.parse(run.started_at);
  return [...found.values()].sort((a, b) => time(a) - time(b));
}

function grouped(all: readonly Found[], keyOf: (one: Found) => string): Found[][] {
  const groups = new Map<string, Found[]>();
  for (const one of all) {
    const key = keyOf(one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

const hostOf = ({ run }: Found): string => run.environment.hostname;

/** Whether a host comes back after another: then they are machines beside each other, not one after the other. */
function takeTurns(all: readonly Found[]): boolean {
  const moves = all.slice(1).filter((one, i) => hostOf(one) !== hostOf(all[i] as Found)).length;
  return moves >= new Set(all.map(hostOf)).size;
}

function historyOf(all: readonly Found[], metric: Metric, host: string | null): History[] {
  const [first] = all;
  if (first === undefined) return [];
  const points = all.map(({ path, run, estimate }, at): HistoryPoint => {
    const before = all[at - 1];
    const events = before === undefined ? [] : environmentChanges(before.run, run);
    return { path, started_at: run.started_at, estimate, events };
  });
  const series = points.map(({ estimate: { median: value, low, high } }) => ({ value, low, high }));
  const { workload, variant, label } = first;
  return [{ workload, variant, label, host, metric, points, changes: changePoints(series) }];
}

/** The histories of a metric, in the order in which their workloads began. @throws BenchError (usage) as historyMetric */
export function historiesOf(runs: readonly HistoricRun[], metric: Metric): History[] {
  const series = grouped(foundIn(runs, metric), ({ workload, variant }) => `${workload}\0${variant}`);
  return series.flatMap((all) => {
    if (!takeTurns(all)) return historyOf(all, metric, null);
    return grouped(all, hostOf).flatMap((own) => historyOf(own, metric, hostOf(own[0] as Found)));
  });
}

/** Whether the new level is the better one; null where it is the same. */
export function isBetter({ ratio }: ChangePoint, { better }: Metric): boolean | null {
  return ratio === 1 ? null : ratio > 1 === (better === 'higher');
}
