/** Results, comparisons and sweeps as they are stored. */
import type { Comparison } from '../../compare/schema.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import { type ReportFormat, reportsInTurn } from './format-spec.ts';

/** The document itself, readable, ending in a newline. */
export function renderJson(value: RunResult | Comparison | SweepResult): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const format: ReportFormat = {
  ...reportsInTurn('', renderJson),
  comparison: ({ comparison }) => renderJson(comparison),
  sweep: ({ sweep }) => renderJson(sweep),
  forPeople: false,
};

export default format;
