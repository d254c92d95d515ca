/** The comparison: who is fastest and by how much, and what each I/O costs. */
import type { BackendResult, RunResult, SpreadOf, Summary } from '../results/schema.ts';
import { spread } from '../stats/spread.ts';
import { referenceOf } from '../stats/summary.ts';
import {
  formatChange,
  formatCount,
  formatIops,
  formatMiBps,
  formatPct,
  formatPerIo,
  formatUsec,
} from './format.ts';
import { labelParts, type Row } from './rows.ts';
import { type Cell, type Column, LAST_RESORT, type TableView } from './table-view.ts';
import { printable } from './text.ts';

/** The column that names the rows. `*` marks numbers of an incomplete backend. */
function labelColumn(rows: readonly Row[], legend: readonly string[] = []): Column {
  const cells = rows.map((row): Cell => {
    const text = row.partial ? `${row.label} *` : row.label;
    return row.best ? { text, tone: 'best' } : { text };
  });
  return { head: ['backend'], align: 'left', cells, legend };
}

type CellOf = (summary: Summary, row: Row) => Cell | string;

/** A column of numbers; empty for a backend that has none. */
function numbers(
  rows: readonly Row[],
  head: readonly string[],
  of: CellOf,
  rest: Pick<Column, 'drop' | 'legend'> = {},
): Column {
  const cells = rows.map((row): Cell => {
    if (row.summary === null) return { text: '' };
    const cell = of(row.summary, row);
    return typeof cell === 'string' ? { text: cell } : cell;
  });
  return { head, align: 'right', cells, ...rest };
}

/** IOPS, or in their place why there are none. */
function iopsColumn(rows: readonly Row[], repeated: boolean): Column {
  const cells = rows.map((row): Cell => {
    if (row.summary === null) {
      return { text: row.status, tone: row.status === 'failed' ? 'error' : 'warning' };
    }
    const text = formatIops(row.summary.iops.median);
    return row.best ? { text, tone: 'best' } : { text };
  });
  return { head: repeated ? ['IOPS', 'median'] : ['IOPS'], align: 'right', cells };
}

function range({ min, max }: SpreadOf): string {
  return `${formatIops(min)}..${formatIops(max)}`;
}

function change(summary: Summary, row: Row): Cell {
  const pct = summary.iops_vs_reference_pct;
  if (pct === null) return { text: '' };
  if (row.unclear) return { text: `~ ${formatChange(pct)}`, tone: 'unclear' };
  return { text: formatChange(pct), tone: pct < 0 ? 'bad' : 'good' };
}

/** The article's table 1, with bandwidth and, of several trials, the range of IOPS. */
export function mainTable(rows: readonly Row[], result: RunResult): TableView {
  const repeated = rows.some((row) => (row.summary?.trials ?? 0) > 1);
  const legend = rows.some((row) => row.partial) ? ['* incomplete: see below'] : [];
  const columns = [labelColumn(rows, legend), iopsColumn(rows, repeated)];
  if (repeated) {
    const text = (s: Summary) => (s.trials > 1 ? range(s.iops) : '');
    columns.push(numbers(rows, ['IOPS', 'min..max'], text, { drop: 2 }));
  }
  columns.push(numbers(rows, ['MiB/s'], (s) => formatMiBps(s.bw_bytes.median), { drop: 1 }));
  const switches = (s: Summary) => formatCount(s.ctx.median);
  columns.push(numbers(rows, ['context', 'switches'], switches, { drop: LAST_RESORT }));
  const base = referenceOf(result.backends, result.reference);
  if (base?.summary && rows.length > 1) columns.push(changeColumn(rows, base));
  return columns;
}

function changeColumn(rows: readonly Row[], base: BackendResult): Column {
  const [name = '', ...features] = labelParts(printable(base.label));
  const unclear = rows.some((row) => row.unclear);
  const legend = unclear ? ['~ the ranges of the trials overlap: no clear difference'] : [];
  return numbers(rows, ['IOPS ±%', `vs ${name}`, ...features], change, { legend });
}

function syscallsColumn(rows: readonly Row[]): Column {
  const exact = (row: Row) => row.trials.every((trial) => trial.syscalls.exact);
  const text = (s: Summary, row: Row) => `${exact(row) ? '' : '>='}${formatPerIo(s.syscalls_per_io.median)}`;
  const legend = rows.every(exact) ? [] : ['>= helper threads make more system calls than can be counted'];
  return numbers(rows, ['syscalls', 'per I/O'], text, { legend });
}

function cpuColumn(rows: readonly Row[]): Column {
  const text = (s: Summary) => `${formatPct(s.usr_pct.median)}/${formatPct(s.sys_pct.median)}`;
  return numbers(rows, ['CPU %', 'usr/sys'], text, { drop: 2, legend: ['CPU %: 100 is one CPU busy'] });
}

function inFlight(_: Summary, { trials }: Row): string {
  if (trials.length === 0) return '';
  return formatPerIo(spread(trials.map((trial) => trial.effective_depth)).median);
}

/** What the numbers of the main table are made of. */
export function causeTable(rows: readonly Row[]): TableView {
  return [
    labelColumn(rows),
    syscallsColumn(rows),
    numbers(rows, ['context', 'switches', 'per I/O'], (s) => formatPerIo(s.ctx_per_io.median)),
    numbers(rows, ['CPU usec', 'per I/O'], (s) => formatUsec(s.cpu_ns_per_io.median)),
    cpuColumn(rows),
    numbers(rows, ['I/Os in', 'flight'], inFlight, { drop: 1 }),
  ];
}
