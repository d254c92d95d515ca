/**
 * What an arena's jobs do as they go on: each look says what they have counted since the one before it, over all of them.
 * Jobs know nothing of it (native/src/series.c).
 */
import { systemFailure } from '../errors.ts';
import { LAYOUT, UB } from './abi.ts';
import { fieldOf, Reader } from './codec.ts';
import { type ArenaHandle, library, type SeriesHandle } from './library.ts';

/** What was done of one operation between two looks. */
export interface LookedOp {
  /** UB.OP_*. */
  op: number;
  ios: number;
  bytes: number;
  /** I/Os that failed. */
  errors: number;
  /** In the histogram: of jobs with a rate responses. Beside I/Os that go on it may be a few more or less than ios. */
  samples: number;
  sumNs: number;
  maxNs: number;
  /** The histogram, as HdrHistogram V2 packs counts (histogram-text.ts: packedCounts). */
  packed: Uint8Array;
}

export interface SeriesLook {
  /** When, by the arena's clock; once all jobs have ended, when the last did. */
  atNs: number;
  /** When the first window began; 0: none has. */
  beginNs: number;
  /** Jobs whose windows have begun. */
  measuring: number;
  /** Whether all jobs have ended: nothing more comes. */
  ended: boolean;
  /** The operations that anything was counted of. */
  ops: LookedOp[];
}

export interface SeriesReader {
  /** @throws the system's error */
  take(): SeriesLook;
  /** Before the arena is. */
  close(): void;
}

function readOp(reader: Reader, op: number, packed: Uint8Array): LookedOp {
  const base = fieldOf('seriesLook', 'ops').offset + op * LAYOUT.seriesOp.size;
  const at = reader.number(base, 'seriesOp', 'at');
  return {
    op,
    ios: reader.number(base, 'seriesOp', 'ios'),
    bytes: reader.number(base, 'seriesOp', 'bytes'),
    errors: reader.number(base, 'seriesOp', 'errors'),
    samples: reader.number(base, 'seriesOp', 'samples'),
    sumNs: Number(reader.bigint(base, 'seriesOp', 'sum_ns')),
    maxNs: reader.number(base, 'seriesOp', 'max_ns'),
    packed: packed.slice(at, at + reader.number(base, 'seriesOp', 'length')),
  };
}

/** @throws the system's error */
export function openSeries(arena: ArenaHandle): SeriesReader {
  const out: [SeriesHandle | null] = [null];
  const result = library().seriesOpen(arena, out);
  if (result < 0) throw systemFailure(-result, 'open series');
  const [handle] = out;
  const look = new Uint8Array(LAYOUT.seriesLook.size);
  const packed = new Uint8Array(UB.SERIES_BYTES);
  let closed = false;
  return {
    take() {
      if (closed) throw new Error('the arena is closed');
      const taken = library().seriesTake(handle, look, packed, packed.length);
      if (taken < 0) throw systemFailure(-taken, 'take series');
      const reader = new Reader(look);
      const ops = Array.from({ length: UB.OPS }, (_, op) => readOp(reader, op, packed));
      return {
        atNs: reader.number(0, 'seriesLook', 'at_ns'),
        beginNs: reader.number(0, 'seriesLook', 'begin_ns'),
        measuring: reader.number(0, 'seriesLook', 'measuring'),
        ended: reader.number(0, 'seriesLook', 'ended') !== 0,
        ops: ops.filter(({ ios, bytes, errors, samples }) => ios + bytes + errors + samples > 0),
      };
    },
    close() {
      if (!closed) library().seriesClose(handle);
      closed = true;
    },
  };
}
