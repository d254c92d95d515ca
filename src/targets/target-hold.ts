/** Holds what a run works on while it lasts, so that its number can't be another file's and nobody mounts the device. */
import { closeSync, constants } from 'node:fs';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import { openKnown } from '../host/file-identity.ts';
import type { TargetFile } from '../workload/workload.ts';

/** Node has no name for it. The same on all architectures that this runs on. */
const O_PATH = 0o10000000;
/** Descriptors that are kept for files: jobs need theirs beside them. */
const FILES_MAX = 256;

/**
 * Claims a device as a mount does (open(2), O_EXCL): others that would claim it get EBUSY. The jobs' own descriptors
 * are not exclusive, so any number of them goes beside it.
 */
function claim({ path, identity, claimed }: TargetFile): number | null {
  try {
    return openKnown(path, constants.O_RDONLY | (claimed ? 0 : constants.O_EXCL), identity);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EACCES') return null;
    if (error.code !== 'EBUSY') throw usageError(`cannot use ${path}: ${systemReason(error)}`);
    throw usageError(
      `${path} is in use by the kernel or another run`,
      `--destroy-device=${path} uses it anyway`,
    );
  }
}

function pin({ path, identity }: TargetFile): number | null {
  try {
    return openKnown(path, O_PATH, identity);
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

/**
 * Opens the files that are there, and claims the devices that are going to be written.
 * @param changing whether the workload of a file writes or trims
 * @returns what lets go of them
 * @throws BenchError: failed when one was replaced since it was checked, usage when a device is claimed by others
 */
export function holdTargets(files: readonly { file: TargetFile; changing: boolean }[]): () => void {
  const held = new Map<string, number>();
  const release = (): void => {
    for (const fd of held.values()) closeSync(fd);
    held.clear();
  };
  // Writers first: a device is claimed once.
  const order = [...files].sort((a, b) => Number(b.changing) - Number(a.changing));
  try {
    for (const { file, changing } of order) {
      const { identity, kind } = file;
      if (identity === undefined) continue;
      const key = kind === 'file' ? `${identity.dev}:${identity.inode}` : `${kind} ${identity.rdev}`;
      if (held.has(key) || (kind === 'file' && held.size >= FILES_MAX)) continue;
      const fd = kind === 'block' && changing ? claim(file) : pin(file);
      if (fd !== null) held.set(key, fd);
    }
    return release;
  } catch (error) {
    release();
    throw error;
  }
}
