/** What a format of reports is: one text for some results, one for a comparison of two sides. */
import type { Metric } from '../../compare/metrics.ts';
import type { Comparison } from '../../compare/schema.ts';
import type { StoredRun } from '../../compare/workload.ts';
import type { RunResult } from '../../results/schema.ts';

export interface RenderOptions {
  color: boolean;
  /** Width of the terminal: no line of the table is wider (but it is never narrower than 40). */
  columns: number;
  /** Percentiles (0..100) in place of 50, 95, 99 and 99.9. */
  percentiles?: readonly number[];
  /** Metrics of the formats for other programs, in place of the usual ones. */
  metrics?: readonly Metric[];
}

/** A comparison with the results that it is made of. */
export interface ComparisonReport {
  comparison: Comparison;
  baseline: readonly StoredRun[];
  candidate: readonly StoredRun[];
  /** The metrics of the comparison. */
  metrics: readonly Metric[];
}

/** Each function makes a whole document that ends in a newline. */
export interface ReportFormat {
  runs: (results: readonly RunResult[], options: RenderOptions) => string;
  comparison: (report: ComparisonReport, options: RenderOptions) => string;
}
