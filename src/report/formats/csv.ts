/**
 * The result as CSV: one row for each trial of each backend, so that a spreadsheet or R sees every number that
 * statistics are made of. Columns keep their names and order; new ones are added before
 * the percentiles, which are the user's, as labels are; those of explained backends stand behind all others. Quoted as RFC 4180
 * says, lines end in a plain newline. A backend without trials has one row with its status and reason.
 */

import { mergeLatencies, type PooledLatency, percentileKey } from '../../results/histogram.ts';
import { countedOps } from '../../results/ops.ts';
import type { Latency, OpResult, RunResult, Trial } from '../../results/schema.ts';
import { backendRows } from '../../stats/groups.ts';
import { trialRates } from '../../stats/summary.ts';
import { own } from '../../values/own.ts';
import { type Operation, operations } from '../../workload/operations.ts';
import { USUAL_PERCENTILES } from '../text/latency.ts';
import type { RenderOptions, ReportFormat, SweepReport } from '../view/format-spec.ts';
import { comparisonCsv } from './csv-comparison.ts';
import { explainColumns } from './csv-explain.ts';
import { renderLadderCsv } from './csv-ladder.ts';
import { renderTargetCsv } from './csv-latency-target.ts';
import { type CsvColumn, csvLine, type Value } from './csv-line.ts';
import { labelColumns, PLACE_COLUMNS } from './csv-place.ts';
import { RATE_COLUMNS } from './csv-rate.ts';
import { CPU_COLUMNS, STATISTICS_COLUMNS } from './csv-statistics.ts';

/** A column that only a trial can fill. */
function ofTrial(name: string, help: string, of: (trial: Trial) => Value): CsvColumn {
  return { name, help, of: ({ trial }) => (trial === null ? null : of(trial)) };
}

/** An operation that was not done was done 0 times; it has no latency. */
function operationColumns({ name: op, word, bs }: Operation): CsvColumn[] {
  const number = (name: string, help: string, of: (done: OpResult) => number) =>
    ofTrial(`${op}_${name}`, help, ({ ops }) => (ops[op] ? of(ops[op]) : 0));
  const latency = (name: string, help: string, of: (done: OpResult) => number | null) =>
    ofTrial(`${op}_${name}`, help, ({ ops }) => (ops[op] ? of(ops[op]) : null));
  const ios = number('ios', `${word} operations completed`, (d) => d.total_ios);
  const mean = latency('lat_ns_mean', `mean total latency`, (d) => meanOf(d.lat_ns));
  const max = latency('lat_ns_max', `greatest total latency`, (d) => (d.lat_ns.N > 0 ? d.lat_ns.max : null));
  if (bs === null) return [ios, mean, max];
  return [
    ios,
    number('bytes', `bytes of them`, (d) => d.io_bytes),
    number('iops', `${word} operations per second`, (d) => d.iops),
    number('bw_bytes', `bytes per second`, (d) => d.bw_bytes),
    number('short_ios', `those that moved fewer bytes than asked`, (d) => d.short_ios),
    latency('slat_ns_mean', `mean submission latency`, (d) => meanOf(d.slat_ns)),
    latency('clat_ns_mean', `mean completion latency`, (d) => meanOf(d.clat_ns)),
    mean,
    latency('lat_ns_min', `least total latency`, (d) => (d.lat_ns.N > 0 ? d.lat_ns.min : null)),
    max,
  ];
}

/** Empty instead of a zero that nothing was measured for. */
function meanOf(latency: Latency): number | null {
  return latency.N > 0 ? latency.mean : null;
}

const RUN_COLUMNS: readonly CsvColumn[] = [
  { name: 'started_at', help: 'when the run began, ISO 8601', of: ({ result }) => result.started_at },
  { name: 'hostname', help: 'where it ran', of: ({ result }) => result.environment.hostname },
  { name: 'kernel', help: 'kernel release', of: ({ result }) => result.environment.kernel },
  {
    name: 'job',
    help: 'name of the job; of all groups where the row is their sum',
    of: ({ result, backend }) => backend.group ?? result.jobs.map((job) => job.name).join(' '),
  },
  { name: 'backend', help: 'registry name', of: ({ backend }) => backend.backend },
  { name: 'variant', help: 'backend with its features, canonical', of: ({ backend }) => backend.variant },
  { name: 'label', help: 'the name that was asked for', of: ({ backend }) => backend.label },
  {
    name: 'backend_status',
    help: 'complete, interrupted, failed or skipped',
    of: ({ backend }) => backend.status,
  },
  { name: 'reason', help: 'why the backend was skipped or failed', of: ({ backend }) => backend.reason },
];

const TRIAL_COLUMNS: readonly CsvColumn[] = [
  ofTrial('trial', 'number of the trial, from 1', (t) => t.trial),
  ofTrial('trial_status', 'complete, interrupted or failed', (t) => t.status),
  ofTrial('runtime_ns', 'common start to last completion', (t) => t.runtime_ns),
  ofTrial('total_ios', 'operations completed', (t) => t.total_ios),
  ofTrial('iops', 'operations per second', (t) => t.iops),
  ofTrial('bw_bytes', 'bytes per second', (t) => t.bw_bytes),
  ofTrial('ctx_total', 'context switches of all that the backend used', (t) => t.ctx.total),
  ofTrial('ctx_voluntary', 'the part that waited', (t) => t.ctx.voluntary),
  ofTrial('ctx_involuntary', 'the part that was preempted', (t) => t.ctx.involuntary),
  ofTrial('ctx_helpers', 'the part of helper threads', (t) => t.ctx.helpers),
  ofTrial('ctx_per_io', 'context switches per operation', (t) => trialRates(t).ctx_per_io),
  ofTrial('cpu_usr_ns', 'CPU time in user mode', (t) => t.cpu.usr_ns),
  ofTrial('cpu_sys_ns', 'CPU time in the kernel', (t) => t.cpu.sys_ns),
  ofTrial('cpu_helpers_ns', 'the part of both of helper threads', (t) => t.cpu.helpers_ns),
  ofTrial('usr_pct', '100 is one CPU', (t) => trialRates(t).usr_pct),
  ofTrial('sys_pct', '100 is one CPU', (t) => trialRates(t).sys_pct),
  ofTrial('cpu_ns_per_io', 'CPU time per operation', (t) => trialRates(t).cpu_ns_per_io),
  ofTrial('syscalls', 'system calls for I/O', (t) => t.syscalls.total),
  ofTrial('syscalls_per_io', 'system calls per operation', (t) => t.syscalls.per_io),
  ofTrial('syscalls_exact', 'false: helper threads make more', (t) => t.syscalls.exact),
  ofTrial('effective_depth', 'mean number of operations in flight', (t) => t.effective_depth),
  ofTrial('errors', 'operations that failed', (t) => t.errors.reduce((sum, error) => sum + error.count, 0)),
  // A tree has one operation: the columns of the trial are its.
  ...operations.filter(({ kind }) => kind === 'data').flatMap(operationColumns),
];

/** Total latency of all operations of a trial, at the end since the list may be the user's. */
function percentileColumns(percentileList: readonly number[]): CsvColumn[] {
  return percentileList.map((percentile) =>
    ofTrial(
      `lat_ns_p${percentile}`,
      `total latency of ${percentile} % of all operations or less`,
      (trial) => {
        const merged = latencyOf(trial, percentileList);
        return merged.N > 0 ? (merged.percentile[percentileKey(percentile)] ?? null) : null;
      },
    ),
  );
}

const latencies = new WeakMap<Trial, { percentileList: readonly number[]; latency: PooledLatency }>();

/** Merged once for all the columns of a row. */
function latencyOf(trial: Trial, percentileList: readonly number[]): PooledLatency {
  const known = latencies.get(trial);
  if (known?.percentileList === percentileList) return known.latency;
  const latency = mergeLatencies(
    countedOps(trial).map((op) => op.lat_ns),
    percentileList,
  );
  latencies.set(trial, { percentileList, latency });
  return latency;
}

/** All columns in their order, with what each means. */
export function csvColumns(
  percentileList: readonly number[] = USUAL_PERCENTILES,
  results: readonly RunResult[] = [],
): CsvColumn[] {
  return [
    ...[
      ...RUN_COLUMNS,
      ...TRIAL_COLUMNS,
      ...STATISTICS_COLUMNS,
      ...PLACE_COLUMNS,
      ...CPU_COLUMNS,
      ...RATE_COLUMNS,
    ],
    ...percentileColumns(percentileList),
    ...labelColumns(results),
    ...explainColumns(results),
  ];
}

/** @throws BenchError (usage) when a stored histogram is damaged. */
export function renderCsv(
  results: readonly { result: RunResult; path: string }[],
  options: Pick<RenderOptions, 'percentiles'>,
): string {
  const columns = csvColumns(
    options.percentiles,
    results.map(({ result }) => result),
  );
  const rows = results.flatMap(({ result, path }) => csvRows(result, path, columns, []));
  return [csvLine(columns.map(({ name }) => name)), ...rows].join('');
}

/** The lines of a result, each with the same fields before its own. */
function csvRows(
  result: RunResult,
  path: string,
  columns: readonly CsvColumn[],
  before: readonly Value[],
): string[] {
  return backendRows(result).flatMap((backend) => {
    const trials = backend.trials.length > 0 ? backend.trials : [null];
    return trials.map((trial) =>
      csvLine([...before, ...columns.map(({ of }) => of({ result, path, backend, trial }))]),
    );
  });
}

/** One table, with one heading: of steps where all are ladders, else of trials. */
const renderRuns: ReportFormat['runs'] = (results, options) => {
  const sources = results.map((result, at) => ({ result, path: options.paths?.[at] ?? '' }));
  const ladders = results.every(({ report }) => report?.kind === 'ladder');
  const searches = results.every(({ report }) => report?.kind === 'latency-target');
  if (searches && results.length > 0) return renderTargetCsv(sources);
  return ladders ? renderLadderCsv(sources) : renderCsv(sources, options);
};

/** As the CSV of a run, with a column for each dimension before the others. */
function renderSweep({ sweep }: SweepReport, { percentiles, paths }: RenderOptions): string {
  const columns = csvColumns(
    percentiles,
    sweep.points.map(({ result }) => result),
  );
  const options = sweep.grid.dimensions.map(({ option }) => option);
  const rows = sweep.points.flatMap(({ values, result }) =>
    csvRows(
      result,
      paths?.[0] ?? '',
      columns,
      options.map((option) => own(values, option) ?? null),
    ),
  );
  return [csvLine([...options, ...columns.map(({ name }) => name)]), ...rows].join('');
}

const format: ReportFormat = {
  runs: renderRuns,
  comparison: comparisonCsv,
  sweep: renderSweep,
  between: null,
  forPeople: false,
};

export default format;
