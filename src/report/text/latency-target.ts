/** What a search of the highest rate found, in a sentence, a table of backends and one of all rates that were tried. */

import type { BackendResult, RunResult } from '../../results/schema.ts';
import type { LatencyTargetReport, RateSearchReport } from '../../results/schema-report.ts';
import { median } from '../../stats/spread.ts';
import { formatIops, formatLatency, formatPct } from '../../values/format.ts';
import { type Cell, type Column, LAST_RESORT, type TableView } from './table-view.ts';
import { printable } from './text.ts';

type Tried = RateSearchReport['rates'][number];

/** A search goes down to 1/64 of the closed loop, unless trials are too short for it. */
const LOWEST_TRIED = 1 / 60;

/** A backend with its search. */
export interface TargetRow {
  label: string;
  backend: BackendResult;
  search: RateSearchReport;
}

/** Of each backend that was searched, in their order; those that were skipped have none. */
export function targetRows({ backends, report }: RunResult): TargetRow[] {
  if (report?.kind !== 'latency-target') return [];
  return backends.flatMap((backend) => {
    const search = report.searches.find(({ variant }) => variant === backend.variant);
    return search === undefined ? [] : [{ label: printable(backend.label), backend, search }];
  });
}

/** `p99 <= 500 usec` */
function targetText({ percentile, limit_ns: limit }: LatencyTargetReport): string {
  return `p${percentile} <= ${formatLatency(limit)}`;
}

const iopsText = (iops: number | null): string => (iops === null ? '?' : formatIops(iops));

const leastOf = ({ rates }: RateSearchReport): number | null =>
  rates.length === 0 ? null : Math.min(...rates.map(({ iops }) => iops));

/** Why no lower rate was tried, where trials were too short for one. */
function shortHint(search: RateSearchReport): string {
  const [least, closed] = [leastOf(search), search.closed_iops];
  const short = least !== null && closed !== null && least > closed * LOWEST_TRIED;
  return short ? ' (lower ones have too few I/Os in a trial: a longer --runtime)' : '';
}

/** What one backend holds: a part of a sentence. @param at ` at p99 <= 500 usec`, said of the first */
function foundText({ label, search }: TargetRow, at: string): string {
  const { outcome, low_iops: low, high_iops: high, closed_iops: closed } = search;
  const missed = high === null ? '' : ` (missed at ${iopsText(high)})`;
  switch (outcome) {
    case 'bracket':
      return at === ''
        ? `${label} ${iopsText(low)}${missed}`
        : `${label} holds ${iopsText(low)} IOPS${at}${missed}`;
    case 'full':
      return `${label} holds ${iopsText(low)} IOPS${at}, as much as it can do at all (${iopsText(closed)} in a closed loop)`;
    case 'never':
      return `${label} keeps ${at.replace(/^ at /, '') || 'it'} at no rate, not at ${iopsText(leastOf(search))} IOPS${shortHint(search)}`;
    case 'undecided':
      return `${label} cannot be told${at}: trials disagree at ${iopsText(leastOf(search))} IOPS${shortHint(search)}`;
    case 'unfinished':
      return low === null
        ? `${label} is not known yet`
        : `${label} holds at least ${iopsText(low)} IOPS${at}${missed}`;
    default:
      return `${label} failed`;
  }
}

/** "io_uring holds 182,000 IOPS at p99 <= 500 usec (missed at 190,000), sync 41,000 (missed at 43,000)", most first. */
export function targetSentence(result: RunResult): string | null {
  const { report } = result;
  if (report?.kind !== 'latency-target') return null;
  const rows = [...targetRows(result)].sort((a, b) => (b.search.low_iops ?? 0) - (a.search.low_iops ?? 0));
  if (rows.length === 0) return null;
  const texts = rows.map((row, i) => foundText(row, i === 0 ? ` at ${targetText(report)}` : ''));
  return `${texts.join('; ')}.`;
}

/** 0 of nothing: a stored file may say so. */
export function medianOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : median(values);
}

const latenciesOf = ({ trials }: Tried): number[] => trials.map(({ lat_ns: ns }) => ns);

function heldRate({ low_iops: low, rates }: RateSearchReport): Tried | undefined {
  return rates.find(({ iops }) => iops === low);
}

function column(
  head: readonly string[],
  cells: readonly (string | Cell)[],
  rest: Partial<Column> = {},
): Column {
  const of = (cell: string | Cell): Cell => (typeof cell === 'string' ? { text: cell } : cell);
  return { head, align: 'right', cells: cells.map(of), ...rest };
}

function heldCell({ search, backend }: TargetRow): Cell {
  if (backend.status === 'failed') return { text: 'failed', tone: 'error' };
  if (search.outcome === 'never') return { text: 'none', tone: 'bad' };
  if (search.outcome === 'undecided') return { text: '?', tone: 'unclear' };
  const text = search.low_iops === null ? '' : formatIops(search.low_iops);
  if (search.outcome === 'unfinished')
    return { text: text === '' ? 'unknown' : `${text} *`, tone: 'warning' };
  return { text };
}

/** What each backend holds. */
export function targetTable(rows: readonly TargetRow[], report: LatencyTargetReport): TableView {
  const name = `p${report.percentile}`;
  const shareOf = ({ closed_iops: closed, low_iops: low }: RateSearchReport): string =>
    closed && low !== null ? `${formatPct((low / closed) * 100)} %` : '';
  const unsure = rows.some(({ search }) => search.rates.some(({ verdict }) => verdict === 'undecided'));
  const legend = [
    `held and missed: all trials but few at that rate were on that side of ${targetText(report)} (sign test)`,
    ...(unsure ? ['rates between the two at which trials disagreed are left open: see below'] : []),
    ...(rows.some(({ search }) => search.outcome === 'unfinished') ? ['* the search was stopped'] : []),
  ];
  return [
    column(
      ['backend'],
      rows.map(({ label }) => label),
      { align: 'left', legend },
    ),
    column(['IOPS', 'held'], rows.map(heldCell)),
    column(
      ['IOPS', 'missed'],
      rows.map(({ search: { high_iops: high } }) => (high === null ? '' : formatIops(high))),
    ),
    column(
      [`${name} at the`, 'rate held'],
      rows.map(({ search }) => {
        const held = heldRate(search);
        return held === undefined ? '' : formatLatency(medianOf(latenciesOf(held)));
      }),
      { drop: 5 },
    ),
    column(
      ['closed', 'loop IOPS'],
      rows.map(({ search: { closed_iops: closed } }) => (closed === null ? '' : formatIops(closed))),
      { drop: 2 },
    ),
    column(
      ['held', 'of it'],
      rows.map(({ search }) => shareOf(search)),
      { drop: 1 },
    ),
  ];
}

function rangeText(values: readonly number[]): string {
  return values.length < 2
    ? ''
    : `${formatLatency(Math.min(...values))} .. ${formatLatency(Math.max(...values))}`;
}

const VERDICT_TONES = { held: 'good', missed: 'bad', undecided: 'unclear' } as const;

/** All rates that were tried, from the lowest, of one backend after the other. */
export function triedTable(rows: readonly TargetRow[], report: LatencyTargetReport): TableView | null {
  const all = rows.flatMap(({ label, search }) =>
    [...search.rates]
      .sort((a, b) => a.iops - b.iops)
      .map((tried, at) => ({ label: at === 0 ? label : '', tried })),
  );
  if (all.length === 0) return null;
  const of = (text: (tried: Tried) => string | Cell) => all.map(({ tried }) => text(tried));
  const name = `p${report.percentile}`;
  return [
    column(
      ['backend'],
      all.map(({ label }) => label),
      { align: 'left' },
    ),
    column(
      ['IOPS', 'asked for'],
      of(({ iops }) => formatIops(iops)),
    ),
    column(
      ['verdict'],
      of(({ verdict }) => ({ text: verdict, tone: VERDICT_TONES[verdict] })),
      { align: 'left' },
    ),
    column(
      [name, 'median'],
      of((tried) => formatLatency(medianOf(latenciesOf(tried)))),
      { drop: 5 },
    ),
    column(
      [name, 'of the trials'],
      of((tried) => rangeText(latenciesOf(tried))),
      { drop: LAST_RESORT },
    ),
    column(
      ['trials'],
      of(({ trials }) => String(trials.length)),
      { drop: 2 },
    ),
    column(
      ['fell', 'behind'],
      of(({ trials }) => String(trials.filter(({ behind }) => behind).length)),
      { drop: 1, legend: ['fell behind: trials with more than 1 % of the I/Os that were due left unsent'] },
    ),
  ];
}
