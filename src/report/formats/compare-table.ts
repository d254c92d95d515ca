/** A comparison on a terminal and as Markdown. */
import picocolors from 'picocolors';
import { fitColumns } from '../text/fit.ts';
import { headerText } from '../text/header-text.ts';
import { foldWords } from '../text/text.ts';
import { noteLine } from '../text/warnings.ts';
import { comparisonViewOf } from './compare-view.ts';
import type { ReportFormat } from './format-spec.ts';
import { escaped, tableText } from './markdown.ts';
import { drawTable, LEAST_COLUMNS, noteLines, painter } from './table.ts';

export const comparisonTable: ReportFormat['comparison'] = (report, options) => {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  const paint = painter(colors);
  const view = comparisonViewOf(report, { whole: false });
  const fitted = fitColumns(view.table, columns);
  const legend = fitted.flatMap((column) => column.legend ?? []);
  const parts = [
    view.header.flatMap((line) => headerText(line, columns, colors.dim)).join('\n'),
    [
      drawTable(fitted, colors, paint),
      ...legend.flatMap((line) => foldWords(line, columns, 2)).map(colors.dim),
    ].join('\n'),
    view.notes.flatMap((note) => noteLines(note, columns, paint)).join('\n'),
    view.verdicts
      .flatMap(({ text, tone }) => foldWords(text, columns, 2).map((line) => paint(line, tone)))
      .join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
};

/** The verdict first: in a pull request's summary it is what people look for. */
export const comparisonMarkdown: ReportFormat['comparison'] = (report) => {
  const view = comparisonViewOf(report, { whole: true });
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
    view.header
      .map(({ name, items, separator }) => `- **${name}**: ${escaped(items.join(`${separator} `))}`)
      .join('\n'),
    tableText(view.table),
    view.notes.map((note) => `- ${escaped(noteLine(note))}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
};
