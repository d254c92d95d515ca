/** The phases of article metadata in one table: a row for each phase and backend. */
import { phaseOf } from '../../results/document.ts';
import type { BackendResult, RunResult } from '../../results/schema.ts';
import { formatIops, formatPerIo, formatUsec, plural } from '../../values/format.ts';
import { differenceCell, differenceLegend } from './difference-cell.ts';
import type { Cell, Column, TableView } from './table-view.ts';
import { printable } from './text.ts';

/** create is two requests, of which the one that opens goes to a worker. */
const MANY = 0.4;

interface PhaseRow {
  phase: string;
  backend: BackendResult;
  /** Share of the requests that workers were given; null: not counted, or no requests. */
  handed: number | null;
}

function rowsOf(results: readonly RunResult[]): PhaseRow[] {
  return results.flatMap((result) => {
    const report = phaseOf(result);
    if (report === null) return [];
    return result.backends.map((backend): PhaseRow => {
      const counts = report.workers.find(({ variant }) => variant === backend.variant);
      const { requests = null, handed = null } = counts ?? {};
      return { phase: report.phase, backend, handed: requests && handed !== null ? handed / requests : null };
    });
  });
}

/** A column of right-aligned cells, one for each row. */
export function column<Row>(
  rows: readonly Row[],
  head: string[],
  of: (row: Row) => Cell | string,
  drop?: number,
): Column {
  const cells = rows.map((row) => {
    const cell = of(row);
    return typeof cell === 'string' ? { text: cell } : cell;
  });
  return { head, align: 'right', cells, ...(drop === undefined ? {} : { drop }) };
}

/** Operations a second, or why there are none. */
export function rateCell({ backend: { summary, status } }: { backend: BackendResult }): Cell {
  if (summary !== null) return { text: formatIops(summary.iops.median) };
  return { text: status, tone: status === 'failed' ? 'error' : 'warning' };
}

/** The difference to the phase's reference. */
export function changeCell({ backend: { summary } }: { backend: BackendResult }): Cell {
  return summary === null
    ? { text: '' }
    : differenceCell(summary.vs_reference?.iops ?? null, summary.iops_vs_reference_pct, 'higher');
}

/** The first columns: the phase, where it begins, and the backend. */
export function namesOf(rows: readonly { phase: string; backend: BackendResult }[], what: string): Column[] {
  const differences = rows.map(({ backend }) => backend.summary?.vs_reference?.iops ?? null);
  return [
    {
      head: [what],
      align: 'left',
      cells: rows.map(({ phase }, at) => ({ text: rows[at - 1]?.phase === phase ? '' : phase })),
      legend: differenceLegend(differences),
    },
    {
      head: ['backend'],
      align: 'left',
      cells: rows.map(({ backend }) => ({ text: printable(backend.label) })),
    },
  ];
}

/** Each phase's operations by each backend, beside the plain calls. */
export function phasesTable(results: readonly RunResult[]): TableView {
  const rows = rowsOf(results);
  return [
    ...namesOf(rows, 'phase'),
    column(rows, ['ops/s', 'median'], rateCell),
    column(rows, ['±%', 'vs sync'], changeCell),
    column(rows, ['CPU usec', 'per op'], ({ backend: { summary } }) =>
      summary ? formatUsec(summary.cpu_ns_per_io.median) : '',
    ),
    column(rows, ['switches', 'per op'], ({ backend: { summary } }) =>
      summary ? formatPerIo(summary.ctx_per_io.median) : '',
    ),
    column(rows, ['to io-wq', 'workers'], ({ handed }) =>
      handed === null ? '' : `${Math.round(handed * 100)} %`,
    ),
  ];
}

/** What the table says of workers, in words. */
export function phasesWords(results: readonly RunResult[]): string[] {
  const rows = rowsOf(results);
  const handed = [
    ...new Set(rows.filter(({ handed: share }) => share !== null && share > MANY).map(({ phase }) => phase)),
  ];
  const unknown = results.flatMap(
    (result) => phaseOf(result)?.workers.flatMap(({ why }) => why ?? []) ?? [],
  )[0];
  return [
    ...(handed.length > 0
      ? [
          `The kernel hands ${handed.join(', ')} to a worker thread (io-wq) whatever the depth: each costs a switch there and back, which is why they take more CPU than plain calls.`,
        ]
      : []),
    ...(unknown === undefined ? [] : [`Requests that went to workers were not counted: ${unknown}.`]),
    `${plural(results.length, 'phase')}; each is stored as a run of its own: uring-bench show FILE has its latencies.`,
  ];
}
