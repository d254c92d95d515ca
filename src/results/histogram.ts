/**
 * Latency histograms: the bridge between the counters that the hot loop fills, the HdrHistogram text that a
 * result stores, and the numbers of a report. All values are nanoseconds.
 *
 * The layout is HdrHistogram's for 1 .. 2**42-1 ns (73 minutes) with 3 significant digits: 2048 sub-buckets
 * of 1 ns, then 31 buckets of 1024 sub-buckets, each bucket twice as coarse as the one before.
 */
import { createRequire } from 'node:module';
import { deflateSync, inflateSync } from 'node:zlib';
import type { Float64Histogram } from 'hdr-histogram-js';
import { usageError } from '../errors.ts';
import { type HistogramText, packedCounts, readHistogramText } from './histogram-text.ts';
import type { Latency } from './schema.ts';

/** Smallest value that the histogram tells from its neighbour. */
const LOWEST_NS = 1;
/** Largest value that has a bucket of its own; what is above is counted in the last one. */
export const HIGHEST_NS = 2 ** 42 - 1;
const SIGNIFICANT_DIGITS = 3;
/** Length of a counts array. */
export const COUNTERS = 33792;

const HALF_BITS = 10;
const HALF = 1 << HALF_BITS;

/** Counts by HdrHistogram index: exact up to 2**53. */
export type Counts = Float64Array;

/** What the hot loop keeps beside the buckets. `sum` passes 2**53 within hours at a high depth, so it may be a bigint. */
export interface ExactLatency {
  min: number | bigint;
  max: number | bigint;
  sum: number | bigint;
  /** Samples above HIGHEST_NS; they are in the last bucket too. */
  overRange: number | bigint;
}

let library: typeof import('hdr-histogram-js') | undefined;

/** Loaded when a histogram is first needed: it is the slowest import of the tool. */
function hdr(): typeof import('hdr-histogram-js') {
  library ??= createRequire(import.meta.url)('hdr-histogram-js') as typeof import('hdr-histogram-js');
  return library;
}

/** Index of the counter for a whole number of nanoseconds; values above HIGHEST_NS go to the last counter. */
export function countsIndex(valueNs: number): number {
  if (valueNs < 2 * HALF) return Math.max(0, valueNs);
  if (valueNs > HIGHEST_NS) return COUNTERS - 1;
  const bucket = Math.floor(Math.log2(valueNs)) - HALF_BITS;
  return bucket * HALF + Math.floor(valueNs / 2 ** bucket);
}

/** The smallest value that the counter at this index stands for. */
export function lowestNsAt(index: number): number {
  if (index < 2 * HALF) return index;
  const bucket = Math.floor(index / HALF) - 1;
  return ((index % HALF) + HALF) * 2 ** bucket;
}

/** How many values the counter at this index stands for. */
export function widthNsAt(index: number): number {
  return index < 2 * HALF ? 1 : 2 ** (Math.floor(index / HALF) - 1);
}

/** Key of a percentile as fio writes it: 99.9 is "99.900000". */
export function percentileKey(percentile: number): string {
  return percentile.toFixed(6);
}

/**
 * Counts from (index, count) pairs; pairs of one index add up.
 * @throws RangeError for an index outside the layout or a count that is no exact whole number.
 */
export function countsFromSparse(pairs: Iterable<readonly [index: number, count: number | bigint]>): Counts {
  const counts = new Float64Array(COUNTERS);
  for (const [index, count] of pairs) {
    const before = counts[index];
    if (before === undefined) throw new RangeError(`histogram index ${index} is not in 0..${COUNTERS - 1}`);
    counts[index] = exactCount(before + Number(count));
  }
  return counts;
}

/**
 * Counts from the hot loop's own array, which has HdrHistogram's layout. A copy: the source may be shared memory.
 * @throws RangeError for an array of another length or a count above 2**53.
 */
export function countsFromRaw(raw: BigUint64Array | Float64Array): Counts {
  if (raw.length !== COUNTERS) throw new RangeError(`${raw.length} histogram counters, expected ${COUNTERS}`);
  const counts = new Float64Array(COUNTERS);
  for (let i = 0; i < COUNTERS; i++) {
    const count = raw[i];
    // Nearly all are zero.
    if (count) counts[i] = exactCount(Number(count));
  }
  return counts;
}

/** Counts from pieces of one histogram as native code packs them, added up. @throws RangeError for what is none */
export function countsFromPacked(pieces: readonly Uint8Array[]): Counts {
  return countsFromSparse(pieces.flatMap((piece) => packedCounts(piece, COUNTERS)));
}

function exactCount(count: number): number {
  if (count < 0 || !Number.isSafeInteger(count))
    throw new RangeError(`histogram count ${count} is not exact`);
  return count;
}

/** Number of samples. */
export function samples(counts: Counts): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/** Adds `from` into `into`, counter by counter. */
function addCounts(into: Counts, from: Counts): void {
  for (let i = 0; i < COUNTERS; i++) into[i] = (into[i] ?? 0) + (from[i] ?? 0);
}

function toHistogram(counts: Counts): Float64Histogram {
  const histogram = new (hdr().Float64Histogram)(LOWEST_NS, HIGHEST_NS, SIGNIFICANT_DIGITS);
  for (let i = 0; i < COUNTERS; i++) {
    const count = counts[i];
    if (count) histogram.setCountAtIndex(i, count);
  }
  histogram.establishInternalTackingValues();
  return histogram;
}

/** Offsets in the V2 header, and in the compressed envelope around it (both big-endian). */
const HEADER = { normalizingIndexOffset: 8, conversionRatio: 32 };
const ENVELOPE = { cookie: 0, length: 4, payload: 8 };

/**
 * The standard V2 compressed form in base64; '' when there is no sample. The library writes 1 as normalizing
 * index offset and a broken conversion ratio; its own reader ignores both, but HdrHistogram's C reader
 * shifts every value by one bucket, so both are set to what the Java original writes: 0 and 1.0.
 */
export function encodeCounts(counts: Counts): string {
  return samples(counts) === 0 ? '' : encoded(toHistogram(counts));
}

function encoded(histogram: Float64Histogram): string {
  const written = Buffer.from(hdr().encodeIntoCompressedBase64(histogram), 'base64');
  const body = inflateSync(written.subarray(ENVELOPE.payload));
  body.writeInt32BE(0, HEADER.normalizingIndexOffset);
  body.writeDoubleBE(1, HEADER.conversionRatio);
  const payload = deflateSync(body, { level: 9 });
  const envelope = Buffer.from(written.subarray(0, ENVELOPE.payload));
  envelope.writeUInt32BE(payload.length, ENVELOPE.length);
  return Buffer.concat([envelope, payload]).toString('base64');
}

/**
 * Reads what encodeCounts or another HdrHistogram wrote; '' is the empty histogram.
 * @throws BenchError (usage) when the text is no HdrHistogram V2 or has another range or precision.
 */
export function decodeCounts(text: string): Counts {
  const counts = new Float64Array(COUNTERS);
  if (text === '') return counts;
  let read: HistogramText;
  try {
    read = readHistogramText(text, COUNTERS);
    for (const [index, count] of read.counts) counts[index] = exactCount(count);
  } catch (error) {
    throw usageError(`a stored histogram cannot be read: ${(error as Error).message}`, 'the file is damaged');
  }
  const { lowest, highest, digits } = read;
  if (lowest !== LOWEST_NS || highest !== HIGHEST_NS || digits !== SIGNIFICANT_DIGITS) {
    throw usageError(
      `a stored histogram spans ${lowest}..${highest} ns with ${digits} digits`,
      `only ${LOWEST_NS}..${HIGHEST_NS} ns with ${SIGNIFICANT_DIGITS} digits merges exactly`,
    );
  }
  return counts;
}

/** Counts of all the given histograms together, exactly. */
export function mergeCounts(texts: readonly string[]): Counts {
  const merged = new Float64Array(COUNTERS);
  for (const text of texts) if (text !== '') addCounts(merged, decodeCounts(text));
  return merged;
}

/** Several stored histograms as one: the same text as if every sample had been recorded in one. */
export function mergeEncoded(texts: readonly string[]): string {
  return encodeCounts(mergeCounts(texts));
}

/**
 * Percentiles by fio's keys, each the upper end of its bucket (at most 1/1000 above the sample) and never outside
 * min..max, which are known exactly.
 */
export function percentilesOf(
  counts: Counts,
  percentileList: readonly number[],
  bounds: { min: number; max: number },
): Record<string, number> {
  return percentilesFrom(toHistogram(counts), percentileList, bounds);
}

function percentilesFrom(
  histogram: Float64Histogram,
  percentileList: readonly number[],
  bounds: { min: number; max: number },
): Record<string, number> {
  return Object.fromEntries(
    percentileList.map((percentile) => {
      const value = histogram.getValueAtPercentile(percentile);
      return [percentileKey(percentile), Math.min(Math.max(value, bounds.min), bounds.max)];
    }),
  );
}

/** Standard deviation about an exact mean, each sample taken at the middle of its bucket but within min..max. */
function standardDeviation(
  counts: Counts,
  N: number,
  mean: number,
  bounds: { min: number; max: number },
): number {
  let squares = 0;
  for (let i = 0; i < COUNTERS; i++) {
    const count = counts[i];
    if (!count) continue;
    const middle = lowestNsAt(i) + (widthNsAt(i) - 1) / 2;
    const deviation = Math.min(Math.max(middle, bounds.min), bounds.max) - mean;
    squares += count * deviation * deviation;
  }
  return Math.sqrt(squares / N);
}

/** The stored form of one histogram. With no sample: all zero, no percentiles, an empty hdr. */
export function toLatency(counts: Counts, exact: ExactLatency, percentileList: readonly number[]): Latency {
  const N = samples(counts);
  if (N === 0) return { min: 0, max: 0, mean: 0, stddev: 0, N: 0, percentile: {}, over_range: 0, hdr: '' };
  const bounds = { min: Number(exact.min), max: Number(exact.max) };
  const mean = Number(exact.sum) / N;
  const histogram = toHistogram(counts);
  return {
    ...bounds,
    mean,
    stddev: standardDeviation(counts, N, mean, bounds),
    N,
    percentile: percentilesFrom(histogram, percentileList, bounds),
    over_range: Number(exact.overRange),
    hdr: encoded(histogram),
  };
}

/** What several stored latencies are together. */
export type PooledLatency = Pick<Latency, 'mean' | 'min' | 'max' | 'N' | 'percentile'>;

/** Stored latencies added up one by one, as if every sample had been recorded in one: each is decoded once. */
export class LatencySum {
  readonly #counts: Counts = new Float64Array(COUNTERS);
  readonly #bounds = { min: Number.POSITIVE_INFINITY, max: 0 };
  #N = 0;
  #sum = 0;

  /** @throws BenchError (usage) when the histogram doesn't hold the N samples that stand beside it. */
  add(part: Latency): void {
    const counts = decodeCounts(part.hdr);
    const held = samples(counts);
    if (held !== part.N) {
      throw usageError(`a stored histogram holds ${held} samples but N=${part.N}`, 'the file is damaged');
    }
    if (held === 0) return;
    addCounts(this.#counts, counts);
    this.#bounds.min = Math.min(this.#bounds.min, part.min);
    this.#bounds.max = Math.max(this.#bounds.max, part.max);
    this.#N += part.N;
    this.#sum += part.mean * part.N;
  }

  merged(percentileList: readonly number[]): PooledLatency {
    const [N, bounds] = [this.#N, this.#bounds];
    if (N === 0) return { mean: 0, min: 0, max: 0, N: 0, percentile: {} };
    return {
      mean: this.#sum / N,
      ...bounds,
      N,
      percentile: percentilesOf(this.#counts, percentileList, bounds),
    };
  }
}

/**
 * Several stored latencies as one.
 * @throws BenchError (usage) as LatencySum.add()
 */
export function mergeLatencies(parts: readonly Latency[], percentileList: readonly number[]): PooledLatency {
  const sum = new LatencySum();
  for (const part of parts) sum.add(part);
  return sum.merged(percentileList);
}
