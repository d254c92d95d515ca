/** What a format of reports is: one text for some results, one for a comparison of two sides, one for a sweep. */
import type { Metric } from '../../compare/metrics.ts';
import type { Comparison } from '../../compare/schema.ts';
import type { StoredRun } from '../../compare/workload.ts';
import type { Evaluation } from '../../results/evaluate-schema.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import type { SweepView } from '../sweep/sweep-view.ts';

export interface RenderOptions {
  color: boolean;
  /** Width of the terminal: no line of the table is wider (but it is never narrower than 40). */
  columns: number;
  /** Whether tables for people have charts below them. */
  plot?: boolean;
  /** Whether charts are of ASCII alone: for a terminal that shows nothing else. */
  ascii?: boolean;
  /** Percentiles (0..100) in place of 50, 95, 99 and 99.9. */
  percentiles?: readonly number[];
  /** Whether a person is to be told what to use: the table and Markdown. */
  advise?: boolean;
  /** Metrics of the formats for other programs, in place of the usual ones. */
  metrics?: readonly Metric[];
  /** Files that the results were read from, in their order; none when they were just made. */
  paths?: readonly string[];
}

/** A comparison with the results that it is made of. */
export interface ComparisonReport {
  comparison: Comparison;
  baseline: readonly StoredRun[];
  candidate: readonly StoredRun[];
  /** The metrics of the comparison. */
  metrics: readonly Metric[];
}

/** A sweep, and what is to be shown of it. */
export interface SweepReport {
  sweep: SweepResult;
  view: SweepView;
}

/** Each function makes a whole document that ends in a newline. */
export interface ReportFormat {
  runs: (results: readonly RunResult[], options: RenderOptions) => string;
  comparison: (report: ComparisonReport, options: RenderOptions) => string;
  /** null: sweeps have no document in this format. */
  sweep: ((report: SweepReport, options: RenderOptions) => string) | null;
  /** Runs and sweeps in one document; absent where each sweep is one of its own. */
  stored?: (results: readonly RunResult[], sweeps: readonly SweepReport[], options: RenderOptions) => string;
  /** Left out: evaluations have no document in this format. */
  evaluation?: (evaluation: Evaluation, options: RenderOptions) => string;
  /** What stands between the reports of several results; null when those are one document that cannot be shown in parts. */
  between: string | null;
  /** Whether it gives texts as they are stored, and escapes all that is not text; others are given printable ones. */
  verbatim?: boolean;
  /** Whether it says to people what disturbed a comparison and which checks did not pass. */
  forPeople: boolean;
  /** Loads what it is made of, before anything is rendered; absent where there is nothing to wait for. */
  load?: () => Promise<void>;
}

/** One report after the other, each whole. */
export function reportsInTurn(
  between: string,
  render: (result: RunResult, options: RenderOptions) => string,
): Pick<ReportFormat, 'runs' | 'between'> {
  return {
    runs: (results, options) => results.map((result) => render(result, options)).join(between),
    between,
  };
}

/** What the formats for other programs have in common: several results are one document, and sweeps have none. */
export const forPrograms: Pick<ReportFormat, 'sweep' | 'between' | 'forPeople'> = {
  sweep: null,
  between: null,
  forPeople: false,
};
