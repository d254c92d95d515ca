/**
 * The highest rate of an open loop that keeps a percentile of its response within a limit: a bisection that moves only
 * when it is sure. Pure: the caller runs trials at the rate that it is asked for and says what came of them.
 */

/** What became of one trial at a rate. */
export interface RateTrial {
  /** The percentile of its response. */
  latNs: number;
  /** I/Os a second that were done. */
  iops: number;
  /** I/Os that were due were not sent, more than a rate that is held leaves: it was too much, whatever the latency. */
  behind: boolean;
}

export type RateVerdict = 'held' | 'missed' | 'undecided';

/** A rate that was tried, of all jobs together. */
export interface TriedRate {
  iops: number;
  verdict: RateVerdict;
  trials: RateTrial[];
}

/**
 * How it came out. bracket: held at the low end, missed at the high one. full: held at as much as the closed loop does.
 * never: missed at the lowest rate. undecided: its trials disagreed there, too. unfinished: it was stopped.
 */
export type TargetOutcome = 'bracket' | 'full' | 'never' | 'undecided' | 'unfinished';

export interface TargetRules {
  limitNs: number;
  /** The bracket is narrow enough when its ends are this share apart: 0.05. */
  share: number;
}

/**
 * So many trials are looked at, and so many of them may be on the other side: 0 of 6, 1 of 10, 2 of 13 have a chance of
 * 1.6 %, 1.1 % and 1.1 % where one side is as likely as the other (the sign test). No distribution is assumed.
 */
const LOOKS: readonly { trials: number; others: number }[] = [
  { trials: 6, others: 0 },
  { trials: 10, others: 1 },
  { trials: 13, others: 2 },
];
/** The most trials of a rate: then it is left undecided. */
export const RATE_TRIALS_MOST = 13;
/** Three trials that are all this far from the limit, to the same side, need no more. */
const CLEAR = { trials: 3, factor: 2 };
/** The lowest rate that is tried, of the closed loop's. */
const LOWEST = 1 / 64;

/** Whether trials say that a rate keeps the limit; null: more of them are needed. */
export function judgeRate(trials: readonly RateTrial[], limitNs: number): RateVerdict | null {
  const values = trials.map(({ latNs, behind }) => (behind ? Number.POSITIVE_INFINITY : latNs));
  const above = values.filter((value) => value > limitNs).length;
  if (values.length === CLEAR.trials) {
    if (values.every((value) => value <= limitNs / CLEAR.factor)) return 'held';
    if (values.every((value) => value > limitNs * CLEAR.factor)) return 'missed';
  }
  const look = LOOKS.find((one) => one.trials === values.length);
  if (look !== undefined && above <= look.others) return 'held';
  if (look !== undefined && values.length - above <= look.others) return 'missed';
  return values.length >= RATE_TRIALS_MOST ? 'undecided' : null;
}

/** Between two rates, by ratio where they are far apart. */
function between(low: number, high: number): number {
  return high > 2 * low ? Math.sqrt(low * high) : (low + high) / 2;
}

/** One backend's search. */
export class RateSearch {
  readonly closedIops: number;
  readonly tried: TriedRate[] = [];
  readonly #rules: TargetRules;
  readonly #lowest: number;
  #trials: RateTrial[] = [];
  #stopped = false;

  /**
   * @param closedIops what a closed loop does: no rate above it can be held
   * @param leastIops below it a trial has too few I/Os for its percentile
   */
  constructor(rules: TargetRules, closedIops: number, leastIops: number) {
    if (!(closedIops > 0)) throw new RangeError('a search needs a rate to begin with');
    this.#rules = rules;
    this.closedIops = closedIops;
    this.#lowest = Math.min(Math.max(closedIops * LOWEST, leastIops), closedIops / 2);
  }

  /** The highest rate that was held; null when none was. */
  get low(): number | null {
    const held = this.#of('held');
    return held.length === 0 ? null : Math.max(...held);
  }

  /** The lowest rate that was missed; null when none was. */
  get high(): number | null {
    const missed = this.#of('missed');
    return missed.length === 0 ? null : Math.min(...missed);
  }

  #of(verdict: RateVerdict): number[] {
    return this.tried.filter((one) => one.verdict === verdict).map(({ iops }) => iops);
  }

  /** The rate to try next; null when there is nothing more to be learned. */
  next(): number | null {
    if (this.#stopped) return null;
    const { share } = this.#rules;
    const top = this.closedIops * (1 - share);
    const known = (rate: number) => this.tried.some(({ iops }) => iops === rate);
    if (!known(top)) return top;
    if (this.low === top) return null;
    if (!known(this.#lowest)) return this.#lowest;
    return this.#within(this.low, this.high ?? this.closedIops);
  }

  /** Between what was held and what was missed, leaving out what could not be told. */
  #within(held: number | null, missed: number): number | null {
    const { share } = this.#rules;
    const unsure = this.#of('undecided').filter((rate) => rate > (held ?? 0) && rate < missed);
    const ends = [...(held === null ? [] : [held]), ...unsure, missed].sort((a, b) => a - b);
    // Below the first and above the last of what could not be told there is more to be learned, but not between them.
    const pairs = ends.slice(1).map((end, i): [number, number] => [ends[i] as number, end]);
    const gaps = pairs.filter(([low, high]) => low === held || high === missed);
    const open = gaps.find(([low, high]) => high - low > share * high);
    return open === undefined ? null : between(...open);
  }

  /** Of a trial at the rate of next(). @returns the verdict when it was the last one that was needed */
  note(trial: RateTrial): RateVerdict | null {
    const iops = this.next();
    if (iops === null) throw new Error('the search has ended');
    this.#trials.push(trial);
    const verdict = judgeRate(this.#trials, this.#rules.limitNs);
    if (verdict === null) return null;
    this.tried.push({ iops, verdict, trials: this.#trials });
    this.#trials = [];
    return verdict;
  }

  /** The search ends here. */
  stop(): void {
    this.#stopped = true;
  }

  outcome(): TargetOutcome {
    const { low, high } = this;
    if (this.#stopped) return 'unfinished';
    if (low === null) return this.#of('undecided').length > 0 ? 'undecided' : 'never';
    return high === null || low >= this.closedIops * (1 - this.#rules.share) ? 'full' : 'bracket';
  }
}
