/** Results, comparisons and sweeps as they are stored. */
import type { Comparison } from '../../compare/schema.ts';
import type { BaselineDocument } from '../../results/baseline-schema.ts';
import type { Evaluation } from '../../results/evaluate-schema.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import { jsonText } from '../text/json.ts';
import { type ReportFormat, reportsInTurn } from '../view/format-spec.ts';

/** The document itself, readable, ending in a newline. */
export function renderJson(
  value: RunResult | Comparison | SweepResult | BaselineDocument | Evaluation,
): string {
  return jsonText(value);
}

const format: ReportFormat = {
  ...reportsInTurn('', renderJson),
  comparison: ({ comparison }) => renderJson(comparison),
  sweep: ({ sweep }) => renderJson(sweep),
  evaluation: renderJson,
  verbatim: true,
  forPeople: false,
};

export default format;
