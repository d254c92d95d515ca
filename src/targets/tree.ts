/** Where the trees of small files go: new directories, which the run makes and removes. Nothing is changed here. */
import { dirname, join } from 'node:path';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import { isSymbolicLink, pathFacts, realPath } from '../host/host-files.ts';
import { mountOf, readMounts } from '../host/mounts.ts';
import { pseudoFileSystem } from '../host/pseudo-file-systems.ts';
import { traceOf } from '../leftovers/clean.ts';
import { formatSize } from '../values/units.ts';
import type { RwMode } from '../workload/operations.ts';
import type { TargetFile, Tree } from '../workload/workload.ts';
import { folderFacts } from './target.ts';
import { checkFolder } from './target-access.ts';
import { folderAlignBytes } from './target-direct.ts';
import type { TargetHost } from './target-options.ts';
import { freeBytes, freeInodes, mebibytes } from './target-space.ts';

/** What file systems give out. */
const BLOCK_BYTES = 4096;

export interface TreeOptions extends Tree {
  name: string;
  /** null: the current one. */
  directory: string | null;
  numjobs: number;
  /** Whether all jobs work in the same tree. */
  shared: boolean;
  direct: boolean;
  rw: RwMode;
}

/** What a file takes on the disk, on average. */
function fileRoom({ itemBytes, itemBytesMost }: Tree): number {
  if (itemBytes === itemBytesMost) return itemBytes;
  return Math.ceil((itemBytes + itemBytesMost) / 2 / BLOCK_BYTES) * BLOCK_BYTES;
}

function checkRoom(folder: string, options: TreeOptions): void {
  const { items, numjobs } = options;
  const files = items * numjobs;
  const inodes = freeInodes(folder);
  if (inodes !== null && files > inodes) {
    throw usageError(
      `not enough inodes in ${folder}: ${files} files, ${inodes} are free`,
      'use a smaller --nrfiles or another --directory',
    );
  }
  const bytes = files * fileRoom(options);
  const free = freeBytes(folder);
  if (free !== null && bytes > free) {
    throw usageError(
      `not enough space in ${folder}: ${files} files need ${mebibytes(bytes, Math.ceil)}, ${mebibytes(free, Math.floor)} are free`,
      'use a smaller --nrfiles or --filesize, or another --directory',
    );
  }
}

function checkFree(path: string): void {
  if (pathFacts(path) === null && !isSymbolicLink(path)) return;
  throw usageError(
    `${path} exists already`,
    traceOf(path) ?? 'give this run another --name or --directory, or remove it',
  );
}

/** @returns the file system there; null: not known */
function checkPlace(folder: string, host: TargetHost): string | null {
  const facts = folderFacts(folder, host);
  const real = realPath(folder);
  const mount = mountOf(readMounts(host), real, facts.dev);
  const pseudo = pseudoFileSystem(real, mount);
  if (pseudo !== null) throw usageError(`${folder} is in ${pseudo}`, 'use --directory=DIR');
  checkFolder(folder);
  return mount?.fileSystem ?? null;
}

/** Sizes that O_DIRECT can read: whole blocks. @throws BenchError (usage) for others */
function inBlocks({ itemBytes, itemBytesMost, rw }: TreeOptions, align: number): Partial<Tree> {
  const given = [itemBytes, itemBytesMost].find((bytes) => bytes % align !== 0);
  if (given !== undefined) {
    throw usageError(
      `filesize=${formatSize(given)} is not a multiple of ${align}, the logical block size there (direct=1 with rw=${rw})`,
      `use --filesize=${formatSize(Math.ceil(given / align) * align)} or --buffered`,
    );
  }
  return { itemStepBytes: align };
}

/**
 * The root of each job's tree: `NAME.JOB.tree` in the directory, or `NAME.tree` for all; and the tree as it can be there.
 * @throws BenchError (usage) when it can't be made there, or there is no room
 */
export function resolveTrees(options: TreeOptions, host: TargetHost): { files: TargetFile[][]; tree: Tree } {
  const { directory, numjobs, shared } = options;
  const stem = options.name.replaceAll('/', '_');
  const rootOf = (job: number): string => join(directory ?? '', `${stem}${shared ? '' : `.${job}`}.tree`);
  const roots = Array.from({ length: numjobs }, (_, job) => rootOf(job));
  const folder = dirname(rootOf(0));
  host.clearAway?.(folder);
  let tree: Tree = options;
  try {
    const fileSystem = checkPlace(folder, host);
    for (const root of new Set(roots)) checkFree(root);
    if (options.direct) tree = { ...tree, ...inBlocks(options, folderAlignBytes(folder, fileSystem, host)) };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot use ${folder}: ${systemReason(error)}`);
  }
  checkRoom(folder, options);
  const { items, itemBytes, itemBytesMost, itemStepBytes, dirs, levels } = tree;
  return {
    files: roots.map((path) => [{ path, kind: 'directory', offset: 0, size: 0, create: true, remove: true }]),
    tree: { items, itemBytes, itemBytesMost, itemStepBytes, dirs, levels },
  };
}
