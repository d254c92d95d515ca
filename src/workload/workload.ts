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
/**
 * What a run says of where its time goes, in a pass of its own: nothing, what /proc and /sys tell anybody, or what the
 * kernel's trace points tell; full: those too that cost much.
 */
export type ExplainHow = 'none' | 'basic' | 'trace' | 'full';

/** When a trial is to end before its time: once its last rounds are alike. Shares are of their mean. */
export interface SteadyAsk {
  metric: 'iops' | 'bw' | 'lat';
  /** What the highest and the lowest round may be apart. */
  range: number;
  /** What the fitted line may rise or fall over the rounds; null: whatever it does. */
  excursion: number | null;
  rounds: number;
  roundNs: number;
}

/** What tells a file from every other, and a device with its medium, as stat(2) and the kernel number them. */
export interface FileIdentity {
  dev: bigint;
  inode: bigint;
  /** 0 of a regular file. */
  rdev: bigint;
  /** Which medium a block device has; 0: not known. */
  diskseq: number;
}

/** Bytes, or a part of a whole that only the files tell. */
export type Portion = number | { percent: number };

/** Bytes of each file: all alike, or as fio's `1k-64k` drawn anew for each. */
export type SizeRange = number | { least: number; most: number };

/** fio's fallocate: how room is made in a file that nothing has been written to. */
export type Fallocate = 'none' | 'native' | 'posix' | 'keep' | 'truncate';

/** One file or device that a job uses. */
export interface TargetFile {
  path: string;
  /** directory: the root of a tree of small files. */
  kind: 'file' | 'block' | 'char' | 'directory';
  /** First byte of the region that is used. */
  offset: number;
  /** Bytes of the region that are used. */
  size: number;
  /** Whether this run creates it (and so removes it afterwards unless the user named it). */
  create: boolean;
  /** Whether to remove it when the run ends. */
  remove: boolean;
  /** It is emptied before each trial, and so much room is made in it, but nothing written: writes allocate. */
  room?: Fallocate;
  /** What was checked; undefined as long as nothing is there. */
  identity?: FileIdentity;
  /** A device in use that was given up by name: it can't be had for this run alone. */
  claimed?: true;
  /** A device that is written, though nobody could look for what is at its end. */
  unchecked?: true;
}

/** The tree of small files that each job works on; docs/OPERATIONS.md has its shape. */
export interface Tree {
  /** Files, or directories, of each job. */
  items: number;
  /** Bytes of each file, or of the smallest: */
  itemBytes: number;
  /** up to so many, in steps of so many. */
  itemBytesMost: number;
  itemStepBytes: number;
  /** Directories in each directory, to so many levels; items are in the last. */
  dirs: number;
  levels: number;
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
  /** How room is made in files before each trial; null: they are laid out in full. */
  room: Fallocate | null;
  /** What the kernel is told of how buffered files are read: how far ahead it should. */
  fadvise: 'none' | 'random' | 'sequential';
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
  /** I/Os of each job that are due in a second, whatever is in flight; 0: as fast as they end. */
  rateIops: number;
  rateProcess: 'linear' | 'poisson';
  /** A job that does fewer in a second has failed. */
  rateIopsMin: number;
  startdelayNs: number;
  rampTimeNs: number;
  continueOnError: ContinueOnError;
  /** The bounds of one job's run: whichever is reached first ends it; 0 is no bound. At least one is set. */
  bounds: { runtimeNs: number; ios: number; bytes: number };
  /** Bytes of a pass, before each of which the files' cached pages are dropped; 0: once, before the first. */
  coldPassBytes: number;
  /**
   * The options that only native code looks at, by flag: sizes in bytes, times in nanoseconds, null where none is
   * in force. The option table has their types.
   */
  nativeOptions: Readonly<Record<string, number | string | boolean | null>>;
  /** Whether all files are character devices. */
  charDevices: boolean;
  /** null where operations are those of open files. */
  tree: Tree | null;
  /** Whether what is read of whole files must be what was laid out. */
  checksum: boolean;
}
