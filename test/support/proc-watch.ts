/** /proc as a witness: what the threads of a process and of its children had used when they were last seen. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const EVERY_MS = 20;

export interface SeenThread {
  pid: number;
  tid: number;
  /** As it was last named. */
  comm: string;
  voluntary: number;
  involuntary: number;
  /** On a CPU, user and system time together. */
  cpuNs: number;
  /** What of it was used when it was first seen under its name, if it had another one before: a worker's start. */
  before: { switches: number; cpuNs: number };
}

export interface SeenProcess {
  /** What its threads had asked devices for, by /proc/PID/io. */
  readBytes: number;
  writeBytes: number;
}

export interface Watched {
  threads: SeenThread[];
  /** By process id. */
  processes: Map<number, SeenProcess>;
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** What an action returns; undefined when what it reads is gone: threads end. */
function ifThere<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function readThread(pid: number, tid: number): SeenThread {
  const folder = `/proc/${pid}/task/${tid}`;
  const status = readFileSync(`${folder}/status`, 'utf8');
  const [cpuNs = ''] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ');
  return {
    pid,
    tid,
    comm: /^Name:\t(.*)$/m.exec(status)?.[1] ?? '',
    voluntary: field(status, 'voluntary_ctxt_switches'),
    involuntary: field(status, 'nonvoluntary_ctxt_switches'),
    cpuNs: Number(cpuNs),
    before: { switches: 0, cpuNs: 0 },
  };
}

function readIo(pid: number): SeenProcess {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  return { readBytes: field(io, 'read_bytes'), writeBytes: field(io, 'write_bytes') };
}

/** Threads of a process, and the processes that they started. */
function threadsOf(pid: number): { tids: number[]; children: number[] } {
  const tids = (ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? []).map(Number);
  const children = tids.flatMap((tid) => {
    const text = ifThere(() => readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8')) ?? '';
    return text.split(' ').filter(Boolean).map(Number);
  });
  return { tids, children };
}

/** A process and all that it started, as far as they are still its own. */
export function processTree(pid: number): number[] {
  return [pid, ...threadsOf(pid).children.flatMap(processTree)];
}

/** Looks at a process and its descendants every 20 ms. @returns a function that ends it -> what was seen last */
export function watchProcess(root: number): () => Watched {
  const threads = new Map<number, SeenThread>();
  const processes = new Map<number, SeenProcess>();
  const look = (pid: number): void => {
    const { tids, children } = threadsOf(pid);
    const io = ifThere(() => readIo(pid));
    if (io) processes.set(pid, io);
    for (const tid of tids) {
      const seen = ifThere(() => readThread(pid, tid));
      const known = threads.get(tid);
      if (seen && known) {
        const { voluntary, involuntary, cpuNs } = seen;
        const now = { switches: voluntary + involuntary, cpuNs };
        seen.before = known.comm === seen.comm ? known.before : now;
      }
      if (seen) threads.set(tid, seen);
    }
    for (const child of children) look(child);
  };
  const timer = setInterval(() => look(root), EVERY_MS);
  return () => {
    clearInterval(timer);
    return { threads: [...threads.values()], processes };
  };
}

/** Resolves once a process or one that it started has a job at work. @throws when it ends before that */
export async function jobsAtWork(pid: number): Promise<void> {
  const named = (root: number): boolean => {
    const { tids, children } = threadsOf(root);
    const comms = tids.map(
      (tid) => ifThere(() => readFileSync(`/proc/${root}/task/${tid}/comm`, 'utf8')) ?? '',
    );
    return comms.some((comm) => comm.startsWith('ub-job')) || children.some(named);
  };
  while (!named(pid)) {
    if (threadsOf(pid).tids.length === 0) throw new Error(`process ${pid} has ended without a job`);
    await setTimeout(EVERY_MS);
  }
}

/** Resolves once the devices have been asked for so many bytes by a process. @throws when it ends before that */
export async function hasRead(pid: number, bytes: number): Promise<void> {
  await jobsAtWork(pid);
  const goal = readIo(pid).readBytes + bytes;
  while (readIo(pid).readBytes < goal) await setTimeout(EVERY_MS);
}
