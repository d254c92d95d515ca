/**
 * Lays out the files that a workload runs on: every byte written, nothing left to the file system.
 *
 * A file that was only truncated or fallocated to its size is never read from the device (the kernel makes
 * up the zeros), and the first write to each of its blocks pays for allocation. So new files are laid out
 * for write workloads as well as for reads (fio does that for reads alone): what is then measured is the
 * device's overwriting, from the first I/O on as from the last. With fio's overwrite=0 (TargetFile.room) they get room
 * at most, and that anew before each trial (renewFiles): writes that allocate are what is measured. A file that exists and is to grow gets
 * what is missing at its end, and nothing else of it is touched.
 */
import { constants, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { constants as system } from 'node:os';
import { dirname, resolve } from 'node:path';
import { BenchError, isSystemError, systemReason, usageError } from '../errors.ts';
import { identityOf, isSame, replacedError } from '../host/file-identity.ts';
import { pathFacts, realPath } from '../host/host-files.ts';
import { mountOf, readMounts } from '../host/mounts.ts';
import { traceOf } from '../leftovers/clean.ts';
import type { Fallocate, FileIdentity, TargetFile } from '../workload/workload.ts';
import { FillData } from './layout-data.ts';
import { LayoutRecord } from './layout-undo.ts';
import { directRefused } from './target-direct.ts';
import { freeBytes, mebibytes } from './target-space.ts';

const { ENOSPC, EDQUOT } = system.errno;

/**
 * How much is written before it is flushed. Progress then tells of bytes that are on the device, and an
 * abort waits for this much at most: well under a second but on the slowest disks.
 */
const FLUSH_BYTES = 64 * 2 ** 20;

export interface LayoutIo {
  /** Whether the workload opens the files with O_DIRECT; tried on each new file before it is filled. */
  direct: boolean;
  /** Drops a file's cached pages, so that its first read comes from the device. @throws BenchError */
  dropCache: (path: string, opened: string) => void;
  /** Makes room in a file, and nothing else (TargetFile.room). @throws the system's error */
  makeRoom: (opened: string, bytes: number, how: Fallocate) => void;
  /** Called after each chunk; bytes of all files together. */
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Aborting makes layOut undo what it did and reject with the signal's reason. */
  signal?: AbortSignal;
}

/** What layOut made. */
export interface Created {
  /** Files that are new, and existing ones that were made longer. */
  paths: readonly string[];
  /** What they are, by path as each job names it. */
  identities: ReadonlyMap<string, FileIdentity>;
  /** Bytes written. */
  bytes: number;
  /**
   * Removes the files that were made for this run alone (TargetFile.remove). Synchronous and quiet, so that
   * a signal handler or an exit handler can call it; any number of times.
   */
  remove: () => void;
}

interface Task {
  file: TargetFile;
  /** Length that the file is to have. */
  endBytes: number;
}

/** Each file once, though several jobs share it. */
function tasksOf(files: readonly (readonly TargetFile[])[]): Task[] {
  const tasks = new Map<string, Task>();
  for (const file of files.flat()) {
    if (!file.create) continue;
    const key = resolve(file.path);
    const known = tasks.get(key);
    if (known && (known.file.room === undefined) !== (file.room === undefined)) {
      throw usageError(
        `${file.path} is to be laid out for some and not for others`,
        'overwrite=0 is for files that are only written: run the others on their own',
      );
    }
    const endBytes = Math.max(file.offset + file.size, known?.endBytes ?? 0);
    tasks.set(key, { file, endBytes });
  }
  return [...tasks.values()];
}

/**
 * Files that were made here and stay: what was resolved before that takes them for new ones (rounds of a gate, the
 * article's tables).
 */
const kept = new Map<string, FileIdentity>();

/** Creates a file, or finds one that is to become longer -> the bytes that it has. */
function prepare({ file }: Task, record: LayoutRecord): number {
  try {
    record.create(file.path, file.remove);
    return 0;
  } catch (error) {
    // A file that is to be removed afterwards must be ours.
    if (file.remove || !isSystemError(error) || error.code !== 'EEXIST') throw error;
  }
  const known = file.identity ?? kept.get(resolve(file.path));
  // Whatever it is: nobody has looked at it.
  if (known === undefined) throw appearedError(file.path);
  const stats = statSync(file.path, { bigint: true });
  if (!isSame(identityOf(stats), known)) throw replacedError(file.path);
  record.addLonger(file.path, stats);
  return Number(stats.size);
}

/** @throws BenchError (usage) when a file, just made, can't be opened with O_DIRECT. */
async function tryDirect(path: string): Promise<void> {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_DIRECT)).close();
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EINVAL') throw error;
    const facts = pathFacts(path);
    const mount = facts === null ? null : mountOf(readMounts({}), realPath(path), facts.dev);
    throw directRefused(path, mount?.fileSystem ?? null);
  }
}

/** Writes all of data, however little the system takes at a time. */
async function writeAll(handle: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}

/** Counts what is written, for all files together. */
class Progress {
  readonly totalBytes: number;
  readonly #report: LayoutIo['onProgress'];
  doneBytes = 0;

  constructor(totalBytes: number, report: LayoutIo['onProgress']) {
    this.totalBytes = totalBytes;
    this.#report = report;
  }

  add(bytes: number): void {
    this.doneBytes += bytes;
    this.#report?.(this.doneBytes, this.totalBytes);
  }
}

/** Writes a file from a position to its end, and flushes it to the device. */
async function fill(
  handle: FileHandle,
  from: number,
  endBytes: number,
  data: FillData,
  io: LayoutIo,
  progress: Progress,
): Promise<void> {
  let dirty = 0;
  for (let at = from; at < endBytes; ) {
    io.signal?.throwIfAborted();
    const chunk = data.chunkAt(at, endBytes);
    await writeAll(handle, chunk, at);
    at += chunk.length;
    dirty += chunk.length;
    if (dirty >= FLUSH_BYTES) {
      await handle.datasync();
      dirty = 0;
    }
    progress.add(chunk.length);
  }
  await handle.sync();
  io.signal?.throwIfAborted();
}

async function layOutOne(
  task: Task,
  record: LayoutRecord,
  data: FillData,
  io: LayoutIo,
  progress: Progress,
): Promise<FileIdentity> {
  const { path, room, kind } = task.file;
  if (kind === 'directory') return record.createTree(path);
  const from = prepare(task, record);
  if (from === 0 && io.direct) await tryDirect(path);
  const handle = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    const identity = identityOf(await handle.stat({ bigint: true }));
    if (!record.has(identity)) throw replacedError(path);
    const opened = `/proc/self/fd/${handle.fd}`;
    if (room !== undefined) {
      io.makeRoom(opened, task.endBytes, room);
      return identity;
    }
    await fill(handle, from, task.endBytes, data, io, progress);
    io.dropCache(path, opened);
    return identity;
  } finally {
    await handle.close();
  }
}

/** Something has the name of a file that was to be new. */
function appearedError(path: string): BenchError {
  return new BenchError(`${path} has appeared since it was checked`, {
    kind: 'usage',
    errno: system.errno.EEXIST,
    stage: 'layout',
    hint: traceOf(path) ?? 'another run may be using it: give this one another --name or --directory',
  });
}

/** What a person is told of an error of layout; to be called when everything was taken back. */
function layoutError(error: NodeJS.ErrnoException, { file }: Task, totalBytes: number): BenchError {
  const { path } = file;
  const errno = Math.abs(error.errno ?? 0);
  const stage = 'layout';
  if (errno === ENOSPC || errno === EDQUOT) {
    const free = freeBytes(dirname(path));
    // What a quota leaves is not what the file system has.
    const room = free === null || errno === EDQUOT ? '' : `, ${mebibytes(free, Math.floor)} are free`;
    const what = errno === ENOSPC ? 'the disk is full' : 'the disk quota is used up';
    return new BenchError(
      `${what}: laying out ${path} failed; all files need ${mebibytes(totalBytes, Math.ceil)}${room}`,
      { kind: 'usage', errno, stage, hint: 'use a smaller --size or another --directory' },
    );
  }
  if (error.code === 'EEXIST') return appearedError(path);
  return new BenchError(`cannot lay out ${path}: ${systemReason(error)}`, { kind: 'failed', errno, stage });
}

/** Bytes that are missing of all files now, but for those that are not written beforehand. */
function missingBytes(tasks: readonly Task[]): number {
  let total = 0;
  for (const { file, endBytes } of tasks) {
    if (file.room !== undefined) continue;
    total += Math.max(0, endBytes - (pathFacts(file.path)?.sizeBytes ?? 0));
  }
  return total;
}

/**
 * Writes what is missing of the files to be created (those with `create`), flushes it to the device and
 * drops it from the page cache. When anything goes wrong, on an abort, and when the process exits
 * meanwhile, new files are removed and longer ones get their old length back.
 * @throws BenchError: usage when there is no room, or a file has appeared; failed for other errors.
 */
export async function layOut(files: readonly (readonly TargetFile[])[], io: LayoutIo): Promise<Created> {
  const tasks = tasksOf(files);
  const record = new LayoutRecord();
  const undo = () => record.undo();
  const progress = new Progress(missingBytes(tasks), io.onProgress);
  const identities = new Map<string, FileIdentity>();
  let current: Task | undefined;
  process.once('exit', undo);
  try {
    const data = new FillData();
    for (current of tasks) {
      io.signal?.throwIfAborted();
      const made = await layOutOne(current, record, data, io, progress);
      const key = resolve(current.file.path);
      for (const { path } of files.flat()) if (resolve(path) === key) identities.set(path, made);
    }
    record.settle();
    for (const { path, remove } of files.flat()) {
      const made = identities.get(path);
      if (made !== undefined && !remove) kept.set(resolve(path), made);
    }
  } catch (error) {
    undo();
    if (current === undefined || !isSystemError(error)) throw error;
    throw layoutError(error, current, progress.totalBytes);
  } finally {
    process.off('exit', undo);
  }
  return {
    paths: tasks.map(({ file }) => file.path),
    identities,
    bytes: progress.doneBytes,
    remove: () => record.remove(),
  };
}
