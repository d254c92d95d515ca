/**
 * The native library, by koffi: the only file that knows the FFI package. It is loaded at the first call of
 * `library()`, so that help, `show` and validation never need it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { BenchError, systemFailure, systemWords } from '../errors.ts';
import { UB } from './abi.ts';
import { provideLock } from './lock.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const libraryPath = join(root, 'native', 'build', 'liburing_bench.so');

/** The executable that runs one job as a process of its own. */
export const workerPath = join(root, 'native', 'build', 'uring-bench-worker');

/** The executable that is client and server of `uring-bench echo`. */
export const echoPath = join(root, 'native', 'build', 'uring-bench-echo');

/**
 * The stack that koffi makes native calls on in a worker: a job is one. posix-aio takes 64 bytes of it for each I/O in
 * flight (stack_per_io of struct ub_ops), 2 MiB at the most; koffi's own 2 MiB would not leave room for the rest.
 */
const WORKER_STACK_BYTES = 4 * 2 ** 20;

/** Where this module is, for workers: each loads the library by itself. */
export const libraryModule = import.meta.url;

/** Programs in the kernel; opaque. */
export type TracerHandle = unknown;

/** A mapped arena; opaque, but may be handed to workers of this process. */
export type ArenaHandle = unknown;

/** A reader of an arena whose jobs are at work; opaque. */
export type SeriesHandle = unknown;

interface Functions {
  version(): string;
  glibc(): string | null;
  arenaCreate(size: number, out: [ArenaHandle | null]): number;
  arenaDestroy(arena: ArenaHandle, fd: number): number;
  arenaRead(arena: ArenaHandle, offset: number, to: Uint8Array, bytes: number): number;
  arenaWrite(arena: ArenaHandle, offset: number, from: Uint8Array, bytes: number): number;
  arenaStop(arena: ArenaHandle): number;
  arenaMerge(
    arena: ArenaHandle,
    op: number,
    lat: number,
    first: number,
    count: number,
    counts: BigUint64Array,
    total: Uint8Array,
  ): number;
  seriesOpen(arena: ArenaHandle, out: [SeriesHandle | null]): number;
  seriesTake(series: SeriesHandle, look: Uint8Array, to: Uint8Array, room: number): number;
  seriesClose(series: SeriesHandle): number;
  clockInit(hz: BigUint64Array): number;
  jobsStart(arena: ArenaHandle, first: number, count: number): number;
  jobCall(arena: ArenaHandle, index: number): number;
  jobAbsent(arena: ArenaHandle, index: number): number;
  jobsJoin: { async(arena: ArenaHandle, done: (error: unknown, result: number) => void): void };
  probe(
    backend: number,
    features: number,
    opMask: number,
    depth: number,
    bufferBytes: number,
    jobs: number,
    stage: Uint8Array,
  ): number;
  countPossible(count: number): number;
  calibrate(cpus: BigUint64Array, ps: BigUint64Array): number;
  dropCache(path: string): number;
  makeRoom(path: string, bytes: number, how: number): number;
  dioAlign(path: string, memory: Uint32Array, offset: Uint32Array): number;
  seek(path: string, from: number, data: number): number | bigint;
  signature(path: string, what: Uint8Array, bytes: number): number;
  loopBacking(path: string, dev: BigUint64Array, inode: BigUint64Array, rdev: BigUint64Array): number;
  nvmeLog(path: string, page: number, to: Uint8Array, bytes: number, status: Uint32Array): number;
  purge(path: string, how: number, status: Uint32Array): number;
  lock(fd: number): number;
  leave(code: number): never;
  uringLook(facts: BigUint64Array, ops: Uint8Array, stage: Uint8Array): number;
  uringTells(told: BigUint64Array): number;
  fileLimits(path: string, limits: Uint32Array): number;
  dontcache(path: string): number;
  explainProbe(): number;
  explainOpen(full: number, out: [TracerHandle | null], says: Uint8Array): number;
  explainStart(tracer: TracerHandle, pid: number, says: Uint8Array): number;
  explainStop(tracer: TracerHandle): number;
  explainRead(tracer: TracerHandle, kind: number, to: Uint8Array, bytes: number): number;
  explainClose(tracer: TracerHandle): number;
  syscallName(number: number): string | null;
}

let loaded: Functions | undefined;

function load(): Functions {
  if (!existsSync(libraryPath)) {
    throw new BenchError(`the native library is missing: ${libraryPath}`, {
      kind: 'failed',
      stage: 'load library',
      hint: `it is built by npm run build in ${root}, with a C compiler and make (apt-get install build-essential)`,
    });
  }
  let lib: ReturnType<typeof import('koffi')['load']>;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    if (!isMainThread) koffi.config({ sync_stack_size: WORKER_STACK_BYTES });
    lib = koffi.load(libraryPath);
  } catch (error) {
    throw new BenchError(`cannot load ${libraryPath}: ${(error as Error).message}`, {
      kind: 'failed',
      stage: 'load library',
      hint: `run 'npm run build' in ${root}; it was perhaps built on another machine`,
    });
  }
  const f = (signature: string): never => lib.func(signature) as never;
  const functions: Functions = {
    version: f('const char *ub_version()'),
    glibc: f('const char *ub_glibc()'),
    arenaCreate: f('int ub_arena_create(uint64_t size, _Out_ void **arena)'),
    arenaDestroy: f('int ub_arena_destroy(void *arena, int fd)'),
    arenaRead: f('int ub_arena_read(void *arena, uint64_t offset, void *to, uint64_t bytes)'),
    arenaWrite: f('int ub_arena_write(void *arena, uint64_t offset, const void *from, uint64_t bytes)'),
    arenaStop: f('int ub_arena_stop(void *arena)'),
    arenaMerge: f(
      'int ub_arena_merge(void *arena, uint32_t op, uint32_t lat, uint32_t first, uint32_t count, void *counts, void *total)',
    ),
    seriesOpen: f('int ub_series_open(void *arena, _Out_ void **series)'),
    seriesTake: f('int ub_series_take(void *series, void *look, void *to, uint64_t room)'),
    seriesClose: f('int ub_series_close(void *series)'),
    clockInit: f('int ub_clock_init(void *hz)'),
    jobsStart: f('int ub_jobs_start(void *arena, uint32_t first, uint32_t count)'),
    jobCall: f('int ub_job_call(void *arena, uint32_t index)'),
    jobAbsent: f('int ub_job_absent(void *arena, uint32_t index)'),
    jobsJoin: f('int ub_jobs_join(void *arena)'),
    probe: f(
      'int ub_probe(uint32_t backend, uint64_t features, uint32_t op_mask, uint32_t depth, uint64_t buffer_bytes, uint32_t jobs, void *stage)',
    ),
    countPossible: f('int ub_count_possible(uint32_t count)'),
    calibrate: f('int ub_calibrate(const void *cpus, void *ps)'),
    dropCache: f('int ub_drop_cache(const char *path)'),
    makeRoom: f('int ub_make_room(const char *path, uint64_t bytes, uint32_t how)'),
    dioAlign: f('int ub_dio_align(const char *path, void *memory, void *offset)'),
    seek: f('int64_t ub_seek(const char *path, int64_t from, int data)'),
    signature: f('int ub_signature(const char *path, void *what, uint64_t bytes)'),
    loopBacking: f('int ub_loop_backing(const char *path, void *dev, void *inode, void *rdev)'),
    nvmeLog: f('int ub_nvme_log(const char *path, uint32_t page, void *to, uint32_t bytes, void *status)'),
    purge: f('int ub_purge(const char *path, uint32_t how, void *status)'),
    lock: f('int ub_lock(int fd)'),
    leave: f('void ub_leave(int code)'),
    uringLook: f('int ub_uring_look(void *facts, void *ops, void *stage)'),
    uringTells: f('int ub_uring_tells(void *told)'),
    fileLimits: f('int ub_file_limits(const char *path, void *limits)'),
    dontcache: f('int ub_dontcache(const char *path)'),
    explainProbe: f('int ub_explain_probe()'),
    explainOpen: f('int ub_explain_open(uint32_t full, _Out_ void **tracer, void *says)'),
    explainStart: f('int ub_explain_start(void *tracer, int pid, void *says)'),
    explainStop: f('int ub_explain_stop(void *tracer)'),
    explainRead: f('int ub_explain_read(void *tracer, uint32_t kind, void *to, uint64_t bytes)'),
    explainClose: f('int ub_explain_close(void *tracer)'),
    syscallName: f('const char *ub_syscall_name(uint32_t number)'),
  };
  const expected = `abi ${UB.ABI_VERSION}`;
  if (!functions.version().endsWith(expected)) {
    throw new BenchError(`${libraryPath} is of another version: ${functions.version()}, not ${expected}`, {
      kind: 'failed',
      stage: 'load library',
      hint: `run 'npm run build' in ${root}`,
    });
  }
  if (isMainThread) leaveAtOnce(functions);
  provideLock(functions.lock);
  return functions;
}

/**
 * From now on process.exit() ends in _exit(2), once all its listeners have run. What libraries do at exit(3) is left
 * out: koffi flushes stdout and stderr with fsync(2), and waits for itself for ever when that fails (koffi 3.3.4,
 * base.cc: the error is logged to the stream that is being flushed), as on a full or a failing device.
 */
function leaveAtOnce({ leave }: Functions): void {
  (process as { reallyExit?: (code?: number) => never }).reallyExit = (code = 0) => leave(code);
}

/**
 * The library's functions; loads it at the first call. Results below zero are -errno.
 * @throws BenchError (failed) when it is missing, unloadable or of another ABI version.
 */
export function library(): Functions {
  loaded ??= load();
  return loaded;
}

/**
 * Runs a job of an arena on this thread, a worker's, until it has ended.
 * @public its caller, worker-job.mjs, is told at run time where this module is
 * @throws BenchError (failed) when the arena holds no such job
 */
export function runJobHere(arena: ArenaHandle, index: number): void {
  const result = library().jobCall(arena, index);
  if (result === 0) return;
  const what = `cannot run job ${index + 1}: ${getSystemErrorName(result)}`;
  throw new BenchError(what, { kind: 'failed', errno: -result, stage: 'run worker' });
}

/** Text up to the first NUL. */
export function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString('utf8');
}

/** What the kernel said to a set-up: the errno, and at what. */
export interface Refusal {
  errno: number;
  stage: string;
}

/** What a run asks of the kernel at once. */
export interface Setup {
  iodepth: number;
  /** Of one job. */
  bufferBytes: number;
  jobs: number;
  /** The operations: bits 1 << UB.OP_*. */
  opMask: number;
}

/**
 * Asks the kernel whether a backend with these features (bits) can work here.
 * @returns null if so, else the positive errno and what was being done.
 */
export function probeBackend(id: number, features: number, setup: Setup): Refusal | null {
  const stage = new Uint8Array(UB.STAGE_BYTES);
  const result = library().probe(
    id,
    features,
    setup.opMask,
    setup.iodepth,
    setup.bufferBytes,
    setup.jobs,
    stage,
  );
  return result < 0 ? { errno: -result, stage: cString(stage) } : null;
}

/** Version of the native library and its ABI, of glibc, and the clock that jobs use. */
export function nativeFacts(): {
  clock: string;
  tscHz: number | null;
  library: string;
  glibc: string | null;
} {
  const hz = new BigUint64Array(1);
  const kind = library().clockInit(hz);
  return {
    clock: kind === UB.CLOCK_TSC ? 'tsc' : 'clock_gettime',
    tscHz: kind === UB.CLOCK_TSC ? Number(hz[0]) : null,
    library: library().version(),
    glibc: library().glibc(),
  };
}

/** Drops a file's clean cached pages. @returns 0 or -errno. */
export function dropCache(path: string): number {
  return library().dropCache(path);
}

/**
 * Takes an exclusive flock(2) on an open file, which the kernel drops when the process ends, however that comes.
 * @returns 0; -EAGAIN when somebody else has it; -errno
 */
export function lockFile(fd: number): number {
  return library().lock(fd);
}

const ROOM = {
  none: UB.ROOM_NONE,
  native: UB.ROOM_NATIVE,
  posix: UB.ROOM_POSIX,
  keep: UB.ROOM_KEEP,
  truncate: UB.ROOM_TRUNCATE,
} as const;

/** Empties a file and makes room for so many bytes. @throws the system's error */
export function makeRoom(path: string, bytes: number, how: keyof typeof ROOM): void {
  const result = library().makeRoom(path, bytes, ROOM[how]);
  if (result < 0) throw systemFailure(-result, 'fallocate');
}

/** What offset and length of O_DIRECT must be a multiple of, as statx says (Linux 6.1); null when it does not say. */
function dioAlign(path: string): number | null {
  const memory = new Uint32Array(1);
  const offset = new Uint32Array(1);
  const result = library().dioAlign(path, memory, offset);
  return result < 0 || !offset[0] ? null : offset[0];
}

/** What libblkid says is on a device; null for nothing, undefined when it is not there or cannot say. */
function signature(path: string): string | null | undefined {
  const what = new Uint8Array(128);
  const result = library().signature(path, what, what.length);
  return result === 1 ? cString(what) : result === 0 ? null : undefined;
}

/** The file or device behind a loop device, as stat(2) numbers it; null when there is none, or it cannot be asked. */
function loopBacking(path: string): { dev: bigint; inode: bigint; rdev: bigint } | null {
  const [dev, inode, rdev] = [new BigUint64Array(1), new BigUint64Array(1), new BigUint64Array(1)];
  if (library().loopBacking(path, dev, inode, rdev) < 0) return null;
  return { dev: dev[0] ?? 0n, inode: inode[0] ?? 0n, rdev: rdev[0] ?? 0n };
}

/** What the checks of files and devices ask this machine. */
export const targetHost = { dioAlign, signature, loopBacking };

function seek(path: string, from: number, data: 0 | 1): number {
  const at = Number(library().seek(path, from, data));
  if (at >= 0) return at;
  // A file system that does not know of holes (lseek(2)): none are to be found.
  if (-at === constants.errno.EINVAL || -at === constants.errno.EOPNOTSUPP) return Number.POSITIVE_INFINITY;
  throw new BenchError(`cannot look for holes in ${path}: ${systemWords(-at)}`, {
    kind: 'failed',
    errno: -at,
    stage: 'seek',
  });
}

/** SEEK_HOLE and SEEK_DATA of lseek(2). @throws BenchError (failed) */
export const holeSeeker = {
  /** Where the first hole at or after `from` begins; the file's size when there is none, infinity when nothing is known. */
  seekHole: (path: string, from: number): number => seek(path, from, 0),
  /** Where the first data at or after `from` begins; the file's size when there is none. */
  seekData: (path: string, from: number): number => seek(path, from, 1),
};
