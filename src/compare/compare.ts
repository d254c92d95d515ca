/** Stored results against each other: trials of a side are pooled, each variant and metric is compared. */

import { usageError } from '../errors.ts';
import type { BackendResult, Trial } from '../results/schema.ts';
import { COMPARISON_SCHEMA_VERSION } from '../results/versions.ts';
import { compareSamples, type Difference, estimate } from '../stats/difference.ts';
import { backendRows } from '../stats/groups.ts';
import { packageVersion } from '../version.ts';
import { environmentDifferences } from './environment.ts';
import type { Metric } from './metrics.ts';
import { formatRule, type Judgement, judge, type Outcome, type Rule } from './rules.ts';
import type {
  Check,
  Comparison,
  ComparisonWarning,
  MetricComparison,
  MetricDifference,
  Side,
  VariantComparison,
} from './schema.ts';
import { checkSameWorkload, type StoredRun } from './workload.ts';

export interface ComparePlan {
  metrics: readonly Metric[];
  rules: readonly Rule[];
  inconclusive: 'pass' | 'fail';
}

/** One variant's trials of all runs of a side. */
interface Pooled {
  backend: BackendResult;
  /** The complete ones: a part of a trial is no sample of a whole one. */
  trials: Trial[];
  /** Why there are none. */
  reason: string;
}

type Pool = ReadonlyMap<string, Pooled>;

function poolOf(runs: readonly StoredRun[]): Pool {
  const pool = new Map<string, Pooled>();
  for (const { result } of runs) {
    for (const backend of backendRows(result)) {
      const entry = pool.get(backend.variant) ?? { backend, trials: [], reason: '' };
      entry.trials.push(...backend.trials.filter(({ status }) => status === 'complete'));
      entry.reason = backend.reason ?? backend.status;
      pool.set(backend.variant, entry);
    }
  }
  return pool;
}

function samplesOf(trials: readonly Trial[], metric: Metric): number[] {
  return trials.map(metric.of).filter((value) => value !== null);
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

function metricDifference({ ratio, low, high, p, test, verdict, moreTrials }: Difference): MetricDifference {
  return {
    ratio: finiteOrNull(ratio),
    low: finiteOrNull(low),
    high: finiteOrNull(high),
    p,
    test,
    verdict,
    more_trials: moreTrials,
  };
}

/** What a metric's comparison says, and what rules are judged by. */
interface Compared {
  stored: MetricComparison;
  difference: Difference | null;
}

/** The same numbers on both sides, as of a run and itself: there is no difference, however few they are. */
function noDifference(n: number): Difference {
  return { ratio: 1, low: 1, high: 1, p: 1, test: 'none', n, verdict: 'same', moreTrials: 0 };
}

function differenceOf(left: readonly number[], right: readonly number[]): Difference | null {
  if (left.length === 0 || right.length === 0) return null;
  const equal = left.length === right.length && left.every((value, i) => value === right[i]);
  return equal ? noDifference(left.length) : compareSamples(left, right, { paired: false });
}

function compareMetric(metric: Metric, before: readonly Trial[], after: readonly Trial[]): Compared {
  const [left, right] = [samplesOf(before, metric), samplesOf(after, metric)];
  const difference = differenceOf(left, right);
  return {
    stored: {
      metric: metric.name,
      unit: metric.unit,
      better: metric.better,
      baseline: left.length > 0 ? estimate(left) : null,
      candidate: right.length > 0 ? estimate(right) : null,
      difference: difference === null ? null : metricDifference(difference),
    },
    difference,
  };
}

/** Why a variant cannot be compared; null when it can. */
function missingReason(before: Pooled, after: Pooled): string | null {
  const why = (side: string, pooled: Pooled): string[] =>
    pooled.trials.length > 0 ? [] : [`the ${side} has no complete trial of it: ${pooled.reason}`];
  const reasons = [...why('baseline', before), ...why('candidate', after)];
  return reasons.length === 0 ? null : reasons.join('; ');
}

interface VariantOutcome {
  stored: VariantComparison;
  checks: Check[];
}

function compareVariant(before: Pooled, after: Pooled, plan: ComparePlan): VariantOutcome {
  const { backend, variant, label } = after.backend;
  const missing = missingReason(before, after);
  const wanted = new Map(
    [...plan.metrics, ...plan.rules.map(({ metric }) => metric)].map((m) => [m.name, m]),
  );
  const compared = new Map(
    [...wanted].map(([name, metric]) => [name, compareMetric(metric, before.trials, after.trials)]),
  );
  const checks = plan.rules.map((rule): Check => {
    const judgement = judgeRule(rule, compared.get(rule.metric.name)?.difference ?? null, missing);
    return { rule: formatRule(rule), metric: rule.metric.name, variant, label, ...judgement };
  });
  const stored = {
    backend,
    variant,
    label,
    baseline_trials: before.trials.length,
    candidate_trials: after.trials.length,
    missing,
    // A metric that neither side has (write latency of reads) says nothing.
    metrics: [...compared.values()]
      .map((metric) => metric.stored)
      .filter(({ baseline, candidate }) => baseline !== null || candidate !== null),
  };
  return { stored, checks };
}

function judgeRule(rule: Rule, difference: Difference | null, missing: string | null): Judgement {
  if (difference !== null) return judge(rule, difference);
  return { outcome: 'inconclusive', reason: missing ?? `one side has no ${rule.metric.name}` };
}

function sideOf(runs: readonly StoredRun[]): Side {
  const [first] = runs;
  if (first === undefined) throw new Error('a side without results');
  const { environment, tool } = first.result;
  return {
    files: runs.map(({ path }) => path),
    started_at: runs.map(({ result }) => result.started_at),
    hostname: environment.hostname,
    kernel: environment.kernel,
    cpu_model: environment.cpu_model,
    tool_version: tool.version,
  };
}

/** What the runs say of themselves; those that say the same are named together. */
function validityWarnings(runs: readonly StoredRun[]): ComparisonWarning[] {
  const same = new Map<string, { code: string; text: string; paths: string[] }>();
  for (const { path, result } of runs) {
    if (result.validity === null || result.validity.verdict === 'sound') continue;
    const { verdict, text } = result.validity;
    const entry = same.get(text) ?? { code: `${verdict}-run`, text, paths: [] };
    entry.paths.push(path);
    same.set(text, entry);
  }
  return [...same.values()].map(({ code, text, paths: [first, ...others] }) => {
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    return { code, message: `${first}${more}: ${text}` };
  });
}

/** What a reader should know of the runs themselves. */
function runWarnings(baseline: readonly StoredRun[], candidate: readonly StoredRun[]): ComparisonWarning[] {
  const warnings: ComparisonWarning[] = [];
  for (const { path, result } of [...baseline, ...candidate]) {
    if (result.status !== 'complete') {
      const message = `${path} is of a run that ${result.status === 'failed' ? 'failed' : 'was interrupted'}`;
      warnings.push({ code: 'incomplete-run', message });
    }
  }
  warnings.push(...validityWarnings([...baseline, ...candidate]));
  const identity = ({ result }: StoredRun) => `${result.started_at} ${result.environment.hostname}`;
  const known = new Set(baseline.map(identity));
  const both = candidate.filter((run) => known.has(identity(run)));
  for (const { path } of both) {
    warnings.push({ code: 'same-run', message: `${path} is on both sides: it cannot differ from itself` });
  }
  return warnings;
}

/** Variants that only one side was asked to run: no rule is judged by them. */
function oneSided(side: string, pool: Pool, other: Pool): ComparisonWarning[] {
  const missing = [...pool]
    .filter(([variant]) => !other.has(variant))
    .map(([, { backend }]) => backend.label);
  if (missing.length === 0) return [];
  return [{ code: 'not-compared', message: `only the ${side} ran ${missing.join(', ')}` }];
}

/** A run of a side twice would count its trials twice and make everything look surer than it is. */
function checkOnce(side: string, runs: readonly StoredRun[]): void {
  const seen = new Map<string, string>();
  for (const { path, result } of runs) {
    const key = `${result.started_at} ${result.environment.hostname} ${result.command_line.join(' ')}`;
    const before = seen.get(key);
    if (before !== undefined) {
      throw usageError(
        `the ${side} has one run twice: ${before} and ${path}`,
        'its trials would count twice',
      );
    }
    seen.set(key, path);
  }
}

/** Each warning once, however many pairs of files have it. */
function distinct(warnings: readonly ComparisonWarning[]): ComparisonWarning[] {
  return [...new Map(warnings.map((warning) => [`${warning.code} ${warning.message}`, warning])).values()];
}

const WORST: readonly Outcome[] = ['regression', 'inconclusive', 'pass'];

/**
 * Compares the runs of two sides.
 * @throws BenchError (usage) when they are not of one workload, have no variant in common, or hold a run twice
 */
export function compareRuns(
  baseline: readonly StoredRun[],
  candidate: readonly StoredRun[],
  plan: ComparePlan,
): Comparison {
  const [first, ...others] = [...baseline, ...candidate];
  if (first === undefined || baseline.length === 0 || candidate.length === 0) {
    throw new Error('a side without results');
  }
  checkOnce('baseline', baseline);
  checkOnce('candidate', candidate);
  const warnings = others.flatMap((run) => [
    ...checkSameWorkload(first, { path: run.path, jobs: run.result.jobs }),
    ...environmentDifferences(first.result, run.result),
  ]);
  const [before, after] = [poolOf(baseline), poolOf(candidate)];
  if (![...before.keys()].some((variant) => after.has(variant))) {
    const names = (pool: Pool) => [...pool.keys()].join(', ');
    throw usageError(
      `nothing to compare: ${first.path} has ${names(before)}, ${candidate[0]?.path} has ${names(after)}`,
      'run the same backends',
    );
  }
  const variants = [...after].flatMap(([variant, pooled]) => {
    const base = before.get(variant);
    return base === undefined ? [] : [compareVariant(base, pooled, plan)];
  });
  warnings.push(...oneSided('baseline', before, after), ...oneSided('candidate', after, before));
  const checks = variants.flatMap((variant) => variant.checks);
  return {
    schema_version: COMPARISON_SCHEMA_VERSION,
    tool: { name: 'uring-bench', version: packageVersion() },
    baseline: sideOf(baseline),
    candidate: sideOf(candidate),
    variants: variants.map(({ stored }) => stored),
    checks,
    inconclusive: plan.inconclusive,
    outcome: WORST.find((outcome) => checks.some((check) => check.outcome === outcome)) ?? null,
    warnings: distinct([...runWarnings(baseline, candidate), ...warnings]),
  };
}

/** Whether the command fails: a regression, or what could not be decided where that counts as one. */
export function isFailure({ outcome, inconclusive }: Pick<Comparison, 'outcome' | 'inconclusive'>): boolean {
  return outcome === 'regression' || (outcome === 'inconclusive' && inconclusive === 'fail');
}
