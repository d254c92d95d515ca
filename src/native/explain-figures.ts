/** The figures of a traced trial, as they are seen: times in ns, counts whole. */
/** A hook, and why the kernel or this machine lacks it; null: attached. */
export interface ExplainHook {
  name: string;
  group: 'sched' | 'block' | 'io_uring' | 'irq' | 'syscalls' | 'cache' | 'samples';
  missing: string | null;
}

/** What a thread is to the trial; pool: glibc's aio threads and threadpool's workers. */
export type ExplainThreadKind = 'job' | 'pool' | 'iou-wrk' | 'iou-sqp' | 'other';

/** What was seen of a thread inside the window. */
export interface RawThread {
  tid: number;
  name: string;
  kind: ExplainThreadKind;
  /** Of the window. run + ready + sleep = alive, within 1 %. */
  alive_ns: number;
  /** CPU time, as the scheduler counts it (sum_exec_runtime). */
  run_ns: number;
  /** CPU time in user mode and in the kernel as the kernel tells them apart, of its ticks or counted: a ratio, no sum. */
  user_ns?: number;
  kernel_ns?: number;
  /** Able to run, and waiting for a CPU (run_delay). */
  ready_ns: number;
  sleep_ns: number;
  /** syscall: its number; -1: a kernel thread, or a page fault. */
  sleeps: { syscall: number; uninterruptible: boolean; iowait: boolean; count: number; ns: number }[];
  /** Switches away from it. */
  voluntary: number;
  involuntary: number;
  /** Who woke it. */
  wakeups: { by: 'softirq' | 'irq' | 'thread' | 'self' | 'kworker' | 'idle'; count: number }[];
  migrations: number;
}

export interface RawExplain {
  hooks: ExplainHook[];
  /** From the first job's begin to the last job's end. */
  window_ns: number;
  /** What tracing took by itself (BPF_ENABLE_STATS); null where the kernel does not say. */
  cost: { programs: number; runs: number; ns: number } | null;
  threads: RawThread[];
  block: {
    /** Requests begun: block_io_start. */
    started: number;
    inserted: number;
    issued: number;
    completed: number;
    errors: number;
    bytes: number;
    /** Sum of block_io_start to insert, or to issue when not inserted. */
    before_ns: number;
    /** Sum of insert to issue. */
    queue_ns: number;
    /** Sum of issue to complete. */
    device_ns: number;
    /** By floor(log2(ns)). */
    queue_hist: number[];
    device_hist: number[];
    /**
     * Sum over requests that ended while their thread was off the CPU: for how long that was able to run, and waited for
     * a CPU, from then on.
     */
    reap_wait_ns?: number;
    /** Requests at the device, integrated over time; by the window it is how many were there at once. */
    depth_ns: number;
    /** Completions of requests that belonged to nobody traced. */
    others: number;
    /**
     * Begun, and their end was not seen: then counts are too small by about so many. Some kernels run no programs
     * on top of process 1's threads (docs/EXPLAIN.md).
     */
    lost?: number;
    /** Times that ext4 allocated blocks for a traced thread; not there where that is not seen. */
    allocations?: number;
    /** Sum of the time from the start of the system call that a request was begun in, and of how many; 0 without `full`. */
    call_to_block_ns?: number;
    call_to_block?: number;
  };
  io_uring: {
    /** By opcode: READ, ... */
    submits: Record<string, number>;
    completions: number;
    inline: number;
    task_work: number;
    poll: number;
    punted: number;
    /** Of these, reads and writes of files that cannot be asked without waiting (no FMODE_NOWAIT). */
    punted_unable?: number;
    overflows: number;
    waits: number;
    /** Sum of submission to block_io_start, and of how many. */
    submit_to_block_ns: number;
    submit_to_block: number;
  };
  /** On the CPUs that traced threads ran on. */
  irqs: { vector: string; count: number; ns: number }[];
  softirqs: { vector: string; count: number; ns: number }[];
  /** With `full`; else empty. */
  syscalls: { name: string; kind: ExplainThreadKind; count: number; ns: number }[];
  /** null where it is not hooked. */
  cache: {
    /** Pages: */
    lookups: number;
    misses: number;
    added: number;
    dirtied: number;
  } | null;
  /** With `full`. stack: kernel symbols, the leaf last; empty: found in user mode. */
  samples: { kind: ExplainThreadKind; stack: string[]; count: number }[];
}
