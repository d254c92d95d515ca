/** Files whose every byte is known before a run, and what may have become of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** More than any run here asks for, so that there is something behind each range. */
const BYTES = 2 * 2 ** 20;
/** Each so many bytes of a write begin with their own offset (native/src/data.c). */
const STAMPED = 4096;
/** A write of less has one at its beginning. */
const SMALLEST = 512;

/** No offset reads like this: an odd number, far beyond the files. */
const PATTERN = Buffer.from('ub-soak!');

const original = Buffer.alloc(BYTES, PATTERN);

export function makeFiles(folder: string, names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, name), original);
}

export interface Range {
  from: number;
  end: number;
}

export interface Written {
  /** Whether the run may write at all. */
  allowed: boolean;
  /** Smallest block that is written. */
  bs: number;
  zeros: boolean;
  range: Range;
}

/** A part of a file that one write covers or leaves alone -> why it is neither; null when it is. */
function judgePart(content: Buffer, at: number, bytes: number, zeros: boolean): string | null {
  const part = content.subarray(at, at + bytes);
  if (part.equals(original.subarray(at, at + bytes))) return null;
  if (zeros) return part.some((byte) => byte !== 0) ? `${at} is not zeros` : null;
  const said = Number(part.readBigUInt64LE(0));
  return said === at ? null : `${at} says that it belongs to ${said}`;
}

/** What is wrong with a file after a run; nothing when only what was asked for has changed, and to what was written. */
export function judgeFile(path: string, { allowed, bs, zeros, range }: Written): string[] {
  const content = readFileSync(path);
  if (content.length !== BYTES) return [`${path} has ${content.length} bytes`];
  const { from, end } = allowed ? range : { from: BYTES, end: BYTES };
  const wrong: string[] = [];
  if (!content.subarray(0, from).equals(original.subarray(0, from)))
    wrong.push(`${path}: changed before ${from}`);
  if (!content.subarray(end).equals(original.subarray(end))) wrong.push(`${path}: changed after ${end}`);
  const step = bs % STAMPED === 0 ? STAMPED : SMALLEST;
  for (let at = from; at + step <= end && wrong.length === 0; at += step) {
    const bad = judgePart(content, at, step, zeros);
    if (bad !== null) wrong.push(`${path}: ${bad}`);
  }
  return wrong;
}

/** Bytes of a file that a run has changed. */
export function changedBytes(path: string): number {
  const content = readFileSync(path);
  let changed = 0;
  for (let at = 0; at < BYTES; at += SMALLEST) {
    if (!content.subarray(at, at + SMALLEST).equals(original.subarray(at, at + SMALLEST)))
      changed += SMALLEST;
  }
  return changed;
}
