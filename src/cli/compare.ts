/** `uring-bench compare BASELINE CANDIDATE`: stored results against each other, without native code. */
import { type ComparePlan, compareRuns, isFailure } from '../compare/compare.ts';
import { parseMetrics } from '../compare/metrics.ts';
import { parseRules } from '../compare/rules.ts';
import type { Comparison } from '../compare/schema.ts';
import type { StoredRun } from '../compare/workload.ts';
import { EXIT, usageError } from '../errors.ts';
import { defaultOf, readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { formats, renderComparison } from '../report/formats/index.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';
import { readSide } from './sides.ts';
import { writeOut } from './terminal.ts';

/** What to compare and by which rules. @throws BenchError (usage) */
export function comparePlan(raw: RawOptions, defaultRules: readonly string[]): ComparePlan {
  return {
    metrics: parseMetrics('metric', raw.metric ?? defaultOf('metric')),
    rules: parseRules('fail-on', raw['fail-on'] ?? defaultRules),
    inconclusive: raw.inconclusive ?? defaultOf('inconclusive'),
  };
}

/** The report of a comparison, and beside it what a format for programs has no place for. */
export async function reportComparison(
  sides: { baseline: readonly StoredRun[]; candidate: readonly StoredRun[] },
  comparison: Comparison,
  plan: ComparePlan,
  session: Session,
): Promise<void> {
  const { outputFormat } = session.output;
  const report = { comparison, ...sides, metrics: plan.metrics };
  await session.deliver(renderComparison(report, outputFormat, session.rendering));
  if (formats[outputFormat].forPeople && session.live) return;
  for (const { message } of comparison.warnings) await session.say(`warning: ${message}`);
  const bad = comparison.checks.filter(({ outcome }) => outcome !== 'pass');
  for (const { outcome, label, rule, reason } of bad) {
    const line = `${outcome}: ${label}: ${rule}: ${reason}`;
    // A failure must be seen also where nobody reads the report.
    if (isFailure({ outcome, inconclusive: comparison.inconclusive })) {
      await writeOut(process.stderr, `uring-bench: ${line}\n`);
    } else await session.say(line);
  }
}

export async function compareCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const plan = comparePlan(raw, []);
  const session = Session.open(raw);
  const [before, after, ...others] = operands;
  if (before === undefined || after === undefined || others.length > 0) {
    throw usageError(
      `compare takes two operands, BASELINE and CANDIDATE, not ${operands.length}`,
      "several files are one operand: 'base/*.json' in quotes, or a.json,b.json",
    );
  }
  const sides = { baseline: readSide(before), candidate: readSide(after) };
  const stored = [...sides.baseline, ...sides.candidate].map(({ path }) => path);
  session.checkApart(stored);
  const comparison = compareRuns(sides.baseline, sides.candidate, plan);
  await reportComparison(sides, comparison, plan, session);
  return isFailure(comparison) ? EXIT.regression : EXIT.ok;
}
