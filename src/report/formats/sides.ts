/** More than two sides of stored results in one report: each against the first. */
import { identify } from '../../compare/identity.ts';
import type { MetricComparison } from '../../compare/schema.ts';
import { usageError } from '../../errors.ts';
import type { OutputFormat } from '../../options/output.ts';
import { jsonText } from '../text/json.ts';
import { type Column, LAST_RESORT, type TableView } from '../text/table-view.ts';
import { foldWords, printable, printableAll } from '../text/text.ts';
import { changeIntervalText, changeText, metricOf, plusMinusText, valueText } from '../view/compare-cells.ts';
import { comparisonViewOf, toneOf } from '../view/compare-view.ts';
import type { ComparisonReport, RenderOptions } from '../view/format-spec.ts';
import { comparisonCsv } from './csv-comparison.ts';
import { csvLine } from './csv-line.ts';
import { sidesHtml } from './html.ts';
import { listText, markdownTable } from './markdown.ts';
import { terminalTable } from './table.ts';

/** Comparisons with one baseline, and what the sides were called. */
export interface SidesReport {
  /** Of the first side, then of each other. */
  operands: readonly string[];
  /** One for each side but the first. */
  reports: readonly ComparisonReport[];
}

/** Facts that name a side in a table. */
const NAMING = ['host', 'kernel', 'device', 'version'];

/** What the sides are called: by the facts in which they differ where these tell all apart, else as they were given. */
export function sideNames({ operands, reports }: SidesReport): string[] {
  const firsts = [reports[0]?.baseline[0], ...reports.map(({ candidate }) => candidate[0])];
  const apart = identify(firsts.flatMap((run) => (run === undefined ? [] : [run.result]))).map(
    ({ apart }) => apart,
  );
  const names = apart.map((facts) =>
    Object.entries(facts)
      .filter(([key]) => NAMING.includes(key) || key.startsWith('label_'))
      .map(([, text]) => text)
      .join(' '),
  );
  const telling = names.every((name) => name !== '') && new Set(names).size === operands.length;
  return (telling ? names : [...operands]).map(printable);
}

interface Line {
  label: string;
  variant: string;
  metric: string;
}

/** Each backend and metric that any comparison has. */
function linesOf({ reports }: SidesReport): Line[] {
  const lines = reports.flatMap(({ comparison }) =>
    comparison.variants.flatMap(({ label, variant, metrics }) =>
      metrics.map(({ metric }): Line => ({ label: printable(label), variant, metric })),
    ),
  );
  const order = [...new Set(lines.map(({ variant }) => variant))];
  const each = [...new Map(lines.map((line) => [`${line.variant}\n${line.metric}`, line])).values()];
  return each.sort((a, b) => order.indexOf(a.variant) - order.indexOf(b.variant));
}

function tableOf(sides: SidesReport): TableView {
  const lines = linesOf(sides);
  const names = sideNames(sides);
  const found = ({ comparison }: ComparisonReport, { variant, metric }: Line): MetricComparison | undefined =>
    comparison.variants.find((one) => one.variant === variant)?.metrics.find((one) => one.metric === metric);
  const cells = (report: ComparisonReport, text: (metric: MetricComparison) => string) =>
    lines.map((line) => {
      const metric = found(report, line);
      return metric === undefined ? { text: '' } : { text: text(metric), tone: toneOf(metric) };
    });
  const right = (head: readonly string[], texts: Column['cells'], drop?: number): Column => ({
    ...{ head, align: 'right', cells: texts },
    ...(drop === undefined ? {} : { drop }),
  });
  const plain = (texts: Column['cells']) => texts.map(({ text }) => ({ text }));
  const [first] = sides.reports as [ComparisonReport];
  const base = (text: (metric: MetricComparison) => string) =>
    plain(
      lines.map((line) => {
        const known = sides.reports.map((report) => found(report, line)).find((metric) => metric?.baseline);
        return { text: known === undefined ? '' : text(known) };
      }),
    );
  const changes = sides.reports.map((report) => cells(report, changeText));
  const has = (mark: string) => changes.some((column) => column.some(({ text }) => text.startsWith(mark)));
  const legend = [
    `changes are against ${names[0] ?? first.baseline[0]?.path ?? ''}`,
    ...(has('~') ? ['~ not significant at 5 %'] : []),
    ...(has('?') ? ['? too few trials to tell: 4 of each are the least'] : []),
  ];
  return [
    { head: ['backend'], align: 'left', cells: lines.map(({ label }) => ({ text: label })) },
    { head: ['metric'], align: 'left', cells: lines.map(({ metric }) => ({ text: metric })), legend },
    right(
      [names[0] ?? ''],
      base((metric) => valueText(metricOf(metric), metric.baseline)),
    ),
    right(
      ['±'],
      base(({ baseline }) => plusMinusText(baseline)),
      2,
    ),
    ...sides.reports.flatMap((report, at) => [
      right(
        [names[at + 1] ?? ''],
        plain(cells(report, (metric) => valueText(metricOf(metric), metric.candidate))),
        LAST_RESORT,
      ),
      right(['change'], changes[at] ?? []),
      right(['95 % interval'], plain(cells(report, changeIntervalText)), 1),
    ]),
  ];
}

/** What is said beside the table, of each side that it is about. */
function notesOf(sides: SidesReport): string[] {
  const names = sideNames(sides);
  const several = sides.reports.flatMap((report, at) => {
    const { notes, verdicts } = comparisonViewOf(report, { whole: true });
    const texts = [
      ...notes.map(({ level, text }) => `${level}: ${text}`),
      ...verdicts.map(({ text }) => text),
    ];
    return texts.map((text) => `${names[at + 1]}: ${text}`);
  });
  return several;
}

function sideLines({ operands, reports }: SidesReport, names: readonly string[]): string[] {
  const files = [reports[0]?.baseline ?? [], ...reports.map(({ candidate }) => candidate)];
  return operands.map((operand, at) => {
    const count = files[at]?.length ?? 0;
    const started = files[at]?.[0]?.result.started_at.slice(0, 10);
    const named = names[at] === printable(operand) ? '' : `${names[at]}: `;
    return `${named}${printable(operand)}${count > 1 ? ` (${count} files)` : ''}, started ${started}`;
  });
}

/**
 * One document of all sides.
 * @throws BenchError (usage) for a format that has one baseline and one candidate
 */
export function renderSides(sides: SidesReport, format: OutputFormat, options: RenderOptions): string {
  const shown: SidesReport =
    format === 'json'
      ? sides
      : {
          ...sides,
          reports: sides.reports.map(({ metrics, ...rest }) => ({ ...printableAll(rest), metrics })),
        };
  const names = sideNames(shown);
  switch (format) {
    case 'json':
      return jsonText(shown.reports.map(({ comparison }) => comparison));
    case 'csv':
      return shown.reports.map((report, at) => sideCsv(report, options, names[at + 1] ?? '', at)).join('');
    case 'table': {
      const folded = (lines: readonly string[]) =>
        lines.flatMap((line) => foldWords(line, options.columns, 2)).join('\n');
      const parts = [
        folded(sideLines(shown, names)),
        terminalTable(tableOf(shown), options),
        folded(notesOf(shown)),
      ];
      return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
    }
    case 'markdown': {
      const parts = [
        listText(sideLines(shown, names)),
        markdownTable(tableOf(shown)),
        listText(notesOf(shown)),
      ];
      return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
    }
    case 'html':
      return sidesHtml({
        names,
        lines: sideLines(shown, names),
        table: tableOf(shown),
        notes: notesOf(shown),
        reports: shown.reports,
      });
    default:
      throw usageError(
        `${sides.operands.length} sides have no output-format=${format}`,
        'one of: table, markdown, html, csv, json',
      );
  }
}

/** The rows of a side, under one heading, with the side's name as the last column. */
function sideCsv(report: ComparisonReport, options: RenderOptions, name: string, at: number): string {
  const field = csvLine([name]);
  const [head = '', ...rows] = comparisonCsv(report, options).trimEnd().split('\n');
  return [...(at === 0 ? [`${head},side\n`] : []), ...rows.map((row) => `${row},${field}`)].join('');
}
