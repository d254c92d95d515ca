/** Remembers what layout made, so that it can be taken back: after an error, at the end, or in an exit handler. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  unlinkSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { takeBack } from '../errors.ts';
import { identityOf } from '../host/file-identity.ts';
import { realPath } from '../host/host-files.ts';
import { ownFiles } from '../leftovers/own-files.ts';
import { removeTree } from '../leftovers/tree.ts';
import type { FileIdentity } from '../workload/workload.ts';

interface Made {
  /** Absolute: the working directory may change. */
  path: string;
  dev: bigint;
  ino: bigint;
  /** Length before layout; null: the file is new. */
  bytesBefore: number | null;
  /** Whether it is for this run alone. */
  remove: boolean;
  /** A directory that goes with what is in it. */
  tree?: true;
}

/** Gives a file its old length back, if it is the one. */
function shorten(path: string, { dev, ino, bytes }: { dev: bigint; ino: bigint; bytes: number }): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const now = fstatSync(fd, { bigint: true });
    if (now.dev === dev && now.ino === ino) ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

/** Everything here is synchronous. */
export class LayoutRecord {
  #made: Made[] = [];

  /** Creates an empty file. @throws the system's error, EEXIST when there is one. */
  create(path: string, remove: boolean): void {
    const fd = ownFiles.create(path, remove ? 'file' : 'named');
    try {
      const { dev, ino } = fstatSync(fd, { bigint: true });
      this.#made.push({ path: resolve(path), dev, ino, bytesBefore: null, remove });
    } catch (error) {
      takeBack(path, () => unlinkSync(path));
      ownFiles.forget(path);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Creates the root of a tree of small files, which the jobs fill. @throws the system's error, EEXIST when something has its name */
  createTree(path: string): FileIdentity {
    ownFiles.createFolder(path, 'tree');
    const stats = lstatSync(path, { bigint: true });
    const { dev, ino } = stats;
    this.#made.push({ path: resolve(path), dev, ino, bytesBefore: null, remove: true, tree: true });
    return identityOf(stats);
  }

  /** To be called before an existing file is made longer. */
  addLonger(path: string, { dev, ino, size }: BigIntStats): void {
    this.#made.push({ path: realPath(resolve(path)), dev, ino, bytesBefore: Number(size), remove: false });
  }

  /** Whether a file is one of these. */
  has({ dev, inode }: FileIdentity): boolean {
    return this.#made.some((made) => made.dev === dev && made.ino === inode);
  }

  /** Takes everything back: new files go, longer ones get their old length. */
  undo(): void {
    this.#takeBack(this.#made);
    this.#made = [];
  }

  /** Removes the new files that are for this run alone. */
  remove(): void {
    this.#takeBack(this.#made.filter(({ remove }) => remove));
    this.#made = this.#made.filter(({ remove }) => !remove);
  }

  /** All is laid out: what is not for this run alone is its user's, and what is said of the rest lasts. */
  settle(): void {
    for (const { path, remove } of this.#made) if (!remove) ownFiles.keep(path);
    ownFiles.flush();
  }

  #takeBack(made: readonly Made[]): void {
    for (const { path, dev, ino, bytesBefore, tree } of made) {
      takeBack(path, () => {
        // Somebody may have put another file there meanwhile, or a link.
        const now = lstatSync(path, { bigint: true });
        if (now.dev !== dev || now.ino !== ino) return;
        if (tree) removeTree(path);
        else if (bytesBefore === null) unlinkSync(path);
        else shorten(path, { dev, ino, bytes: bytesBefore });
      });
      ownFiles.forget(path);
    }
  }
}
