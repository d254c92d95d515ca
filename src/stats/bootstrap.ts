/**
 * The interval of a ratio of medians by the bootstrap (Efron, "Bootstrap methods: another look at the jackknife",
 * 1979): what the ratio would have been in other draws of the same trials, its middle 95 %. The percentile interval
 * and not BCa: BCa's acceleration comes from the jackknife, which is inconsistent for the median (Efron 1979, section
 * 3), and its bias correction is at the mercy of the few values that the median of few trials can take.
 */
import { type Random, randomOf } from './random.ts';

/** (RESAMPLES + 1) x 2.5 % is a whole number, so that both ends are ratios that occurred. */
const RESAMPLES = 1999;
const TAIL = (RESAMPLES + 1) * 0.025;

/** Draws as many as there are, with replacement, and counts how often each was drawn. */
function draw(times: Uint32Array, random: Random): void {
  const n = times.length;
  times.fill(0);
  for (let i = 0; i < n; i++) {
    const which = Math.floor(random() * n);
    times[which] = (times[which] as number) + 1;
  }
}

/** Two of each resample of a sample: which of its sorted values the lower and the upper middle one are. */
type Middles = Uint32Array;

/** Looks up the middle two of a resample. @param from which of the sample each of its sorted values is */
function findMiddles(into: Middles, at: number, times: Uint32Array, from: Uint32Array): void {
  const lower = (times.length - 1) >> 1;
  const upper = times.length >> 1;
  let rank = 0;
  let seen = times[from[0] as number] as number;
  while (seen <= lower) seen += times[from[++rank] as number] as number;
  into[2 * at] = rank;
  while (seen <= upper) seen += times[from[++rank] as number] as number;
  into[2 * at + 1] = rank;
}

/** Resamples of two samples, drawn in turns, or whole pairs. @param orders `from` of each */
function resampled(orders: readonly [Uint32Array, Uint32Array], seed: bigint, paired: boolean) {
  const random = randomOf(seed);
  const timesA = new Uint32Array(orders[0].length);
  const timesB = paired ? timesA : new Uint32Array(orders[1].length);
  const [a, b]: [Middles, Middles] = [new Uint32Array(2 * RESAMPLES), new Uint32Array(2 * RESAMPLES)];
  for (let i = 0; i < RESAMPLES; i++) {
    draw(timesA, random);
    if (!paired) draw(timesB, random);
    findMiddles(a, i, timesA, orders[0]);
    findMiddles(b, i, timesB, orders[1]);
  }
  return { a, b };
}

function medianOf(sorted: Float64Array, middles: Middles, at: number): number {
  return (
    ((sorted[middles[2 * at] as number] as number) + (sorted[middles[2 * at + 1] as number] as number)) / 2
  );
}

/** Resamples of so many sizes are kept: of unpaired samples they are the same for all that have as many values. */
const KEPT = 64;
const kept = new Map<string, ReturnType<typeof resampled>>();

function keptResamples(n: number, m: number, seed: bigint): ReturnType<typeof resampled> {
  const key = `${n} ${m} ${seed}`;
  const sorted = (length: number) => Uint32Array.from({ length }, (_, i) => i);
  const found = kept.get(key) ?? resampled([sorted(n), sorted(m)], seed, false);
  // Used last, so that it goes last.
  kept.delete(key);
  kept.set(key, found);
  for (const [oldest] of kept) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return found;
}

/**
 * 95 % interval of median(candidate) / median(reference). Swapping the two gives the reciprocals: what is drawn for
 * a sample depends on its values and not on its place. Paired, whole pairs are drawn.
 */
export function medianRatioInterval(
  reference: readonly number[],
  candidate: readonly number[],
  options: { paired: boolean; seed: bigint },
): { low: number; high: number } {
  const order = orderOf(reference, candidate);
  const [first, second] = order <= 0 ? [reference, candidate] : [candidate, reference];
  const ratios = resampledRatios(first, second, options);
  const [low, high] = [ratios[TAIL - 1] as number, ratios[RESAMPLES - TAIL] as number];
  if (order > 0) return { low: 1 / high, high: 1 / low };
  // Two samples of the same values have no order, and then nothing but this makes both ways the same.
  if (order === 0 && !options.paired) return { low: Math.min(low, 1 / high), high: Math.max(high, 1 / low) };
  return { low, high };
}

/** Ratios second / first of the medians of resamples, sorted. */
function resampledRatios(
  first: readonly number[],
  second: readonly number[],
  { paired, seed }: { paired: boolean; seed: bigint },
): Float64Array {
  const orderedOf = (samples: readonly number[]) =>
    Uint32Array.from([...samples.keys()].sort((x, y) => (samples[x] as number) - (samples[y] as number)));
  // Without pairs the order of trials means nothing, so it must change nothing.
  const { a, b } = paired
    ? resampled([orderedOf(first), orderedOf(second)], seed, true)
    : keptResamples(first.length, second.length, seed);
  const sorted = (samples: readonly number[]) => Float64Array.from(samples).sort();
  const [valuesA, valuesB] = [sorted(first), sorted(second)];
  const ratios = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) ratios[i] = ratioOf(medianOf(valuesB, b, i), medianOf(valuesA, a, i));
  return ratios.sort();
}

/** 0 over 0 is 1: neither has any. */
export function ratioOf(candidate: number, reference: number): number {
  return candidate === reference ? 1 : candidate / reference;
}

/** Negative when a comes first: the shorter, or the one with the smaller value where they first differ when sorted. */
function orderOf(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.length - b.length;
  const left = [...a].sort((x, y) => x - y);
  const right = [...b].sort((x, y) => x - y);
  const at = left.findIndex((value, i) => value !== right[i]);
  return at < 0 ? 0 : (left[at] as number) - (right[at] as number);
}
