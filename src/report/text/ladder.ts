/** The ladder: what each step gains over the step before, and what an I/O costs on it. */
import type { BackendResult, RunResult, Summary } from '../../results/schema.ts';
import { type PairedGain, pairedGain } from '../../stats/paired.ts';
import { formatChange, formatIops, formatPerIo, formatUsec, plural } from '../../values/format.ts';
import { type Cell, type Column, LAST_RESORT, type TableView } from './table-view.ts';
import { printable } from './text.ts';

/** With fewer pairs an interval is wide whatever the machine does. */
const PAIRS_FEW = 5;
/** An interval that ends above says no more than that it is useless. */
const PCT_MAX = 1000;

export interface Rung {
  label: string;
  backend: BackendResult;
  summary: Summary | null;
  /** Over the nearest step before that has trials in common; null for the first and for what was not run. */
  gain: PairedGain | null;
  /** Whether medians have it the other way round: single trials that are far off move a mean of ratios. */
  opposed: boolean;
  /** Features of the step before that this one does without. */
  without: string[];
  /** Whether its numbers are of less than was asked for. */
  partial: boolean;
}

/** Complete trials by their number. */
function iopsByTrial({ trials }: BackendResult): Map<number, number> {
  const complete = trials.filter(({ status, iops }) => status === 'complete' && iops > 0);
  return new Map(complete.map(({ trial, iops }) => [trial, iops]));
}

function gainOver(before: BackendResult, after: BackendResult): PairedGain | null {
  const base = iopsByTrial(before);
  const pairs = [...iopsByTrial(after)].flatMap(([trial, iops]) => {
    const other = base.get(trial);
    return other === undefined ? [] : [[other, iops] as const];
  });
  if (pairs.length === 0) return null;
  return pairedGain(
    pairs.map(([a]) => a),
    pairs.map(([, b]) => b),
  );
}

function featuresOf({ variant }: BackendResult): string[] {
  return variant.split('+').slice(1);
}

/** Less than it shows is no direction. */
const SHOWN_PCT = 0.05;

function comparedTo(base: BackendResult | null, backend: BackendResult): Pick<Rung, 'gain' | 'opposed'> {
  if (base === null || backend.summary === null) return { gain: null, opposed: false };
  const gain = gainOver(base, backend);
  const before = base.summary?.iops.median ?? 0;
  const medians = before > 0 ? (backend.summary.iops.median / before - 1) * 100 : 0;
  const opposed =
    gain !== null &&
    Math.min(Math.abs(medians), Math.abs(gain.pct)) >= SHOWN_PCT &&
    Math.sign(medians) !== Math.sign(gain.pct);
  return { gain, opposed };
}

/** The steps of a ladder in their order. */
export function rungsOf({ backends }: RunResult): Rung[] {
  let before: BackendResult | null = null;
  return backends.map((backend) => {
    const base = before;
    const own = featuresOf(backend);
    if (backend.summary !== null) before = backend;
    return {
      label: printable(backend.label),
      backend,
      summary: backend.summary,
      ...comparedTo(base, backend),
      without: base === null ? [] : featuresOf(base).filter((name) => !own.includes(name)),
      partial: backend.summary !== null && backend.status !== 'complete',
    };
  });
}

/** Whether the interval leaves open which of the two is faster. */
export function isUnclear({ interval }: PairedGain): boolean {
  return interval !== null && interval.low <= 0 && interval.high >= 0;
}

function labelColumn(rungs: readonly Rung[]): Column {
  const legend = rungs
    .filter(({ without, backend }) => without.length > 0 && backend.status !== 'skipped')
    .map(
      ({ label, without }) =>
        `${label} excludes ${without.map(printable).join(' and ')}, which it runs without`,
    );
  if (rungs.some(({ partial }) => partial)) legend.push('* incomplete: see below');
  const cells = rungs.map(({ label, partial }) => ({ text: partial ? `${label} *` : label }));
  return { head: ['step'], align: 'left', cells, legend };
}

function iopsColumn(rungs: readonly Rung[]): Column {
  const cells = rungs.map(({ summary, backend }): Cell => {
    if (summary !== null) return { text: formatIops(summary.iops.median) };
    if (backend.status === 'skipped') return { text: 'unavailable', tone: 'warning' };
    return { text: backend.status, tone: backend.status === 'failed' ? 'error' : 'warning' };
  });
  const repeated = rungs.some(({ summary }) => (summary?.trials ?? 0) > 1);
  return { head: repeated ? ['IOPS', 'median'] : ['IOPS'], align: 'right', cells };
}

function gainCell({ gain, opposed }: Rung): Cell {
  if (gain === null) return { text: '' };
  const text = `${opposed ? '! ' : ''}${formatChange(gain.pct)}`;
  if (gain.interval === null) return { text: `? ${text}`, tone: 'unclear' };
  if (isUnclear(gain)) return { text: `~ ${text}`, tone: 'unclear' };
  return { text, tone: gain.pct < 0 ? 'bad' : 'good' };
}

function gainColumn(rungs: readonly Rung[]): Column {
  const gains = rungs.flatMap(({ gain }) => gain ?? []);
  const legend = [
    ...(gains.some(isUnclear) ? ['~ the interval includes 0: no clear difference'] : []),
    ...(gains.some(({ interval }) => interval === null)
      ? ['? one trial cannot say how sure this is: use --trials']
      : []),
    ...(rungs.some(({ opposed }) => opposed)
      ? [
          '! medians say otherwise: the gain is a mean over trials in pairs, which a single trial far off moves',
        ]
      : []),
  ];
  return { head: ['gain over', 'step before'], align: 'right', cells: rungs.map(gainCell), legend };
}

function bound(pct: number): string {
  return pct > PCT_MAX ? `>+${PCT_MAX}%` : formatChange(pct);
}

function intervalCell({ gain }: Rung): Cell {
  if (!gain?.interval) return { text: '' };
  return { text: `${bound(gain.interval.low)} .. ${bound(gain.interval.high)}` };
}

/** [] when no gain has an interval. */
function intervalColumns(rungs: readonly Rung[]): Column[] {
  const counts = rungs.flatMap(({ gain }) => (gain?.interval ? [gain.pairs] : []));
  if (counts.length === 0) return [];
  const least = Math.min(...counts);
  const legend = [
    "95 % interval: of the mean ratio of trials, each paired with the step before's (Student's t)",
    ...(least < PAIRS_FEW
      ? [`${plural(least, 'pair')} of trials make wide intervals: --trials 10 says more`]
      : []),
  ];
  return [
    { head: ['95 %', 'interval'], align: 'right', cells: rungs.map(intervalCell), drop: LAST_RESORT, legend },
  ];
}

/** How fast each step is, and how sure its gain. */
export function ladderTable(rungs: readonly Rung[]): TableView {
  return [labelColumn(rungs), iopsColumn(rungs), gainColumn(rungs), ...intervalColumns(rungs)];
}

function costColumn(
  rungs: readonly Rung[],
  head: readonly string[],
  of: (summary: Summary) => string,
): Column {
  const cells = rungs.map(({ summary }) => ({ text: summary === null ? '' : of(summary) }));
  return { head, align: 'right', cells };
}

/** What each I/O costs on it. */
export function ladderCostTable(rungs: readonly Rung[]): TableView {
  return [
    { ...labelColumn(rungs), legend: [] },
    costColumn(rungs, ['CPU usec', 'per I/O'], (s) => formatUsec(s.cpu_ns_per_io.median)),
    costColumn(rungs, ['syscalls', 'per I/O'], (s) => formatPerIo(s.syscalls_per_io.median)),
    costColumn(rungs, ['context', 'switches', 'per I/O'], (s) => formatPerIo(s.ctx_per_io.median)),
  ];
}
