/**
 * HdrHistogram's V2 compressed form, as far as it is read here: of a stored histogram nothing is believed before it is
 * checked, and nothing is unpacked beyond what the layout can hold. (HdrHistogram's EncodableHistogram: an envelope of
 * cookie and length around zlib; in it a header of 40 bytes and the counts as ZigZag LEB128 numbers of at most 9 bytes,
 * negative ones for so many empty counters.)
 */
import { inflateSync } from 'node:zlib';

const ENVELOPE_BYTES = 8;
const HEADER_BYTES = 40;
const COUNT_BYTES_MAX = 9;
/** The cookies' last digits are the version and, in the envelope, that it is compressed; bit 4 is the word size. */
const COMPRESSED_COOKIE = 0x1c849304;
const COOKIE = 0x1c849303;
const WORD_SIZE_BIT = 0x10;
/** Texts longer than this hold nothing that was written from one histogram of this layout. */
export const HISTOGRAM_TEXT_MAX = 2 ** 20;

export interface HistogramText {
  lowest: number;
  highest: number;
  digits: number;
  /** Each counter that is not empty, with its index. */
  counts: [index: number, count: number][];
}

/** Whether it is base64 and nothing else, so that it may stand as it is in a file of lines. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function cookieIs(cookie: number, wanted: number): boolean {
  return (cookie & ~WORD_SIZE_BIT) === (wanted & ~WORD_SIZE_BIT);
}

function unpack(text: string, counters: number): Buffer {
  if (text.length > HISTOGRAM_TEXT_MAX || !isBase64(text))
    throw new RangeError('it is no base64 of its size');
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < ENVELOPE_BYTES || !cookieIs(bytes.readInt32BE(0), COMPRESSED_COOKIE)) {
    throw new RangeError('it is no compressed HdrHistogram V2');
  }
  const length = bytes.readUInt32BE(4);
  if (length > bytes.length - ENVELOPE_BYTES) throw new RangeError('it ends too soon');
  const packed = bytes.subarray(ENVELOPE_BYTES, ENVELOPE_BYTES + length);
  return inflateSync(packed, { maxOutputLength: HEADER_BYTES + counters * COUNT_BYTES_MAX });
}

/** Reads ZigZag LEB128 numbers; sums of powers of two are exact as far as counts may go. */
function* numbersIn(bytes: Uint8Array): Generator<number> {
  for (let at = 0; at < bytes.length; ) {
    let value = 0;
    for (let i = 0; ; i++) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('it ends within a number');
      const last = i === COUNT_BYTES_MAX - 1;
      value += (last ? byte : byte & 0x7f) * 2 ** (7 * i);
      if (last || byte < 0x80) break;
    }
    yield value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/**
 * The counters that are not empty, of counts as they are packed.
 * @param counters how many there are at the most
 * @throws RangeError
 */
export function packedCounts(packed: Uint8Array, counters: number): HistogramText['counts'] {
  const counts: HistogramText['counts'] = [];
  let index = 0;
  for (const number of numbersIn(packed)) {
    if (number > 0) counts.push([index, number]);
    index += number < 0 ? -number : 1;
    if (index > counters) throw new RangeError(`it has more than ${counters} counters`);
  }
  return counts;
}

/**
 * @param counters how many there are at the most
 * @throws RangeError, or zlib's error, for what is no such text
 */
export function readHistogramText(text: string, counters: number): HistogramText {
  const body = unpack(text, counters);
  if (body.length < HEADER_BYTES || !cookieIs(body.readInt32BE(0), COOKIE)) {
    throw new RangeError('it is no HdrHistogram V2');
  }
  const length = body.readUInt32BE(4);
  if (length > body.length - HEADER_BYTES) throw new RangeError('it ends too soon');
  const counts = packedCounts(body.subarray(HEADER_BYTES, HEADER_BYTES + length), counters);
  return {
    lowest: Number(body.readBigInt64BE(16)),
    highest: Number(body.readBigInt64BE(24)),
    digits: body.readInt32BE(12),
    counts,
  };
}
