/** The comparison: who is fastest and by how much, and what each I/O costs. */
import { percentileKey } from '../../results/histogram.ts';
import type { BackendResult, RunResult, Summary } from '../../results/schema.ts';
import type { Differences, StoredDifference } from '../../results/schema-statistics.ts';
import { INTERVAL_TRIALS_LEAST } from '../../stats/confidence.ts';
import type { Estimate } from '../../stats/difference.ts';
import { depthOf, isSameDepth } from '../../stats/standing.ts';
import { COMPARED_PERCENTILES, referenceOf, usableTrials } from '../../stats/summary.ts';
import {
  formatCount,
  formatIops,
  formatMiBps,
  formatPct,
  formatPerIo,
  formatQuantile,
  formatUsec,
} from '../../values/format.ts';
import { differenceCell, differenceLegend } from './difference-cell.ts';
import { labelParts, type Row } from './rows.ts';
import { type Cell, type Column, LAST_RESORT, type TableView } from './table-view.ts';
import { printable } from './text.ts';
import { hasBandwidth } from './words.ts';

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

function interval({ low, high }: Estimate): string {
  return `${formatIops(low)}..${formatIops(high)}`;
}

/** What low..high of all rows are: of few trials the interval is their range. */
function intervalName(rows: readonly Row[]): string {
  const fewest = Math.min(...rows.map((row) => row.summary?.trials ?? Number.POSITIVE_INFINITY));
  return fewest < INTERVAL_TRIALS_LEAST ? 'min..max' : '95% interval';
}

/** How much of the rate was reached that was asked for; where one was. */
function heldRateColumn(rows: readonly Row[]): Column[] {
  const askedOf = ({ trials }: Row): number | undefined => trials[0]?.rate?.asked_iops;
  if (rows.every((row) => askedOf(row) === undefined)) return [];
  const held = (summary: Summary, row: Row): string => {
    const asked = askedOf(row);
    return asked === undefined ? '' : ((summary.iops.median / asked) * 100).toFixed(1);
  };
  return [numbers(rows, ['% of', 'rate'], held)];
}

/** The article's table 1, with bandwidth and, of several trials, the interval of IOPS. */
export function mainTable(rows: readonly Row[], result: RunResult): TableView {
  const repeated = rows.some((row) => (row.summary?.trials ?? 0) > 1);
  const legend = rows.some((row) => row.partial) ? ['* incomplete: see below'] : [];
  const columns = [labelColumn(rows, legend), iopsColumn(rows, repeated)];
  if (repeated) {
    const text = (s: Summary) => (s.trials > 1 ? interval(s.iops) : '');
    columns.push(numbers(rows, ['IOPS', intervalName(rows)], text, { drop: 2 }));
  }
  columns.push(...heldRateColumn(rows));
  if (hasBandwidth(result))
    columns.push(numbers(rows, ['MiB/s'], (s) => formatMiBps(s.bw_bytes.median), { drop: 1 }));
  const switches = (s: Summary) => formatCount(s.ctx.median);
  columns.push(numbers(rows, ['context', 'switches'], switches, { drop: LAST_RESORT }));
  const base = referenceOf(result.backends, result.reference);
  if (base?.summary && rows.length > 1) columns.push(changeColumn(rows, base));
  return columns;
}

function changeColumn(rows: readonly Row[], base: BackendResult): Column {
  const [name = '', ...features] = labelParts(printable(base.label));
  const change = (summary: Summary): Cell =>
    differenceCell(summary.vs_reference?.iops ?? null, summary.iops_vs_reference_pct, 'higher');
  const legend = differenceLegend(rows.map(({ summary }) => summary?.vs_reference?.iops ?? null));
  return numbers(rows, ['IOPS ±%', `vs ${name}`, ...features], change, { legend });
}

/** One quantity of the differences table. */
interface Compared {
  head: readonly string[];
  of: (differences: Differences) => StoredDifference | undefined;
  drop?: number;
  /** Whether it grows with the I/Os in flight. */
  ofLatency?: true;
}

/** Marks latencies of backends that had another depth than the reference. */
const OTHER_DEPTH = '°';

function quantile(percentile: number, drop?: number): Compared {
  return {
    head: ['latency', `quantile=${formatQuantile(percentile)}`],
    of: ({ lat_ns }) => lat_ns[percentileKey(percentile)],
    ofLatency: true,
    ...(drop === undefined ? {} : { drop }),
  };
}

const [MEDIAN = 50, TAIL = 99, FAR_TAIL = 99.9] = COMPARED_PERCENTILES;

/** Of a narrow table the tail and what an I/O costs are left. */
const COMPARED: readonly Compared[] = [
  quantile(MEDIAN, 3),
  quantile(TAIL),
  quantile(FAR_TAIL, 1),
  { head: ['CPU', 'per I/O'], of: ({ cpu_ns_per_io }) => cpu_ns_per_io, drop: LAST_RESORT },
  { head: ['switches', 'per I/O'], of: ({ ctx_per_io }) => ctx_per_io, drop: 2 },
];

/** The same comparison by what a program feels and what an I/O costs; null when nothing can be said. */
export function differencesTable(rows: readonly Row[], result: RunResult): TableView | null {
  const base = referenceOf(result.backends, result.reference);
  const compared = rows.flatMap(({ label, summary, trials }) =>
    summary?.vs_reference ? [{ label, differences: summary.vs_reference, depth: depthOf(trials) }] : [],
  );
  if (base === undefined || compared.every(({ differences }) => differences.iops.verdict === 'unknown')) {
    return null;
  }
  const found = COMPARED.map(({ of }) => compared.map(({ differences }) => of(differences) ?? null));
  const names: Column = {
    head: labelParts(`vs ${printable(base.label)}`),
    align: 'left',
    cells: compared.map(({ label }) => ({ text: label })),
    // What the marks mean is said once for all columns; this one always stays.
    legend: differenceLegend(found.flat()),
  };
  const baseDepth = depthOf(usableTrials(base.trials));
  const columns = COMPARED.map(({ head, drop, ofLatency = false }, i): Column => {
    const cells = (found[i] ?? []).map((difference, row): Cell => {
      const cell = differenceCell(difference, null, 'lower');
      const other = ofLatency && !isSameDepth(compared[row]?.depth ?? 0, baseDepth);
      return other && cell.text !== '' ? { text: `${cell.text} ${OTHER_DEPTH}`, tone: 'unclear' } : cell;
    });
    return { head, align: 'right', cells, ...(drop === undefined ? {} : { drop }) };
  });
  const marked = columns.some(({ cells }) => cells.some(({ text }) => text.endsWith(OTHER_DEPTH)));
  const why = `${OTHER_DEPTH} with another number of I/Os in flight: no merit and no fault of the interface`;
  return [marked ? { ...names, legend: [...(names.legend ?? []), why] } : names, ...columns];
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
  return trials.length === 0 ? '' : formatPerIo(depthOf(trials));
}

/** Only where anything was counted. */
function instructionsColumn(rows: readonly Row[]): Column[] {
  if (rows.every(({ summary }) => summary?.instructions_per_io === undefined)) return [];
  const text = ({ instructions_per_io: found }: Summary) => (found ? formatPerIo(found.median) : '');
  return [numbers(rows, ['instructions', 'per I/O'], text, { drop: 1 })];
}

/** What the numbers of the main table are made of. */
export function causeTable(rows: readonly Row[]): TableView {
  return [
    labelColumn(rows),
    syscallsColumn(rows),
    numbers(rows, ['context', 'switches', 'per I/O'], (s) => formatPerIo(s.ctx_per_io.median)),
    numbers(rows, ['CPU usec', 'per I/O'], (s) => formatUsec(s.cpu_ns_per_io.median)),
    ...instructionsColumn(rows),
    cpuColumn(rows),
    numbers(rows, ['I/Os in', 'flight'], inFlight, { drop: 1 }),
  ];
}
