/** Whether there is room for what layout is going to write. */
import { type StatsFs, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, usageError } from '../errors.ts';
import type { Target } from './target-options.ts';

/** "512 MiB": rounded up for what is needed, down for what there is. */
export function mebibytes(bytes: number, round: (value: number) => number): string {
  return `${round(bytes / 2 ** 20)} MiB`;
}

/** What a file system says of itself; null when it tells nothing. */
function spaceOf(path: string): StatsFs | null {
  try {
    return statfsSync(path);
  } catch (error) {
    // A sandbox may refuse the call. Layout tells when there is no room.
    if (!isSystemError(error)) throw error;
    return null;
  }
}

/** Bytes that this user may still write in the file system of a path; null when it has no such number, or tells none. */
export function freeBytes(path: string): number | null {
  const space = spaceOf(path);
  // ramfs and some FUSE file systems say 0 of everything.
  return space === null || space.blocks === 0 ? null : space.bavail * space.bsize;
}

/** Files that may still be made there; null as above: btrfs and others say 0 of all. */
export function freeInodes(path: string): number | null {
  const space = spaceOf(path);
  return space === null || space.files === 0 ? null : space.ffree;
}

/**
 * Compares what is missing of the files to be laid out with what each file system has free. Others may
 * take it before layout does: that has to check, too.
 * @throws BenchError (usage)
 */
export function checkSpace(targets: readonly Target[]): void {
  const needs = new Map<string, { folder: string; bytes: number; files: number }>();
  for (const { path, facts, dev, file } of targets) {
    if (!file.create) continue;
    const need = needs.get(dev) ?? { folder: dirname(path), bytes: 0, files: 0 };
    need.bytes += file.offset + file.size - (facts?.sizeBytes ?? 0);
    need.files++;
    needs.set(dev, need);
  }
  for (const { folder, bytes, files } of needs.values()) {
    const free = freeBytes(folder);
    if (free === null || bytes <= free) continue;
    throw usageError(
      `not enough space in ${folder}: ${files === 1 ? 'the file needs' : `${files} files need`} ` +
        `${mebibytes(bytes, Math.ceil)}, ${mebibytes(free, Math.floor)} are free`,
      'use a smaller --size or another --directory',
    );
  }
}
