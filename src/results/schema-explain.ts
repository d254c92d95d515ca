/**
 * The part of a stored result that says what the kernel was seen to do for a backend, in a pass of its own beside the
 * trials (`--explain`). Reports are made of it alone. docs/EXPLAIN.md defines each figure, with its hook and its error.
 */
import { type Static, Type } from '@sinclair/typebox';
import { STACKS_MOST } from './read-limits.ts';
import { BasicFiguresSchema } from './schema-explain-basic.ts';
import { amount, count, nullable, strict } from './schema-kinds.ts';

const ThreadKindSchema = Type.Union(
  [
    Type.Literal('job'),
    Type.Literal('pool'),
    Type.Literal('iou-wrk'),
    Type.Literal('iou-sqp'),
    Type.Literal('other'),
  ],
  { description: "pool: threads of glibc's aio or of threadpool; iou-wrk, iou-sqp: io_uring's own" },
);

const HooksSchema = Type.Object(
  {
    attached: Type.Array(Type.String(), { description: 'names of trace points' }),
    missing: Type.Array(
      Type.Object({ name: Type.String(), group: Type.String(), reason: Type.String() }, strict),
      { description: 'those that this machine lacks: their figures are null or empty' },
    ),
  },
  strict,
);

const CostSchema = Type.Object(
  {
    programs: count('BPF programs that were attached'),
    runs: count('times that they ran, for all processes of the machine'),
    ns: count('CPU time that they took, ns'),
  },
  { ...strict, description: 'of tracing itself, in the window' },
);

/** Parts of an I/O's latency that may have to stand in one with `until_reaped_ns`. */
const UNDIVIDED = Type.Union([Type.Literal('turn'), Type.Literal('before')]);

const TimeSchema = Type.Object(
  {
    total_ns: nullable(
      amount(
        'mean latency of the pass from when I/Os were sent, ns; null when it did none or it is not ours',
      ),
    ),
    turn_ns: nullable(
      amount('of it, mean ns in which nobody worked on the I/O: it waited for a thread of the pool'),
    ),
    turn_exact: Type.Boolean({
      description: 'false: turn_ns is the least it can be, since the work of the pool is counted whole',
    }),
    before_ns: nullable(
      amount("mean ns from the kernel's taking it up until it is in the scheduler's queue or at the device"),
    ),
    queue_ns: nullable(amount("mean ns in the I/O scheduler's queue: insert to issue")),
    device_ns: nullable(amount('mean ns at the device: issue to complete')),
    until_reaped_ns: nullable(amount('the rest, mean ns: from completion until the call or the job had it')),
    reap_wait_ns: Type.Optional(
      nullable(
        amount(
          'of until_reaped_ns, mean ns that the thread it was for was ready and waited for a CPU; the least it can be',
        ),
      ),
    ),
    undivided: Type.Array(UNDIVIDED, {
      description: 'parts that are null since they could not be told from until_reaped_ns, which holds them',
    }),
    waits_for_cpu_ns: nullable(
      amount('mean ns an I/O that threads were ready and waited for a CPU; lies within the other parts'),
    ),
    in_service: nullable(
      amount('I/Os that threads of the pool worked on at once, mean over the window; null without a pool'),
    ),
  },
  { ...strict, description: "where an I/O's time went; null where it is not known" },
);

const BlockSchema = Type.Object(
  {
    are_ios: Type.Boolean({
      description:
        'whether I/Os were block requests one by one; else means are of requests (readahead, writeback, splits)',
    }),
    started: count('requests that were begun'),
    inserted: count("requests that went through a scheduler's queue"),
    issued: count('requests handed to the device'),
    completed: count('requests completed'),
    errors: count('requests completed with an error'),
    bytes: count('bytes of completed requests'),
    others: count('requests of others that completed meanwhile'),
    lost: count(
      'requests that were begun and whose end was not seen: the other counts are too small by about so many',
    ),
    allocations: Type.Optional(
      nullable(count('times that ext4 allocated blocks for its threads; null where that is not seen')),
    ),
    before_ns: nullable(amount('mean ns of a request from its begin until it was inserted or issued')),
    queue_ns: nullable(amount('mean ns of a request from insert to issue; 0 for those not inserted')),
    device_ns: nullable(amount('mean ns of a request from issue to complete')),
    at_device: amount('requests at the device at once, mean over the window'),
    queue_hist: Type.Array(count(), { description: 'requests by floor(log2(ns)) in the queue' }),
    device_hist: Type.Array(count(), { description: 'requests by floor(log2(ns)) at the device' }),
  },
  { ...strict, description: 'block requests that the traced threads caused' },
);

const SleepSchema = Type.Object(
  {
    in: Type.String({ description: 'name of the system call; "page fault", "kernel" of a kernel thread' }),
    uninterruptible: Type.Boolean(),
    iowait: Type.Boolean({ description: 'whether the kernel counted it as waiting for I/O' }),
    count: count('times'),
    ns: count('for so long, ns'),
  },
  strict,
);

const WakeupsSchema = Type.Object(
  {
    softirq: count('by a soft interrupt'),
    irq: count('by a hard interrupt'),
    thread: count('by another thread'),
    self: count('by itself'),
    kworker: count('by a kernel worker'),
    idle: count('by an idle CPU'),
  },
  { ...strict, description: 'times that threads were woken, by whom' },
);

const ThreadsSchema = Type.Object(
  {
    kind: ThreadKindSchema,
    threads: count('threads of this kind that were seen'),
    alive_ns: count('of the window, ns, summed over threads: run + ready + sleep within 1 %'),
    run_ns: count('on a CPU, ns'),
    user_ns: nullable(count('the part of run_ns in user mode, ns; null where it cannot be told')),
    ready_ns: count('ready to run and waiting for a CPU, ns'),
    sleep_ns: count('asleep, ns'),
    sleeps: Type.Array(SleepSchema, { description: 'where it slept, longest first' }),
    voluntary: count('switches away because it slept'),
    involuntary: count('switches away because another was to run'),
    migrations: count('times that it went on on another CPU'),
    wakeups: WakeupsSchema,
  },
  { ...strict, description: 'threads of one kind, summed' },
);

const InterruptSchema = Type.Object(
  {
    soft: Type.Boolean({ description: 'false: a hard interrupt' }),
    vector: Type.String({ description: 'its name: virtio0-req.0, BLOCK' }),
    count: count('times'),
    ns: count('CPU time, ns'),
  },
  { ...strict, description: 'interrupts on CPUs that traced threads ran on, whoever caused them' },
);

const RingSchema = Type.Object(
  {
    submits: Type.Record(Type.String(), count(), { description: 'requests by opcode: READ, WRITE, ...' }),
    completions: count('CQEs'),
    inline: count('requests completed while they were submitted, without a block request'),
    task_work: count('requests completed by task work, after a block request'),
    poll: count('requests completed by polling the device (IOPOLL)'),
    punted: count('requests handed to worker threads (io-wq)'),
    punted_unable: Type.Optional(
      count('of these, reads and writes of files that cannot be asked without waiting (no FMODE_NOWAIT)'),
    ),
    overflows: count('completions for which the CQ ring had no room'),
    waits: count('times that a thread waited for completions'),
    submit_to_block_ns: nullable(
      amount('mean ns from submission in the kernel to the begin of the block request'),
    ),
  },
  strict,
);

const SyscallSchema = Type.Object(
  { name: Type.String(), kind: ThreadKindSchema, count: count('calls'), ns: count('time inside, ns') },
  strict,
);

const CacheSchema = Type.Object(
  {
    lookups: count('pages that reads looked for'),
    hits: count('pages found: lookups less misses'),
    misses: count('pages that a read had to add first'),
    added: count('pages added, by reads, readahead and writes'),
    readahead: nullable(count('pages added that no read had asked for; null where writes added some, too')),
    dirtied: count('pages made dirty, to be written back'),
  },
  { ...strict, description: 'the page cache, for the traced threads; faults of mappings are no lookups' },
);

const SamplesSchema = Type.Object(
  {
    total: count('samples of CPUs on which a traced thread ran'),
    doorbell: count("those inside virtio's notification of the device, which leaves a virtual machine"),
    top: Type.Array(
      Type.Object(
        {
          function: Type.String({ description: 'of the kernel; "user mode" outside it' }),
          count: count('samples'),
        },
        strict,
      ),
      { description: 'the five most frequent innermost functions' },
    ),
    stacks: Type.Optional(
      Type.Array(
        Type.Object(
          {
            frames: Type.String({
              description:
                'KIND;FUNCTION;...;FUNCTION: of thread, then the outermost first; "user mode" outside the kernel',
            }),
            count: count('samples'),
          },
          strict,
        ),
        { maxItems: STACKS_MOST, description: 'where samples were, the most frequent stacks first' },
      ),
    ),
  },
  strict,
);

const TracedSchema = Type.Object(
  {
    window_ns: count("from the first job's begin to the last job's end, ns"),
    ios: count('what figures "an I/O" are divided by'),
    per: Type.Union([Type.Literal('I/O'), Type.Literal('block request')], {
      description: 'what `ios` counts: block requests of a program that is not ours',
    }),
    hooks: HooksSchema,
    cost: nullable(CostSchema),
    time: TimeSchema,
    block: nullable(BlockSchema),
    threads: Type.Array(ThreadsSchema, { description: 'a row for each kind that was seen' }),
    interrupts: Type.Array(InterruptSchema),
    io_uring: nullable(RingSchema),
    syscalls: nullable(Type.Array(SyscallSchema, { description: 'most frequent first' })),
    cache: nullable(CacheSchema),
    samples: nullable(SamplesSchema),
  },
  { ...strict, description: 'what tracing saw; null where it was not looked for or cannot be known' },
);

export const ExplainSchema = Type.Object(
  {
    tier: Type.Union([Type.Literal('basic'), Type.Literal('trace'), Type.Literal('full')], {
      description: 'basic: only what needs no privilege; full: with system calls',
    }),
    missing: nullable(
      Type.String({ description: 'why the kernel was not traced, with the mend; null: it was' }),
    ),
    pass: nullable(
      Type.Object(
        {
          total_ios: count('I/Os'),
          runtime_ns: count('ns'),
          iops: amount('I/Os per second'),
          measured_iops: nullable(amount('median of the trials, which were not traced, I/Os per second')),
          effective_depth: amount('I/Os in flight, mean'),
          ctx: count('context switches, as a trial counts them'),
          cpu_ns: count('CPU time in user mode and in the kernel, helper threads included, ns'),
        },
        { ...strict, description: 'the pass that was looked at; null of a program that is not ours' },
      ),
    ),
    traced: Type.Optional(TracedSchema),
    basic: Type.Optional(BasicFiguresSchema),
    sentences: Type.Array(
      Type.Object(
        { rule: Type.String({ description: 'id in docs/EXPLAIN.md' }), text: Type.String() },
        strict,
      ),
      { maxItems: 3, description: 'what the figures mean, most important first' },
    ),
  },
  { ...strict, description: 'what the kernel did for this backend, in a pass beside the trials' },
);

export type Explanation = Static<typeof ExplainSchema>;
export type Traced = Static<typeof TracedSchema>;
export type TimeParts = Static<typeof TimeSchema>;
export type BlockFigures = Static<typeof BlockSchema>;
export type ThreadFigures = Static<typeof ThreadsSchema>;
export type ThreadKind = Static<typeof ThreadKindSchema>;
