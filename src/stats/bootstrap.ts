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

/** A sample with its values' order, so that the median of a resample is found by counting. */
interface Ordered {
  sorted: Float64Array;
  /** Which of the sample each sorted value is. */
  from: Uint32Array;
}

function orderedOf(samples: readonly number[]): Ordered {
  const from = samples.map((_, i) => i).sort((a, b) => (samples[a] as number) - (samples[b] as number));
  return { sorted: Float64Array.from(from, (i) => samples[i] as number), from: Uint32Array.from(from) };
}

/** Draws as many as there are, with replacement, and counts how often each was drawn. */
function draw(times: Uint32Array, random: Random): void {
  const n = times.length;
  times.fill(0);
  for (let i = 0; i < n; i++) {
    const which = Math.floor(random() * n);
    times[which] = (times[which] as number) + 1;
  }
}

/** Median of the sample in which each value stands as often as it was drawn. */
function medianOf({ sorted, from }: Ordered, times: Uint32Array): number {
  const lower = (times.length - 1) >> 1;
  const upper = times.length >> 1;
  let at = 0;
  let seen = times[from[0] as number] as number;
  while (seen <= lower) seen += times[from[++at] as number] as number;
  const low = sorted[at] as number;
  while (seen <= upper) seen += times[from[++at] as number] as number;
  return (low + (sorted[at] as number)) / 2;
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
  const random = randomOf(seed);
  // Without pairs the order of trials means nothing, so it must change nothing.
  const of = (samples: readonly number[]) => orderedOf(paired ? samples : [...samples].sort((x, y) => x - y));
  const [a, b] = [of(first), of(second)];
  const timesA = new Uint32Array(first.length);
  const timesB = paired ? timesA : new Uint32Array(second.length);
  const ratios = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    draw(timesA, random);
    if (!paired) draw(timesB, random);
    ratios[i] = ratioOf(medianOf(b, timesB), medianOf(a, timesA));
  }
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
