/** Whether the targets can be opened for what the workload does; learnt without changing anything. */
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BenchError, isSystemError, systemReason, usageError } from '../errors.ts';
import type { RwMode } from '../workload/operations.ts';
import { changeOf, openFlags, type Target, type TargetOptions } from './target-options.ts';

/** O_TMPFILE without its O_DIRECTORY part, which Node names. The same on x86, arm64, ppc64 and riscv. */
const O_TMPFILE_BIT = 0o20000000;

/** Does something with the file system -> null, or the error that the system gives. */
function systemErrorOf(action: () => void): NodeJS.ErrnoException | null {
  try {
    action();
    return null;
  } catch (error) {
    if (isSystemError(error)) return error;
    throw error;
  }
}

/** Opens an existing file for a moment -> null, or why it can't be opened so. */
export function openingError(path: string, flags: number): NodeJS.ErrnoException | null {
  return systemErrorOf(() => closeSync(openSync(path, flags | constants.O_NONBLOCK)));
}

/**
 * Opens an unnamed file in a folder (O_TMPFILE), which nobody sees and which is gone when closed, and
 * hands a path to it to use -> null, or why that can't be done.
 */
export function unnamedFileError(
  folder: string,
  flags: number,
  use?: (path: string) => void,
): NodeJS.ErrnoException | null {
  let fd = -1;
  const tmpfile = O_TMPFILE_BIT | constants.O_DIRECTORY | constants.O_RDWR;
  const error = systemErrorOf(() => {
    fd = openSync(folder, tmpfile | flags, 0o600);
  });
  if (error !== null) return error;
  try {
    use?.(`/proc/self/fd/${fd}`);
    return null;
  } finally {
    closeSync(fd);
  }
}

/** The file system has no O_TMPFILE (NFS, older FUSE), so that only making a named file would tell. */
export function hasNoUnnamedFiles(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EOPNOTSUPP' || error.code === 'ENOTSUP' || error.code === 'EISDIR';
}

/** The folders that new files go into, each once. */
function newFileFolders(targets: readonly Target[]): Set<string> {
  return new Set(targets.filter(({ facts }) => facts === null).map(({ path }) => dirname(path)));
}

/** The error for a path that can't be opened at all. */
function openRefused(path: string, purpose: 'reading' | 'writing', error: NodeJS.ErrnoException): BenchError {
  const hint = isDenial(error) ? 'check its owner and mode; devices need root' : undefined;
  return usageError(`cannot open ${path} for ${purpose}: ${systemReason(error)}`, hint);
}

function isDenial(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EACCES' || error.code === 'EPERM';
}

function checkExisting({ path, facts }: Target, rw: RwMode): void {
  const isBlock = facts?.kind === 'block';
  const changes = changeOf(rw) !== null;
  // Closing a device that was open for writing makes udev read it and run its rules: access(2) doesn't.
  const error =
    isBlock && changes
      ? systemErrorOf(() => accessSync(path, constants.R_OK | constants.W_OK))
      : openingError(path, openFlags(rw));
  if (error) throw openRefused(path, changes ? 'writing' : 'reading', error);
}

/** @throws BenchError (usage) when no files can be made in a folder */
export function checkFolder(folder: string): void {
  let error = unnamedFileError(folder, 0);
  if (error && hasNoUnnamedFiles(error)) {
    error = systemErrorOf(() => accessSync(folder, constants.W_OK | constants.X_OK));
  }
  if (error) {
    const hint = isDenial(error) ? 'use --directory=DIR' : undefined;
    throw usageError(`cannot create files in ${folder}: ${systemReason(error)}`, hint);
  }
}

/**
 * Permissions: existing targets are opened as the workload opens them, folders of new ones for new files.
 * @throws BenchError (usage)
 */
export function checkAccess(targets: readonly Target[], options: TargetOptions): void {
  for (const target of targets) {
    if (target.facts !== null) checkExisting(target, options.rw);
  }
  for (const folder of newFileFolders(targets)) checkFolder(folder);
}
