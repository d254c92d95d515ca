/** The formats of a report, one file each. Each is made from stored results alone. */

import type { OutputFormat } from '../../options/output.ts';
import type { RunResult } from '../../results/schema.ts';
import { bencher } from './bencher.ts';
import { comparisonMarkdown, comparisonTable } from './compare-table.ts';
import { renderCsv } from './csv.ts';
import { comparisonCsv } from './csv-comparison.ts';
import { renderLadderCsv } from './csv-ladder.ts';
import type { ComparisonReport, RenderOptions, ReportFormat } from './format-spec.ts';
import { githubBigger, githubSmaller } from './github-benchmark.ts';
import { gobench } from './gobench.ts';
import { hlog } from './hlog.ts';
import { influx } from './influx.ts';
import { renderJson } from './json.ts';
import { junit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { openmetrics } from './openmetrics.ts';
import { renderTable } from './table.ts';

type RenderOne = (result: RunResult, options: RenderOptions) => string;

/** Reports for people: one after the other. */
function eachOf(render: RenderOne, between: string): ReportFormat['runs'] {
  return (results, options) => results.map((result) => render(result, options)).join(between);
}

const csvOf: RenderOne = (result, options) =>
  result.report?.kind === 'ladder' ? renderLadderCsv(result) : renderCsv(result, options);

/** CSV stays one table: the heading of the first stands for all. */
const csvRuns: ReportFormat['runs'] = (results, options) =>
  results
    .map((result) => csvOf(result, options))
    .map((text, at) => (at === 0 ? text : text.slice(text.indexOf('\n') + 1)))
    .join('');

const formats: Readonly<Record<OutputFormat, ReportFormat>> = {
  table: { runs: eachOf(renderTable, '\n'), comparison: comparisonTable },
  markdown: { runs: eachOf(renderMarkdown, '\n'), comparison: comparisonMarkdown },
  csv: { runs: csvRuns, comparison: comparisonCsv },
  json: { runs: eachOf(renderJson, ''), comparison: ({ comparison }) => renderJson(comparison) },
  junit,
  'github-bigger': githubBigger,
  'github-smaller': githubSmaller,
  bencher,
  openmetrics,
  influx,
  gobench,
  hlog,
};

/**
 * A report as text that ends in a newline.
 * @throws BenchError (usage) when a number needs a stored histogram and that is damaged.
 */
export function render(result: RunResult, format: OutputFormat, options: RenderOptions): string {
  return renderAll([result], format, options);
}

/** One document of several results. @throws as render */
export function renderAll(
  results: readonly RunResult[],
  format: OutputFormat,
  options: RenderOptions,
): string {
  return formats[format].runs(results, options);
}

/** A comparison as text that ends in a newline. @throws as render */
export function renderComparison(
  report: ComparisonReport,
  format: OutputFormat,
  options: RenderOptions,
): string {
  return formats[format].comparison(report, options);
}
