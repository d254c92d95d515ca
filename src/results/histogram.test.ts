import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Float64Histogram,
} from 'hdr-histogram-js';
import { BenchError } from '../errors.ts';
import {
  COUNTERS,
  countsFromRaw,
  countsFromSparse,
  countsIndex,
  decodeCounts,
  encodeCounts,
  HIGHEST_NS,
  lowestNsAt,
  mergeCounts,
  mergeEncoded,
  mergeLatencies,
  percentileKey,
  percentilesOf,
  samples,
  toLatency,
  widthNsAt,
} from './histogram.ts';

/** Values as latencies are: any magnitude is as likely as another, and the edges of buckets come often. */
const valueNs = fc.oneof(
  fc
    .integer({ min: 0, max: 42 })
    .chain((bits) => fc.integer({ min: 0, max: Math.min(2 ** bits, HIGHEST_NS) })),
  fc
    .tuple(fc.integer({ min: 0, max: 42 }), fc.integer({ min: -2, max: 2 }))
    .map(([bits, near]) => Math.min(Math.max(2 ** bits + near, 0), HIGHEST_NS)),
);
const valuesNs = fc.array(valueNs, { minLength: 1, maxLength: 300 });

function record(values: readonly number[]): Float64Array {
  return countsFromSparse(values.map((value) => [countsIndex(value), 1] as const));
}

function exactOf(values: readonly number[]) {
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    sum: values.reduce((sum, value) => sum + BigInt(value), 0n),
    overRange: 0,
  };
}

/** Reads the V2 form by its published description, to have a second opinion on what is written. */
function readV2(text: string) {
  const envelope = Buffer.from(text, 'base64');
  const body = inflateSync(envelope.subarray(8, 8 + envelope.readUInt32BE(4)));
  const counts = new Map<number, bigint>();
  let at = 40;
  for (let index = 0; at < 40 + body.readUInt32BE(4); ) {
    let word = 0n;
    for (let byte = 0; byte < 9; byte++) {
      const bits = BigInt(body.readUInt8(at++));
      word |= (byte === 8 ? bits : bits & 0x7fn) << BigInt(7 * byte);
      if (byte < 8 && (bits & 0x80n) === 0n) break;
    }
    const count = (word >> 1n) ^ -(word & 1n);
    if (count < 0n) index += Number(-count);
    else {
      if (count > 0n) counts.set(index, count);
      index++;
    }
  }
  return {
    envelopeCookie: envelope.readUInt32BE(0),
    cookie: body.readUInt32BE(0),
    normalizingIndexOffset: body.readInt32BE(8),
    digits: body.readInt32BE(12),
    lowest: body.readBigInt64BE(16),
    highest: body.readBigInt64BE(24),
    conversionRatio: body.readDoubleBE(32),
    length: body.length,
    payloadLength: body.readUInt32BE(4),
    counts,
  };
}

test('the layout is that of hdr-histogram-js', () => {
  const histogram = build({
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
  }) as Float64Histogram;
  assert.equal(histogram.countsArrayLength, COUNTERS);
  fc.assert(
    fc.property(valueNs, (value) => {
      const index = countsIndex(value);
      assert.equal(index, histogram.countsArrayIndex(value));
      assert.equal(lowestNsAt(index), histogram.lowestEquivalentValue(value));
      assert.equal(lowestNsAt(index) + widthNsAt(index) - 1, histogram.highestEquivalentValue(value));
    }),
  );
  assert.equal(countsIndex(HIGHEST_NS), COUNTERS - 1);
  assert.equal(countsIndex(HIGHEST_NS + 1), COUNTERS - 1);
  assert.equal(countsIndex(2 ** 50), COUNTERS - 1);
});

test('the layout is the one that the hot loop computes with a leading-zero count', () => {
  fc.assert(
    fc.property(valueNs, (value) => {
      const v = BigInt(value);
      const bucket = (v | 2047n).toString(2).length - 11;
      assert.equal(countsIndex(value), bucket * 1024 + Number(v >> BigInt(bucket)));
    }),
  );
});

test('counts come back from the text as they went in', () => {
  const pair = fc.tuple(fc.integer({ min: 0, max: COUNTERS - 1 }), fc.integer({ min: 0, max: 2 ** 44 }));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 200 }), (pairs) => {
      const counts = countsFromSparse(pairs);
      assert.deepEqual(decodeCounts(encodeCounts(counts)), counts);
    }),
    { numRuns: 50 },
  );
});

test('the text is HdrHistogram V2 as its description and its C and Java readers have it', () => {
  const counts = record([0, 1, 1, 5000, 123_456_789, HIGHEST_NS]);
  counts[40] = 2 ** 53 - 1;
  const read = readV2(encodeCounts(counts));
  assert.equal(read.envelopeCookie, 0x1c849314);
  assert.equal(read.cookie, 0x1c849313);
  assert.equal(read.normalizingIndexOffset, 0);
  assert.equal(read.conversionRatio, 1);
  assert.equal(read.digits, 3);
  assert.equal(read.lowest, 1n);
  assert.equal(read.highest, 2n ** 42n - 1n);
  assert.equal(read.payloadLength, read.length - 40);
  const expected = [...counts].flatMap((count, index) =>
    count > 0 ? [[index, BigInt(count)] as const] : [],
  );
  assert.deepEqual(read.counts, new Map(expected));
});

test('hdr-histogram-js reads the text and finds the same samples', () => {
  fc.assert(
    fc.property(valuesNs, (values) => {
      const histogram = decodeFromCompressedBase64(encodeCounts(record(values)), 64) as Float64Histogram;
      assert.equal(histogram.totalCount, values.length);
      for (const value of values) {
        const expected = values.filter((other) => countsIndex(other) === countsIndex(value)).length;
        assert.equal(histogram.getCountAtIndex(countsIndex(value)), expected);
      }
    }),
    { numRuns: 50 },
  );
});

test('merging is the same as recording everything in one', () => {
  fc.assert(
    fc.property(fc.array(fc.array(valueNs, { maxLength: 100 }), { maxLength: 5 }), (parts) => {
      const texts = parts.map((values) => encodeCounts(record(values)));
      assert.equal(mergeEncoded(texts), encodeCounts(record(parts.flat())));
      assert.equal(samples(mergeCounts(texts)), parts.flat().length);
    }),
    { numRuns: 50 },
  );
});

test('merged latencies keep N, the extremes, the mean and the quantiles', () => {
  const list = [50, 99, 99.9];
  fc.assert(
    fc.property(fc.array(valuesNs, { minLength: 1, maxLength: 4 }), (parts) => {
      const merged = mergeLatencies(
        parts.map((values) => toLatency(record(values), exactOf(values), list)),
        list,
      );
      const whole = toLatency(record(parts.flat()), exactOf(parts.flat()), list);
      const { min, max, N, percentile } = whole;
      assert.ok(Math.abs(merged.mean - whole.mean) <= whole.mean * 1e-12);
      assert.deepEqual(merged, { mean: merged.mean, min, max, N, percentile });
    }),
    { numRuns: 30 },
  );
});

test('a quantile is at most 1/1000 above the sample it stands for, and within min..max', () => {
  const percentile = fc.oneof(
    fc.constantFrom(1, 50, 90, 95, 99, 99.9, 99.99, 100),
    fc.double({ min: 0.001, max: 100, noNaN: true }),
  );
  fc.assert(
    fc.property(valuesNs, percentile, (values, p) => {
      const exact = exactOf(values);
      const found = percentilesOf(record(values), [p], exact)[percentileKey(p)];
      assert.ok(found !== undefined);
      const sorted = [...values].sort((a, b) => a - b);
      // Rounding of p/100*N may pick the neighbour when it is a whole number but for the last bit.
      const rank = (p / 100) * values.length;
      const candidates = [Math.ceil(rank * (1 - 1e-14)), Math.ceil(rank * (1 + 1e-14))].map(
        (n) => sorted[Math.min(Math.max(n, 1), values.length) - 1] ?? Number.NaN,
      );
      assert.ok(candidates.some((truth) => found >= truth && found <= truth * 1.001));
      assert.ok(found >= exact.min && found <= exact.max);
    }),
  );
});

test('mean and N are exact, stddev is close to the true one', () => {
  fc.assert(
    fc.property(valuesNs, (values) => {
      const latency = toLatency(record(values), exactOf(values), [50]);
      const mean = Number(exactOf(values).sum) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      assert.equal(latency.N, values.length);
      assert.equal(latency.mean, mean);
      assert.ok(Math.abs(latency.stddev - Math.sqrt(variance)) <= latency.max / 1000);
    }),
  );
});

test('equal samples have no deviation, whatever the width of their bucket', () => {
  const values = [1_234_567, 1_234_567, 1_234_567];
  const latency = toLatency(record(values), exactOf(values), [50, 99.9]);
  assert.equal(latency.stddev, 0);
  assert.deepEqual(latency.percentile, { '50.000000': 1_234_567, '99.900000': 1_234_567 });
});

test('a sum beyond 2**53 keeps its precision', () => {
  const counts = countsFromSparse([[countsIndex(3_000_000), 6_000_000_000_000n]]);
  const exact = { min: 3_000_000, max: 3_000_000, sum: 18_000_000_000_000_000_000n, overRange: 0n };
  assert.equal(toLatency(counts, exact, []).mean, 3_000_000);
});

test('samples over the range are in the last bucket and counted', () => {
  const exact = { min: 500, max: 2 ** 43, sum: 500n + 2n ** 43n, overRange: 1 };
  const latency = toLatency(record([500, 2 ** 43]), exact, [50, 100]);
  assert.equal(latency.N, 2);
  assert.equal(latency.over_range, 1);
  assert.equal(latency.max, 2 ** 43);
  assert.deepEqual(latency.percentile, { '50.000000': 500, '100.000000': HIGHEST_NS });
});

test('no samples: everything is zero and the text is empty', () => {
  const empty = new Float64Array(COUNTERS);
  const latency = toLatency(empty, { min: 2n ** 64n - 1n, max: 0, sum: 0, overRange: 0 }, [50, 99]);
  const zero = { min: 0, max: 0, mean: 0, stddev: 0, N: 0, percentile: {}, over_range: 0, hdr: '' };
  assert.deepEqual(latency, zero);
  const none = { min: 0, max: 0, mean: 0, N: 0, percentile: {} };
  assert.deepEqual(mergeLatencies([latency, latency], [50]), none);
  assert.deepEqual(mergeLatencies([], [50]), none);
  assert.deepEqual(decodeCounts(''), empty);
  assert.equal(mergeEncoded(['', '']), '');
});

test('raw counters of either kind of array give the same counts', () => {
  const counts = record([7, 8_000, 8_001, 90_000_000]);
  assert.deepEqual(countsFromRaw(counts), counts);
  assert.deepEqual(countsFromRaw(BigUint64Array.from(counts, BigInt)), counts);
  assert.notEqual(countsFromRaw(counts), counts);
});

test('raw counters of the wrong length, a count too large and an index outside are refused', () => {
  assert.throws(() => countsFromRaw(new BigUint64Array(COUNTERS - 1)), /33791 histogram counters/);
  const huge = new BigUint64Array(COUNTERS);
  huge[3] = 2n ** 53n;
  assert.throws(() => countsFromRaw(huge), /is not exact/);
  assert.throws(() => countsFromSparse([[COUNTERS, 1]]), /index 33792/);
  assert.throws(() => countsFromSparse([[-1, 1]]), /index -1/);
  assert.throws(() => countsFromSparse([[0, -1]]), /is not exact/);
});

test('damaged or foreign texts are a usage error in one line', () => {
  const other = new Float64Histogram(1, 1000, 2);
  other.recordValue(5);
  const good = encodeCounts(record([1, 2, 3_000]));
  const texts = ['*', 'AAAA', good.slice(0, 24), encodeIntoCompressedBase64(other)];
  for (const text of texts) {
    assert.throws(
      () => decodeCounts(text),
      (error) => error instanceof BenchError && error.kind === 'usage' && !error.message.includes('\n'),
    );
  }
  const latency = toLatency(record([5, 6]), exactOf([5, 6]), []);
  assert.throws(() => mergeLatencies([{ ...latency, N: 3 }], []), /holds 2 samples but N=3/);
});

test('importing the module does not load hdr-histogram-js', () => {
  const script = `
    import { createRequire } from 'node:module';
    const { encodeCounts, countsFromSparse } = await import(${JSON.stringify(new URL('./histogram.ts', import.meta.url).href)});
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('hdr-histogram-js'));
    const before = loaded();
    encodeCounts(countsFromSparse([[1, 1]]));
    console.log(before, loaded());`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'false true\n');
});
