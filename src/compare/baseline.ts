/** What a gate's baseline becomes when a run is added to it. */
import type { BaselineDocument } from '../results/baseline-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { BASELINE_VERSION } from '../results/versions.ts';
import { packageVersion } from '../version.ts';
import { formatRule, type Rule } from './rules.ts';
import type { Comparison, ComparisonWarning } from './schema.ts';
import type { StoredRun } from './workload.ts';

/** Runs nearer to each other say little of how other hours differ. */
const APART_MS = 3_600_000;

/**
 * Whether a run is of another level than the baseline, beyond doubt and by more than a rule's limit, for better or worse, or
 * of a machine that is by as much another one: runs of two levels are no sample of one.
 */
export function isAnotherLevel({ checks }: Comparison, rules: readonly Rule[]): boolean {
  return checks.some(({ rule, evidence }) => {
    const share = rules.find((one) => formatRule(one) === rule)?.share ?? 0;
    if (evidence === null) return false;
    const { machine } = evidence;
    // All of what it may explain: calibrations of a single run jump with a neighbour on the CPU's other half.
    const moved = machine === null ? 1 : Math.max(1, machine.low, 1 / machine.high);
    if (moved > 1 + share) return true;
    if (evidence.low <= 1 && evidence.high >= 1) return false;
    return Math.abs(Math.log(evidence.ratio)) > Math.log1p(share);
  });
}

/** The baseline with one more run. @param before the runs that stay, if there is room; at most `most` in all */
export function baselineWith(before: readonly RunResult[], run: RunResult, most: number): BaselineDocument {
  return {
    schema_version: BASELINE_VERSION,
    kind: 'baseline',
    tool: { name: 'uring-bench', version: packageVersion() },
    runs: [...before, run].slice(-most),
  };
}

/** What a reader should know of the baseline's runs themselves. */
export function baselineWarnings(runs: readonly StoredRun[]): ComparisonWarning[] {
  const starts = runs.map(({ result }) => Date.parse(result.started_at));
  const span = Math.max(...starts) - Math.min(...starts);
  if (!runs.some(({ apart }) => apart) || runs.length < 2 || span >= APART_MS) return [];
  const message =
    `the baseline's ${runs.length} runs were made within ${Math.ceil(span / 60_000)} min: ` +
    'how other hours differ is not in them (gate --update at other times)';
  return [{ code: 'baseline-of-one-hour', message }];
}
