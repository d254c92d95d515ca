/**
 * Removes what killed runs left in a folder: what their markers name, if it is provably what they made and they have
 * ended. Others may write in the folder, too: a marker counts only if it is its reader's own, and it names nothing but
 * files in its own folder that have the same owner, no second name, and the identity that was written down.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isSystemError, quietly, systemError, systemReason } from '../errors.ts';
import { lockFile } from '../native/library.ts';
import {
  type Entry,
  MARKER_BYTES_MAX,
  type MarkerText,
  markerId,
  readMarker,
  temporaryPrefix,
} from './marker.ts';
import { identityIn } from './own-files.ts';
import { thisProcess, whyNotDead } from './owner.ts';
import { removeTree } from './tree.ts';

const { O_RDONLY, O_RDWR, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What became of a file. */
export interface CleanOutcome {
  /** In the folder as it was named. */
  path: string;
  /** Its length; 0 of a folder. */
  bytes: number;
  /** left: it is its user's, another's, or of a run at work. failed: it should have gone. */
  state: 'removed' | 'left' | 'failed';
  /** Why it was not removed. */
  why: string | null;
}

export interface CleanOptions {
  /** Looks only; what would be removed is told as removed. */
  dryRun?: boolean;
  /** Nobody is told what was left: so what says whose it is stays. */
  untold?: boolean;
}

/** An open marker that is its reader's own. */
interface Opened {
  id: string;
  name: string;
  fd: number;
  /** Why its run is not known to have ended; null: it has, the lock is ours, and nothing is written any more. */
  alive: string | null;
  stats: BigIntStats;
  /** null: it cannot be read. */
  text: MarkerText | null;
}

/** File systems that no other machine has mounted at the same time (statfs(2), linux/magic.h). */
const LOCAL_FILE_SYSTEMS = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // btrfs
  0xf2f52010, // F2FS
  0x01021994, // tmpfs
  0x2fc12fc1, // ZFS
  0x794c7630, // overlayfs
]);

/** A folder by its descriptor: what is in it stays so if its name leads elsewhere meanwhile. */
class Folder {
  readonly path: string;
  readonly #fd: number;
  readonly #base: string;

  /** @throws the system's error */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, O_RDONLY | O_DIRECTORY);
    const base = `/proc/self/fd/${this.#fd}`;
    this.#base = existsSync(base) ? base : path;
  }

  at(name: string): string {
    return join(this.#base, name);
  }

  names(): string[] {
    return readdirSync(this.#base).sort();
  }

  /** What has a name itself, null when nothing has. */
  look(name: string): BigIntStats | null {
    return lstatSync(this.at(name), { bigint: true, throwIfNoEntry: false }) ?? null;
  }

  get local(): boolean {
    return LOCAL_FILE_SYSTEMS.has(statfsSync(this.#base).type);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Why a marker is not to be believed; null when it is its reader's own. */
function distrust({ uid, mode, nlink, size }: BigIntStats): string | null {
  if (uid !== BigInt(process.geteuid?.() ?? -1)) return `it is of user ${uid}, who can clean it`;
  if ((mode & 0o022n) !== 0n) return 'others may write to it: what it says proves nothing';
  if (nlink !== 1n) return 'it has several names: what it says may be of another folder';
  return size > BigInt(MARKER_BYTES_MAX) ? 'it is too large' : null;
}

/** Why a run is not known to have ended; null when it has. @param result of locking its marker */
function whyAlive(result: number, text: MarkerText | null, folder: Folder): string | null {
  if (result === 0) return text === null ? null : whyNotDead(text.owner, thisProcess(), folder.local);
  const { code, text: reason } = systemError(-result);
  const pid = text === null ? '' : ` (pid ${text.owner.pid})`;
  return code === 'EAGAIN'
    ? `its run is at work${pid}`
    : `whether its run has ended cannot be told: ${reason}`;
}

/** What an open marker says, read once its lock is ours: whoever holds it may be writing. */
function readOpened(id: string, name: string, fd: number, folder: Folder): Opened | string {
  const first = fstatSync(fd, { bigint: true });
  const why = first.isFile() ? distrust(first) : 'it is no regular file';
  if (why !== null) return why;
  const result = lockFile(fd);
  const text = readMarker(readFileSync(fd, 'utf8'));
  const stats = fstatSync(fd, { bigint: true });
  return { id, name, fd, alive: whyAlive(result, text, folder), stats, text };
}

/** Opens a marker. @returns why not, when it is not to be believed; null when it is none, or gone by now */
function openMarker(folder: Folder, name: string): Opened | string | null {
  const id = markerId(name);
  const there = id === null ? null : folder.look(name);
  if (id === null || there === null) return null;
  if (!there.isFile()) return 'it is no regular file';
  const own = distrust(there);
  if (own !== null) return own;
  let fd: number;
  try {
    fd = openSync(folder.at(name), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.code === 'ENOENT' ? null : systemReason(error);
  }
  let opened: Opened | string = '';
  try {
    opened = readOpened(id, name, fd, folder);
    return opened;
  } finally {
    if (typeof opened === 'string') closeSync(fd);
  }
}

/** Whether a file that was going to be made is it: empty, and born after that was written down, by the same clock. */
function isJustMade(entry: Entry, { text, stats }: Opened, there: BigIntStats): boolean {
  const born = identityIn(there).born;
  return text?.making === entry.name && there.size === 0n && born > 0n && born >= stats.mtimeNs;
}

type Verdict = { state: 'remove' } | { state: 'left' | 'failed'; why: string };

/** Whether what has an entry's name now is what the run made, and may go. */
function judge(entry: Entry, marker: Opened, there: BigIntStats): Verdict {
  const { kind, identity } = entry;
  const { inode, born } = identityIn(there);
  const same =
    identity === null ? isJustMade(entry, marker, there) : identity.inode === inode && identity.born === born;
  const proven = same && there.dev === marker.stats.dev && there.uid === marker.stats.uid;
  if (kind === 'folder' || kind === 'tree')
    return there.isDirectory() && proven ? { state: 'remove' } : notOurs;
  if (!there.isFile() || !proven) return notOurs;
  if (kind === 'named') return { state: 'left', why: 'its name was given: it is not whole, but yours' };
  if (kind === 'empty' && there.size > 0n) return { state: 'left', why: 'it has something in it' };
  if (there.nlink !== 1n) return { state: 'failed', why: 'it has several names' };
  return { state: 'remove' };
}

const notOurs: Verdict = { state: 'left', why: 'it is not what the run made' };

/** @param path of a tree as it is told @param opened the same by its folder's descriptor */
function treeOutcome(path: string, opened: string, { dryRun }: CleanOptions): CleanOutcome {
  if (dryRun) return { path, bytes: 0, state: 'removed', why: null };
  const { bytes } = removeTree(opened);
  if (!existsSync(opened)) return { path, bytes, state: 'removed', why: null };
  return { path, bytes, state: 'left', why: 'something else has been put into it' };
}

/** What has one name, with what is to become of it; null when there is nothing to tell. */
function outcomeOf(entry: Entry, marker: Opened, folder: Folder, options: CleanOptions): CleanOutcome | null {
  const there = folder.look(entry.name);
  if (there === null) return null;
  const path = join(folder.path, entry.name);
  const bytes = there.isFile() ? Number(there.size) : 0;
  if (there.isDirectory() && entry.kind !== 'tree' && readdirSync(folder.at(entry.name)).length > 0)
    return null;
  const verdict = judge(entry, marker, there);
  if (verdict.state !== 'remove') {
    const quiet = entry.kind === 'empty' || entry.kind === 'folder';
    return quiet && verdict.state === 'left' ? null : { path, bytes, ...verdict };
  }
  try {
    if (entry.kind === 'tree') return treeOutcome(path, folder.at(entry.name), options);
    if (!options.dryRun) (there.isDirectory() ? rmdirSync : unlinkSync)(folder.at(entry.name));
    return { path, bytes, state: 'removed', why: null };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTEMPTY') return null;
    return { path, bytes, state: 'failed', why: systemReason(error) };
  }
}

/** What the run was going to rename, by names that nobody else makes. */
function temporariesOf({ id }: Opened, folder: Folder): Entry[] {
  return folder
    .names()
    .filter((name) => name.startsWith(temporaryPrefix(id)) && name.endsWith('.tmp'))
    .flatMap((name) => {
      const there = folder.look(name);
      return there === null ? [] : [{ kind: 'file', name, identity: identityIn(there) } as const];
    });
}

function cleanMarker(marker: Opened, folder: Folder, options: CleanOptions): CleanOutcome[] {
  const { text, alive, stats } = marker;
  const own = { path: join(folder.path, marker.name), bytes: 0 };
  if (alive !== null) return [{ ...own, state: 'left', why: alive }];
  // Without a line it stands for nothing: its run was killed before it made anything.
  if (text === null && stats.size > 0n) return [{ ...own, state: 'failed', why: 'it is damaged' }];
  const entries = [...(text?.entries.values() ?? []), ...temporariesOf(marker, folder)];
  const outcomes = entries.flatMap((entry) => outcomeOf(entry, marker, folder, options) ?? []);
  const stays = ({ state }: CleanOutcome) => state === 'failed' || (state === 'left' && options.untold);
  if (options.dryRun || outcomes.some(stays)) return outcomes;
  quietly(() => {
    if (folder.look(marker.name)?.ino === stats.ino) unlinkSync(folder.at(marker.name));
  });
  return outcomes;
}

function visit<T>(path: string, each: (folder: Folder, name: string, marker: Opened | string) => T[]): T[] {
  const folder = new Folder(path);
  try {
    return folder.names().flatMap((name) => {
      const marker = openMarker(folder, name);
      if (marker === null) return [];
      try {
        return each(folder, name, marker);
      } finally {
        if (typeof marker !== 'string') closeSync(marker.fd);
      }
    });
  } finally {
    folder.close();
  }
}

/**
 * Removes what killed runs left in one folder, not below it.
 * @returns what became of each file, in no particular order
 * @throws the system's error when the folder can't be read; BenchError (failed) without native code
 */
export function cleanFolder(path: string, options: CleanOptions = {}): CleanOutcome[] {
  return visit(path, (folder, name, marker) => {
    if (typeof marker !== 'string') return cleanMarker(marker, folder, options);
    return [{ path: join(path, name), bytes: 0, state: 'left', why: marker }];
  });
}

/** A run's own trace on a file that it made. */
interface Trace {
  /** "(pid 123, 2026-11-29 19:00 UTC)" */
  who: string;
  pid: number;
  /** Whether that run is at work. */
  alive: boolean;
}

/**
 * What is known of a file that is in the way: "it was left by a run that was killed (...)"; null when no run made it, or when
 * that cannot be told.
 */
export function traceOf(path: string): string | null {
  const trace = findTrace(path);
  if (trace === null) return null;
  if (trace.alive) return `it is of a run that is at work ${trace.who}`;
  return `it was left by a run that was killed ${trace.who}: uring-bench clean ${dirname(path)}`;
}

/** Whose file it is while another run is at work on it: "(pid 123, ...)"; null when that is nobody's. */
export function otherRunOf(path: string): string | null {
  const trace = findTrace(path);
  return trace?.alive && trace.pid !== process.pid ? trace.who : null;
}

function findTrace(path: string): Trace | null {
  const whole = resolve(path);
  const [folder, name] = [dirname(whole), basename(whole)];
  try {
    const [trace = null] = visit(folder, (opened, _, marker) => {
      const there = opened.look(name);
      if (typeof marker === 'string' || marker.text === null || there === null) return [];
      const entry = marker.text.entries.get(name);
      const { inode, born } = identityIn(there);
      if (entry?.identity?.inode !== inode || entry.identity.born !== born) return [];
      const { owner, since } = marker.text;
      const who = `(pid ${owner.pid}, ${since.slice(0, 16).replace('T', ' ')} UTC)`;
      return [{ who, pid: owner.pid, alive: marker.alive !== null }];
    });
    return trace;
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}
