/**
 * One look at threads that do a benchmark's I/O, and at what is below them, by what /proc and /sys tell everybody: two
 * looks tell what happened between them. It takes no rights; what the kernel does not say is null.
 */
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ThreadKind } from '../results/schema-explain.ts';
import { blockDeviceByName } from './block-device.ts';
import { type Host, listNames, readLine, readText, valueAt } from './host-files.ts';

export interface ThreadLook {
  tid: number;
  kind: ThreadKind;
  /** Milliseconds, monotonic. */
  atMs: number;
  /** On a CPU since it was born. */
  runNs: number;
  /** Able to run and waiting for a CPU; null where the kernel does not count it. */
  readyNs: number | null;
  voluntary: number;
  involuntary: number;
}

/** Counters of a block device since boot (Documentation/block/stat.rst); times have milliseconds. */
interface DeviceLook {
  device: string;
  reads: number;
  readMs: number;
  writes: number;
  writeMs: number;
  busyMs: number;
  /** Requests in queue and device, integrated over time. */
  queueMs: number;
}

/** What /proc/PID/fdinfo says of a ring (io_uring's fdinfo.c). */
export interface RingLook {
  /** Its thread and descriptor. */
  key: string;
  /** Of the polling thread, microseconds since the ring was made; null without one. */
  sqWorkUsec: number | null;
  sqTotalUsec: number | null;
  /** Completions that wait for room. */
  overflown: number;
}

export interface JobLook {
  atMs: number;
  threads: ThreadLook[];
  devices: DeviceLook[];
  rings: RingLook[];
  /** Microseconds in which some task of this machine waited. */
  pressure: { cpu: number | null; io: number | null; memory: number | null };
}

/** What a thread is by its number and name; null: it is none to look at. */
type KindOf = (tid: number, name: string) => ThreadKind | null;

function ringKind(name: string): ThreadKind | null {
  if (name.startsWith('iou-sqp')) return 'iou-sqp';
  return name.startsWith('iou-wrk') ? 'iou-wrk' : null;
}

/** Threads that live for a trial's sake; a job's helpers of glibc bear the name of the job. */
function kindsBeside(jobs: ReadonlySet<number>): KindOf {
  return (tid, name) => {
    if (jobs.has(tid)) return 'job';
    return ringKind(name) ?? (/^ub-(pool|job)/.test(name) ? 'pool' : null);
  };
}

/** A thread's folder in /proc. */
interface Task {
  tid: number;
  folder: string;
}

function tasksIn(folder: string, host: Host): Task[] {
  return listNames(folder, host).map((tid) => ({ folder: join(folder, tid), tid: Number(tid) }));
}

function lookAtThread({ folder, tid }: Task, kindOf: KindOf, host: Host): ThreadLook | null {
  const status = readText(join(folder, 'status'), host);
  const kind = kindOf(tid, valueAt(status, 'Name') ?? '');
  const times = readLine(join(folder, 'schedstat'), host)?.split(' ').map(Number);
  const atMs = performance.now();
  if (kind === null || times === undefined) return null;
  const [runNs = 0, readyNs = 0] = times;
  return {
    tid,
    kind,
    atMs,
    runNs,
    readyNs: Number.isFinite(readyNs) ? readyNs : null,
    voluntary: Number(valueAt(status, 'voluntary_ctxt_switches') ?? 0),
    involuntary: Number(valueAt(status, 'nonvoluntary_ctxt_switches') ?? 0),
  };
}

/** Folders of /proc with the threads of these jobs: this process's, or each job's own. */
function taskFolders(jobs: readonly number[], host: Host): string[] {
  const own = listNames('/proc/self/task', host);
  const here = jobs.some((tid) => own.includes(String(tid)));
  return here ? ['/proc/self/task'] : jobs.map((pid) => `/proc/${pid}/task`);
}

function lookAtDevice(device: string, host: Host): DeviceLook | null {
  const found = blockDeviceByName(device, host);
  const line = found === null ? null : readLine(join(found.folder, 'stat'), host);
  if (line === null) return null;
  const [reads = 0, , , readMs = 0, writes = 0, , , writeMs = 0, , busyMs = 0, queueMs = 0] = line
    .split(/ +/)
    .map(Number);
  return { device, reads, readMs, writes, writeMs, busyMs, queueMs };
}

function isRing(path: string): boolean {
  try {
    return readlinkSync(path) === 'anon_inode:[io_uring]';
  } catch {
    return false; // closed meanwhile
  }
}

/** Rings among the descriptors of a thread, which may have a table of its own. */
function ringsOf(task: string, host: Host): string[] {
  const root = host.root ?? '/';
  const names = listNames(join(task, 'fd'), host);
  return names
    .filter((name) => isRing(join(root, task, 'fd', name)))
    .map((name) => join(task, 'fdinfo', name));
}

function lookAtRing(path: string, host: Host): RingLook | null {
  const text = readText(path, host);
  if (text === null) return null;
  const usec = (key: string): number | null => {
    const value = valueAt(text, key);
    return value !== null && /^\d+$/.test(value) && Number(valueAt(text, 'SqThread')) > 0
      ? Number(value)
      : null;
  };
  const [, overflow = ''] = text.split(/^CqOverflowList:$/m);
  return {
    key: path,
    sqWorkUsec: usec('SqWorkTime'),
    sqTotalUsec: usec('SqTotalTime'),
    overflown: overflow.match(/user_data=/g)?.length ?? 0,
  };
}

function pressureUsec(kind: 'cpu' | 'io' | 'memory', host: Host): number | null {
  const total = readText(`/proc/pressure/${kind}`, host)?.match(/^some .*total=(\d+)/m)?.[1];
  return total === undefined ? null : Number(total);
}

function lookAt(tasks: readonly Task[], kindOf: KindOf, disks: readonly string[], host: Host): JobLook {
  const seen = tasks.flatMap((task) => {
    const thread = lookAtThread(task, kindOf, host);
    return thread === null ? [] : { task, thread };
  });
  // A ring that is in use is told of through its polling thread.
  const owners = seen.filter(({ thread }) => thread.kind !== 'iou-wrk' && thread.kind !== 'pool');
  return {
    atMs: performance.now(),
    threads: seen.map(({ thread }) => thread),
    devices: disks.flatMap((disk) => lookAtDevice(disk, host) ?? []),
    rings: owners.flatMap(({ task }) =>
      ringsOf(task.folder, host).flatMap((ring) => lookAtRing(ring, host) ?? []),
    ),
    pressure: {
      cpu: pressureUsec('cpu', host),
      io: pressureUsec('io', host),
      memory: pressureUsec('memory', host),
    },
  };
}

/**
 * @param jobs thread ids of this process, or ids of processes, that do the I/O
 * @param disks kernel names of the devices below: nvme0n1
 */
export function lookAtJobs(jobs: readonly number[], disks: readonly string[], host: Host = {}): JobLook {
  const tasks = taskFolders(jobs, host).flatMap((folder) => tasksIn(folder, host));
  return lookAt(tasks, kindsBeside(new Set(jobs)), disks, host);
}

/** Whether threads of this process are there that live for trials' sake. */
export function hasJobThreads(host: Host = {}): boolean {
  return tasksIn('/proc/self/task', host).some(({ folder }) =>
    readText(join(folder, 'comm'), host)?.startsWith('ub-'),
  );
}

/** Threads of a process and of all that it started, as far as their parents live. */
function treeOf(pid: number, host: Host): Task[] {
  const own = tasksIn(`/proc/${pid}/task`, host);
  const children = own.flatMap(
    ({ folder }) => readLine(join(folder, 'children'), host)?.split(' ').map(Number) ?? [],
  );
  return [...own, ...children.flatMap((child) => treeOf(child, host))];
}

/** A look at a process and its descendants, and at all disks of the machine. */
export function lookAtTree(pid: number, host: Host = {}): JobLook {
  const disks = listNames('/sys/block', host).filter((name) => !/^(loop|ram|zram)/.test(name));
  return lookAt(treeOf(pid, host), (_, name) => ringKind(name) ?? 'other', disks, host);
}
