/** Histories as documents: a table and a plot each for people, every run for programs. */
import type { History } from '../../compare/history.ts';
import type { OutputFormat } from '../../options/output.ts';
import { jsonText } from '../text/json.ts';
import { foldWords, printable, printableAll } from '../text/text.ts';
import type { RenderOptions } from '../view/format-spec.ts';
import { csvLine, type Value } from './csv-line.ts';
import {
  eventText,
  historyPlot,
  historySentences,
  historyTable,
  historyTitle,
  leftOutText,
} from './history-view.ts';
import { listText, markdownTable } from './markdown.ts';
import { terminalTable } from './table.ts';

/** The formats that there are of histories. */
export const HISTORY_FORMATS: readonly OutputFormat[] = ['table', 'markdown', 'csv', 'json'];

/** A copy with texts that do nothing but be read; a metric has functions, which are no texts. */
function readable(history: History): History {
  const { metric, ...texts } = history;
  return { ...printableAll(texts), metric };
}

function terminalText(history: History, options: RenderOptions): string {
  const { columns } = options;
  const folded = (lines: readonly string[]) => lines.flatMap((line) => foldWords(line, columns, 2));
  return [
    folded([historyTitle(history), ...historySentences(history)]).join('\n'),
    historyPlot(history, columns, options.ascii).join('\n'),
    terminalTable(historyTable(history), options),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function markdownText(history: History): string {
  return [
    `### ${printable(historyTitle(history)).replace(/[\\`*<>[\]|~]/g, '\\$&')}`,
    listText(historySentences(history)),
    markdownTable(historyTable(history)),
  ].join('\n\n');
}

const CSV_HEAD = [
  ...[
    'workload',
    'variant',
    'label',
    'host',
    'metric',
    'unit',
    'started_at',
    'median',
    'low',
    'high',
    'trials',
  ],
  ...['change_pct', 'change_low_pct', 'change_high_pct', 'change_p', 'events', 'file'],
];

function csvLines(history: History): string[] {
  const { workload, variant, label, host, metric, points, changes } = history;
  const pct = (ratio: number | undefined): Value => (ratio === undefined ? null : (ratio - 1) * 100);
  return points.map(({ started_at: started, estimate, events, path }, at) => {
    const change = changes.find((one) => one.at === at);
    return csvLine([
      ...[workload, variant, label, host, metric.name, metric.unit, started],
      ...[estimate.median, estimate.low, estimate.high, estimate.n],
      ...[pct(change?.ratio), pct(change?.low), pct(change?.high), change?.p ?? null],
      ...[events.map(eventText).join('; '), path],
    ]);
  });
}

function jsonOf({ metric: { name, unit, better }, points, changes, ...series }: History) {
  return { ...series, metric: { name, unit, better }, points, changes };
}

/** A document that ends in a newline. @param files how many results it was made of */
export function renderHistories(
  histories: readonly History[],
  files: number,
  format: OutputFormat,
  options: RenderOptions,
): string {
  if (format === 'json') return jsonText({ results: files, histories: histories.map(jsonOf) });
  const all = histories.map(readable);
  if (format === 'csv') return [csvLine(CSV_HEAD), ...all.flatMap(csvLines)].join('');
  const shown = all.filter(({ points }) => points.length > 1);
  const left = leftOutText(files, all);
  if (format === 'markdown')
    return `${[...shown.map(markdownText), ...(left === null ? [] : [listText([left])])].join('\n\n')}\n`;
  const beside = left === null ? [] : [foldWords(left, options.columns, 2).join('\n')];
  return `${[...shown.map((history) => terminalText(history, options)), ...beside].join('\n\n')}\n`;
}
