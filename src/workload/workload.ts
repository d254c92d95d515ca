/** What a job does: types alone, that every room above may name. Made by src/resolve, read by src/jobs. */
import type { RwMode } from './operations.ts';

export type Distribution =
  | { kind: 'random' }
  | { kind: 'zipf'; theta: number }
  | { kind: 'pareto'; h: number }
  | { kind: 'normal'; deviation: number };
export type FileServiceType = 'random' | 'roundrobin' | 'sequential';
type ContinueOnError = 'none' | 'read' | 'write' | 'io' | 'all';
/** What each job is: a native thread, a process, a worker of Node's. */
export type Isolation = 'thread' | 'process' | 'worker';

/** What tells a file from every other, and a device with its medium, as stat(2) and the kernel number them. */
export interface FileIdentity {
  dev: bigint;
  inode: bigint;
  /** 0 of a regular file. */
  rdev: bigint;
  /** Which medium a block device has; 0: not known. */
  diskseq: number;
}

/** One file or device that a job uses. */
export interface TargetFile {
  path: string;
  kind: 'file' | 'block' | 'char';
  /** First byte of the region that is used. */
  offset: number;
  /** Bytes of the region that are used. */
  size: number;
  /** Whether this run creates it (and so removes it afterwards unless the user named it). */
  create: boolean;
  /** Whether to remove it when the run ends. */
  remove: boolean;
  /** What was checked; undefined as long as nothing is there. */
  identity?: FileIdentity;
  /** A device in use that was given up by name: it can't be had for this run alone. */
  claimed?: true;
  /** A device that is written, though nobody could look for what is at its end. */
  unchecked?: true;
}

/** The workload: the same for every backend. Sizes in bytes, times in nanoseconds. */
export interface Workload {
  name: string;
  rw: RwMode;
  rwmixread: number;
  bs: { read: number; write: number; trim: number };
  iodepth: number;
  iodepthBatchSubmit: number;
  iodepthBatchCompleteMin: number;
  iodepthBatchCompleteMax: number;
  numjobs: number;
  direct: boolean;
  /** O_SYNC, O_DSYNC or nothing. */
  sync: 'none' | 'sync' | 'dsync';
  fsync: number;
  fdatasync: number;
  endFsync: boolean;
  invalidate: boolean;
  preRead: boolean;
  /** O_NOATIME. */
  noatime: boolean;
  fileServiceType: FileServiceType;
  /** I/Os to one file before the next is taken. */
  fileServiceBatch: number;
  norandommap: boolean;
  randseed: bigint;
  randomDistribution: Distribution;
  refillBuffers: boolean;
  bufferCompressPercentage: number;
  zeroBuffers: boolean;
  cpusAllowed: number[];
  cpusAllowedPolicy: 'shared' | 'split';
  thinktimeNs: number;
  startdelayNs: number;
  rampTimeNs: number;
  continueOnError: ContinueOnError;
  /** The bounds of one job's run: whichever is reached first ends it; 0 is no bound. At least one is set. */
  bounds: { runtimeNs: number; ios: number; bytes: number };
  /**
   * The options that only native code looks at, by flag: sizes in bytes, times in nanoseconds, null where none is
   * in force. The option table has their types.
   */
  nativeOptions: Readonly<Record<string, number | string | boolean | null>>;
  /** Whether all files are character devices. */
  charDevices: boolean;
}
