/**
 * The shared-memory arena of one run: lays it out, writes the jobs into it, reads counters and results. What starts
 * the jobs is in src/jobs/executors.
 */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { BenchError, refusedHint, systemHint, systemWords } from '../errors.ts';
import { LAYOUT, UB } from './abi.ts';
import { encode, fieldOf, Reader, type StructValues } from './codec.ts';
import { type ArenaHandle, library } from './library.ts';

/** What struct ub_file has of it. */
interface ArenaIdentity {
  dev: bigint;
  inode: bigint;
  rdev: bigint;
  diskseq: number;
}

interface ArenaFile {
  path: string;
  kind: 'file' | 'block' | 'char' | 'directory';
  /** First byte and number of bytes that are used. */
  offset: number;
  size: number;
  /** What it must be; undefined: whatever has its name. */
  identity?: ArenaIdentity;
}

export interface ArenaJob {
  values: Omit<StructValues<'job'>, 'nfiles' | 'files' | 'ncpus'>;
  /** Bytes of a read, a write, a trim. */
  bs: readonly [number, number, number];
  cpus: readonly number[];
  files: readonly ArenaFile[];
}

/** Raw histogram of one operation and latency over all jobs. */
export interface MergedLatency {
  counts: BigUint64Array;
  count: number;
  minNs: bigint;
  maxNs: bigint;
  sumNs: bigint;
  over: number;
}

const HIST_BYTES = UB.HIST_COUNTS * 8;
const align = (n: number, to: number): number => Math.ceil(n / to) * to;

interface Offsets {
  jobs: number;
  processes: number;
  results: number;
  histograms: number;
  /** 0: no job has a rate. */
  responses: number;
  files: number;
  size: number;
}

/** Where everything lies; paths that several jobs share are stored once. */
function place(jobs: readonly ArenaJob[], nprocesses: number, pathBytes: number): Offsets {
  const at = {
    jobs: align(LAYOUT.arena.size, 64),
    processes: 0,
    results: 0,
    histograms: 0,
    responses: 0,
    files: 0,
    size: 0,
  };
  at.processes = align(at.jobs + jobs.length * LAYOUT.job.size, 64);
  at.results = align(at.processes + nprocesses * LAYOUT.process.size, 4096);
  at.files = align(at.results + jobs.length * LAYOUT.result.size, 64);
  const fileBytes = jobs.reduce((sum, job) => sum + job.files.length * LAYOUT.file.size, 0);
  at.histograms = align(at.files + fileBytes + pathBytes, 4096);
  at.size = align(at.histograms + jobs.length * UB.HIST_OPS * UB.LATS * HIST_BYTES, 4096);
  if (jobs.some(({ values }) => Number(values.rate_iops) > 0)) {
    at.responses = at.size;
    at.size = align(at.responses + jobs.length * UB.HIST_OPS * HIST_BYTES, 4096);
  }
  return at;
}

const NO_IDENTITY: ArenaIdentity = { dev: 0n, inode: 0n, rdev: 0n, diskseq: 0 };
const KINDS = { file: 0, block: 1, char: 2, directory: 3 } as const;

export class Arena {
  readonly njobs: number;
  /** Its mapping in this process, for native code. */
  readonly handle: ArenaHandle;
  /** Its memfd, for other processes. */
  readonly fd: number;
  /** Of the map of a tracer that looks on; -1: none does. */
  readonly explainFd: number;
  private readonly at: Offsets;
  private closed = false;

  /**
   * @param explainFd the map by which jobs mark their window (Tracer.fd); -1: nobody traces
   * @throws BenchError (failed) when the memory can't be had.
   */
  constructor(jobs: readonly ArenaJob[], explainFd = -1) {
    this.explainFd = explainFd;
    const paths = new Map<string, Buffer>();
    for (const file of jobs.flatMap((job) => job.files)) {
      if (!paths.has(file.path)) paths.set(file.path, Buffer.from(`${file.path}\0`));
    }
    const pathBytes = [...paths.values()].reduce((sum, path) => sum + path.length, 0);
    const processes = new Map<number, number>();
    for (const { values } of jobs) processes.set(values.process, (processes.get(values.process) ?? 0) + 1);

    this.njobs = jobs.length;
    this.at = place(jobs, processes.size, pathBytes);
    const out: [ArenaHandle | null] = [null];
    this.fd = library().arenaCreate(this.at.size, out);
    if (this.fd < 0) {
      throw noArena(this.at.size, -this.fd);
    }
    this.handle = out[0];
    this.writeHeader(processes);
    this.writeJobs(jobs, this.writePaths(jobs, paths));
  }

  private write(offset: number, bytes: Uint8Array): void {
    const result = library().arenaWrite(this.handle, offset, bytes, bytes.length);
    if (result < 0) throw new Error(`arena write at ${offset}: ${errnoName(-result)}`);
  }

  private read(offset: number, bytes: number): Reader {
    if (this.closed) throw new Error('the arena is closed');
    const to = new Uint8Array(bytes);
    const result = library().arenaRead(this.handle, offset, to, bytes);
    if (result < 0) throw new Error(`arena read at ${offset}: ${errnoName(-result)}`);
    return new Reader(to);
  }

  private writeHeader(processes: ReadonlyMap<number, number>): void {
    const word = (
      field: 'njobs' | 'nprocesses' | 'jobs' | 'processes' | 'results' | 'histograms' | 'responses',
      value: number,
    ) => {
      const { offset, kind } = fieldOf('arena', field);
      const bytes = new Uint8Array(kind === 'u32' ? 4 : 8);
      const view = new DataView(bytes.buffer);
      if (kind === 'u32') view.setUint32(0, value, true);
      else view.setBigUint64(0, BigInt(value), true);
      this.write(offset, bytes);
    };
    word('njobs', this.njobs);
    word('nprocesses', processes.size);
    word('jobs', this.at.jobs);
    word('processes', this.at.processes);
    word('results', this.at.results);
    word('histograms', this.at.histograms);
    const explain = new Uint8Array(4);
    new DataView(explain.buffer).setInt32(0, this.explainFd, true);
    this.write(fieldOf('arena', 'explain_fd').offset, explain);
    word('responses', this.at.responses);
    for (const [process, members] of processes) {
      const bytes = encode('process', { members, arrived: 0, finished: 0, ramped: 0, measured: 0 });
      this.write(this.at.processes + process * LAYOUT.process.size, bytes);
    }
  }

  /** @returns where each path lies in the arena */
  private writePaths(jobs: readonly ArenaJob[], paths: ReadonlyMap<string, Buffer>): Map<string, number> {
    const places = new Map<string, number>();
    let at = this.at.files + jobs.reduce((sum, job) => sum + job.files.length * LAYOUT.file.size, 0);
    for (const [path, bytes] of paths) {
      places.set(path, at);
      this.write(at, bytes);
      at += bytes.length;
    }
    return places;
  }

  private writeJobs(jobs: readonly ArenaJob[], places: ReadonlyMap<string, number>): void {
    let filesAt = this.at.files;
    for (const [index, job] of jobs.entries()) {
      const values = { ...job.values, nfiles: job.files.length, files: filesAt, ncpus: job.cpus.length };
      const bytes = encode('job', values);
      const view = new DataView(bytes.buffer);
      for (const [op, bs] of job.bs.entries()) {
        view.setBigUint64(fieldOf('job', 'bs').offset + op * 8, BigInt(bs), true);
      }
      for (const cpu of job.cpus) {
        const at = fieldOf('job', 'cpus').offset + Math.floor(cpu / 64) * 8;
        view.setBigUint64(at, view.getBigUint64(at, true) | (1n << BigInt(cpu % 64)), true);
      }
      this.write(this.at.jobs + index * LAYOUT.job.size, bytes);
      for (const file of job.files) {
        const path = places.get(file.path) as number;
        this.write(
          filesAt,
          encode('file', {
            path,
            offset: file.offset,
            size: file.size,
            kind: KINDS[file.kind],
            known: file.identity === undefined ? 0 : 1,
            ...(file.identity ?? NO_IDENTITY),
          }),
        );
        filesAt += LAYOUT.file.size;
      }
    }
  }

  /** Tells all jobs to stop queueing, drain and end. */
  stop(): void {
    library().arenaStop(this.handle);
  }

  /** A copy of all jobs' results as they are now, for `resultBase(job)`. */
  results(): Reader {
    return this.read(this.at.results, this.njobs * LAYOUT.result.size);
  }

  resultBase(job: number): number {
    return job * LAYOUT.result.size;
  }

  /** A copy of what all processes add. */
  processes(): Reader {
    return this.read(this.at.processes, this.at.results - this.at.processes);
  }

  /** The common start, by the arena's clock. */
  header(): Reader {
    return this.read(0, LAYOUT.arena.size);
  }

  /** Histogram of an operation's latency (UB.LAT_*) over a range of jobs. */
  merged(op: number, lat: number, first = 0, count = this.njobs): MergedLatency {
    const counts = new BigUint64Array(UB.HIST_COUNTS);
    const total = new Uint8Array(LAYOUT.latency.size);
    library().arenaMerge(this.handle, op, lat, first, count, counts, total);
    const reader = new Reader(total);
    return {
      counts,
      count: reader.number(0, 'latency', 'count'),
      minNs: reader.bigint(0, 'latency', 'min_ns'),
      maxNs: reader.bigint(0, 'latency', 'max_ns'),
      sumNs: reader.bigint(0, 'latency', 'sum_ns'),
      over: reader.number(0, 'latency', 'over'),
    };
  }

  /** Unmaps it. Nothing may be running. */
  close(): void {
    this.closed = true;
    library().arenaDestroy(this.handle, this.fd);
  }
}

function noArena(bytes: number, errno: number): BenchError {
  const scarce = errno === constants.errno.ENOMEM || errno === constants.errno.EAGAIN;
  const hint = scarce
    ? 'fewer --numjobs need less'
    : (systemHint(errno) ?? refusedHint(errno, 'memfd_create, ftruncate or mmap'));
  return new BenchError(`cannot map ${bytes} bytes of shared memory: ${systemWords(errno)}`, {
    kind: 'failed',
    errno,
    stage: 'create arena',
    ...(hint === undefined ? {} : { hint }),
  });
}

function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}
