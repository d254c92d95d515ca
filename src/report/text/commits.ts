/** The ways of article durability in one table: a row for each way and backend, a column for what a commit takes. */
import { phaseOf } from '../../results/document.ts';
import type { BackendResult, RunResult } from '../../results/schema.ts';
import { median } from '../../stats/spread.ts';
import { formatPerIo, formatUsec, plural } from '../../values/format.ts';
import { changeCell, column, namesOf, rateCell } from './phases.ts';
import type { TableView } from './table-view.ts';

interface CommitRow {
  phase: string;
  backend: BackendResult;
  /** Whether commits share a flush: then its latency is the commit's. */
  shared: boolean;
}

function rowsOf(results: readonly RunResult[]): CommitRow[] {
  return results.flatMap((result) => {
    const report = phaseOf(result);
    if (report === null) return [];
    const shared = Number(result.jobs[0]?.options.fdatasync ?? 0) > 1;
    return result.backends.map((backend): CommitRow => ({ phase: report.phase, backend, shared }));
  });
}

/** @param key of the percentile, as fio writes it @returns ns, median of the trials; null without any */
function latency({ backend, shared }: CommitRow, key: string): number | null {
  if (!shared) return backend.summary?.lat_ns.percentile[key] ?? null;
  const values = backend.trials.flatMap(({ status, ops }) =>
    status === 'complete' ? (ops.sync?.lat_ns.percentile[key] ?? []) : [],
  );
  return values.length === 0 ? null : median(values);
}

function latencyText(row: CommitRow, key: string): string {
  const ns = latency(row, key);
  return ns === null ? '' : formatUsec(ns);
}

/** Each way's commits by each backend, beside the plain calls. */
export function commitsTable(results: readonly RunResult[]): TableView {
  const rows = rowsOf(results);
  return [
    ...namesOf(rows, 'way'),
    column(rows, ['commits/s', 'median'], rateCell),
    column(rows, ['±%', 'vs first'], changeCell),
    column(rows, ['p50', 'usec'], (row) => latencyText(row, '50.000000')),
    column(rows, ['p99', 'usec'], (row) => latencyText(row, '99.000000')),
    column(rows, ['CPU usec', 'per commit'], ({ backend: { summary } }) =>
      summary ? formatUsec(summary.cpu_ns_per_io.median) : '',
    ),
    column(
      rows,
      ['switches', 'per commit'],
      ({ backend: { summary } }) => (summary ? formatPerIo(summary.ctx_per_io.median) : ''),
      1,
    ),
  ];
}

/** What the table does not say by itself. */
export function commitsWords(results: readonly RunResult[]): string[] {
  return [
    'A commit is durable when it is told to be done. Latency is from when it is queued until then; in groups it is that of the flush that they share.',
    `${plural(results.length, 'way')}; each is stored as a run of its own: uring-bench show FILE has its latencies.`,
  ];
}
