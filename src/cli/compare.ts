/** `uring-bench compare BASELINE CANDIDATE`: stored results against each other, without native code. */
import { compareRuns, isFailure } from '../compare/compare.ts';
import { DEFAULT_RULES } from '../compare/gate.ts';
import { parseMetrics } from '../compare/metrics.ts';
import type { ComparePlan } from '../compare/plan.ts';
import { parseRules } from '../compare/rules.ts';
import type { Comparison } from '../compare/schema.ts';
import type { StoredRun } from '../compare/workload.ts';
import { EXIT, usageError } from '../errors.ts';
import { defaultOf, readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { formats, renderComparison } from '../report/formats/index.ts';
import { renderSides } from '../report/formats/sides.ts';
import { githubLines } from './annotate.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';
import { readSide } from './sides.ts';
import { writeOut } from './terminal.ts';

/** A comparison's plan, with what the command makes of the outcome. */
export interface CliPlan extends ComparePlan {
  annotate: NonNullable<RawOptions['annotate']>;
  /** Whether what the rules find is told and nothing else: no exit code comes of it. */
  onlyTells?: boolean;
}

/** What to compare and by which rules. @throws BenchError (usage) */
export function comparePlan(raw: RawOptions, defaultRules: readonly string[]): CliPlan {
  return {
    metrics: parseMetrics('metric', raw.metric ?? defaultOf('metric')),
    rules: parseRules('fail-on', raw['fail-on'] ?? defaultRules),
    annotate: raw.annotate ?? defaultOf('annotate'),
    byDefault: raw['fail-on'] === undefined,
    countDisturbed: (raw.disturbed ?? defaultOf('disturbed')) === 'count',
    inconclusive: raw.inconclusive ?? defaultOf('inconclusive'),
  };
}

/** What a comparison's outcome is to whoever called the command. */
export function exitOf({ outcome, inconclusive }: Pick<Comparison, 'outcome' | 'inconclusive'>): number {
  if (!isFailure({ outcome, inconclusive })) return EXIT.ok;
  return outcome === 'inconclusive' && inconclusive === 'tell' ? EXIT.undecided : EXIT.regression;
}

/** The report of a comparison, and beside it what a format for programs has no place for. */
export async function reportComparison(
  sides: { baseline: readonly StoredRun[]; candidate: readonly StoredRun[] },
  comparison: Comparison,
  plan: CliPlan,
  session: Session,
): Promise<void> {
  const { outputFormat } = session.output;
  const report = { comparison, ...sides, metrics: plan.metrics };
  await session.deliver(renderComparison(report, outputFormat, session.rendering));
  await session.deliverMore((format, rendering) => renderComparison(report, format, rendering));
  if (plan.annotate === 'github') {
    for (const line of githubLines(comparison)) await writeOut(process.stderr, `${line}\n`);
  }
  if (formats[outputFormat].forPeople && session.live) return;
  for (const { message } of comparison.warnings) await session.say(`warning: ${message}`);
  const bad = comparison.checks.filter(({ outcome }) => outcome !== 'pass');
  for (const { outcome, label, rule, reason } of bad) {
    const line = `${outcome}: ${label}: ${rule}: ${reason}`;
    // A failure must be seen also where nobody reads the report.
    if (!plan.onlyTells && isFailure({ outcome, inconclusive: comparison.inconclusive })) {
      await writeOut(process.stderr, `uring-bench: ${line}\n`);
    } else await session.say(line);
  }
}

export async function compareCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const plan = comparePlan(raw, []);
  const session = await Session.open(raw);
  if (operands.length < 2) {
    throw usageError(
      `compare takes at least two operands, BASELINE and CANDIDATE, not ${operands.length}`,
      "several files are one operand: 'base/*.json' in quotes, a folder, or a.json,b.json",
    );
  }
  const [baseline = [], ...candidates] = operands.map(readSide);
  session.checkApart([baseline, ...candidates].flat().map(({ path }) => path));
  if (candidates.length > 1) return compareAll(operands, { baseline, candidates }, plan, session);
  const [candidate = []] = candidates;
  const told = toldPlan(raw, plan);
  const comparison = compareRuns(baseline, candidate, told);
  await reportComparison({ baseline, candidate }, comparison, told, session);
  return told.onlyTells ? EXIT.ok : exitOf(comparison);
}

/** Without rules of its own a report says what the gate's find, so that it is never green where a gate was red. */
function toldPlan(raw: RawOptions, plan: CliPlan): CliPlan {
  if (raw['fail-on'] !== undefined) return plan;
  const rules = parseRules('fail-on', DEFAULT_RULES);
  return { ...plan, rules, inconclusive: raw.inconclusive ?? 'pass', onlyTells: true };
}

/** More than two sides: each against the first, in one report. @returns the exit code */
async function compareAll(
  operands: readonly string[],
  { baseline, candidates }: { baseline: readonly StoredRun[]; candidates: readonly (readonly StoredRun[])[] },
  plan: ComparePlan,
  session: Session,
): Promise<number> {
  const { metrics } = plan;
  const reports = candidates.map((candidate) => {
    const comparison = compareRuns(baseline, candidate, plan);
    return { comparison, baseline, candidate, metrics };
  });
  const sides = { operands, reports };
  await session.deliver(renderSides(sides, session.output.outputFormat, session.rendering));
  await session.deliverMore((format, rendering) => renderSides(sides, format, rendering));
  const failed = reports.filter(({ comparison }) => isFailure(comparison));
  for (const { comparison } of session.live && formats[session.output.outputFormat].forPeople ? [] : failed) {
    for (const { outcome, label, rule, reason } of comparison.checks.filter(
      (check) => check.outcome !== 'pass',
    )) {
      const files = comparison.candidate.files.join(', ');
      await writeOut(process.stderr, `uring-bench: ${files}: ${outcome}: ${label}: ${rule}: ${reason}\n`);
    }
  }
  const codes = reports.map(({ comparison }) => exitOf(comparison));
  return [EXIT.regression, EXIT.undecided].find((code) => codes.includes(code)) ?? EXIT.ok;
}
