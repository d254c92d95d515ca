/**
 * Two tests by ranks, which assume no distribution. Both are exact, ties included, up to EXACT_MOST values: the
 * p-value is counted over all ways in which the ranks that were seen could have fallen (the permutation
 * distribution); beyond, the normal approximation with corrections for ties and continuity. All are two-sided.
 */
import { normalCdf } from './normal.ts';

/** Up to here every count of the exact distributions (C(50, 25), 2^50) is a whole number that a double holds. */
const EXACT_MOST = 50;

export interface RankTest {
  /** Mann-Whitney: U of the second sample. Wilcoxon: sum of the positive ranks. */
  statistic: number;
  /** What statistic is expected to be without a difference. */
  expected: number;
  p: number;
}

interface Ranks {
  /** Twice the rank of each value from 1, in the values' order: a whole number though ties share the mean rank. */
  doubled: number[];
  /** Sum of t^3 - t over groups of t equal values. */
  ties: number;
}

function ranksOf(values: readonly number[]): Ranks {
  const order = values.map((_, i) => i).sort((a, b) => compare(values[a], values[b]));
  const doubled = new Array<number>(values.length).fill(0);
  let ties = 0;
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let i = from; i < to; i++) doubled[order[i] as number] = from + 1 + to;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  return { doubled, ties };
}

/** Not by subtraction: infinities may be among them. */
function compare(a = 0, b = 0): number {
  return a < b ? -1 : Number(a > b);
}

/** So many distributions are kept; those of samples without ties depend on their sizes alone. */
const KEPT = 64;
const kept = new Map<string, Float64Array>();

/** subsetsBySum, of weights in any order: a gate asks for the same few again and again. */
function distribution(weights: readonly number[], size: number | null): Float64Array {
  const sorted = [...weights].sort((a, b) => a - b);
  const key = `${size}:${sorted.join()}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const counts = subsetsBySum(sorted, size);
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, counts);
  return counts;
}

/** How many subsets (of `size` members, or of any) of the weights have each sum. */
function subsetsBySum(weights: readonly number[], size: number | null): Float64Array {
  const sum = weights.reduce((a, b) => a + b, 0);
  const sizes = size ?? 0;
  const counts = Array.from({ length: sizes + 1 }, () => new Float64Array(sum + 1));
  (counts[0] as Float64Array)[0] = 1;
  let reached = 0;
  for (const weight of weights) {
    reached += weight;
    for (let k = sizes; k >= (size === null ? 0 : 1); k--) {
      const from = counts[size === null ? k : k - 1] as Float64Array;
      const to = counts[k] as Float64Array;
      for (let s = reached; s >= weight; s--) to[s] = (to[s] as number) + (from[s - weight] as number);
    }
  }
  return counts[sizes] as Float64Array;
}

/** Twice the smaller tail, the value itself in both. */
function twoSided(counts: Float64Array, at: number): number {
  let below = 0;
  let above = 0;
  let total = 0;
  counts.forEach((count, sum) => {
    total += count;
    if (sum <= at) below += count;
    if (sum >= at) above += count;
  });
  return Math.min(1, (2 * Math.min(below, above)) / total);
}

/** The same of a normal distribution, half a step nearer to the middle since the statistic comes in whole steps. */
function twoSidedNormal(distance: number, variance: number): number {
  if (variance <= 0) return 1;
  return Math.min(1, 2 * normalCdf(-Math.max(0, Math.abs(distance) - 0.5) / Math.sqrt(variance)));
}

/**
 * Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other"
 * (1947): whether values of one sample tend to be above those of the other. The variance with ties is Lehmann's
 * (Nonparametrics, 1975, formula 1.35). Both samples need a value.
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const n = first.length + second.length;
  const { doubled, ties } = ranksOf([...first, ...second]);
  const rankSum = doubled.slice(first.length).reduce((a, b) => a + b, 0);
  const least = (second.length * (second.length + 1)) / 2;
  const statistic = rankSum / 2 - least;
  const expected = (first.length * second.length) / 2;
  if (n <= EXACT_MOST)
    return { statistic, expected, p: twoSided(distribution(doubled, second.length), rankSum) };
  const variance = ((first.length * second.length) / 12) * (n + 1 - ties / (n * (n - 1)));
  return { statistic, expected, p: twoSidedNormal(statistic - expected, variance) };
}

/**
 * Wilcoxon's signed ranks, "Individual comparisons by ranking methods" (1945): whether differences of pairs tend to
 * be above or below zero. Zeros are left out, as Wilcoxon did. The variance with ties is Lehmann's (1975, 3.13).
 */
export function wilcoxon(differences: readonly number[]): RankTest {
  const used = differences.filter((difference) => difference !== 0);
  const n = used.length;
  const { doubled, ties } = ranksOf(used.map(Math.abs));
  const rankSum = doubled.reduce((sum, rank, i) => sum + ((used[i] as number) > 0 ? rank : 0), 0);
  const statistic = rankSum / 2;
  const expected = (n * (n + 1)) / 4;
  if (n <= EXACT_MOST) return { statistic, expected, p: twoSided(distribution(doubled, null), rankSum) };
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48;
  return { statistic, expected, p: twoSidedNormal(statistic - expected, variance) };
}
