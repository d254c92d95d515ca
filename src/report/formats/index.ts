/** The formats of a report, one file each. Each is made from stored results alone. */
import { usageError } from '../../errors.ts';
import type { OutputFormat } from '../../options/output.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import type { SweepView } from '../sweep/sweep-view.ts';
import { bencher } from './bencher.ts';
import { csv } from './csv.ts';
import type { ComparisonReport, RenderOptions, ReportFormat } from './format-spec.ts';
import { githubBigger, githubSmaller } from './github-benchmark.ts';
import { gobench } from './gobench.ts';
import { hlog } from './hlog.ts';
import { influx } from './influx.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { markdown } from './markdown.ts';
import { openmetrics } from './openmetrics.ts';
import { table } from './table.ts';

/** Names and aliases are --output-format's in the option table: one without its format here is a type error. */
export const formats: Readonly<Record<OutputFormat, ReportFormat>> = {
  table,
  json,
  markdown,
  csv,
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

/** How a format shows sweeps. @throws BenchError (usage) for one that does not */
export function sweepRenderer(format: OutputFormat): NonNullable<ReportFormat['sweep']> {
  const { sweep } = formats[format];
  if (sweep !== null) return sweep;
  const able = Object.entries(formats).flatMap(([name, one]) => (one.sweep === null ? [] : [name]));
  throw usageError(`a sweep has no output-format=${format}`, `one of: ${able.join(', ')}`);
}

/** A sweep as text that ends in a newline. @throws as render; BenchError (usage) as sweepRenderer */
export function renderSweep(
  sweep: SweepResult,
  view: SweepView,
  format: OutputFormat,
  options: RenderOptions,
): string {
  return sweepRenderer(format)({ sweep, view }, options);
}
