/**
 * Files that we write, in folders where others may write as well: names that nobody can guess, no link is followed
 * that somebody put there first, and nothing is removed that we didn't make.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, quietly, takeBack } from '../errors.ts';
import { ownFiles } from '../leftovers/own-files.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Somebody else has put something in the way. @throws it, as the system would */
function replaced(path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`ESTALE: it was replaced meanwhile, open '${path}'`);
  return Object.assign(error, { code: 'ESTALE', errno: -116, syscall: 'open', path });
}

/**
 * Creates a file, and writes and flushes it; on any error there is none.
 * @param like whose owner and mode it gets
 * @throws the system's error, EEXIST when anything has that name, a link to nothing included
 */
export function writeNewFile(path: string, content: string | Buffer, like: Stats | null = null): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, like === null ? 0o644 : 0o600);
  try {
    if (like !== null) {
      const own = fstatSync(fd);
      if (own.uid !== like.uid || own.gid !== like.gid) fchownSync(fd, like.uid, like.gid);
      fchmodSync(fd, like.mode & 0o7777);
    }
    writeFileSync(fd, content);
    fsyncSync(fd);
  } catch (error) {
    // A file system that refuses to be written may refuse these as well: the first error is the one to be told.
    quietly(() => closeSync(fd));
    takeBack(path, () => unlinkSync(path));
    throw error;
  }
  try {
    closeSync(fd); // a network file system may know only now that there is no room
  } catch (error) {
    takeBack(path, () => unlinkSync(path));
    throw error;
  }
}

/** Makes a rename in a folder durable; one that may be written but not read can't be opened for that. */
function syncFolder(folder: string): void {
  let fd: number;
  try {
    fd = openSync(folder, 'r');
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EACCES') throw error;
    return;
  }
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network and FUSE file systems can't sync a folder; the rename is as atomic without.
    if (!isSystemError(error) || error.code !== 'EINVAL') throw error;
  } finally {
    closeSync(fd);
  }
}

/** Whether a file of so many bytes can be made beside path now. @throws the system's error */
export function tryRoom(path: string, bytes: number): void {
  const { path: probe, release } = ownFiles.temporary(path);
  try {
    writeNewFile(probe, Buffer.alloc(bytes, 1));
    try {
      unlinkSync(probe);
    } catch (error) {
      takeBack(probe, () => unlinkSync(probe));
      throw error;
    }
  } finally {
    release();
  }
}

/** Puts a new file in place of what is at path: whoever reads finds the old or the new one, also after a crash. */
function renameOver(path: string, content: string | Buffer, like: Stats | null): void {
  const { path: temporary, release } = ownFiles.temporary(path);
  try {
    writeNewFile(temporary, content, like);
    try {
      renameSync(temporary, path);
    } catch (error) {
      takeBack(temporary, () => unlinkSync(temporary));
      throw error;
    }
  } finally {
    release();
  }
  syncFolder(dirname(path));
}

function overwrite(path: string, content: string | Buffer, { dev, ino }: Stats): void {
  const fd = openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const now = fstatSync(fd);
    if (now.dev !== dev || now.ino !== ino) throw replaced(path);
    writeFileSync(fd, content);
    ftruncateSync(fd, Buffer.byteLength(content));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What is at a path itself, null when nothing is. */
function statsAt(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

/**
 * Replaces the content of a regular file, or makes one: atomically and durably, with the owner and the mode that it
 * had. One that has other names keeps them, and one that can't be made anew here (somebody else's file or folder) is
 * written where it is: no longer atomically then.
 * @param path without symbolic links: one that is in its place by now is replaced, not followed
 * @throws the system's error, also when the content is there but its folder could not be flushed
 */
export function replaceFile(path: string, content: string | Buffer): void {
  const there = statsAt(path);
  const like = there?.isFile() ? there : null;
  if (like !== null && like.nlink > 1) {
    overwrite(path, content, like);
    return;
  }
  try {
    renameOver(path, content, like);
  } catch (error) {
    const denied = isSystemError(error) && ['EPERM', 'EACCES'].includes(error.code);
    if (like === null || !denied) throw error;
    overwrite(path, content, like);
  }
}
