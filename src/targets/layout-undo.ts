/** Remembers what layout made, so that it can be taken back: after an error, at the end, or in an exit handler. */
import { closeSync, fstatSync, openSync, type Stats, statSync, truncateSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { isSystemError } from '../errors.ts';

interface Made {
  /** Absolute: the working directory may change. */
  path: string;
  dev: number;
  ino: number;
  /** Length before layout; null: the file is new. */
  bytesBefore: number | null;
  /** Whether it is for this run alone. */
  remove: boolean;
}

/** Does something to a file that may be gone, or out of reach: there is nothing better to do then. */
function quietly(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Everything here is synchronous. */
export class LayoutRecord {
  #made: Made[] = [];

  /** Creates an empty file. @throws the system's error, EEXIST when there is one. */
  create(path: string, remove: boolean): void {
    const fd = openSync(path, 'wx', 0o644);
    try {
      const { dev, ino } = fstatSync(fd);
      this.#made.push({ path: resolve(path), dev, ino, bytesBefore: null, remove });
    } finally {
      closeSync(fd);
    }
  }

  /** To be called before an existing file is made longer. */
  addLonger(path: string, { dev, ino, size }: Stats): void {
    this.#made.push({ path: resolve(path), dev, ino, bytesBefore: size, remove: false });
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

  #takeBack(made: readonly Made[]): void {
    for (const { path, dev, ino, bytesBefore } of made) {
      quietly(() => {
        const now = statSync(path);
        // Somebody may have put another file there meanwhile.
        if (now.dev !== dev || now.ino !== ino) return;
        if (bytesBefore === null) unlinkSync(path);
        else truncateSync(path, bytesBefore);
      });
    }
  }
}
