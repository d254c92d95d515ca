/** The formats of a report, one file a name. Each is made from stored results alone. */
import { usageError } from '../../errors.ts';
import { specOf } from '../../options/option-reader.ts';
import type { OutputFormat } from '../../options/output.ts';
import type { Evaluation } from '../../results/evaluate-schema.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import type { SweepView } from '../sweep/sweep-view.ts';
import { printableAll } from '../text/text.ts';
import type { ComparisonReport, RenderOptions, ReportFormat, SweepReport } from '../view/format-spec.ts';

/** Each name of --output-format is that of a file here, whose default export is the format (index.test.ts). */
async function load(name: string): Promise<ReportFormat> {
  const file: { default: ReportFormat } = await import(`./${name}.ts`);
  return file.default;
}

export const formats = Object.fromEntries(
  await Promise.all(
    Object.keys(specOf('output-format').values ?? {}).map(async (name) => [name, await load(name)]),
  ),
) as Readonly<Record<OutputFormat, ReportFormat>>;

/** Loads what some formats are made of: to be waited for before one of them is rendered. */
export async function loadFormats(names: readonly OutputFormat[]): Promise<void> {
  for (const name of names) await formats[name].load?.();
}

/**
 * A report as text that ends in a newline.
 * @throws BenchError (usage) when a number needs a stored histogram and that is damaged.
 */
export function render(result: RunResult, format: OutputFormat, options: RenderOptions): string {
  return renderAll([result], format, options);
}

/** What a format is given of a document: a name, a path or a message from elsewhere is text to it and nothing more. */
function texts<T>(document: T, { verbatim = false }: Pick<ReportFormat, 'verbatim'>): T {
  return verbatim ? document : printableAll(document);
}

/** One document of several results. @throws as render */
export function renderAll(
  results: readonly RunResult[],
  format: OutputFormat,
  options: RenderOptions,
): string {
  return formats[format].runs(texts(results, formats[format]), options);
}

/** Runs and sweeps in one document; null where the format has none such. @throws as render */
export function renderStored(
  results: readonly RunResult[],
  sweeps: readonly SweepReport[],
  format: OutputFormat,
  options: RenderOptions,
): string | null {
  const { stored = null } = formats[format];
  if (stored === null) return null;
  const shown = sweeps.map(({ sweep, view }) => ({ sweep: texts(sweep, formats[format]), view }));
  return stored(texts(results, formats[format]), shown, options);
}

/** A comparison as text that ends in a newline. @throws as render */
export function renderComparison(
  report: ComparisonReport,
  format: OutputFormat,
  options: RenderOptions,
): string {
  const { metrics, ...documents } = report;
  return formats[format].comparison({ ...texts(documents, formats[format]), metrics }, options);
}

/** How a format shows sweeps. @throws BenchError (usage) for one that does not */
export function sweepRenderer(format: OutputFormat): NonNullable<ReportFormat['sweep']> {
  const { sweep } = formats[format];
  if (sweep !== null) return sweep;
  const able = Object.entries(formats).flatMap(([name, one]) => (one.sweep === null ? [] : [name]));
  throw usageError(`a sweep has no output-format=${format}`, `one of: ${able.join(', ')}`);
}

/** How a format shows evaluations. @throws BenchError (usage) for one that does not */
export function evaluationRenderer(format: OutputFormat): NonNullable<ReportFormat['evaluation']> {
  const { evaluation } = formats[format];
  if (evaluation !== undefined) return evaluation;
  const able = Object.entries(formats).flatMap(([name, one]) => (one.evaluation ? [name] : []));
  throw usageError(`an evaluation has no output-format=${format}`, `one of: ${able.join(', ')}`);
}

/** An evaluation as text that ends in a newline. @throws as evaluationRenderer */
export function renderEvaluation(
  evaluation: Evaluation,
  format: OutputFormat,
  options: RenderOptions,
): string {
  return evaluationRenderer(format)(texts(evaluation, formats[format]), options);
}

/** A sweep as text that ends in a newline. @throws as render; BenchError (usage) as sweepRenderer */
export function renderSweep(
  sweep: SweepResult,
  view: SweepView,
  format: OutputFormat,
  options: RenderOptions,
): string {
  return sweepRenderer(format)({ sweep: texts(sweep, formats[format]), view }, options);
}
