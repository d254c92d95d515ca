/** --fail-on: what change of which metric is a regression, and whether a measured difference is one. */
import { type BenchError, usageError } from '../errors.ts';
import type { Difference } from '../stats/difference.ts';
import { formatDecimal, parseDecimal, shown } from '../values/units.ts';
import { type Metric, parseMetric } from './metrics.ts';

export interface Rule {
  metric: Metric;
  /** Which change it looks for. */
  side: 'fall' | 'rise';
  /** How much of one, as a share: 0.05 is 5 %. */
  share: number;
}

/** pass: shown to be within the limit. inconclusive: neither that nor beyond it. */
export type Outcome = 'pass' | 'regression' | 'inconclusive';

export interface Judgement {
  outcome: Outcome;
  /** Why, in a few words. */
  reason: string;
}

/** The rule as it is written: `iops<-5%`, `lat_p99>+10%`. */
export function formatRule({ metric, side, share }: Rule): string {
  const percent = formatDecimal(Number((share * 100).toFixed(6)));
  return `${metric.name}${side === 'fall' ? '<-' : '>+'}${percent}%`;
}

/**
 * Reads `METRIC<-N%` or `METRIC>+N%`.
 * @throws BenchError (usage) that shows the text and how it should read
 */
export function parseRule(option: string, text: string): Rule {
  const match = /^([^<>=]*)([<>])(=?)\s*([+-]?)\s*([^%\s]*)\s*(%?)$/.exec(text.trim());
  const wrong = (why: string, hint = "like 'iops<-5%' or 'lat_p99>+10%'"): BenchError =>
    usageError(`${shown(option, text)}: ${why}`, hint);
  if (!match) throw wrong('it is not METRIC<-N% or METRIC>+N%');
  const [, name = '', operator, equals, sign, digits = '', unit] = match;
  if (equals !== '') throw wrong(`write ${operator} without =`);
  const metric = parseMetric(option, name);
  const percent = parseDecimal(digits);
  if (percent === undefined) throw wrong(`'${digits}' is not a number`);
  if (unit === '')
    throw wrong(
      'a limit is a change in percent',
      `like '${metric.name}${operator === '<' ? '<-' : '>+'}${digits}%'`,
    );
  if (operator === '<' && sign !== '-') {
    throw wrong('a fall has a minus sign', `'${metric.name}<-${digits}%' is a fall of more than ${digits} %`);
  }
  if (operator === '>' && sign === '-') {
    throw wrong(
      'a rise has no minus sign',
      `'${metric.name}>+${digits}%' is a rise of more than ${digits} %`,
    );
  }
  if (operator === '<' && percent >= 100) throw wrong('nothing falls by 100 % or more');
  return { metric, side: operator === '<' ? 'fall' : 'rise', share: percent / 100 };
}

/** Rules of a list. @throws BenchError (usage), also for two of one metric and side */
export function parseRules(option: string, texts: readonly string[]): Rule[] {
  const rules = texts.map((text) => parseRule(option, text));
  for (const [at, { metric, side }] of rules.entries()) {
    const before = rules.slice(0, at).find((rule) => rule.metric.name === metric.name && rule.side === side);
    if (before)
      throw usageError(`${option}: ${metric.name} has two limits for a ${side}`, 'give one of them');
  }
  return rules;
}

/** Ratio beyond which the rule sees a regression. */
function limitOf({ side, share }: Rule): number {
  return side === 'fall' ? 1 - share : 1 + share;
}

/**
 * Whether a difference breaks a rule. A regression is significant at 5 %, and beyond the limit by the ratio of medians;
 * with both sides equal, one comparison in 40 is significant in a given direction, and hardly one is beyond a limit of
 * a few percent as well (power.test.ts). It passes when its whole 95 % interval is within the limit. What is neither,
 * or has too few trials for any test, is inconclusive.
 */
export function judge(rule: Rule, difference: Difference): Judgement {
  const { verdict, ratio, low, high, moreTrials } = difference;
  if (verdict === 'unknown') {
    const trials = moreTrials === 1 ? '1 more trial' : `${moreTrials} more trials`;
    return { outcome: 'inconclusive', reason: `too few trials: ${trials} of each needed` };
  }
  const limit = limitOf(rule);
  const fall = rule.side === 'fall';
  const beyond = (value: number) => (fall ? value < limit : value > limit);
  if (!beyond(fall ? low : high)) return { outcome: 'pass', reason: 'within the limit' };
  const significant = verdict === (fall ? 'lower' : 'higher');
  if (significant && beyond(ratio))
    return { outcome: 'regression', reason: 'significant and beyond the limit' };
  if (verdict === (fall ? 'higher' : 'lower')) return { outcome: 'pass', reason: 'changed the other way' };
  return {
    outcome: 'inconclusive',
    reason: significant
      ? 'significant and within the limit, but its interval reaches beyond it'
      : 'its interval reaches beyond the limit',
  };
}
