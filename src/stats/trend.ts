/** Whether values drift in the order in which they were measured, and by how much. */
import { normalCdf } from './normal.ts';
import { median } from './spread.ts';

export interface Trend {
  /** Kendall's S: pairs that rise less pairs that fall. */
  s: number;
  /** Of the Mann-Kendall test, two-sided. */
  p: number;
  /** Theil-Sen: median slope of all pairs, in units of the values for each step. */
  slope: number;
}

/**
 * How the number of discordant pairs of n values without ties is distributed when every order is as likely: the
 * recurrence of Mann, "Nonparametric tests against trend" (1945). Probabilities, by number of pairs.
 */
function discordantPairs(n: number): number[] {
  let shares = [1];
  for (let size = 2; size <= n; size++) {
    const next = new Array<number>(shares.length + size - 1).fill(0);
    shares.forEach((share, pairs) => {
      for (let more = 0; more < size; more++)
        next[pairs + more] = (next[pairs + more] as number) + share / size;
    });
    shares = next;
  }
  return shares;
}

function exactP(n: number, s: number): number {
  const pairs = (n * (n - 1)) / 2;
  const discordant = (pairs - Math.abs(s)) / 2;
  const tail = discordantPairs(n)
    .slice(0, discordant + 1)
    .reduce((sum, share) => sum + share, 0);
  return Math.min(1, 2 * tail);
}

/** Kendall, Rank Correlation Methods (1975): the variance of S with groups of equal values; one step of continuity. */
function approximateP(values: readonly number[], s: number): number {
  const n = values.length;
  const groups = new Map<number, number>();
  for (const value of values) groups.set(value, (groups.get(value) ?? 0) + 1);
  const weight = (size: number) => size * (size - 1) * (2 * size + 5);
  const ties = [...groups.values()].reduce((sum, size) => sum + weight(size), 0);
  const variance = (weight(n) - ties) / 18;
  if (variance === 0) return 1;
  return Math.min(1, 2 * normalCdf(-Math.max(0, Math.abs(s) - 1) / Math.sqrt(variance)));
}

/**
 * Mann and Kendall's test for a trend, exact when no two values are equal, with the slope of Theil (1950) and Sen
 * (1968), which outliers do not move.
 * @throws RangeError with fewer than two values
 */
export function trendOf(values: readonly number[]): Trend {
  const slopes: number[] = [];
  let s = 0;
  for (const [j, later] of values.entries()) {
    for (const [i, earlier] of values.slice(0, j).entries()) {
      s += Math.sign(later - earlier);
      slopes.push((later - earlier) / (j - i));
    }
  }
  const tied = new Set(values).size < values.length;
  return { s, p: tied ? approximateP(values, s) : exactP(values.length, s), slope: median(slopes) };
}
