/** The report as GitHub Markdown: the same view as on a terminal, with every column. */
import type { Evaluation } from '../../results/evaluate-schema.ts';
import type { RunResult } from '../../results/schema.ts';
import type { ArticleView } from '../article/article.ts';
import { sweepHeader } from '../sweep/sweep.ts';
import { kneeLines } from '../sweep/sweep-curves.ts';
import { statusLine, sweepNotes } from '../sweep/sweep-notes.ts';
import { metricHead, metricValue, rowsOfPoint, shortMarginText } from '../sweep/sweep-view.ts';
import { evaluationView } from '../text/evaluate.ts';
import { type ExplainView, explainView } from '../text/explain.ts';
import type { ExplainedBackend } from '../text/explained.ts';
import type { HeaderLine } from '../text/header.ts';
import type { Column, TableView } from '../text/table-view.ts';
import { noteLine } from '../text/warnings.ts';
import { comparisonViewOf } from '../view/compare-view.ts';
import {
  type ComparisonReport,
  type RenderOptions,
  type ReportFormat,
  reportsInTurn,
  type SweepReport,
} from '../view/format-spec.ts';
import { explainedOfSweep, viewOf } from '../view/view.ts';

/** Text that must not become markup or end its cell. */
function escaped(text: string): string {
  return text.replace(/[\\`*<>[\]|~]/g, '\\$&');
}

function headerList(header: readonly HeaderLine[]): string {
  return header
    .map(({ name, items, separator }) => `- **${name}**: ${escaped(items.join(`${separator} `))}`)
    .join('\n');
}

function renderMarkdown(result: RunResult, options: RenderOptions): string {
  const view = viewOf(result, options);
  const parts = [
    headerList(view.header),
    ...(view.status ? [`**${escaped(noteLine(view.status))}**`] : []),
    ...(view.article === null ? [] : articleParts(view.article)),
    ...[view.main, view.cause, ...(view.differences ? [view.differences] : []), ...view.latency].map(
      markdownTable,
    ),
    ...(view.explain === null ? [] : explainParts(view.explain)),
    view.notes.map((note) => `- ${escaped(noteLine(note))}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Tables below their titles, then what they mean. */
function explainParts({ chief, sentences, details, side, lines }: ExplainView): string[] {
  const titled = (tables: ExplainView['chief']) =>
    tables.flatMap(({ title, table }) => [`**${escaped(title)}**`, markdownTable(table)]);
  return [...titled(chief), listText(sentences), ...titled([...details, ...side]), listText(lines)];
}

/** Explanations by themselves, below a line that says what they are of. */
export function explanationMarkdown(head: string, all: readonly ExplainedBackend[]): string {
  const view = explainView(all);
  const parts = [escaped(head), ...(view === null ? [] : explainParts(view))];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Lines as a list. */
export function listText(lines: readonly string[]): string {
  return lines.map((text) => `- ${escaped(text)}`).join('\n');
}

/** Both sides in one table: a page has room. */
function articleParts({ title, sides, lines }: ArticleView): string[] {
  const [first = [], second = []] = sides;
  return [`**${escaped(title)}**`, markdownTable([...first, ...second.slice(1)]), listText(lines)];
}

/** A table as Markdown has them, with what its marks mean below. */
export function markdownTable(columns: TableView): string {
  const rows = Math.max(...columns.map((column) => column.cells.length));
  const line = (of: (column: Column) => string) => `| ${columns.map(of).join(' | ')} |`;
  const lines = [
    line(({ head }) => escaped(joinedHead(head))),
    line(({ align }) => (align === 'right' ? '---:' : '---')),
    ...Array.from({ length: rows }, (_, row) =>
      line(({ cells }) => {
        const cell = cells[row];
        const text = escaped(cell?.text ?? '');
        return cell?.tone === 'best' ? `**${text}**` : text;
      }),
    ),
  ];
  return [lines.join('\n'), ...columns.flatMap(({ legend = [] }) => legend).map(escaped)].join('\n\n');
}

/** Heading lines as one, a backend's features without a space before them. */
function joinedHead(head: readonly string[]): string {
  return head.join(' ').replaceAll(' +', '+');
}

/** The verdict first: in a pull request's summary it is what people look for. */
function renderComparison(report: ComparisonReport): string {
  const view = comparisonViewOf(report, { whole: true });
  const explained = explainView(report.comparison.explained ?? []);
  const verdicts = view.verdicts.map(({ text }) => escaped(text));
  const parts = [
    verdicts
      .slice(-1)
      .map((text) => `**${text}**`)
      .join(''),
    verdicts
      .slice(0, -1)
      .map((text) => `- ${text}`)
      .join('\n'),
    headerList(view.header),
    markdownTable(view.table),
    ...(explained === null ? [] : explainParts(explained)),
    view.notes.map((note) => `- ${escaped(noteLine(note))}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function sweepTable({ sweep, view }: SweepReport): string {
  const dimensions = sweep.grid.dimensions.map(({ option }) => option);
  const rows = sweep.points.flatMap((point) => rowsOfPoint(point, dimensions, view));
  const column = (
    head: string,
    align: Column['align'],
    of: (row: (typeof rows)[number]) => string,
  ): Column => ({
    head: [head],
    align,
    cells: rows.map((row) => ({ text: of(row) })),
  });
  return markdownTable([
    ...dimensions.map((option, i) => column(option, 'right', (row) => row.values[i] ?? '')),
    column('backend', 'left', ({ label }) => label),
    ...view.metrics.map((metric, at) =>
      column(metricHead(metric), 'right', ({ estimates, status }) => {
        const estimate = estimates[at];
        if (!estimate) return at === 0 && status !== 'complete' ? status : '';
        return `${metricValue(metric, estimate.median)} ${shortMarginText(estimate)}`.trim();
      }),
    ),
  ]);
}

function renderSweep(report: SweepReport): string {
  const { sweep, view } = report;
  const status = statusLine(sweep);
  const [rule, ...knees] = kneeLines(sweep, view);
  const explained = explainView(explainedOfSweep(sweep));
  const parts = [
    headerList(sweepHeader(sweep)),
    status === null ? '' : `**${escaped(status)}**`,
    sweepTable(report),
    rule === undefined ? '' : `${escaped(rule)}\n\n${listText(knees)}`,
    ...(explained === null ? [] : explainParts(explained)),
    listText(sweepNotes(sweep)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderEvaluation(evaluation: Evaluation): string {
  const { header, status, tables, lines } = evaluationView(evaluation);
  const parts = [
    headerList(header),
    status === '' ? '' : `**${escaped(status)}**`,
    ...tables.flatMap(({ title, table }) => [`**${escaped(title)}**`, markdownTable(table)]),
    listText(lines),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const format: ReportFormat = {
  ...reportsInTurn('\n', renderMarkdown),
  comparison: renderComparison,
  sweep: renderSweep,
  evaluation: renderEvaluation,
  forPeople: true,
};

export default format;
