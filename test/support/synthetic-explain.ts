/** What a tracer would have read of passes on a made-up device, whose sums agree with each other. Times in ns. */
import type { ExplainContext } from '../../src/explain/context.ts';
import type { ExplainHook, RawExplain, RawThread } from '../../src/native/explain.ts';
import { syntheticTrial } from './synthetic-run.ts';

const WINDOW_NS = 1_000_000_000;
/** Of each request of the made-up device. */
export const DEVICE_NS = 80_000;
export const QUEUE_NS = 2_000;

const GROUPS: readonly (readonly [ExplainHook['group'], string])[] = [
  ['sched', 'sched_switch'],
  ['sched', 'sched_waking'],
  ['block', 'block_io_start'],
  ['block', 'block_rq_insert'],
  ['block', 'block_rq_issue'],
  ['block', 'block_rq_complete'],
  ['io_uring', 'io_uring_submit_req'],
  ['irq', 'softirq_entry'],
  ['samples', 'cpu_clock'],
  ['syscalls', 'sys_enter'],
];

/** A thread that was there throughout: what it did not run or wait for a CPU it slept. */
export function rawThread(rest: Partial<RawThread> = {}): RawThread {
  const thread: RawThread = {
    tid: 100,
    name: 'uring-bench',
    kind: 'job',
    alive_ns: WINDOW_NS,
    run_ns: 0,
    ready_ns: 0,
    sleep_ns: 0,
    sleeps: [],
    voluntary: 0,
    involuntary: 0,
    wakeups: [],
    migrations: 0,
    ...rest,
  };
  return { ...thread, sleep_ns: thread.alive_ns - thread.run_ns - thread.ready_ns };
}

/** Block requests, each `DEVICE_NS` at the device. */
export function rawBlock(requests: number, rest: Partial<RawExplain['block']> = {}): RawExplain['block'] {
  return {
    started: requests,
    inserted: requests,
    issued: requests,
    completed: requests,
    errors: 0,
    bytes: requests * 4096,
    before_ns: requests * 500,
    queue_ns: requests * QUEUE_NS,
    device_ns: requests * DEVICE_NS,
    queue_hist: [...Array(10).fill(0), requests, 0, 0],
    device_hist: [...Array(16).fill(0), requests, 0],
    depth_ns: requests * DEVICE_NS,
    others: 0,
    lost: 0,
    ...rest,
  };
}

const NO_RING: RawExplain['io_uring'] = {
  submits: {},
  completions: 0,
  inline: 0,
  task_work: 0,
  poll: 0,
  punted: 0,
  overflows: 0,
  waits: 0,
  submit_to_block_ns: 0,
  submit_to_block: 0,
};

export function rawRing(
  requests: number,
  rest: Partial<RawExplain['io_uring']> = {},
): RawExplain['io_uring'] {
  return {
    ...NO_RING,
    submits: { READ: requests },
    completions: requests,
    task_work: requests,
    waits: requests,
    submit_to_block_ns: requests * 1500,
    submit_to_block: requests,
    ...rest,
  };
}

export function rawExplain(rest: Partial<RawExplain> = {}): RawExplain {
  return {
    hooks: GROUPS.map(([group, name]) => ({ group, name, missing: null })),
    window_ns: WINDOW_NS,
    cost: { programs: 12, runs: 100_000, ns: 20_000_000 },
    threads: [rawThread()],
    block: rawBlock(0),
    io_uring: NO_RING,
    irqs: [],
    softirqs: [],
    syscalls: [],
    cache: null,
    samples: [],
    ...rest,
  };
}

/** Of a trial of direct random reads at depth 8: 800 usec an I/O at 10,000 IOPS. */
export function explainContext(rest: Partial<ExplainContext> = {}): ExplainContext {
  return {
    trial: syntheticTrial(1, 10_000),
    backend: 'io_uring',
    variant: rest.backend ?? 'io_uring',
    async: true,
    direct: true,
    iodepth: 8,
    rw: 'randread',
    measured_iops: 12_000,
    full: false,
    ...rest,
  };
}
