/**
 * Removes a tree of small files that a run has made (native/src/meta.c gives the names). Nothing goes that has another
 * name, owner or file system, no link is followed, and a directory that still holds something stays.
 */
import { closeSync, constants, lstatSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../errors.ts';

/** d3: a directory; f.0.17, g.0.17: a file and its second name; m.0.17: a directory that is an item. */
const DIRECTORY = /^(d\d+|m\.\d+\.\d+)$/;
const FILE = /^[fg]\.\d+\.\d+$/;

/** Of which user and file system everything must be. */
interface Owned {
  uid: bigint;
  dev: bigint;
}

/** What was removed. */
export interface TreeOutcome {
  files: number;
  bytes: number;
}

/** One entry of an open directory. */
function removeEntry(base: string, name: string, owned: Owned, sum: TreeOutcome): void {
  const path = join(base, name);
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (there === undefined || there.uid !== owned.uid || there.dev !== owned.dev) return;
  if (there.isDirectory() && DIRECTORY.test(name)) removeDirectory(path, owned, sum);
  else if (there.isFile() && FILE.test(name)) {
    unlinkSync(path);
    sum.files++;
    sum.bytes += there.nlink === 1n ? Number(there.size) : 0;
  }
}

function removeDirectory(path: string, owned: Owned, sum: TreeOutcome): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const base = `/proc/self/fd/${fd}`;
    for (const name of readdirSync(base)) removeEntry(base, name, owned, sum);
  } finally {
    closeSync(fd);
  }
  try {
    rmdirSync(path);
  } catch (error) {
    // Somebody has put something into it.
    if (!isSystemError(error) || error.code !== 'ENOTEMPTY') throw error;
  }
}

/**
 * Removes a tree. Synchronous, for exit handlers.
 * @param root of it, which is what the run made: the caller has looked
 * @returns what went; the root is still there when somebody has put something into it
 * @throws the system's error
 */
export function removeTree(root: string): TreeOutcome {
  const { uid, dev } = lstatSync(root, { bigint: true });
  const sum = { files: 0, bytes: 0 };
  removeDirectory(root, { uid, dev }, sum);
  return sum;
}
