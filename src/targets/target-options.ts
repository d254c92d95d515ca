/** What resolveTargets takes, and what its checks hand each other. */
import { constants } from 'node:fs';
import type { BlockDevice } from '../host/block-device.ts';
import type { Host, PathFacts } from '../host/host-files.ts';
import type { Mount } from '../host/mounts.ts';
import { type OperationName, operationsOf, type RwMode } from '../workload/operations.ts';
import type { Fallocate, FileIdentity, Portion, TargetFile } from '../workload/workload.ts';

/** The options that say what to run on; sizes in bytes, null where nothing was given. */
export interface TargetOptions {
  name: string;
  /** Each a path, already split (splitFilenames); empty: each job has files of its own. */
  filenames: readonly string[];
  directory: string | null;
  /** Of one job, over all of its files; a percentage is of each file that exists. */
  size: Portion | null;
  /** Of each file. */
  filesize: number | null;
  nrfiles: number | null;
  offset: Portion;
  numjobs: number;
  rw: RwMode;
  bs: { read: number; write: number; trim: number };
  direct: boolean;
  /** null: new files are laid out in full. */
  room: Fallocate | null;
  allowOverwrite: boolean;
  destroyDevice: readonly string[];
}

/** What the checks ask the machine. */
export interface TargetHost extends Host {
  /**
   * Alignment of file offsets under O_DIRECT (statx STATX_DIOALIGN); 0 when the file can't be opened so,
   * null when the kernel doesn't say.
   */
  dioAlign: (path: string) => number | null;
  /**
   * What is on a device by a library's knowledge; null for nothing, undefined when nobody could look. Left out: what
   * device-signature.ts knows is all.
   */
  signature?: (path: string) => string | null | undefined;
  /** The file or device behind a loop device, as stat(2) numbers it; left out: its path is all that is known. */
  loopBacking?: (path: string) => { dev: bigint; inode: bigint; rdev: bigint } | null;
  /**
   * Removes what killed runs left in a folder, before anything there is looked at: else their files would be in the way
   * of those of the same names, and take their room. Left out: nothing is removed.
   */
  clearAway?: (folder: string) => void;
}

/** A path that the workload is going to use, and what is there now. */
export interface Candidate {
  path: string;
  /** Without symbolic links; of a new file its folder. */
  real: string;
  /** null: it doesn't exist yet. */
  facts: PathFacts | null;
  /** Of what is there. */
  identity: FileIdentity | undefined;
  /** "MAJOR:MINOR" of the file system that holds it, or will. */
  dev: string;
  /** The mount that holds it, or will; null for a device. */
  mount: Mount | null;
  /** The device that it is, or that serves it. */
  device: BlockDevice | null;
}

/** A Candidate with its place in the run. */
export interface Target extends Candidate {
  file: TargetFile;
}

/** The operation by which a workload changes what it runs on; null when it does not. */
export function changeOf(rw: RwMode): OperationName | null {
  return operationsOf(rw).find(({ changes }) => changes)?.name ?? null;
}

/** Flags that a workload opens regular files with: as the native loop does. */
export function openFlags(rw: RwMode): number {
  const opens = operationsOf(rw).map((operation) => operation.opens);
  if (!opens.includes('write')) return constants.O_RDONLY;
  return opens.includes('read') ? constants.O_RDWR : constants.O_WRONLY;
}

/** Block sizes that a mode uses, each once. */
export function blockSizesInUse(rw: RwMode, bs: TargetOptions['bs']): number[] {
  return [
    ...new Set(operationsOf(rw).flatMap((operation) => (operation.bs === null ? [] : bs[operation.bs]))),
  ];
}
