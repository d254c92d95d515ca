/**
 * The small files under /proc and /sys that say what a host is, and what a path is. A fact that is missing
 * is null: no kernel, container or machine has all of them.
 */
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join } from 'node:path';

type PathKind = 'file' | 'directory' | 'block' | 'char' | 'other';

/** What stat says of a path; symbolic links are followed. */
export interface PathFacts {
  kind: PathKind;
  /** st_size: 0 for a block device. */
  sizeBytes: number;
  /** "MAJOR:MINOR" of the device below; major 0 is an anonymous one (btrfs, overlay, tmpfs). */
  dev: string;
  /** "MAJOR:MINOR" of a device node itself. */
  rdev: string;
  inode: number;
}

/** Where the host's facts come from. Both members are for tests; a real run gives neither. */
export interface Host {
  /** What stands before /proc, /sys and /dev. */
  root?: string;
  /** Replaces stat: facts of an existing path, null when it doesn't exist. */
  stat?: (path: string) => PathFacts | null;
}

/**
 * "MAJOR:MINOR" of a st_dev or st_rdev. The kernel hands 12 bits of major and 20 of minor to user space
 * (new_encode_dev in include/linux/kdev_t.h: the low 8 bits of minor, major, then the rest of minor).
 */
export function deviceNumber(dev: number): string {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

function kindOf(stats: Stats): PathKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isBlockDevice()) return 'block';
  return stats.isCharacterDevice() ? 'char' : 'other';
}

/** Facts of a path, null when nothing is there. @throws the system's error for any other reason (EACCES). */
export function pathFacts(path: string, host: Host = {}): PathFacts | null {
  if (host.stat) return host.stat(path);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  return {
    kind: kindOf(stats),
    sizeBytes: stats.size,
    dev: deviceNumber(stats.dev),
    rdev: deviceNumber(stats.rdev),
    inode: stats.ino,
  };
}

/** Whether a path is a symbolic link (to anything, or to nothing). */
export function isSymbolicLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** The path without symbolic links, or as it is when it can't be resolved. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** The whole text of a file of the host, null when it can't be read. */
export function readText(path: string, host: Host): string | null {
  try {
    return readFileSync(join(host.root ?? '/', path), 'utf8');
  } catch {
    return null;
  }
}

/** The first bytes of a file of the host, null when it can't be read. */
export function readStart(path: string, bytes: number, host: Host): string | null {
  try {
    const fd = openSync(join(host.root ?? '/', path), 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, bytes, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/** A file's text without white space around it; null when it can't be read or is empty. */
export function readLine(path: string, host: Host): string | null {
  return readText(path, host)?.trim() || null;
}

/** A file's integer, zero or more; null when it has none (`-1`, "unlimited"). */
export function readCount(path: string, host: Host): number | null {
  const line = readLine(path, host);
  return line !== null && /^\d+$/.test(line) ? Number(line) : null;
}

/** The value of "KEY: value" in a text of such lines, as many files of /proc are. */
export function valueAt(text: string | null, key: string): string | null {
  const line = text?.split('\n').find((l) => l.split(':', 1)[0]?.trim() === key);
  return line?.slice(line.indexOf(':') + 1).trim() || null;
}

/** Names in a folder of the host, sorted; none when it can't be read. */
export function listNames(path: string, host: Host): string[] {
  try {
    return readdirSync(join(host.root ?? '/', path)).sort();
  } catch {
    return [];
  }
}

/**
 * The folder of the host that a path leads to, without symbolic links and without the root of a test;
 * null when it leads nowhere.
 */
export function realHostPath(path: string, host: Host): string | null {
  const root = realPath(host.root ?? '/');
  try {
    const real = realpathSync.native(join(root, path));
    return root === '/' ? real : real.slice(root.length);
  } catch {
    return null;
  }
}
