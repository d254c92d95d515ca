/**
 * Where a series of estimates changes its level: E-divisive (Matteson and James, "A nonparametric approach for
 * multiple change point analysis of multivariate data", JASA 109, 2014), with distances to the power of 1. The point
 * at which two parts are furthest apart by the energy distance is tried against the same values in random order;
 * while it holds, the parts are searched in turn. No distribution is assumed but that without a change the values
 * could as well have come in another order.
 */
import { medianRatioInterval, ratioOf } from './bootstrap.ts';
import { type Random, randomOf, shuffled } from './random.ts';

/** One value of the series with its interval, in time's order. */
export interface SeriesEstimate {
  value: number;
  low: number;
  high: number;
}

/** A part of the series without a change: values from (included) .. to (not included). */
interface Level {
  from: number;
  to: number;
  median: number;
}

export interface ChangePoint {
  /** Index of the first value of the new level. */
  at: number;
  /** Where it may have happened as well: values next to it whose own intervals hold the other level. */
  earliest: number;
  latest: number;
  before: Level;
  after: Level;
  /** Medians, after to before, with the bootstrap's 95 % interval. */
  ratio: number;
  low: number;
  high: number;
  /** Share of random orders in which some point looks as much like a change. */
  p: number;
}

export interface ChangeOptions {
  /** Of series without a change at most this share is said to have one. */
  falseRate?: number;
  /** The fewest values between two changes. */
  leastRuns?: number;
  seed?: bigint;
}

/** A history is looked at after each run: the usual 5 % would cry wolf within weeks. */
export const FALSE_RATE = 0.01;
/** A single value apart, or two, are outliers. */
export const LEAST_RUNS = 3;
/** With the one that was seen they make 500: p-values are multiples of 0.002. */
const ORDERS = 499;
/** Time grows with the square of the length; of longer series the end is looked at. */
export const LONGEST = 300;

interface Split {
  /** Index of the first value after it. */
  at: number;
  /** The energy statistic; negative infinity where the part is too short to be split. */
  q: number;
}

const NONE: Split = { at: -1, q: Number.NEGATIVE_INFINITY };

/** q of m values beside n by the sums of distances within and between them (their equation 5). */
function energy(m: number, n: number, sums: { within: [number, number]; between: number }): number {
  const [x, y] = sums.within;
  const apart = (2 * sums.between) / (m * n) - (2 * x) / (m * (m - 1)) - (2 * y) / (n * (n - 1));
  return ((m * n) / (m + n)) * apart;
}

/**
 * The best place to split values: the largest q of 0..at against at..end, over every end as well, so that a change
 * that is taken back later is not drowned (their equation 7).
 */
function bestSplit(values: readonly number[], least: number): Split {
  const length = values.length;
  // within[t]: sum of distances among the values t..end, for the end that the loop has come to.
  const within = new Float64Array(length);
  // head[t]: the same among the values 0..t.
  const head = new Float64Array(length + 1);
  let best = NONE;
  for (let last = 0; last < length; last++) {
    let distances = 0;
    for (let t = last - 1; t >= 0; t--) {
      distances += Math.abs((values[t] as number) - (values[last] as number));
      within[t] = (within[t] as number) + distances;
    }
    const end = last + 1;
    const whole = within[0] as number;
    head[end] = whole;
    for (let at = least; at <= end - least; at++) {
      const [x, y] = [head[at] as number, within[at] as number];
      const q = energy(at, end - at, { within: [x, y], between: whole - x - y });
      if (q > best.q) best = { at, q };
    }
  }
  return best;
}

/** The best split of any part; `at` counts from the series' begin. */
function bestOf(parts: readonly (readonly number[])[], least: number): Split {
  let begin = 0;
  let best = NONE;
  for (const part of parts) {
    const split = bestSplit(part, least);
    if (split.q > best.q) best = { at: begin + split.at, q: split.q };
    begin += part.length;
  }
  return best;
}

/** p-value of a split: every part in random order, the best split of each order; null as soon as it is above the rate. */
function chanceOf(
  { q }: Split,
  parts: readonly (readonly number[])[],
  by: { least: number; falseRate: number; random: Random },
): number | null {
  let asFar = 1;
  for (let order = 0; order < ORDERS; order++) {
    const mixed = parts.map((part) => shuffled(part, by.random));
    // Sums in another order differ in their last digits.
    if (bestOf(mixed, by.least).q >= q - 1e-9 * Math.abs(q)) asFar++;
    if (asFar / (ORDERS + 1) > by.falseRate) return null;
  }
  return asFar / (ORDERS + 1);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [a, b] = [sorted[(sorted.length - 1) >> 1] as number, sorted[sorted.length >> 1] as number];
  return (a + b) / 2;
}

function cut(values: readonly number[], at: readonly number[]): number[][] {
  const bounds = [0, ...at, values.length];
  return bounds.slice(1).map((end, i) => values.slice(bounds[i], end));
}

/** Whether a value's interval leaves open that it is of this level. */
function mayBe({ low, high }: SeriesEstimate, { median }: Level): boolean {
  return low <= median && median <= high;
}

function changeAt(series: readonly SeriesEstimate[], levels: [Level, Level], p: number): ChangePoint {
  const [before, after] = levels;
  const at = after.from;
  let [earliest, latest] = [at, at];
  while (earliest - 1 > before.from && mayBe(series[earliest - 1] as SeriesEstimate, after)) earliest--;
  while (latest + 1 < after.to && mayBe(series[latest] as SeriesEstimate, before)) latest++;
  const of = ({ from, to }: Level): number[] => series.slice(from, to).map(({ value }) => value);
  const interval = medianRatioInterval(of(before), of(after), { paired: false, seed: BigInt(at) });
  return { at, earliest, latest, before, after, ratio: ratioOf(after.median, before.median), ...interval, p };
}

/**
 * The changes of a series in time's order; [] when it has none, or is too short to tell. The same series gives the
 * same changes everywhere. Of more than LONGEST values the last ones are looked at.
 */
export function changePoints(series: readonly SeriesEstimate[], options: ChangeOptions = {}): ChangePoint[] {
  const { falseRate = FALSE_RATE, leastRuns: least = LEAST_RUNS, seed = 2014n } = options;
  if (least < 2) throw new RangeError('a level has at least two values: one has no distance within');
  const skipped = Math.max(0, series.length - LONGEST);
  const values = series.slice(skipped).map(({ value }) => value);
  const random = randomOf(seed);
  const chances = new Map<number, number>();
  for (;;) {
    const parts = cut(
      values,
      [...chances.keys()].sort((a, b) => a - b),
    );
    const split = bestOf(parts, least);
    const p = split.q > 0 ? chanceOf(split, parts, { least, falseRate, random }) : null;
    if (p === null) break;
    chances.set(split.at, p);
  }
  const found = [...chances].sort(([a], [b]) => a - b);
  const bounds = [0, ...found.map(([at]) => at), values.length];
  const levels = bounds.slice(1).map((end, i): Level => {
    const begin = bounds[i] as number;
    return { from: begin + skipped, to: end + skipped, median: medianOf(values.slice(begin, end)) };
  });
  return found.map(([, p], i) => changeAt(series, [levels[i] as Level, levels[i + 1] as Level], p));
}
