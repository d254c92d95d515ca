/** Whole results whose backends are explained, by raw figures whose sums agree: what users see of them. */
import { explain } from '../../src/explain/explain.ts';
import { syscallNumber } from '../../src/explain/syscall-names.ts';
import type { RawExplain, RawThread } from '../../src/native/explain.ts';
import type { BackendResult, RunResult } from '../../src/results/schema.ts';
import { summarize } from '../../src/stats/summary.ts';
import { PERCENTILES, trial } from '../fixtures/synthetic-trial.ts';
import { explainContext, rawBlock, rawExplain, rawRing, rawThread } from './synthetic-explain.ts';
import { syntheticRun } from './synthetic-run.ts';

const SECOND = 1_000_000_000;

interface Made {
  /** Of the pass, which has a second; trials without tracing have a quarter more. */
  iops: number;
  /** In flight; 1 of calls. */
  depth: number;
  syscalls: Record<string, number>;
  raw: (ios: number) => Partial<RawExplain>;
}

function sleep(
  call: string,
  ns: number,
  count: number,
  rest: Partial<RawThread['sleeps'][number]> = {},
): RawThread['sleeps'] {
  const syscall = call === '' ? -1 : (syscallNumber(call) ?? -1);
  return [{ syscall, uninterruptible: true, iowait: true, count, ns, ...rest }];
}

function samplesOf(shares: Readonly<Record<string, number>>): RawExplain['samples'] {
  return Object.entries(shares).map(([stack, count]) => ({
    kind: 'job',
    stack: stack === '' ? [] : ['entry_SYSCALL_64', ...stack.split(';')],
    count,
  }));
}

const interruptsOf = (ios: number): Pick<RawExplain, 'irqs' | 'softirqs'> => ({
  irqs: [{ vector: 'virtio0-req.0', count: ios, ns: ios * 1900 }],
  softirqs: [
    { vector: 'BLOCK', count: Math.round(ios / 3), ns: ios * 700 },
    { vector: 'TIMER', count: 250, ns: 250 * 3000 },
  ],
});

const wokenBy = (softirq: number, thread: number): RawThread['wakeups'] => [
  { by: 'softirq', count: softirq },
  { by: 'thread', count: thread },
  { by: 'idle', count: 3 },
];

/** A pass with one job at one I/O. */
const SYNC: Made = {
  iops: 8000,
  depth: 1,
  syscalls: { pread64: 1 },
  raw: (ios) => ({
    block: rawBlock(ios, { inserted: 0, queue_ns: 0, queue_hist: [] }),
    threads: [
      rawThread({
        run_ns: 0.19 * SECOND,
        ready_ns: 0.03 * SECOND,
        sleeps: sleep('pread64', 0.78 * SECOND, ios),
        voluntary: ios,
        involuntary: 120,
        wakeups: wokenBy(ios, 0),
      }),
    ],
    samples: samplesOf({
      'virtqueue_notify;vp_notify;iowrite16': 510,
      '': 120,
      blk_mq_submit_bio: 80,
      dio: 40,
    }),
    ...interruptsOf(ios),
  }),
};

const POSIX_AIO: Made = {
  iops: 8000,
  depth: 8,
  syscalls: { aio_suspend: 1 },
  raw: (ios) => ({
    block: rawBlock(ios),
    threads: [
      rawThread({
        run_ns: 0.2 * SECOND,
        ready_ns: 0.05 * SECOND,
        sleeps: sleep('futex', 0.75 * SECOND, 2 * ios, { uninterruptible: false, iowait: false }),
        voluntary: 2 * ios,
        wakeups: wokenBy(0, 2 * ios),
      }),
      rawThread({
        kind: 'pool',
        run_ns: 0.12 * SECOND,
        ready_ns: 0.04 * SECOND,
        sleeps: [
          ...sleep('pread64', 0.7 * SECOND, ios),
          ...sleep('futex', 0.14 * SECOND, ios, { uninterruptible: false, iowait: false }),
        ],
        voluntary: ios,
        involuntary: 300,
        wakeups: wokenBy(ios, Math.round(0.7 * ios)),
      }),
    ],
    ...interruptsOf(ios),
  }),
};

const POSIX_AIO_CALLS = (ios: number): RawExplain['syscalls'] => [
  { name: 'pread64', kind: 'pool', count: ios, ns: 0.84 * SECOND },
  { name: 'futex', kind: 'pool', count: Math.round(2.2 * ios), ns: 0.18 * SECOND },
  { name: 'futex', kind: 'job', count: 2 * ios, ns: 0.8 * SECOND },
];

const LINUX_AIO: Made = {
  iops: 40000,
  depth: 8,
  syscalls: { io_submit: 1, io_getevents: 1 },
  raw: (ios) => ({
    block: rawBlock(ios),
    threads: [
      rawThread({
        run_ns: 0.9 * SECOND,
        ready_ns: 0.02 * SECOND,
        sleeps: sleep('io_getevents', 0.08 * SECOND, Math.round(0.12 * ios), {
          uninterruptible: false,
        }),
        voluntary: Math.round(0.12 * ios),
        wakeups: wokenBy(Math.round(0.12 * ios), 0),
      }),
    ],
    samples: samplesOf({ 'vp_notify;iowrite16': 300, '': 200, io_submit_one: 180, kfree: 20 }),
    ...interruptsOf(Math.round(ios / 4)),
  }),
};

const IO_URING: Made = {
  iops: 48000,
  depth: 8,
  syscalls: { io_uring_enter: 1 },
  raw: (ios) => ({
    block: rawBlock(ios, { device_ns: ios * 114_000, depth_ns: ios * 114_000 }),
    io_uring: rawRing(ios),
    threads: [
      rawThread({
        run_ns: 0.8 * SECOND,
        sleeps: sleep('io_uring_enter', 0.2 * SECOND, Math.round(0.3 * ios), { uninterruptible: false }),
        voluntary: Math.round(0.3 * ios),
        wakeups: wokenBy(Math.round(0.3 * ios), 0),
      }),
    ],
    ...interruptsOf(Math.round(ios / 4)),
  }),
};

const FORCE_ASYNC: Made = {
  iops: 16000,
  depth: 8,
  syscalls: { io_uring_enter: 1 },
  raw: (ios) => ({
    block: rawBlock(ios),
    io_uring: rawRing(ios, { punted: ios, task_work: 0, submit_to_block: 0, submit_to_block_ns: 0 }),
    threads: [
      rawThread({
        run_ns: 0.4 * SECOND,
        sleeps: sleep('io_uring_enter', 0.6 * SECOND, ios, { uninterruptible: false }),
        voluntary: ios,
        wakeups: wokenBy(0, ios),
      }),
      ...[1, 2, 3, 4].map((tid) =>
        rawThread({
          tid,
          kind: 'iou-wrk',
          run_ns: 0.15 * SECOND,
          ready_ns: 0.12 * SECOND,
          sleeps: sleep('', 0.73 * SECOND, ios / 4),
          voluntary: Math.round(ios / 4),
          wakeups: wokenBy(Math.round(ios / 4), 0),
        }),
      ),
    ],
    ...interruptsOf(ios),
  }),
};

const DIRECT: Readonly<Record<string, Made>> = {
  sync: SYNC,
  'posix-aio': POSIX_AIO,
  'linux-aio': LINUX_AIO,
  'io_uring+fixedbufs+registerfiles': IO_URING,
  'io_uring+force_async': FORCE_ASYNC,
};

/** Half of it is in the page cache, and half of what is not comes by read-ahead. */
const BUFFERED: Readonly<Record<string, Made>> = {
  'linux-aio': {
    iops: 12_000,
    depth: 8,
    syscalls: { io_submit: 1, io_getevents: 1 },
    raw: (ios) => ({
      block: rawBlock(Math.round(ios / 4)),
      threads: [
        rawThread({
          run_ns: 0.3 * SECOND,
          sleeps: sleep('io_submit', 0.7 * SECOND, Math.round(ios / 2)),
          voluntary: Math.round(ios / 2),
          wakeups: wokenBy(Math.round(ios / 2), 0),
        }),
      ],
      cache: {
        lookups: ios,
        misses: Math.round(ios / 2),
        added: ios,
        dirtied: 0,
      },
    }),
  },
};

interface Shape {
  direct: boolean;
  full: boolean;
}

function trialOf(number: number, { iops, depth, syscalls }: Made, runtimeNs: number) {
  return trial(number, number, {
    ...{ iops, depth, runtimeNs, syscalls, bs: { read: 4096, write: 4096 }, reads: 1 },
    ...{ ctxPerIo: 1, helpersShare: 0, usrPct: 3, sysPct: 27, exact: true, slatNs: 0 },
  });
}

function backendOf(variant: string, made: Made, { direct, full }: Shape): BackendResult {
  const backend = variant.split('+')[0] ?? variant;
  const trials = [1.24, 1.25, 1.26].map((turn, at) =>
    trialOf(at + 1, { ...made, iops: made.iops * turn }, 10 * SECOND),
  );
  const pass = trialOf(1, made, SECOND);
  const raw = rawExplain(made.raw(pass.total_ios));
  raw.cost = { programs: 14, runs: pass.total_ios * 9, ns: pass.total_ios * 1200 };
  if (full && backend === 'posix-aio') raw.syscalls = POSIX_AIO_CALLS(pass.total_ios);
  for (const name of ['mm_filemap_get_pages', 'mm_filemap_fault'])
    if (direct) raw.hooks.push({ group: 'cache', name, missing: 'this kernel has no such trace point' });
  const summary = summarize(trials, PERCENTILES);
  const context = explainContext({
    ...{ trial: pass, backend, variant, async: made.depth > 1, direct, full },
    measured_iops: summary?.iops.median ?? null,
  });
  return {
    ...{ backend, variant, label: variant, status: 'complete', reason: null, trials, summary },
    explain: explain(raw, context),
  };
}

/** A run of random reads whose backends are explained. */
export function explainedRun(shape: Shape): RunResult {
  const made = shape.direct ? DIRECT : BUFFERED;
  const run = syntheticRun(
    {},
    { started_at: '2026-11-30T10:00:00.000Z', finished_at: '2026-11-30T10:05:00.000Z' },
  );
  for (const job of run.jobs) job.options = { ...job.options, direct: shape.direct, trials: 3 };
  return { ...run, backends: Object.entries(made).map(([name, one]) => backendOf(name, one, shape)) };
}
