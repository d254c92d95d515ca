/** What to run, with every default applied and every check passed. Made by resolve.ts, read by src/jobs. */
import type { Variant } from '../backends/backend.ts';
import type { Isolation, TargetFile, Workload } from '../workload/workload.ts';

export interface ResolvedJob extends Workload {
  variants: Variant[];
  /** Label of the variant that ±% refers to; null when there is only one. */
  reference: string | null;
  /** Blocks; with untilConfident the fewest. */
  trials: number;
  /** Goes on until every interval is narrower than `pct` percent, or there are `maxTrials` blocks; null: just `trials`. */
  untilConfident: { pct: number; maxTrials: number } | null;
  /** Trials of each variant that come first and are not counted. */
  warmupTrials: number;
  isolation: Isolation;
  percentileList: number[];
  /** files[j] are those of job j (0-based); jobs may share the same paths. */
  files: TargetFile[][];
  /** Every option by flag name with its value in force: the stored job description. */
  options: Record<string, unknown>;
}
