/** Stored results against each other: trials of a side are pooled, each variant and metric is compared. */

import { usageError } from '../errors.ts';
import type { BackendResult, RunResult, Trial } from '../results/schema.ts';
import { COMPARISON_SCHEMA_VERSION } from '../results/versions.ts';
import { canTell, type Difference, estimate } from '../stats/difference.ts';
import { backendRows } from '../stats/groups.ts';
import { packageVersion } from '../version.ts';
import { baselineWarnings } from './baseline.ts';
import { clusters } from './clusters.ts';
import { environmentDifferences } from './environment.ts';
import { countedOf, differenceOf, judgeVariant, samplesOf } from './judge-variant.ts';
import type { Metric } from './metrics.ts';
import type { ComparePlan } from './plan.ts';
import { formatRule, type Outcome } from './rules.ts';
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

/** One variant's trials of all runs of a side. */
interface Pooled {
  backend: BackendResult;
  /** The complete ones: a part of a trial is no sample of a whole one. */
  trials: Trial[];
  /** The same by run, of which files without a pause between them are one. */
  runs: Trial[][];
  /** Why there are none. */
  reason: string;
}

type Pool = ReadonlyMap<string, Pooled>;

/** @param runs those of one side, in clusters */
function poolOf(runs: readonly (readonly StoredRun[])[]): Pool {
  const pool = new Map<string, Pooled>();
  for (const cluster of runs) {
    const begun = new Set<string>();
    for (const { result } of cluster) {
      for (const backend of backendRows(result)) {
        const entry = pool.get(backend.variant) ?? { backend, trials: [], runs: [], reason: '' };
        const complete = backend.trials.filter(({ status }) => status === 'complete');
        if (!begun.has(backend.variant)) entry.runs.push([]);
        begun.add(backend.variant);
        entry.runs.at(-1)?.push(...complete);
        entry.trials.push(...complete);
        entry.reason = backend.reason ?? backend.status;
        pool.set(backend.variant, entry);
      }
    }
  }
  return pool;
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

function compareMetric(metric: Metric, before: readonly Trial[], after: readonly Trial[]): MetricComparison {
  const [left, right] = [samplesOf(before, metric), samplesOf(after, metric)];
  const difference = differenceOf(left, right);
  return {
    metric: metric.name,
    unit: metric.unit,
    better: metric.better,
    baseline: left.length > 0 ? estimate(left) : null,
    candidate: right.length > 0 ? estimate(right) : null,
    difference: difference === null ? null : metricDifference(difference),
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

function compareVariant(
  before: Pooled,
  after: Pooled,
  plan: ComparePlan,
  { environment: machine, jobs }: Pick<RunResult, 'environment' | 'jobs'>,
): VariantOutcome {
  const { backend, variant, label } = after.backend;
  const missing = missingReason(before, after);
  const wanted = new Map(
    [...plan.metrics, ...(plan.byDefault ? [] : plan.rules.map(({ metric }) => metric))].map((m) => [
      m.name,
      m,
    ]),
  );
  const metrics = [...wanted.values()].map((metric) => compareMetric(metric, before.trials, after.trials));
  const judged = judgeVariant(before.runs, after.runs, plan, { variant, jobs, missing, machine });
  const checks = plan.rules.map((rule, at): Check => {
    const check = judged[at];
    if (check === undefined) throw new Error('a rule without a judgement');
    return { rule: formatRule(rule), metric: rule.metric.name, variant, label, ...check };
  });
  const stored = {
    backend,
    variant,
    label,
    baseline_trials: before.trials.length,
    candidate_trials: after.trials.length,
    missing,
    // A metric that neither side has (write latency of reads) says nothing.
    metrics: metrics.filter(({ baseline, candidate }) => baseline !== null || candidate !== null),
  };
  return { stored, checks };
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
  const [before, after] = [poolOf(clusters(baseline, candidate)), poolOf(clusters(candidate, baseline))];
  if (![...before.keys()].some((variant) => after.has(variant))) {
    const names = (pool: Pool) => [...pool.keys()].join(', ');
    throw usageError(
      `nothing to compare: ${first.path} has ${names(before)}, ${candidate[0]?.path} has ${names(after)}`,
      'run the same backends',
    );
  }
  const variants = [...after].flatMap(([variant, pooled]) => {
    const base = before.get(variant);
    return base === undefined ? [] : [compareVariant(base, pooled, plan, first.result)];
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
    warnings: distinct([
      ...runWarnings(baseline, candidate),
      ...(plan.rules.length > 0 ? baselineWarnings(baseline) : []),
      ...warnings,
    ]),
  };
}

/**
 * How many trials of the candidate count, of the variant that has fewest, and what became of the others: all do but those
 * that were disturbed. Without a baseline they are judged by the stated limits alone.
 */
export function trialsCounted(
  baseline: readonly StoredRun[],
  candidate: readonly StoredRun[],
  plan: ComparePlan,
): { count: number; lost: string | null } {
  const [first] = candidate;
  if (first === undefined) throw new Error('a side without results');
  const [before, after] = [poolOf(clusters(baseline, candidate)), poolOf(clusters(candidate, baseline))];
  const counts = [...after].flatMap(([variant, { runs }]) => {
    const base = before.get(variant);
    if (base === undefined && baseline.length > 0) return [];
    const counted = countedOf(base?.runs ?? [], runs, plan, first.result.environment);
    return [{ count: counted.after.flat().length, lost: counted.notCounted }];
  });
  return counts.sort((a, b) => a.count - b.count)[0] ?? { count: 0, lost: null };
}

/**
 * Why nothing can be decided against a baseline, however many trials the candidate makes: too few of its own trials count,
 * of each variant that is to be judged.
 * @param variants of the candidate
 * @param most trials that the candidate makes of each
 * @returns what became of the baseline's trials, for people; null when something can be decided
 */
export function baselineLost(
  baseline: readonly StoredRun[],
  variants: readonly string[],
  plan: ComparePlan,
  most: number,
): string | null {
  const [first] = baseline;
  if (first === undefined) return null;
  const pool = poolOf(clusters(baseline, []));
  const found = variants.flatMap((variant) => {
    const runs = pool.get(variant)?.runs;
    return runs === undefined ? [] : [countedOf(runs, [], plan, first.result.environment)];
  });
  const lost = found.filter(
    ({ before, notCounted }) => notCounted !== null && !canTell(before.flat().length, most),
  );
  return lost.length === 0 || lost.length < found.length ? null : (lost[0]?.notCounted ?? null);
}

/** Whether the command fails: a regression, or what could not be decided unless that passes. */
export function isFailure({ outcome, inconclusive }: Pick<Comparison, 'outcome' | 'inconclusive'>): boolean {
  return outcome === 'regression' || (outcome === 'inconclusive' && inconclusive !== 'pass');
}
