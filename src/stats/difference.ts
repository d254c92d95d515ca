/** How sure a comparison of trials is: what compare, gate, sweep, article and the tables state. */
import { medianRatioInterval, ratioOf } from './bootstrap.ts';
import { mannWhitney, type RankTest, wilcoxon } from './rank-tests.ts';
import { quantile } from './spread.ts';

/** A result this improbable without a difference is called significant. */
const ALPHA = 0.05;
/** 2 / 2^5 is above ALPHA: with fewer pairs Wilcoxon's test cannot find anything. */
const LEAST_PAIRS = 6;
const DEFAULT_SEED = 137n;

/** A quantity over the trials of one variant. */
export interface Estimate {
  median: number;
  /** 95 % interval of the median. */
  low: number;
  high: number;
  /** Probability that low..high covers the true median: at least 0.95 of 6 trials or more, less of fewer. */
  confidence: number;
  min: number;
  max: number;
  n: number;
}

type Verdict = 'higher' | 'lower' | 'same' | 'unknown';

/** A difference between a candidate and a reference. */
export interface Difference {
  /** Candidate over reference, of medians; 1.05 is 5 % more. Infinity when only the reference's median is 0. */
  ratio: number;
  /** 95 % interval of the ratio. */
  low: number;
  high: number;
  /** Of the test named by `test`. */
  p: number;
  test: 'mann-whitney' | 'wilcoxon' | 'none';
  /** Trials of each, the smaller number when they differ. */
  n: number;
  /** higher or lower: significant at 5 %. same: not significant. unknown: too few trials to ever tell. */
  verdict: Verdict;
  /** How many more trials of each would be needed to tell, when verdict is unknown; else 0. */
  moreTrials: number;
}

export interface CompareOptions {
  /** Whether the i-th of one was measured beside the i-th of the other (one block of a run). */
  paired: boolean;
  /** Of the bootstrap. */
  seed?: bigint;
}

/**
 * Median of some trials with its interval. The interval is that of the sign test: from the k-th smallest to the k-th
 * largest trial, with the greatest k whose binomial tails are 5 % or less together (Conover, Practical Nonparametric
 * Statistics, 3.2; benchstat does the same). It assumes no distribution. Fewer than 6 trials cannot reach 95 %: all
 * of them, min..max, are what there is then, and `confidence` says how much that covers (93.75 % of 5).
 * @throws RangeError without samples or with one that is not finite
 */
export function estimate(samples: readonly number[]): Estimate {
  check(samples);
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  // With k = 1: 2 x P(all n on one side of the median).
  let tails = 2 * 0.5 ** n;
  let term = tails;
  let k = 1;
  for (;;) {
    term = (term * (n - k + 1)) / k;
    if (k + 1 > n / 2 || tails + term > ALPHA) break;
    tails += term;
    k++;
  }
  return {
    median: quantile(sorted, 0.5),
    low: sorted[k - 1] as number,
    high: sorted[n - k] as number,
    confidence: 1 - Math.min(1, tails),
    min: sorted[0] as number,
    max: sorted[n - 1] as number,
    n,
  };
}

/**
 * Ratio of medians with its interval, and whether there is a difference. Of trials of their own: Mann-Whitney's
 * test. Paired within blocks: Wilcoxon's signed ranks of the log ratios; with 4 or 5 blocks, which that test cannot
 * find anything in, Mann-Whitney's, which is the more cautious one when blocks have something in common. The
 * interval is a percentile bootstrap's, of trials or of whole blocks.
 * @throws RangeError without samples, with one that is negative or not finite, or paired with unequal numbers
 */
export function compareSamples(
  reference: readonly number[],
  candidate: readonly number[],
  options: CompareOptions,
): Difference {
  for (const samples of [reference, candidate]) check(samples, 0);
  if (options.paired && reference.length !== candidate.length) {
    throw new RangeError(`${reference.length} and ${candidate.length} samples cannot be paired`);
  }
  const n = Math.min(reference.length, candidate.length);
  const ratio = ratioOf(quantile(candidate, 0.5), quantile(reference, 0.5));
  const { low, high } = medianRatioInterval(reference, candidate, {
    paired: options.paired,
    seed: options.seed ?? DEFAULT_SEED,
  });
  const moreTrials = missingTrials(reference.length, candidate.length);
  if (moreTrials > 0) return { ratio, low, high, p: 1, test: 'none', n, verdict: 'unknown', moreTrials };
  const signed = options.paired && n >= LEAST_PAIRS;
  const result = signed
    ? wilcoxon(candidate.map((value, i) => logRatio(value, reference[i] as number)))
    : mannWhitney(reference, candidate);
  return {
    ratio,
    low,
    high,
    p: result.p,
    test: signed ? 'wilcoxon' : 'mann-whitney',
    n,
    verdict: verdictOf(result, ratio),
    moreTrials: 0,
  };
}

/** Ranks and medians must agree on the direction: of skewed trials they may not, and then nothing is claimed. */
function verdictOf({ p, statistic, expected }: RankTest, ratio: number): Verdict {
  if (p >= ALPHA) return 'same';
  if (statistic > expected && ratio > 1) return 'higher';
  return statistic < expected && ratio < 1 ? 'lower' : 'same';
}

/** Trials of each that Mann-Whitney's test lacks to find even samples that do not overlap: 2 / C(n + m, n) < ALPHA. */
function missingTrials(n: number, m: number): number {
  let more = 0;
  while (2 / waysToChoose(n + m + 2 * more, n + more) >= ALPHA) more++;
  return more;
}

/** Whether samples of these sizes can differ significantly at all, if they do not overlap. */
export function canTell(n: number, m: number): boolean {
  return 2 / waysToChoose(n + m, n) < ALPHA;
}

function waysToChoose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

/** To 12 digits, so that equal ratios tie whatever their scale. A difference of logarithms changes its sign exactly. */
function logRatio(candidate: number, reference: number): number {
  if (candidate === reference) return 0;
  return Math.round((Math.log(candidate) - Math.log(reference)) * 1e12) / 1e12;
}

function check(samples: readonly number[], least = Number.NEGATIVE_INFINITY): void {
  if (samples.length === 0) throw new RangeError('no samples');
  const wrong = samples.find((sample) => !Number.isFinite(sample) || sample < least);
  if (wrong !== undefined) throw new RangeError(`${wrong} is no sample`);
}
