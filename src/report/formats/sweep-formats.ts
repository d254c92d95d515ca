/** A stored sweep in each format. */
import { usageError } from '../../errors.ts';
import type { OutputFormat } from '../../options/output.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import { layoutOf, sweepHead, sweepHeader, sweepRows, sweepTail } from '../sweep/sweep.ts';
import { kneeLines } from '../sweep/sweep-curves.ts';
import { statusLine, sweepNotes } from '../sweep/sweep-notes.ts';
import {
  metricHead,
  metricValue,
  rowsOfPoint,
  type SweepView,
  shortMarginText,
} from '../sweep/sweep-view.ts';
import type { Column } from '../text/table-view.ts';
import { csvColumns, csvRows } from './csv.ts';
import { csvLine } from './csv-line.ts';
import type { RenderOptions } from './format-spec.ts';
import { escaped, tableText } from './markdown.ts';

/** The formats that a sweep has. */
const FORMATS = ['table', 'json', 'markdown', 'csv'] as const;
type SweepFormat = (typeof FORMATS)[number];

/** @throws BenchError (usage) for a format that only single results have */
export function sweepFormat(format: OutputFormat): SweepFormat {
  const known = FORMATS.find((name) => name === format);
  if (known === undefined)
    throw usageError(`a sweep has no output-format=${format}`, `one of: ${FORMATS.join(', ')}`);
  return known;
}

function renderTable(sweep: SweepResult, view: SweepView, { columns }: RenderOptions): string {
  if (sweep.points.length === 0) return `${statusLine(sweep)}\n`;
  const layout = layoutOf(sweep, view, columns);
  const rows = sweep.points.map((point) => sweepRows(point, layout)).join('');
  return `${sweepHead(sweep, layout, columns)}${rows}\n${sweepTail(sweep, layout, columns)}`;
}

function markdownTable(sweep: SweepResult, view: SweepView): string {
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
  return tableText([
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

function renderMarkdown(sweep: SweepResult, view: SweepView): string {
  const header = sweepHeader(sweep).map(
    ({ name, items, separator }) => `- **${name}**: ${escaped(items.join(`${separator} `))}`,
  );
  const status = statusLine(sweep);
  const [rule, ...knees] = kneeLines(sweep, view);
  const list = (lines: readonly string[]) => lines.map((text) => `- ${escaped(text)}`).join('\n');
  const parts = [
    header.join('\n'),
    status === null ? '' : `**${escaped(status)}**`,
    markdownTable(sweep, view),
    rule === undefined ? '' : `${escaped(rule)}\n\n${list(knees)}`,
    list(sweepNotes(sweep)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** As the CSV of a run, with a column for each dimension before the others. */
function renderCsv(sweep: SweepResult, { percentiles }: RenderOptions): string {
  const columns = csvColumns(percentiles);
  const options = sweep.grid.dimensions.map(({ option }) => option);
  const rows = sweep.points.flatMap(({ values, result }) =>
    csvRows(
      result,
      columns,
      options.map((option) => values[option] ?? null),
    ),
  );
  return [csvLine([...options, ...columns.map(({ name }) => name)]), ...rows].join('');
}

/**
 * A report as text that ends in a newline.
 * @throws BenchError (usage) when a number needs a stored histogram and that is damaged.
 */
export function renderSweep(
  sweep: SweepResult,
  view: SweepView,
  format: SweepFormat,
  options: RenderOptions,
): string {
  switch (format) {
    case 'table':
      return renderTable(sweep, view, options);
    case 'markdown':
      return renderMarkdown(sweep, view);
    case 'csv':
      return renderCsv(sweep, options);
    case 'json':
      return `${JSON.stringify(sweep, null, 2)}\n`;
  }
}
