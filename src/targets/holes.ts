/** Files that look whole but have parts that no device holds. */
import type { ResultWarning } from '../results/schema.ts';
import type { RwMode } from '../workload/operations.ts';
import type { TargetFile } from '../workload/workload.ts';
import { changeOf } from './target-options.ts';
import { mebibytes } from './target-space.ts';

/** lseek(2) on a path, from native code: Node has neither. */
export interface HoleSeeker {
  /** SEEK_HOLE: where the first hole at or after `from` begins; the file's size when there is none. */
  seekHole: (path: string, from: number) => number;
  /** SEEK_DATA: where the first data at or after `from` begins; the file's size when there is none. */
  seekData: (path: string, from: number) => number;
}

/**
 * Bytes of `[offset, offset + size)` that are holes or unwritten (fallocated) extents: the kernel makes up
 * zeros for them without asking the device. 0 on file systems that don't tell.
 */
export function findHoles(path: string, offset: number, size: number, seeker: HoleSeeker): number {
  const end = offset + size;
  let holes = 0;
  for (let at = offset; at < end; ) {
    const hole = seeker.seekHole(path, at);
    if (hole >= end) break;
    const data = Math.min(end, seeker.seekData(path, hole));
    // A file that somebody changes meanwhile must not keep us here.
    if (hole < at || data <= hole) break;
    holes += data - hole;
    at = data;
  }
  return holes;
}

/**
 * The warning for existing files with holes in the parts that the workload uses, null when there are none.
 * What layout made has none.
 */
export function holeWarning(
  files: readonly (readonly TargetFile[])[],
  rw: RwMode,
  seeker: HoleSeeker,
): ResultWarning | null {
  const existing = files
    .flat()
    .filter(({ kind, create, room }) => kind === 'file' && !create && room === undefined);
  const distinct = [...new Map(existing.map((file) => [file.path, file])).values()];
  const found = distinct
    .map(({ path, offset, size }) => ({ path, size, holes: findHoles(path, offset, size, seeker) }))
    .filter(({ holes }) => holes > 0);
  const [first] = found;
  if (first === undefined) return null;
  const share = `${mebibytes(first.holes, Math.ceil)} of ${mebibytes(first.size, Math.ceil)}`;
  const others = found.length > 1 ? ` (and parts of ${found.length - 1} more)` : '';
  const effect =
    changeOf(rw) === null
      ? 'reads of them never reach the device'
      : 'the first write to each part allocates it, which is measured too';
  return {
    code: 'file-has-holes',
    message: `${share} of ${first.path}${others} are holes or were never written: ${effect}`,
    variant: null,
    trial: null,
  };
}
