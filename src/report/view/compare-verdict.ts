/** The verdict of a comparison in lines for people: what did not pass, its evidence, what a pass is worth. */
import { parseRule } from '../../compare/rules.ts';
import type { Check, Comparison, Evidence } from '../../compare/schema.ts';
import { plural } from '../../values/format.ts';
import type { Tone } from '../text/table-view.ts';
import { printable } from '../text/text.ts';
import { changeIntervalText, changeText, ratioText } from './compare-cells.ts';

const TONES: Readonly<Record<Check['outcome'], Tone>> = {
  pass: 'good',
  inconclusive: 'warning',
  regression: 'error',
};

/** A line for people, with how it stands. */
export interface VerdictLine {
  text: string;
  tone: Tone;
}

/** What is known of the difference between runs, and where that comes from. */
function spreadText({ deviation, from, baseline_runs: runs }: Evidence): string {
  const pct = `${Number((deviation * 100).toPrecision(2))} %`;
  switch (from) {
    case 'runs':
      return `runs differ by ${pct} (standard deviation of ${plural(runs, 'run')} of the baseline)`;
    case 'floor':
      return `runs are taken to differ by ${pct}: ${plural(runs, 'run')} of the baseline cannot show it`;
    case 'blocks':
      return `pairs measured side by side differ by ${pct} (standard deviation of ${runs})`;
  }
}

/** Why a check did not pass, as far as numbers go. */
function evidenceLines(evidence: Evidence): string[] {
  const { low, high, ratio, baseline_trials: before, candidate_trials: after } = evidence;
  const change = `${ratioText(ratio)}, 99 % interval ${ratioText(low)}..${ratioText(high)}`;
  return [
    `evidence: ${change}; ${spreadText(evidence)}; ${before} and ${plural(after, 'trial')} count`,
    ...(evidence.machine === null ? [] : [`calibration: ${evidence.machine.text}`]),
    ...(evidence.not_counted === null ? [] : [`not counted: ${evidence.not_counted}`]),
  ];
}

/** What a pass is worth: how large a change would have shown. */
function resolutionLines(checks: readonly Check[], outcome: Check['outcome']): VerdictLine[] {
  const known = checks.flatMap(({ metric, rule, evidence }) =>
    evidence === null ? [] : [{ metric, rule, evidence }],
  );
  const [first] = known;
  if (outcome !== 'pass' || first === undefined) return [];
  const least = new Map<string, number>();
  for (const { metric, rule, evidence } of known) {
    const half = Math.sqrt(evidence.high / evidence.low) - 1;
    least.set(metric, Math.max(least.get(metric) ?? 0, half, parseRule('fail-on', rule).share));
  }
  const machines = new Set(known.flatMap(({ evidence }) => evidence.machine?.text ?? []));
  const list = [...least]
    .map(([metric, share]) => `${metric} ${Number((share * 100).toPrecision(2))} %`)
    .join(', ');
  const basis = first.evidence.from === 'floor' ? `; ${spreadText(first.evidence)}` : '';
  return [
    ...[...machines].map((text): VerdictLine => ({ text: `calibration: ${text}`, tone: 'unclear' })),
    { text: `a change would have shown from about ${list}${basis}`, tone: 'unclear' },
  ];
}

/** What a comparison says of its rules, the line that sums up last; nothing without rules. */
export function verdictLines({ checks, outcome, inconclusive, variants }: Comparison): VerdictLine[] {
  if (outcome === null) return [];
  const lines = checks
    .filter((check) => check.outcome !== 'pass')
    .flatMap((check) => {
      const variant = variants.find((one) => one.variant === check.variant);
      const metric = variant?.metrics.find((one) => one.metric === check.metric);
      const change = metric?.difference ? ` (${changeText(metric)}, ${changeIntervalText(metric)})` : '';
      const text = `${check.outcome}: ${check.label}: ${check.rule}: ${check.reason}${change}`;
      const evidence = check.evidence === null ? [] : evidenceLines(check.evidence);
      return [text, ...evidence].map((line) => ({ text: printable(line), tone: TONES[check.outcome] }));
    });
  const needs = new Set(
    checks.flatMap(({ outcome: one, evidence }) => (one === 'pass' ? [] : (evidence?.needs ?? []))),
  );
  const mends = [...needs].map((text) => ({ text: `what would change this: ${text}`, tone: TONES[outcome] }));
  return [
    ...lines,
    ...mends,
    ...resolutionLines(checks, outcome),
    { text: sumUp(checks, outcome, inconclusive), tone: TONES[outcome] },
  ];
}

/** One line that says it all. */
function sumUp(
  checks: readonly Check[],
  outcome: Check['outcome'],
  inconclusive: Comparison['inconclusive'],
): string {
  const count = (wanted: Check['outcome']) => checks.filter((check) => check.outcome === wanted).length;
  const of = `of ${plural(checks.length, 'check')}`;
  const undecided = count('inconclusive');
  switch (outcome) {
    case 'pass':
      return `no regression: ${plural(checks.length, 'check')} passed`;
    case 'regression':
      return `REGRESSION: ${count('regression')} ${of} failed${undecided > 0 ? `, ${undecided} undecided` : ''}`;
    case 'inconclusive': {
      const meaning = { fail: 'which fails', pass: 'which passes', tell: 'exit code 5' }[inconclusive];
      return `no regression found, but ${undecided} ${of} undecided, ${meaning} (--inconclusive=${inconclusive})`;
    }
  }
}
