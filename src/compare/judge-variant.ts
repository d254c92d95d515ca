/**
 * Whether a variant broke the rules: what its trials show, confirmed by what runs differ by, with the evidence. A
 * disturbed trial is no evidence; neither are IOPS alone, by the default rules.
 */
import type { Environment, RunResult, Trial } from '../results/schema.ts';
import { type BetweenRuns, betweenBlocks, betweenRuns } from '../stats/between-runs.ts';
import { cpuChange } from '../stats/calibration.ts';
import { compareSamples, type Difference } from '../stats/difference.ts';
import { disturbedBy, disturbedText } from '../stats/disturbed-trials.ts';
import { floorOf } from './floor.ts';
import {
  type Explained,
  explainedBy,
  explainedText,
  isPartly,
  likely,
  machineText,
  normalised,
  withDoubt,
  withDoubtOfRuns,
} from './machine-speed.ts';
import type { Metric } from './metrics.ts';
import type { ComparePlan } from './plan.ts';
import { type Judgement, judge, type Rule } from './rules.ts';
import type { Evidence } from './schema.ts';

/** What to do where the baseline's own trials do not count. */
export const NEW_BASELINE =
  'it takes a new baseline, of a quieter hour (gate --update), both sides in one job (gate --ab), or --disturbed=count';

/** What became of a rule, and why. */
export interface Judged extends Judgement {
  evidence: Evidence | null;
}

/** Robust beside others' load: what a thread used of the CPU, and the latency that most I/Os had. */
const ROBUST: readonly string[] = ['cpu_per_io', 'lat_p50'];
/** Fewer pairs of undisturbed trials than these: all pairs count, since what disturbs one side disturbs the other. */
const PAIRS_LEAST = 8;

type Runs = readonly (readonly Trial[])[];

/** Trials that a rule is judged by, of both sides. */
interface Counted {
  before: Runs;
  after: Runs;
  /** Of trials that do not count, with why; null when all do. */
  notCounted: string | null;
}

export function samplesOf(trials: readonly Trial[], metric: Metric): number[] {
  return trials.map(metric.of).filter((value) => value !== null);
}

/** The same numbers on both sides, as of a run and itself: there is no difference, however few they are. */
function noDifference(n: number): Difference {
  return { ratio: 1, low: 1, high: 1, p: 1, test: 'none', n, verdict: 'same', moreTrials: 0 };
}

/** What the trials of two sides show; null when one has none. */
export function differenceOf(
  left: readonly number[],
  right: readonly number[],
  paired = false,
): Difference | null {
  if (left.length === 0 || right.length === 0) return null;
  const equal = left.length === right.length && left.every((value, i) => value === right[i]);
  return equal ? noDifference(left.length) : compareSamples(left, right, { paired });
}

function sideText(side: string, reasons: readonly string[], all: number): string[] {
  const text = disturbedText(reasons, all);
  return text === null ? [] : [`of the ${side} ${text}`];
}

/** Without the trials that were disturbed. */
function undisturbed(before: Runs, after: Runs, machine: Environment): Counted {
  const disturbed = disturbedBy(machine, before);
  const side = (name: string, runs: Runs) => {
    const reasons = runs.flat().flatMap((trial) => disturbed(trial) ?? []);
    return {
      runs: runs.map((trials) => trials.filter((trial) => disturbed(trial) === null)),
      text: sideText(name, reasons, runs.flat().length),
    };
  };
  const [left, right] = [side('baseline', before), side('candidate', after)];
  const said = [...left.text, ...right.text];
  return { before: left.runs, after: right.runs, notCounted: said.length === 0 ? null : said.join('; ') };
}

/** Pairs of trials of one number. A pair counts when neither was disturbed, or when too few were not. */
function inPairs(before: Runs, after: Runs, machine: Environment, countAll: boolean): Counted {
  const others = new Map(after.flat().map((trial) => [trial.trial, trial]));
  const pairs = before.flat().flatMap((left) => {
    const right = others.get(left.trial);
    return right === undefined ? [] : [{ left, right }];
  });
  const disturbed = disturbedBy(machine, []);
  const why = ({ left, right }: (typeof pairs)[number]) => disturbed(left) ?? disturbed(right);
  const clean = countAll ? pairs : pairs.filter((pair) => why(pair) === null);
  const kept = clean.length >= PAIRS_LEAST ? clean : pairs;
  const reasons = pairs.flatMap((pair) => (kept.includes(pair) ? [] : (why(pair) ?? [])));
  const text = disturbedText(reasons, pairs.length);
  return {
    before: [kept.map(({ left }) => left)],
    after: [kept.map(({ right }) => right)],
    notCounted: text === null ? null : `of the pairs ${text}`,
  };
}

/** Whether both sides are the same trials: their times agree to the nanosecond. */
function areSame(before: Runs, after: Runs): boolean {
  const [left, right] = [before.flat(), after.flat()];
  return (
    left.length === right.length &&
    left.every((trial, at) => {
      const other = right[at];
      return (
        trial.runtime_ns === other?.runtime_ns &&
        trial.total_ios === other.total_ios &&
        trial.cpu.sys_ns === other.cpu.sys_ns
      );
    })
  );
}

/** The trials that rules are judged by, of both sides: of a run and itself all, as whatever disturbed one disturbed the other. */
export function countedOf(before: Runs, after: Runs, plan: ComparePlan, machine: Environment): Counted {
  if (plan.paired) return inPairs(before, after, machine, plan.countDisturbed === true);
  if (plan.countDisturbed || areSame(before, after)) return { before, after, notCounted: null };
  return undisturbed(before, after, machine);
}

/** What a variant is judged with, beside its trials. */
interface About {
  variant: string;
  jobs: RunResult['jobs'];
  /** Why a side has no trials; null when both have. */
  missing: string | null;
  machine: Environment;
}

/** What would make it another outcome. */
function needsOf(judgement: Judgement, seen: BetweenRuns, explained: Explained | null): string | null {
  if (judgement.outcome === 'pass') return null;
  if (seen.from === 'blocks') {
    return judgement.outcome === 'regression' ? 'the same command again' : 'more trials: --max-trials';
  }
  const hours = 'both sides in one job: gate --ab';
  if (explained !== null) return `a baseline of this machine as it is now (gate --update), or ${hours}`;
  return seen.from === 'floor'
    ? `more runs in the baseline, made at other hours (gate --update), or ${hours}`
    : `${hours}, where what the machine does hits both`;
}

/** What is known of a change by all that was measured. */
interface Found {
  difference: Difference;
  seen: BetweenRuns | null;
  /** What the machine explains of it beyond doubt, which is taken off already. */
  explained: Explained | null;
}

function evidenceOf(found: Found & { seen: BetweenRuns }, judgement: Judgement, counted: Counted): Evidence {
  const { seen, explained } = found;
  return {
    ratio: seen.ratio,
    low: seen.low,
    high: seen.high,
    deviation: seen.deviation,
    from: seen.from,
    baseline_runs: seen.baselineRuns,
    candidate_runs: seen.candidateRuns,
    baseline_trials: counted.before.flat().length,
    candidate_trials: counted.after.flat().length,
    not_counted: counted.notCounted,
    machine:
      explained === null
        ? null
        : {
            syscall_ratio: Math.exp(explained.change.syscall.log),
            null_ratio: Math.exp(explained.change.null.log),
            low: Math.exp(explained.low),
            high: Math.exp(explained.high),
            treatment: isPartly(explained) ? 'widened' : 'normalised',
            text: explainedText(explained),
          },
    needs: needsOf(judgement, seen, explained),
  };
}

/** A regression of the trials that is not one of runs is none: they may differ by as much without any change. */
function confirmed(rule: Rule, judgement: Judgement, seen: BetweenRuns | null): Judgement {
  if (judgement.outcome !== 'regression' || seen === null) return judgement;
  if (rule.side === 'fall' ? seen.high < 1 : seen.low > 1) return judgement;
  const what = seen.from === 'blocks' ? 'pairs' : 'runs';
  return {
    outcome: 'inconclusive',
    reason: `the trials are beyond the limit, but ${what} differ by as much without a change`,
  };
}

/** A regression must outlast what the calibrations suggest of the machine, even where that is not beyond doubt. */
function outlasting(
  rule: Rule,
  judgement: Judgement,
  seen: BetweenRuns | null,
  explained: Explained | null,
): Judgement {
  if (judgement.outcome !== 'regression' || seen === null || explained === null) return judgement;
  const { low, high } = likely(explained);
  const left =
    rule.side === 'fall'
      ? Math.log(seen.high) - Math.min(0, low) < 0
      : Math.log(seen.low) - Math.max(0, high) > 0;
  if (left) return judgement;
  const reason = `it may be the machine: ${machineText(explained.change)}, though not beyond doubt`;
  return { outcome: 'inconclusive', reason };
}

/** What the machine explains of a metric by its calibrations; null where there are none, or where it has no part in it. */
function explanation(rule: Rule, counted: Counted, about: About): Explained | null {
  const change = cpuChange(counted.before, counted.after);
  if (change === null) return null;
  const [before, after] = [counted.before.flat(), counted.after.flat()];
  return explainedBy(change, rule.metric, { variant: about.variant, jobs: about.jobs, before, after });
}

/** What the trials of both sides show, on one machine. @returns null when a side has none that it can be told by */
function findingOf(
  { metric }: Rule,
  counted: Counted,
  plan: ComparePlan,
  explained: Explained | null,
): Found | null {
  const samples = (runs: Runs) => runs.map((trials) => samplesOf(trials, metric));
  const [before, measured] = [samples(counted.before), samples(counted.after)];
  const after = explained === null ? measured : measured.map((run) => normalised(run, explained));
  const paired = plan.paired === true && before.flat().length === after.flat().length;
  const difference = differenceOf(before.flat(), after.flat(), paired);
  if (difference === null) return null;
  if (paired) return { difference, seen: betweenBlocks(before.flat(), after.flat()), explained };
  const seen = betweenRuns(before, after, floorOf(metric));
  if (explained === null) return { difference, seen, explained };
  const runs = seen === null ? null : withDoubtOfRuns(seen, explained);
  return { difference: withDoubt(difference, explained), seen: runs, explained };
}

/** Disturbed trials were all that a side had. Of the baseline no trial of the candidate can make good for it. */
function noneLeft({ before, notCounted }: Counted): string {
  const mend = before.flat().length === 0 ? `: ${NEW_BASELINE}` : '';
  return `no trial left: disturbed ${notCounted}${mend}`;
}

function judgeRule(rule: Rule, counted: Counted, plan: ComparePlan, about: About): Judged {
  // Pairs were measured side by side: whatever the machine is, it is the same for both.
  const possible = plan.paired ? null : explanation(rule, counted, about);
  const explained = possible?.change.beyondDoubt ? possible : null;
  const found = findingOf(rule, counted, plan, explained);
  if (found === null) {
    const disturbed = counted.notCounted === null ? null : noneLeft(counted);
    const reason = about.missing ?? disturbed ?? `one side has no ${rule.metric.name}`;
    return { outcome: 'inconclusive', reason, evidence: null };
  }
  const { difference, seen } = found;
  const ofRuns = confirmed(rule, judge(rule, difference), seen);
  const judgement = outlasting(rule, ofRuns, seen, explained === null ? possible : null);
  const few = difference.verdict === 'unknown' && counted.notCounted !== null;
  const reason = few ? `${judgement.reason}; disturbed ${counted.notCounted}` : judgement.reason;
  return {
    outcome: judgement.outcome,
    reason,
    evidence: seen === null ? null : evidenceOf({ ...found, seen }, judgement, counted),
  };
}

/**
 * IOPS by the default rules: they alarm only beside a robust metric that does, and what they leave open is settled by
 * robust metrics that pass. Whatever keeps jobs from running moves them, and nothing else.
 */
function besideRobust(rules: readonly Rule[], judged: readonly Judged[]): Judged[] {
  const robust = judged.filter((_, at) => ROBUST.includes(rules[at]?.metric.name ?? ''));
  const moved = robust.some(({ outcome }) => outcome === 'regression');
  const steady = robust.length > 0 && robust.every(({ outcome }) => outcome === 'pass');
  return judged.map((one, at): Judged => {
    if (rules[at]?.metric.name !== 'iops' || moved) return one;
    if (one.outcome === 'regression') {
      const reason = `it fell, but neither ${ROBUST.join(' nor ')} rose beyond doubt: the jobs may have run less`;
      return { ...one, outcome: 'inconclusive', reason };
    }
    if (one.outcome === 'inconclusive' && steady && one.evidence !== null) {
      const reason = `not decided by itself, but ${ROBUST.join(' and ')} are within their limits`;
      return { ...one, outcome: 'pass', reason };
    }
    return one;
  });
}

/** One outcome for each rule, in their order. */
export function judgeVariant(before: Runs, after: Runs, plan: ComparePlan, about: About): Judged[] {
  const counted = countedOf(before, after, plan, about.machine);
  const judged = plan.rules.map((rule) => judgeRule(rule, counted, plan, about));
  return plan.byDefault ? besideRobust(plan.rules, judged) : judged;
}
