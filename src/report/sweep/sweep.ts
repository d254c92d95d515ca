/**
 * The report of a sweep: head, rows, tail. Rows have widths that follow from the grid alone, so that they can be shown
 * as points finish and look the same when the stored sweep is shown again.
 */
import type { SweepPoint, SweepResult } from '../../results/sweep-schema.ts';
import { headerLines } from '../text/header.ts';
import { headerText } from '../text/header-text.ts';
import { displayWidth, foldWords, printable } from '../text/text.ts';
import { kneeLines, plotTexts } from './sweep-curves.ts';
import { statusLine, sweepNotes } from './sweep-notes.ts';
import {
  labelsOf,
  metricHead,
  metricValue,
  rowsOfPoint,
  type SweepRow,
  type SweepView,
  shortMarginText,
} from './sweep-view.ts';

const GAP = '  ';
const LEAST_COLUMNS = 40;
/** Wide enough for what is measured by each: "1,234,567", "12,345.6", "123,456 usec". */
const VALUE_WIDTH: Readonly<Record<string, number>> = { 'io/s': 10, 'B/s': 8, ns: 12 };
const INTERVAL_WIDTH = 5;

interface SweepColumn {
  head: string;
  width: number;
  align: 'left' | 'right';
  of: (row: SweepRow) => string;
}

/** How rows are laid out. */
export interface SweepLayout {
  columns: readonly SweepColumn[];
  /** Metrics that there was no room for. */
  left: readonly string[];
  dimensions: readonly string[];
  view: SweepView;
}

function metricColumns(view: SweepView, intervals: boolean, at: number): SweepColumn[] {
  const metric = view.metrics[at];
  if (metric === undefined) return [];
  const value = (row: SweepRow) => {
    const estimate = row.estimates[at] ?? null;
    if (estimate !== null) return metricValue(metric, estimate.median);
    return at === 0 && row.status !== 'complete' ? row.status : '';
  };
  const head = metricHead(metric);
  const column: SweepColumn = {
    head,
    width: Math.max(VALUE_WIDTH[metric.unit] ?? 7, displayWidth(head)),
    align: 'right',
    of: value,
  };
  if (!intervals) return [column];
  const interval = (row: SweepRow) => {
    const estimate = row.estimates[at];
    return estimate ? shortMarginText(estimate) : '';
  };
  return [column, { head: '', width: INTERVAL_WIDTH, align: 'left', of: interval }];
}

function widthOf(columns: readonly SweepColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));
}

/**
 * The columns that fit: all with their intervals, else with that of the first metric alone, else fewer metrics.
 * @param sweep with at least one point: its backends are those of all
 */
export function layoutOf(sweep: SweepResult, view: SweepView, columns: number): SweepLayout {
  const room = Math.max(columns, LEAST_COLUMNS);
  const labels = labelsOf(sweep);
  const fixed: SweepColumn[] = sweep.grid.dimensions.map(({ option, values }, i) => ({
    head: option,
    width: Math.max(...[option, ...values].map(displayWidth)),
    align: 'right',
    of: (row) => row.values[i] ?? '',
  }));
  if (labels.length > 1) {
    const width = Math.max(...['backend', ...labels].map(displayWidth));
    fixed.push({ head: 'backend', width, align: 'left', of: (row) => row.label });
  }
  const repeated = sweep.points.some(({ result }) => result.backends.some(({ trials }) => trials.length > 1));
  const all = view.metrics.map((_, at) => at);
  const layouts = [
    all.map((at) => metricColumns(view, repeated, at)),
    ...all.map((_, cut) =>
      all.slice(0, all.length - cut).map((at) => metricColumns(view, repeated && at === 0, at)),
    ),
    [metricColumns(view, false, 0)],
  ];
  const fitting =
    layouts.find((metrics) => widthOf([...fixed, ...metrics.flat()]) <= room) ?? layouts.at(-1) ?? [];
  return {
    columns: [...fixed, ...fitting.flat()],
    left: view.metrics.slice(fitting.length).map(({ name }) => name),
    dimensions: sweep.grid.dimensions.map(({ option }) => option),
    view,
  };
}

function line(columns: readonly SweepColumn[], of: (column: SweepColumn) => string): string {
  const cells = columns.map((column) => {
    const text = of(column);
    const pad = ' '.repeat(Math.max(0, column.width - displayWidth(text)));
    return column.align === 'left' ? text + pad : pad + text;
  });
  return cells.join(GAP).trimEnd();
}

/** What ran, and the headings of the rows. */
export function sweepHead(sweep: SweepResult, layout: SweepLayout, columns: number): string {
  const room = Math.max(columns, LEAST_COLUMNS);
  const header = sweepHeader(sweep).flatMap((item) => headerText(item, room, (name) => name));
  const heads = line(layout.columns, ({ head }) => head);
  const rule = '─'.repeat(Math.min(room, widthOf(layout.columns)));
  return `${[...header, '', heads, rule].join('\n')}\n`;
}

/** The header of the first point, without what changes from one to the next. */
export function sweepHeader(sweep: SweepResult): ReturnType<typeof headerLines> {
  const [first] = sweep.points;
  if (first === undefined) return [];
  const swept = sweep.grid.dimensions.map(({ option }) => option);
  const jobs = first.result.jobs.map((job) => ({
    ...job,
    options: Object.fromEntries(Object.entries(job.options).filter(([flag]) => !swept.includes(flag))),
  }));
  const grid = sweep.grid.dimensions.map(({ option, values }) => `${option}=${values.join(',')}`);
  const lines = headerLines({ ...first.result, jobs, started_at: sweep.started_at });
  const labels = labelsOf(sweep);
  return [
    ...lines.slice(0, 1),
    { name: 'sweep', separator: '', items: grid.map(printable) },
    ...(labels.length === 1 ? [{ name: 'backend', separator: '' as const, items: labels }] : []),
    ...lines.slice(1),
  ];
}

/** The rows of one point, one a backend. */
export function sweepRows(point: SweepPoint, { columns, dimensions, view }: SweepLayout): string {
  const rows = rowsOfPoint(point, dimensions, view);
  return rows.map((row) => `${line(columns, ({ of }) => of(row))}\n`).join('');
}

/** What the marks in the rows mean. */
function legend(sweep: SweepResult, layout: SweepLayout): string[] {
  const estimates = sweep.points.flatMap((point) => rowsOfPoint(point, layout.dimensions, layout.view));
  const fewest = Math.min(...estimates.flatMap(({ estimates: of }) => of.flatMap((e) => (e ? [e.n] : []))));
  const lines: string[] = [];
  if (layout.columns.some(({ head }) => head === '')) {
    lines.push(
      fewest >= 6
        ? '±: 95 % interval of the median over trials'
        : `±: range of the trials: ${fewest} are too few for a 95 % interval (--trials 6 is enough)`,
    );
  }
  if (layout.left.length > 0) {
    lines.push(`no room for ${layout.left.join(', ')} (--metric chooses; --output-format=csv has all)`);
  }
  return lines;
}

function indented(lines: readonly string[], room: number): string {
  const folded = lines.flatMap((text) => foldWords(printable(text), room - GAP.length, 2));
  return folded.map((text) => GAP + text).join('\n');
}

/** Below the rows: knees, plots, notes. */
export function sweepTail(sweep: SweepResult, layout: SweepLayout, columns: number, ascii = false): string {
  const room = Math.max(columns, LEAST_COLUMNS);
  const fold = (lines: readonly string[]) => lines.flatMap((text) => foldWords(text, room, 2)).join('\n');
  const [rule, ...knees] = kneeLines(sweep, layout.view);
  const status = statusLine(sweep);
  const parts = [
    fold(legend(sweep, layout)),
    rule === undefined ? '' : [fold([rule]), indented(knees, room)].join('\n'),
    ...plotTexts(sweep, layout.view, room, ascii),
    fold([...(status === null ? [] : [status]), ...sweepNotes(sweep)]),
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}
