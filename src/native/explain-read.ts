/** What the programs of a tracer counted, out of their maps: names for numbers, one record after the other. */
import { readFileSync } from 'node:fs';
import { systemFailure } from '../errors.ts';
import { LAYOUT, UB } from './abi.ts';
import { fieldOf, Reader } from './codec.ts';
import type { ExplainHook, ExplainThreadKind, RawExplain, RawThread } from './explain-figures.ts';
import { KernelSymbols } from './explain-symbols.ts';
import { library, type TracerHandle } from './library.ts';

const GROUPS: Record<number, ExplainHook['group']> = {
  [UB.GROUP_SCHED]: 'sched',
  [UB.GROUP_BLOCK]: 'block',
  [UB.GROUP_IO_URING]: 'io_uring',
  [UB.GROUP_IRQ]: 'irq',
  [UB.GROUP_SYSCALLS]: 'syscalls',
  [UB.GROUP_CACHE]: 'cache',
  [UB.GROUP_SAMPLES]: 'samples',
};

const MISSING: Record<number, string> = {
  [UB.HOOK_ABSENT]: 'this kernel has no such trace point',
  [UB.HOOK_OTHER]: 'in this kernel the trace point has other arguments',
  [UB.HOOK_FAILED]: 'the kernel refused it',
};

const WAKERS: readonly [number, RawThread['wakeups'][number]['by']][] = [
  [UB.WAKER_SOFTIRQ, 'softirq'],
  [UB.WAKER_IRQ, 'irq'],
  [UB.WAKER_THREAD, 'thread'],
  [UB.WAKER_SELF, 'self'],
  [UB.WAKER_KWORKER, 'kworker'],
  [UB.WAKER_IDLE, 'idle'],
];

/** Soft interrupts by their numbers, as /proc/softirqs names them. */
const SOFTIRQS = 'HI TIMER NET_TX NET_RX BLOCK IRQ_POLL TASKLET SCHED HRTIMER RCU'.split(' ');

/** Operations of io_uring by their numbers (linux/io_uring.h), to Linux 6.18. */
const OPCODES = (
  'NOP READV WRITEV FSYNC READ_FIXED WRITE_FIXED POLL_ADD POLL_REMOVE SYNC_FILE_RANGE SENDMSG RECVMSG TIMEOUT ' +
  'TIMEOUT_REMOVE ACCEPT ASYNC_CANCEL LINK_TIMEOUT CONNECT FALLOCATE OPENAT CLOSE FILES_UPDATE STATX READ WRITE ' +
  'FADVISE MADVISE SEND RECV OPENAT2 EPOLL_CTL SPLICE PROVIDE_BUFFERS REMOVE_BUFFERS TEE SHUTDOWN RENAMEAT UNLINKAT ' +
  'MKDIRAT SYMLINKAT LINKAT MSG_RING FSETXATTR SETXATTR FGETXATTR GETXATTR SOCKET URING_CMD SEND_ZC SENDMSG_ZC ' +
  'READ_MULTISHOT WAITID FUTEX_WAIT FUTEX_WAKE FUTEX_WAITV FIXED_FD_INSTALL FTRUNCATE BIND LISTEN RECV_ZC EPOLL_WAIT ' +
  'READV_FIXED WRITEV_FIXED PIPE NOP128 URING_CMD128'
).split(' ');

type RecordName =
  | 'explainThread'
  | 'explainSleep'
  | 'explainTotals'
  | 'explainIrq'
  | 'explainHook'
  | 'explainRun'
  | 'explainSyscall'
  | 'explainSample';

/** Records of one kind, as C hands them over: a copy. */
class Records<S extends RecordName> {
  readonly reader: Reader;
  readonly bases: readonly number[];

  constructor(tracer: TracerHandle, kind: number, struct: S, most: number) {
    const { size } = LAYOUT[struct];
    const bytes = new Uint8Array(size * most);
    const count = library().explainRead(tracer, kind, bytes, bytes.length);
    if (count < 0) throw systemFailure(-count, 'read what was traced');
    this.reader = new Reader(bytes);
    this.bases = Array.from({ length: count }, (_, index) => index * size);
  }
}

/** The words of an array field. */
function words(reader: Reader, base: number, field: { offset: number; bytes: number }): number[] {
  return Array.from({ length: field.bytes / 8 }, (_, at) =>
    reader.u64(base + field.offset + at * 8, 'a count of the tracer'),
  );
}

function kindOf(name: string, slot: number, io: boolean, foreign: boolean): ExplainThreadKind {
  // The kernel marks both of io_uring's as workers: the name tells them apart.
  if (name.startsWith('iou-sqp')) return 'iou-sqp';
  if (name.startsWith('iou-wrk')) return 'iou-wrk';
  if (foreign) return io ? 'job' : 'other';
  return slot > 0 ? 'job' : 'pool';
}

function readSleeps(tracer: TracerHandle): Map<number, RawThread['sleeps']> {
  const sleeps = new Map<number, RawThread['sleeps']>();
  const { reader, bases } = new Records(tracer, UB.EXPLAIN_READ_SLEEPS, 'explainSleep', UB.EXPLAIN_SLEEPS);
  for (const base of bases) {
    const tid = reader.number(base, 'explainSleep', 'tid');
    const flags = reader.number(base, 'explainSleep', 'flags');
    const list = sleeps.get(tid) ?? [];
    sleeps.set(tid, list);
    list.push({
      syscall: reader.number(base, 'explainSleep', 'syscall'),
      uninterruptible: (flags & UB.SLEEP_UNINTERRUPTIBLE) !== 0,
      iowait: (flags & UB.SLEEP_IOWAIT) !== 0,
      count: reader.number(base, 'explainSleep', 'count'),
      ns: reader.number(base, 'explainSleep', 'ns'),
    });
  }
  return sleeps;
}

function readThreads(tracer: TracerHandle, foreign: boolean): RawThread[] {
  const sleeps = readSleeps(tracer);
  const { reader, bases } = new Records(tracer, UB.EXPLAIN_READ_THREADS, 'explainThread', UB.EXPLAIN_THREADS);
  const threads = bases.map((base): RawThread => {
    const number = (field: Parameters<typeof reader.number<'explainThread'>>[2]) =>
      reader.number(base, 'explainThread', field);
    const name = reader.text(base + fieldOf('explainThread', 'name').offset, UB.EXPLAIN_NAME);
    const tid = number('tid');
    const wakeups = words(reader, base, fieldOf('explainThread', 'wakeups'));
    return {
      tid,
      name,
      kind: kindOf(name, number('slot'), (number('flags') & UB.THREAD_DID_IO) !== 0, foreign),
      alive_ns: number('alive_ns'),
      run_ns: number('run_ns'),
      user_ns: number('user_ns'),
      kernel_ns: number('kernel_ns'),
      ready_ns: number('ready_ns'),
      sleep_ns: number('sleep_ns'),
      sleeps: sleeps.get(tid) ?? [],
      voluntary: number('voluntary'),
      involuntary: number('involuntary'),
      wakeups: WAKERS.map(([at, by]) => ({ by, count: wakeups[at] ?? 0 })).filter(({ count }) => count > 0),
      migrations: number('migrations'),
    };
  });
  // A pool's thread that stays from an earlier trial, and has nothing to do in this one, is none of it.
  const idle = ({ kind, run_ns, sleeps }: RawThread) =>
    kind === 'pool' && run_ns === 0 && sleeps.every(({ count }) => count === 0);
  return threads.filter((thread) => thread.alive_ns > 0 && !idle(thread));
}

function readHooks(tracer: TracerHandle): ExplainHook[] {
  const { reader, bases } = new Records(tracer, UB.EXPLAIN_READ_HOOKS, 'explainHook', 64);
  const { offset, bytes } = fieldOf('explainHook', 'name');
  return bases.map((base) => ({
    name: reader.text(base + offset, bytes),
    group: GROUPS[reader.number(base, 'explainHook', 'group')] ?? 'sched',
    missing: MISSING[reader.number(base, 'explainHook', 'state')] ?? null,
  }));
}

/** What each interrupt's handler is for, as /proc/interrupts ends its line: 36 -> virtio1-req.0. */
function interruptNames(): Map<number, string> {
  const lines = readFileSync('/proc/interrupts', 'utf8').split('\n');
  const cpus = lines[0]?.trim().split(/\s+/).length ?? 0;
  return new Map(
    lines.slice(1).flatMap((line) => {
      const [, number, rest] = /^\s*(\d+):\s*(.*)$/.exec(line) ?? [];
      const name = rest?.split(/\s+/).slice(cpus).at(-1);
      return number === undefined || name === undefined ? [] : [[Number(number), name] as const];
    }),
  );
}

function readInterrupts(tracer: TracerHandle): Pick<RawExplain, 'irqs' | 'softirqs'> {
  const { reader, bases } = new Records(tracer, UB.EXPLAIN_READ_IRQS, 'explainIrq', 512);
  const names = interruptNames();
  const result: Pick<RawExplain, 'irqs' | 'softirqs'> = { irqs: [], softirqs: [] };
  for (const base of bases) {
    const vector = reader.number(base, 'explainIrq', 'vector');
    const hard = reader.number(base, 'explainIrq', 'kind') === UB.IRQ_HARD;
    (hard ? result.irqs : result.softirqs).push({
      vector: (hard ? names.get(vector) : SOFTIRQS[vector]) ?? `${vector}`,
      count: reader.number(base, 'explainIrq', 'count'),
      ns: reader.number(base, 'explainIrq', 'ns'),
    });
  }
  return result;
}

function readTotals(
  tracer: TracerHandle,
  seen: (name: string) => boolean,
): Pick<RawExplain, 'block' | 'io_uring'> & {
  cache: NonNullable<RawExplain['cache']>;
} {
  const { reader } = new Records(tracer, UB.EXPLAIN_READ_TOTALS, 'explainTotals', 1);
  const number = (field: Parameters<typeof reader.number<'explainTotals'>>[2]) =>
    reader.number(0, 'explainTotals', field);
  const submits = words(reader, 0, fieldOf('explainTotals', 'submits'));
  return {
    block: {
      started: number('started'),
      inserted: number('inserted'),
      issued: number('issued'),
      completed: number('completed'),
      errors: number('errors'),
      bytes: number('bytes'),
      before_ns: number('before_ns'),
      queue_ns: number('queue_ns'),
      device_ns: number('device_ns'),
      reap_wait_ns: number('reap_wait_ns'),
      queue_hist: words(reader, 0, fieldOf('explainTotals', 'queue_hist')),
      device_hist: words(reader, 0, fieldOf('explainTotals', 'device_hist')),
      depth_ns: number('depth_ns'),
      others: number('others'),
      lost: number('lost'),
      ...(seen('ext4_allocate_blocks') ? { allocations: number('allocations') } : {}),
      call_to_block_ns: number('call_to_block_ns'),
      call_to_block: number('call_to_block'),
    },
    io_uring: {
      submits: Object.fromEntries(
        submits.flatMap((count, at) => (count > 0 ? [[OPCODES[at] ?? `op ${at}`, count]] : [])),
      ),
      completions: number('completions'),
      inline: number('completed_inline'),
      task_work: number('task_work'),
      poll: number('poll'),
      punted: number('punted'),
      punted_unable: number('punted_unable'),
      overflows: number('overflows'),
      waits: number('waits'),
      submit_to_block_ns: number('submit_to_block_ns'),
      submit_to_block: number('submit_to_block'),
    },
    cache: {
      lookups: number('lookups'),
      misses: number('misses'),
      added: number('added'),
      dirtied: number('dirtied'),
    },
  };
}

/** A system call's name by its number on this machine. */
function syscallName(number: number): string {
  return library().syscallName(number) ?? `syscall ${number}`;
}

/** Adds up what threads of a kind have in common. */
function gather<T extends { count: number }>(
  items: Iterable<readonly [string, T]>,
  add: (to: T, item: T) => void,
): T[] {
  const sums = new Map<string, T>();
  for (const [key, item] of items) {
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...item });
    else add(sum, item);
  }
  return [...sums.values()].toSorted((a, b) => b.count - a.count);
}

type Kinds = ReadonlyMap<number, ExplainThreadKind>;

function readSyscalls(tracer: TracerHandle, kinds: Kinds): RawExplain['syscalls'] {
  const { reader, bases } = new Records(
    tracer,
    UB.EXPLAIN_READ_SYSCALLS,
    'explainSyscall',
    UB.EXPLAIN_SLEEPS,
  );
  const calls = bases.map((base): readonly [string, RawExplain['syscalls'][number]] => {
    const kind = kinds.get(reader.number(base, 'explainSyscall', 'tid')) ?? 'other';
    const name = syscallName(reader.number(base, 'explainSyscall', 'syscall'));
    const count = reader.number(base, 'explainSyscall', 'count');
    return [`${kind} ${name}`, { name, kind, count, ns: reader.number(base, 'explainSyscall', 'ns') }];
  });
  return gather(calls, (to, { count, ns }) => {
    to.count += count;
    to.ns += ns;
  });
}

function readSamples(tracer: TracerHandle, kinds: Kinds): RawExplain['samples'] {
  const { reader, bases } = new Records(
    tracer,
    UB.EXPLAIN_READ_SAMPLES,
    'explainSample',
    UB.EXPLAIN_SLEEPS / 4,
  );
  if (bases.length === 0) return [];
  const symbols = KernelSymbols.read();
  const view = new DataView(reader.bytes.buffer);
  const { offset } = fieldOf('explainSample', 'stack');
  const samples = bases.map((base): readonly [string, RawExplain['samples'][number]] => {
    const kind = kinds.get(reader.number(base, 'explainSample', 'tid')) ?? 'other';
    const frames = Array.from({ length: reader.number(base, 'explainSample', 'frames') }, (_, at) =>
      symbols.name(view.getBigUint64(base + offset + at * 8, true)),
    );
    const stack = frames.reverse();
    return [
      `${kind};${stack.join(';')}`,
      { kind, stack, count: reader.number(base, 'explainSample', 'count') },
    ];
  });
  return gather(samples, (to, { count }) => {
    to.count += count;
  });
}

/** All of it. @param foreign of a program that is not ours @throws the system's error */
export function readTraced(tracer: TracerHandle, foreign: boolean): RawExplain {
  const { reader } = new Records(tracer, UB.EXPLAIN_READ_RUN, 'explainRun', 1);
  const runs = reader.number(0, 'explainRun', 'runs');
  const cost = {
    programs: reader.number(0, 'explainRun', 'programs'),
    runs,
    ns: reader.number(0, 'explainRun', 'ns'),
  };
  const threads = readThreads(tracer, foreign);
  const kinds: Kinds = new Map(threads.map(({ tid, kind }) => [tid, kind]));
  const hooks = readHooks(tracer);
  const seen = (name: string) => hooks.some((hook) => hook.name === name && hook.missing === null);
  const { cache, ...totals } = readTotals(tracer, seen);
  const lookups = seen('mm_filemap_get_pages') && seen('mm_filemap_add_to_page_cache');
  return {
    hooks,
    window_ns: reader.number(0, 'explainRun', 'window_ns'),
    cost: runs > 0 ? cost : null,
    threads,
    ...totals,
    ...readInterrupts(tracer),
    syscalls: readSyscalls(tracer, kinds),
    cache: lookups && seen('writeback_dirty_folio') ? cache : null,
    samples: readSamples(tracer, kinds),
  };
}
