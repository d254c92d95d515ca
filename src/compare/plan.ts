/** What two sides are compared by. */
import type { Metric } from './metrics.ts';
import type { Rule } from './rules.ts';

export interface ComparePlan {
  metrics: readonly Metric[];
  rules: readonly Rule[];
  /** What comes of a check that could not be decided; tell: an exit code of its own. */
  inconclusive: 'tell' | 'pass' | 'fail';
  /** Whether the rules are the default ones, in which IOPS never alarm alone. */
  byDefault?: boolean;
  /** Whether trials of one number were measured side by side. */
  paired?: boolean;
  /** Whether disturbed trials count as any other. */
  countDisturbed?: boolean;
}
