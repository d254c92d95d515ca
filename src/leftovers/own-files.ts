/**
 * The files that this process makes and takes back: each is written down in a marker of its folder (marker.ts) from
 * before it is made until it is gone or its user's. So a marker is there as long as there is something to clean.
 */
import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isSystemError, quietly, systemError, systemReason, takeBack } from '../errors.ts';
import { loadedLock } from '../native/lock.ts';
import {
  dropLine,
  type EntryKind,
  headLine,
  type Identity,
  madeLine,
  makeLine,
  markerName,
  temporaryPrefix,
} from './marker.ts';
import { thisProcess } from './owner.ts';

const { O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** A cleaner may take a marker for dead in the moment before its lock: then another is made, but not for ever. */
const ATTEMPTS = 5;

/** What tells this file from others of its name. */
export function identityIn({ ino, birthtimeNs }: BigIntStats): Identity {
  return { inode: ino, born: birthtimeNs > 0n ? birthtimeNs : 0n };
}

/** Of a file that was just made; when that fails there is none. @throws the system's error */
function statsOfNew(fd: number, path: string): BigIntStats {
  try {
    return fstatSync(fd, { bigint: true });
  } catch (error) {
    quietly(() => closeSync(fd));
    takeBack(path, () => unlinkSync(path));
    throw error;
  }
}

/** One folder's, locked. Its errors are the marker's alone: a run is never worse off for it. */
class Marker {
  readonly id: string;
  readonly #path: string;
  readonly #fd: number;
  readonly #inode: bigint;
  #bytes = 0;
  #broken = false;
  /** Names that it stands for. */
  readonly names = new Set<string>();

  private constructor(id: string, path: string, fd: number, inode: bigint) {
    this.id = id;
    this.#path = path;
    this.#fd = fd;
    this.#inode = inode;
  }

  /** @throws the system's error when there can be none here, an Error with the reason when it cannot be locked */
  static make(folder: string, lock: (fd: number) => number): Marker {
    for (let attempt = 1; ; attempt++) {
      const id = randomBytes(12).toString('hex');
      const path = join(folder, markerName(id));
      const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      const result = lock(fd);
      const { ino, nlink } = statsOfNew(fd, path);
      const marker = new Marker(id, path, fd, ino);
      if (result === 0 && nlink === 1n) {
        marker.write(headLine(thisProcess(), new Date().toISOString()));
        return marker;
      }
      marker.remove();
      if (attempt === ATTEMPTS || (result !== 0 && systemError(-result).code !== 'EAGAIN')) {
        throw new Error(`it cannot be locked: ${systemError(-result).text}`);
      }
    }
  }

  write(line: string): void {
    if (this.#broken) return;
    try {
      const bytes = writeSync(this.#fd, line, this.#bytes);
      if (bytes === Buffer.byteLength(line)) this.#bytes += bytes;
      else this.#break();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#break();
    }
  }

  /** The disk is full: half a line would make the rest unreadable. */
  #break(): void {
    this.#broken = true;
    quietly(() => ftruncateSync(this.#fd, this.#bytes));
  }

  /** In the background: it is for a loss of power, and what is measured must not wait. */
  flush(): void {
    fdatasync(this.#fd, () => {});
  }

  /** The lock goes last, so that nobody finds a marker of the living without one. */
  remove(): void {
    takeBack(this.#path, () => {
      if (lstatSync(this.#path, { bigint: true }).ino === this.#inode) unlinkSync(this.#path);
    });
    quietly(() => closeSync(this.#fd));
  }
}

/** Everything is synchronous but the flush. */
export class OwnFiles {
  /** By folder; null: there can be none. */
  readonly #markers = new Map<string, Marker | null>();
  readonly #troubles: string[] = [];

  /** Why what is made in a folder would stay there if the process were killed; each folder once, and told once. */
  takeTroubles(): string[] {
    return this.#troubles.splice(0);
  }

  #markerOf(folder: string): Marker | null {
    const known = this.#markers.get(folder);
    if (known !== undefined) return known;
    // Commands without native code make nothing but a report.
    const lock = loadedLock();
    if (lock === null) return null;
    let made: Marker | null = null;
    try {
      made = Marker.make(folder, lock);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const why = isSystemError(error) ? systemReason(error) : error.message;
      this.#troubles.push(`in ${folder} a run that is killed leaves its files: no marker for them: ${why}`);
    }
    this.#markers.set(folder, made);
    return made;
  }

  /** Makes something and writes it down. */
  #make<T>(path: string, kind: EntryKind, make: () => { made: T; stats: BigIntStats }): T {
    const whole = resolve(path);
    const name = basename(whole);
    const marker = this.#markerOf(dirname(whole));
    // Of what is ours already it goes on to be said.
    const known = marker === null || marker.names.has(name);
    if (!known) marker.write(makeLine(kind, name));
    marker?.names.add(name);
    try {
      const { made, stats } = make();
      marker?.write(madeLine(kind, name, identityIn(stats)));
      return made;
    } catch (error) {
      if (!known) this.keep(whole);
      throw error;
    }
  }

  /**
   * Creates a file.
   * @returns its descriptor, for writing
   * @throws the system's error, EEXIST when anything has that name, a link to nothing included
   */
  create(path: string, kind: Exclude<EntryKind, 'folder' | 'tree'>): number {
    return this.#make(path, kind, () => {
      const made = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
      return { made, stats: statsOfNew(made, path) };
    });
  }

  /** Creates a folder. @throws the system's error */
  createFolder(path: string, kind: 'folder' | 'tree' = 'folder'): void {
    this.#make(path, kind, () => {
      mkdirSync(path);
      return { made: undefined, stats: lstatSync(path, { bigint: true }) };
    });
  }

  /** A new name beside path for a file that is soon renamed or removed; then release is to be called. */
  temporary(path: string): { path: string; release: () => void } {
    const folder = resolve(dirname(path));
    const random = randomBytes(12).toString('hex');
    const marker = this.#markerOf(folder);
    const name =
      marker === null ? `.uring-bench-${random}.tmp` : `${temporaryPrefix(marker.id)}${random}.tmp`;
    marker?.names.add(name);
    return { path: join(dirname(path), name), release: () => this.forget(join(folder, name)) };
  }

  /** It has been removed or renamed; what is there still, because that failed, stays for whoever cleans. */
  forget(path: string): void {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) this.#release(path);
  }

  /** A marker that stands for nothing more goes, too. */
  #release(path: string): void {
    const whole = resolve(path);
    const marker = this.#markers.get(dirname(whole));
    if (!marker?.names.delete(basename(whole)) || marker.names.size > 0) return;
    marker.remove();
    this.#markers.delete(dirname(whole));
  }

  /** It is its user's from now on. */
  keep(path: string): void {
    const whole = resolve(path);
    const marker = this.#markers.get(dirname(whole));
    if (!marker?.names.has(basename(whole))) return;
    marker.write(dropLine(basename(whole)));
    this.#release(whole);
  }

  /** Has what is written down reach the disks, in the background. */
  flush(): void {
    for (const marker of this.#markers.values()) marker?.flush();
  }
}

/** This process's. */
export const ownFiles = new OwnFiles();
