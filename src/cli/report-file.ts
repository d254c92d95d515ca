/** --output: a report in a file, a pipe or on a terminal; checked before the run and never half-written after it. */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BenchError, isSystemError, systemReason, usageError } from '../errors.ts';
import { deviceNumber, isSymbolicLink } from '../host/host-files.ts';
import { mountOf, readMounts } from '../host/mounts.ts';
import { pseudoFileSystem } from '../host/pseudo-file-systems.ts';
import { replaceFile } from '../results/new-file.ts';
import { writeAll } from './terminal.ts';

const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;

/** Where a report goes: a regular file by name, or what is written as it is. */
type Sink =
  | { kind: 'file'; path: string }
  | { kind: 'descriptor'; fd: number }
  | { kind: 'fifo'; fd: number }
  | { kind: 'device'; path: string; rdev: number };

/**
 * What was checked and has had no report yet: a link that somebody puts there meanwhile leads nowhere. A FIFO is open,
 * as its reader would take a close for the end.
 */
const checked = new Map<string, Sink>();

/** null, zero and full take a report; another character device may do anything. */
const MEMORY_DEVICES = ['1:3', '1:5', '1:7'];

/** Terminals: virtual and serial ones, /dev/tty and /dev/console, pseudo-terminals (admin-guide/devices.rst). */
function isTerminal(rdev: number): boolean {
  const [major = 0, minor] = deviceNumber(rdev).split(':').map(Number);
  return major === 4 || (major === 5 && minor !== 2) || (major >= 136 && major <= 143);
}

function isKnownDevice({ rdev }: Stats): boolean {
  return MEMORY_DEVICES.includes(deviceNumber(rdev)) || isTerminal(rdev);
}

/** What it is that takes no report. */
function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isBlockDevice()) return 'a block device';
  if (stats.isSocket()) return 'a socket';
  return stats.isCharacterDevice() ? 'a character device' : 'no file';
}

function refuse(path: string, stats: Stats): never {
  const hint = stats.isDirectory() ? 'name a file in it' : 'a report goes to a file, a pipe or a terminal';
  throw usageError(`output=${path} is ${kindOf(stats)}`, hint);
}

/** The descriptor that a path stands for; null for any other path. */
function descriptorOf(path: string): number | null {
  const named = { '/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2 }[path];
  const number = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(path)?.[1];
  return named ?? (number === undefined ? null : Number(number));
}

/** A descriptor that we were given: what its opener chose may take the report, but for a disk. */
function descriptorSink(path: string, fd: number): Sink {
  const stats = fstatSync(fd);
  const open = stats.isFile() || stats.isFIFO() || stats.isSocket();
  if (!open && !(stats.isCharacterDevice() && isKnownDevice(stats))) refuse(path, stats);
  const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
  if ((Number.parseInt(flags, 8) & (O_WRONLY | constants.O_RDWR)) === 0) {
    throw usageError(`output=${path} is not open for writing`);
  }
  return { kind: 'descriptor', fd };
}

function checkFileSystem(path: string, real: string, { dev }: Stats): void {
  const pseudo = pseudoFileSystem(real, mountOf(readMounts({}), real, deviceNumber(dev)));
  if (pseudo !== null) throw usageError(`output=${path} would be in ${pseudo}: that is no place for files`);
}

function newFileSink(path: string): Sink {
  if (isSymbolicLink(path)) throw usageError(`output=${path} is a symbolic link to nothing`);
  const folder = realpathSync(dirname(path));
  accessSync(folder, constants.W_OK);
  checkFileSystem(path, folder, statSync(folder));
  return { kind: 'file', path: join(folder, basename(path)) };
}

/** Opens a FIFO without waiting for a reader. @throws ENXIO when there is none */
function openFifo(path: string): Sink {
  const fd = openSync(path, O_WRONLY | O_NONBLOCK);
  if (fstatSync(fd).isFIFO()) return { kind: 'fifo', fd };
  closeSync(fd);
  throw usageError(`output=${path} was replaced meanwhile`);
}

/** What is at path, behind symbolic links, and whether it can be written; creates nothing. */
function sinkAt(path: string): Sink {
  const fd = descriptorOf(path);
  if (fd !== null) return descriptorSink(path, fd);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return newFileSink(path);
  if (stats.isFIFO()) return openFifo(path);
  if (stats.isCharacterDevice() && isKnownDevice(stats)) return { kind: 'device', path, rdev: stats.rdev };
  if (!stats.isFile()) refuse(path, stats);
  const real = realpathSync(path);
  accessSync(real, constants.W_OK);
  checkFileSystem(path, real, stats);
  return { kind: 'file', path: real };
}

function sinkError(path: string, error: unknown, what: string): unknown {
  if (!isSystemError(error)) return error;
  if (error.code === 'ENXIO') return usageError(`nobody reads from output=${path}`, 'start its reader first');
  const hint = error.code === 'ENOENT' ? `mkdir -p ${dirname(path)}` : undefined;
  return usageError(`cannot write the ${what} to ${path}: ${systemReason(error)}`, hint);
}

/**
 * Makes sure that path can be written, creating nothing. A FIFO stays open from now on.
 * @param what it is, for an error
 * @throws BenchError (usage), also for what takes no report: devices but null and terminals, directories, sockets
 */
export function checkReportFile(path: string, what = 'report'): void {
  try {
    const sink = checked.get(path) ?? sinkAt(path);
    if (sink.kind === 'device') accessSync(path, constants.W_OK);
    checked.set(path, sink);
  } catch (error) {
    throw sinkError(path, error, what);
  }
}

function writeDevice({ path, rdev }: { path: string; rdev: number }, text: string): void {
  const fd = openSync(path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  try {
    if (fstatSync(fd).rdev !== rdev) throw usageError(`output=${path} was replaced meanwhile`);
    writeAll(fd, text);
  } finally {
    closeSync(fd);
  }
}

function writeTo(sink: Sink, text: string): void {
  if (sink.kind === 'file') replaceFile(sink.path, text);
  else if (sink.kind === 'descriptor') writeAll(sink.fd, text);
  else if (sink.kind === 'device') writeDevice(sink, text);
  else {
    try {
      writeAll(sink.fd, text);
    } finally {
      closeSync(sink.fd);
    }
  }
}

/**
 * Writes the report; readers of a file find the old content or the new, never a part (unless it has several names).
 * @throws BenchError (failed)
 */
export function writeReportFile(path: string, text: string): void {
  try {
    const sink = checked.get(path) ?? sinkAt(path);
    checked.delete(path);
    writeTo(sink, text);
  } catch (error) {
    const told = error instanceof BenchError ? error.message : undefined;
    if (told === undefined && !isSystemError(error)) throw error;
    const why = told ?? systemReason(error as NodeJS.ErrnoException);
    throw new BenchError(`cannot write the report to ${path}: ${why}`, { kind: 'failed', stage: 'report' });
  }
}

/** Of an existing file its node, of a new one its name in its folder. */
function identityOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats !== undefined) return `${stats.dev}:${stats.ino}`;
  const folder = statSync(dirname(path), { bigint: true, throwIfNoEntry: false });
  return `${folder?.dev}:${folder?.ino}/${basename(path)}`;
}

/**
 * That a file which is going to be written is none of those that are used: by whatever name, through links.
 * @param option whose value the path is
 * @throws BenchError (usage)
 */
export function checkApart(option: string, path: string, used: readonly string[]): void {
  const own = descriptorOf(path) === null ? path : `/proc/self/fd/${descriptorOf(path)}`;
  const identity = identityOf(own);
  for (const other of used) {
    if (other === '-' || identityOf(other) !== identity) continue;
    if (statSync(own, { throwIfNoEntry: false })?.isCharacterDevice()) continue;
    throw usageError(`${option}=${path} is ${other}, which this command uses`, 'name another file');
  }
}
