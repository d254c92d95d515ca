/**
 * What a change between runs is worth. Trials of one run share its minutes and say nothing of how runs differ from
 * each other, so each run is one observation here: the median logarithm of its trials. Runs of a side scatter around
 * its level by a variance between runs beside that within them (the random-effects model); both are in what runs show
 * and in the interval. Where there are too few runs to show it, a stated floor stands for it.
 */
import { studentT99 } from './paired.ts';
import { median } from './spread.ts';

/** With fewer degrees of freedom Student's t would make one more run a loss: runs that exceed the floor get this one's. */
const LEAST_DEGREES = 4;
/** Of the variance of a mean the variance of a median, for normal trials. */
const MEDIAN_LOSS = Math.PI / 2;

export interface BetweenRuns {
  /** Candidate over baseline, of the means of the runs' median logarithms. */
  ratio: number;
  /** 99 % interval of the ratio. */
  low: number;
  high: number;
  /** Standard deviation of a run's level, as a share: 0.02 is 2 %. */
  deviation: number;
  /** runs: as these runs differ; floor: the stated one, for want of runs; blocks: of the pairs' ratios. */
  from: 'runs' | 'floor' | 'blocks';
  baselineRuns: number;
  candidateRuns: number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sum of squares about the mean. */
function squares(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}

/** Variance of one run's median logarithm by its trials' own scatter, pooled over the runs that have several. */
function withinOf(runs: readonly (readonly number[])[]): (run: readonly number[]) => number {
  const degrees = runs.reduce((sum, run) => sum + run.length - 1, 0);
  const variance = degrees === 0 ? 0 : runs.reduce((sum, run) => sum + squares(run), 0) / degrees;
  return (run) => (MEDIAN_LOSS * variance) / run.length;
}

function logsOf(runs: readonly (readonly number[])[]): number[][] | null {
  const filled = runs.filter((run) => run.length > 0);
  if (filled.length === 0 || filled.some((run) => run.some((value) => !(value > 0)))) return null;
  return filled.map((run) => run.map(Math.log));
}

/**
 * The change from some runs to others, each given as its trials' values.
 *
 * The deviation S of a run's level is estimated from all runs about the mean of their side, with nu degrees of freedom
 * (a single run adds none); S x sqrt(1/n + 1/m) x t99(nu) is the half width, the classic prediction interval for one
 * new run. Without a degree of freedom, or with at most four when the runs differ by less than the floor and t is what
 * makes the interval wide, the floor is taken as known: 2.576 x sqrt(floor^2 + within).
 * @param floor standard deviation of a run's level when too few runs tell, as a share
 * @returns null when a side has no value, or one without a logarithm
 */
export function betweenRuns(
  baseline: readonly (readonly number[])[],
  candidate: readonly (readonly number[])[],
  floor: number,
): BetweenRuns | null {
  const [before, after] = [logsOf(baseline), logsOf(candidate)];
  if (before === null || after === null) return null;
  const within = withinOf([...before, ...after]);
  const levels = [before, after].map((runs) => runs.map(median)) as [number[], number[]];
  const degrees = before.length + after.length - 2;
  const usual = mean([...before, ...after].map(within));
  // A side whose runs have fewer trials than usual is less sure than runs of the usual size show.
  const extra = (runs: readonly number[][]) => Math.max(0, mean(runs.map(within)) - usual) / runs.length;
  const widthOf = (deviation: number, quantile: number) =>
    quantile *
    Math.sqrt(deviation ** 2 * (1 / before.length + 1 / after.length) + extra(before) + extra(after));
  const least = Math.sqrt(floor ** 2 + usual);
  const byFloor = widthOf(least, studentT99(Number.POSITIVE_INFINITY));
  const seen = degrees === 0 ? 0 : Math.sqrt((squares(levels[0]) + squares(levels[1])) / degrees);
  const byRuns =
    degrees === 0
      ? Number.POSITIVE_INFINITY
      : widthOf(seen, studentT99(seen > least ? Math.max(degrees, LEAST_DEGREES) : degrees));
  const floored = degrees === 0 || (degrees <= LEAST_DEGREES && seen <= least && byFloor < byRuns);
  const half = floored ? byFloor : byRuns;
  const change = mean(levels[1]) - mean(levels[0]);
  return {
    ratio: Math.exp(change),
    low: Math.exp(change - half),
    high: Math.exp(change + half),
    deviation: floored ? least : seen,
    from: floored ? 'floor' : 'runs',
    baselineRuns: before.length,
    candidateRuns: after.length,
  };
}

/**
 * The same of pairs that were measured side by side, block by block: what the machine does hits both, and the blocks'
 * ratios scatter by what is left. The interval is that of a paired t-test of the logarithms.
 * @returns null without two pairs, or with a value without a logarithm
 */
export function betweenBlocks(before: readonly number[], after: readonly number[]): BetweenRuns | null {
  const n = before.length;
  if (n < 2 || after.length !== n || [...before, ...after].some((value) => !(value > 0))) return null;
  const logs = before.map((value, at) => Math.log((after[at] as number) / value));
  const deviation = Math.sqrt(squares(logs) / (n - 1));
  const half = (studentT99(n - 1) * deviation) / Math.sqrt(n);
  return {
    ratio: Math.exp(mean(logs)),
    low: Math.exp(mean(logs) - half),
    high: Math.exp(mean(logs) + half),
    deviation,
    from: 'blocks',
    baselineRuns: n,
    candidateRuns: n,
  };
}
