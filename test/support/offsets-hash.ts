/** The hash of a trial's first I/Os, made again from what a witness saw. */

export interface SeenIo {
  op: 'read' | 'write' | 'trim';
  /** Index of the file among the job's. */
  file: number;
  offset: number;
}

/** Numbers of operations, I/Os hashed: native/include/ub_abi.h. */
const OPS = { read: 0n, write: 1n, trim: 2n };
export const HASHED_IOS = 1024;

/** FNV-1a over 64-bit words: operation, file, offset of each I/O in the order of submission. */
export function hashOf(ios: readonly SeenIo[]): string {
  let hash = 0xcbf29ce484222325n;
  for (const { op, file, offset } of ios.slice(0, HASHED_IOS)) {
    for (const word of [OPS[op], BigInt(file), BigInt(offset)]) {
      hash = ((hash ^ word) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
    }
  }
  return hash.toString(16).padStart(16, '0');
}
