/** What the kernel offers here, asked before a run: nothing is kept, and nothing is read or written. */
import { UB } from './abi.ts';
import { cString, library, type Refusal } from './library.ts';

/** What this kernel's io_uring can do here. */
export interface IoUringLook {
  /** Why there is none, or why its operations could not be asked for; null when all was answered. */
  refusal: Refusal | null;
  /** Bits of IORING_FEAT_*. */
  features: bigint;
  /** Bits of the IORING_SETUP_* that it knows. */
  setupFlags: bigint;
  /** Those of them that it refuses to this process (EPERM). */
  refusedFlags: bigint;
  /** Whether the kernel said its flags by itself (IORING_REGISTER_QUERY, Linux 6.18); else each was tried. */
  queried: boolean;
  /** The numbers of the IORING_OP_* that it supports. */
  operations: ReadonlySet<number>;
}

/** Makes a ring for a moment and asks what it can. About 0.1 ms; 1 ms before Linux 6.18. */
export function lookAtIoUring(): IoUringLook {
  const facts = new BigUint64Array(5);
  const ops = new Uint8Array(256);
  const stage = new Uint8Array(UB.STAGE_BYTES);
  const result = library().uringLook(facts, ops, stage);
  const [features = 0n, setupFlags = 0n, refusedFlags = 0n, queried = 0n] = facts;
  return {
    refusal: result < 0 ? { errno: -result, stage: cString(stage) } : null,
    features,
    setupFlags,
    refusedFlags,
    queried: queried !== 0n,
    operations: new Set([...ops].flatMap((supported, op) => (supported ? [op] : []))),
  };
}

/**
 * What the kernel says by itself of io_uring's features: bits of ub_job.features.
 * @returns null where it does not say (IORING_REGISTER_QUERY, Linux 6.18)
 */
export function toldByIoUring(): { told: bigint; lacking: bigint } | null {
  const bits = new BigUint64Array(2);
  if (library().uringTells(bits) < 0) return null;
  const [told = 0n, lacking = 0n] = bits;
  return { told, lacking };
}

/** What a file or device takes, in bytes, as statx says it; null where it does not. */
export interface FileLimits {
  /** O_DIRECT (Linux 6.1): multiples that buffers must lie at, and offsets and lengths be; 0: it takes none. */
  direct: { memory: number; offset: number; readOffset: number } | null;
  /** Untorn writes (RWF_ATOMIC, Linux 6.11). fastMax: beyond it the file system makes them slowly; 0: no such limit. */
  atomic: { min: number; max: number; fastMax: number } | null;
}

/** @returns null when the kernel can't be asked about the path. */
export function fileLimits(path: string): FileLimits | null {
  const limits = new Uint32Array(6);
  if (library().fileLimits(path, limits) < 0) return null;
  const [memory = 0, offset = 0, readOffset = 0, min = 0, max = 0, fastMax = 0] = limits;
  return {
    direct: offset > 0 ? { memory, offset, readOffset: readOffset || offset } : null,
    atomic: max > 0 ? { min, max, fastMax } : null,
  };
}

/** Whether a file can be read with RWF_DONTCACHE: 0, or the positive errno; ENOSYS is the kernel's, EOPNOTSUPP the file's. */
export function dontcacheErrno(path: string): number {
  return -library().dontcache(path);
}

/** Why instructions can't be counted for a thread of this process: a positive errno; 0 when they can. */
export function instructionsErrno(): number {
  return -library().countPossible(UB.COUNT_INSTRUCTIONS);
}
