/** The report for a terminal: never a line wider than the terminal, fewer columns where it is narrow. */
import picocolors from 'picocolors';
import type { Evaluation } from '../../results/evaluate-schema.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import type { ArticleView } from '../article/article.ts';
import { layoutOf, sweepHead, sweepRows, sweepTail } from '../sweep/sweep.ts';
import { statusLine } from '../sweep/sweep-notes.ts';
import { cliTable } from '../text/cli-table.ts';
import { evaluationView } from '../text/evaluate.ts';
import { type ExplainView, explainView } from '../text/explain.ts';
import type { ExplainedBackend } from '../text/explained.ts';
import { comparisonTables, fitColumns, groupColumns } from '../text/fit.ts';
import { headerText } from '../text/header-text.ts';
import { chartTexts } from '../text/latency-map.ts';
import { rowsOf } from '../text/rows.ts';
import type { TableView, Tone } from '../text/table-view.ts';
import { foldWords, printable } from '../text/text.ts';
import { type Note, noteLine } from '../text/warnings.ts';
import { comparisonViewOf } from '../view/compare-view.ts';
import {
  type ComparisonReport,
  type RenderOptions,
  type ReportFormat,
  reportsInTurn,
  type SweepReport,
} from '../view/format-spec.ts';
import { explainedOfSweep, viewOf } from '../view/view.ts';

/** Below this nothing reads well; a narrower terminal gets lines of this width. */
const LEAST_COLUMNS = 40;

type Colors = ReturnType<typeof picocolors.createColors>;
type Paint = (text: string, tone: Tone | undefined) => string;

/** Each line is painted by itself, so that a colour never runs over the end of a line. */
function painter(colors: Colors): Paint {
  const of: Record<Tone, (text: string) => string> = {
    best: (text) => colors.bold(colors.green(text)),
    good: colors.green,
    bad: colors.red,
    unclear: colors.dim,
    warning: colors.yellow,
    error: colors.red,
  };
  return (text, tone) => (tone === undefined ? text : text.split('\n').map(of[tone]).join('\n'));
}

/** Draws tables that fit, with what their marks mean. */
function drawer(columns: number, colors: Colors): (table: TableView) => string {
  const paint = painter(colors);
  return (table) => {
    const legend = table.flatMap((column) => column.legend ?? []);
    const lines = legend.flatMap((line) => foldWords(line, columns, 2).map(colors.dim));
    return [drawTable(table, colors, paint), ...lines].join('\n');
  };
}

function renderTable(result: RunResult, options: RenderOptions): string {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  const paint = painter(colors);
  const view = viewOf(result, options);
  const draw = drawer(columns, colors);
  const parts = [
    [
      ...view.header.flatMap((line) => headerText(line, columns, colors.dim)),
      ...(view.status ? noteLines(view.status, columns, paint) : []),
    ].join('\n'),
    ...(view.article === null ? [] : articleParts(view.article, columns, draw)),
    ...comparisonTables(view.main, view.cause, columns).map(draw),
    ...(view.differences === null ? [] : [draw(fitColumns(view.differences, columns))]),
    ...(view.explain === null ? [] : explainParts(view.explain, columns, draw)),
    ...view.latency.flatMap((table) => groupColumns(table, columns)).map(draw),
    ...(options.plot
      ? chartTexts(rowsOf(result), { columns, color: options.color, ascii: options.ascii === true })
      : []),
    view.notes.flatMap((note) => noteLines(note, columns, paint)).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The article's side and this machine's in one table where it fits; then what they say, in words. */
function articleParts(view: ArticleView, columns: number, draw: (table: TableView) => string): string[] {
  const [first = [], second] = view.sides;
  const tables = second ? comparisonTables(first, second, columns) : groupColumns(first, columns);
  return [
    [foldWords(view.title, columns, 2).join('\n'), draw(tables[0] ?? [])].join('\n'),
    ...tables.slice(1).map(draw),
    view.lines.flatMap((line) => foldWords(printable(line), columns, 2)).join('\n'),
  ];
}

/** What was seen in tables, each below its title, then what it means. */
function explainParts(view: ExplainView, columns: number, draw: (table: TableView) => string): string[] {
  const titled = (title: string, table: TableView) =>
    [foldWords(title, columns, 2).join('\n'), draw(table)].join('\n');
  const folded = (lines: readonly string[]) =>
    lines.flatMap((line) => foldWords(line, columns, 2)).join('\n');
  const fitted = (tables: ExplainView['chief']) =>
    tables.map(({ title, table }) => titled(title, fitColumns(table, columns)));
  return [
    ...fitted(view.chief),
    folded(view.sentences),
    ...fitted(view.details),
    ...view.side.flatMap(({ title, table }) =>
      groupColumns(table, columns).map((group) => titled(title, group)),
    ),
    folded(view.lines),
  ];
}

function noteLines(note: Note, columns: number, paint: Paint): string[] {
  return foldWords(noteLine(note), columns, 2).map((line) =>
    paint(line, note.level === 'error' ? 'error' : 'warning'),
  );
}

function drawTable(columns: TableView, colors: Colors, paint: Paint): string {
  const headLines = Math.max(...columns.map((column) => column.head.length));
  const rows = Math.max(...columns.map((column) => column.cells.length));
  const lines = cliTable({
    head: columns.map(({ head }) => [...Array(headLines - head.length).fill(''), ...head].join('\n')),
    rows: Array.from({ length: rows }, (_, row) =>
      columns.map(({ cells }) => paint(cells[row]?.text ?? '', cells[row]?.tone)),
    ),
    aligns: columns.map((column) => column.align),
    rule: true,
  });
  return lines.map((line) => (/^─+$/.test(line) ? colors.dim(line) : line)).join('\n');
}

/** A table by itself, as wide as there is room for, with what its marks mean. */
export function terminalTable(table: TableView, options: RenderOptions): string {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  return drawer(columns, colors)(fitColumns(table, columns));
}

/** Explanations by themselves, as in the report of a run; of a program that is not ours, and of a regression. */
export function renderExplanation(all: readonly ExplainedBackend[], options: RenderOptions): string {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  const view = explainView(all);
  const parts = view === null ? [] : explainParts(view, columns, drawer(columns, colors));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderComparison(report: ComparisonReport, options: RenderOptions): string {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  const paint = painter(colors);
  const view = comparisonViewOf(report, { whole: false });
  const parts = [
    view.header.flatMap((line) => headerText(line, columns, colors.dim)).join('\n'),
    terminalTable(view.table, options),
    report.comparison.explained ? renderExplanation(report.comparison.explained, options).trimEnd() : '',
    view.notes.flatMap((note) => noteLines(note, columns, paint)).join('\n'),
    view.verdicts
      .flatMap(({ text, tone }) => foldWords(text, columns, 2).map((line) => paint(line, tone)))
      .join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** What is explained of a sweep, each backend with its point; '' when nothing is. */
export function sweepExplanation(sweep: SweepResult, options: RenderOptions): string {
  const all = explainedOfSweep(sweep);
  return all.length === 0 ? '' : `\n${renderExplanation(all, options)}`;
}

function renderSweep({ sweep, view }: SweepReport, options: RenderOptions): string {
  const { columns } = options;
  if (sweep.points.length === 0) return `${statusLine(sweep)}\n`;
  const layout = layoutOf(sweep, view, columns);
  const rows = sweep.points.map((point) => sweepRows(point, layout)).join('');
  return `${sweepHead(sweep, layout, columns)}${rows}\n${sweepTail(sweep, layout, columns, options.ascii)}${sweepExplanation(sweep, options)}`;
}

function renderEvaluation(evaluation: Evaluation, options: RenderOptions): string {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  const { header, status, tables, lines } = evaluationView(evaluation);
  const parts = [
    header.flatMap((line) => headerText(line, columns, colors.dim)).join('\n'),
    ...(status === '' ? [] : [foldWords(status, columns, 2).map(colors.yellow).join('\n')]),
    ...tables.map(({ title, table }) => `${colors.bold(title)}\n${terminalTable(table, options)}`),
    lines.flatMap((line) => foldWords(line, columns, 2)).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const format: ReportFormat = {
  ...reportsInTurn('\n', renderTable),
  comparison: renderComparison,
  sweep: renderSweep,
  evaluation: renderEvaluation,
  forPeople: true,
};

export default format;
