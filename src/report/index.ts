/** The formats of a report. Each is made from a stored result alone. */
import type { OutputFormat } from '../jobs/job.ts';
import type { RunResult } from '../results/schema.ts';
import { renderCsv } from './csv.ts';
import { renderJson } from './json.ts';
import { renderLadderCsv } from './ladder-csv.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTable } from './table.ts';

export interface RenderOptions {
  color: boolean;
  /** Width of the terminal: no line of the table is wider (but it is never narrower than 40). */
  columns: number;
  /** Percentiles (0..100) in place of 50, 95, 99 and 99.9. */
  percentiles?: readonly number[];
}

const formats: Readonly<Record<OutputFormat, (result: RunResult, options: RenderOptions) => string>> = {
  table: renderTable,
  markdown: renderMarkdown,
  csv: (result, options) =>
    result.report === 'ladder' ? renderLadderCsv(result) : renderCsv(result, options),
  json: renderJson,
};

/**
 * A report as text that ends in a newline.
 * @throws BenchError (usage) when a number needs a stored histogram and that is damaged.
 */
export function render(result: RunResult, format: OutputFormat, options: RenderOptions): string {
  return formats[format](result, options);
}
