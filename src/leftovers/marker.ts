/**
 * What a marker says: `.uring-bench-ID.run` stands in a folder for as long as a run has files there that are to go with
 * it, and its process holds a lock on it, which the kernel drops however the process ends. A line is written before a
 * file is made and another once it is there, so that a process that is killed in between leaves no file unnamed.
 *
 *     uring-bench 1 pid=7 start=812 boot=UUID machine=DIGEST pidns=4026531836 since=2026-11-29T19:00:00.000Z
 *     make file "uring-bench.0.0"
 *     file 131 1764442800000000000 "uring-bench.0.0"
 */
import type { Owner } from './owner.ts';

/**
 * What becomes of an entry when its run was killed. file: it is removed. named: its user chose the name, and may have put
 * something into it since: it is told of. empty: it is removed as long as nothing is in it. folder: the same. tree: a folder that goes with
 * what the run has made in it (tree.ts).
 */
export type EntryKind = 'file' | 'named' | 'empty' | 'folder' | 'tree';

/** What tells a file from another of its name, in the folder that the marker is in. */
export interface Identity {
  inode: bigint;
  /** Birth in ns since 1970, as inodes are used again; 0 where the file system keeps none. */
  born: bigint;
}

export interface Entry {
  kind: EntryKind;
  name: string;
  /** null: it was going to be made. */
  identity: Identity | null;
}

export interface MarkerText {
  owner: Owner;
  /** When the marker was made. */
  since: string;
  /** By name; what was made last of it. */
  entries: ReadonlyMap<string, Entry>;
  /** The name that the last line was going to make. */
  making: string | null;
}

/** Two lines for each of as many files as a run may have. */
export const MARKER_BYTES_MAX = 128 * 2 ** 20;

const NAME = /^\.uring-bench-([0-9a-f]{24})\.run$/;

/** The ID of a marker by its file name; null for any other name. */
export function markerId(name: string): string | null {
  return NAME.exec(name)?.[1] ?? null;
}

export function markerName(id: string): string {
  return `.uring-bench-${id}.run`;
}

/** What the temporaries of a marker's run begin with: nobody else makes such names. */
export function temporaryPrefix(id: string): string {
  return `.uring-bench-${id}-`;
}

export function headLine({ pid, start, boot, machine, pidns }: Owner, since: string): string {
  return `uring-bench 1 pid=${pid} start=${start} boot=${boot} machine=${machine} pidns=${pidns} since=${since}\n`;
}

/** Before it is made. */
export function makeLine(kind: EntryKind, name: string): string {
  return `make ${kind} ${JSON.stringify(name)}\n`;
}

/** Once it is there. */
export function madeLine(kind: EntryKind, name: string, { inode, born }: Identity): string {
  return `${kind} ${inode} ${born} ${JSON.stringify(name)}\n`;
}

/** It was not made after all, or is its user's from now on. */
export function dropLine(name: string): string {
  return `drop ${JSON.stringify(name)}\n`;
}

const HEAD =
  /^uring-bench 1 pid=(\d{1,10}) start=(\d{1,20}|-) boot=([0-9a-f-]{1,36}) machine=([0-9a-f]{16}|-) pidns=(\d{1,20}|-) since=([0-9TZ:.-]{24})$/;
/** With s: JSON leaves U+2028 as it is. */
const MAKE = /^make (file|named|empty|folder|tree) (".*")$/s;
const MADE = /^(file|named|empty|folder|tree) (\d{1,20}) (\d{1,20}) (".*")$/s;
const DROP = /^drop (".*")$/s;

/** A name in the marker's own folder; null for anything else. */
function nameOf(text: string): string | null {
  let name: unknown;
  try {
    name = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof name !== 'string' || name === '' || name === '.' || name === '..') return null;
  return name.includes('/') || name.includes('\0') ? null : name;
}

function readOwner(line: string): { owner: Owner; since: string } | null {
  const [, pid, start = '', boot = '', machine = '', pidns = '', since = ''] = HEAD.exec(line) ?? [];
  if (pid === undefined || Number.isNaN(Date.parse(since))) return null;
  return { owner: { pid: Number(pid), start, boot, machine, pidns }, since };
}

/** Puts what a line says into entries. @returns what it was going to make, null for other lines; undefined: no line of ours */
function readLine(line: string, entries: Map<string, Entry>): string | null | undefined {
  const [, making, makingName] = MAKE.exec(line) ?? [];
  if (making !== undefined && makingName !== undefined) {
    const name = nameOf(makingName);
    if (name === null) return undefined;
    entries.set(name, { kind: making as EntryKind, name, identity: null });
    return name;
  }
  const [, kind, inode = '', born = '', madeName] = MADE.exec(line) ?? [];
  if (kind !== undefined && madeName !== undefined) {
    const name = nameOf(madeName);
    if (name === null) return undefined;
    const identity = { inode: BigInt(inode), born: BigInt(born) };
    entries.set(name, { kind: kind as EntryKind, name, identity });
    return null;
  }
  const name = nameOf(DROP.exec(line)?.[1] ?? '');
  if (name === null) return undefined;
  entries.delete(name);
  return null;
}

/**
 * Reads a marker. What follows the last newline was being written when the process was killed, and is left out.
 * @returns null when it is none of ours, or damaged: then nothing that it names may be touched
 */
export function readMarker(text: string): MarkerText | null {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  lines.pop();
  const head = readOwner(lines.shift() ?? '');
  if (head === null) return null;
  const entries = new Map<string, Entry>();
  let making: string | null = null;
  for (const line of lines) {
    const read = readLine(line, entries);
    if (read === undefined) return null;
    making = read;
  }
  return { ...head, entries, making };
}
