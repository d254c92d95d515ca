/** Data that somebody owns: told apart before and after by its digest. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

export interface Victim {
  /** Fails unless every byte, the length and (of a file) its node, mode and links are what they were. */
  untouched(): void;
}

function stateOf(path: string) {
  const { ino, mode, uid, gid, nlink } = statSync(path);
  return {
    sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    ino,
    mode,
    uid,
    gid,
    nlink,
  };
}

/** Takes the digest of a file or block device now. */
export function victim(path: string): Victim {
  const before = stateOf(path);
  return { untouched: () => assert.deepEqual(stateOf(path), before, `${path} was changed`) };
}
