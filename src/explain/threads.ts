/** From what was seen of each thread to a row for each kind of thread. All times in ns. */
import type { ExplainThreadKind, RawThread } from '../native/explain.ts';
import type { ThreadFigures } from '../results/schema-explain.ts';
import type { ExplainContext } from './context.ts';
import { syscallName } from './syscall-names.ts';

const KINDS: readonly ExplainThreadKind[] = ['job', 'pool', 'iou-wrk', 'iou-sqp', 'other'];

/** Backends whose I/O threads of their own do; glibc's outlive a trial, and idle through those of other backends. */
const POOLED: readonly string[] = ['posix-aio', 'threadpool'];

/** Whether threads of a kind may do a pass's I/O; of a program that is not ours nobody knows. */
function takesPart(kind: ExplainThreadKind, { trial, backend }: ExplainContext): boolean {
  if (trial === null) return true;
  return kind === 'pool' ? POOLED.includes(backend) : kind !== 'other';
}

/** Calls in which a thread of a pool waits for work or for a lock, not for an I/O. */
export const IDLE_CALLS: readonly string[] = [
  ...['futex', 'futex_waitv', 'sched_yield', 'nanosleep', 'clock_nanosleep'],
];

/** Whether a thread of a pool had nothing to do: it may be left of an earlier trial, and ends when it has waited enough. */
function isIdle({ kind, run_ns, alive_ns, sleeps }: RawThread): boolean {
  const waited = sleeps.every(({ syscall }) => IDLE_CALLS.includes(syscallName(syscall)));
  return kind === 'pool' && waited && run_ns < alive_ns / 1000;
}

function isKernelThread(kind: ExplainThreadKind): boolean {
  return kind === 'iou-wrk' || kind === 'iou-sqp';
}

function sleepName(number: number, kind: ExplainThreadKind): string {
  if (number >= 0) return syscallName(number);
  return isKernelThread(kind) ? 'kernel' : 'page fault';
}

/** Sleeps of several threads by where they slept, longest first. */
function sleepsOf(threads: readonly RawThread[]): ThreadFigures['sleeps'] {
  const found = new Map<string, ThreadFigures['sleeps'][number]>();
  for (const { kind, sleeps } of threads) {
    for (const { syscall, uninterruptible, iowait, count, ns } of sleeps) {
      const name = sleepName(syscall, kind);
      const key = `${name} ${uninterruptible} ${iowait}`;
      const known = found.get(key);
      if (known) {
        known.count += count;
        known.ns += ns;
      } else found.set(key, { in: name, uninterruptible, iowait, count, ns });
    }
  }
  return [...found.values()].sort((a, b) => b.ns - a.ns);
}

function wakeupsOf(threads: readonly RawThread[]): ThreadFigures['wakeups'] {
  const wakeups = { softirq: 0, irq: 0, thread: 0, self: 0, kworker: 0, idle: 0 };
  for (const { by, count } of threads.flatMap((thread) => thread.wakeups)) wakeups[by] += count;
  return wakeups;
}

/**
 * Time in user mode of threads: the scheduler's CPU time, divided as the kernel's own two counts are, which is what it
 * does for /proc. null where it has counted nothing of them.
 */
function userOf(kind: ExplainThreadKind, threads: readonly RawThread[], runNs: number): number | null {
  if (isKernelThread(kind)) return 0;
  const user = threads.reduce((sum, { user_ns = 0 }) => sum + user_ns, 0);
  const kernel = threads.reduce((sum, { kernel_ns = 0 }) => sum + kernel_ns, 0);
  return user + kernel > 0 ? Math.round((runNs * user) / (user + kernel)) : null;
}

/** A row for the threads of one kind. */
function rowOf(kind: ExplainThreadKind, threads: readonly RawThread[]): ThreadFigures {
  const sum = (of: (thread: RawThread) => number): number =>
    threads.reduce((total, thread) => total + of(thread), 0);
  const runNs = sum(({ run_ns }) => run_ns);
  return {
    kind,
    threads: threads.length,
    alive_ns: sum(({ alive_ns }) => alive_ns),
    run_ns: runNs,
    user_ns: userOf(kind, threads, runNs),
    ready_ns: sum(({ ready_ns }) => ready_ns),
    sleep_ns: sum(({ sleep_ns }) => sleep_ns),
    sleeps: sleepsOf(threads),
    voluntary: sum(({ voluntary }) => voluntary),
    involuntary: sum(({ involuntary }) => involuntary),
    migrations: sum(({ migrations }) => migrations),
    wakeups: wakeupsOf(threads),
  };
}

/**
 * A row for each kind that was seen. Of a trial those are left out that do none of its I/O.
 * The trial's own time in user mode is that of its jobs where all its helpers are threads of the kernel.
 */
export function threadFigures(threads: readonly RawThread[], context: ExplainContext): ThreadFigures[] {
  const { trial } = context;
  const rows = KINDS.filter((kind) => takesPart(kind, context)).flatMap((kind) => {
    const some = threads.filter((thread) => thread.kind === kind && !isIdle(thread));
    return some.length > 0 ? [rowOf(kind, some)] : [];
  });
  const inUser = rows.filter(({ kind }) => !isKernelThread(kind));
  const [jobs] = inUser;
  if (trial !== null && jobs?.kind === 'job' && inUser.length === 1)
    jobs.user_ns = Math.min(trial.cpu.usr_ns, jobs.run_ns);
  return rows;
}
