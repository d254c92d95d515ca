/** Each rule with figures that make it speak and others, as near as may be, that do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TSchema, Type } from '@sinclair/typebox';
import fc from 'fast-check';
import {
  explainContext,
  rawBlock,
  rawExplain,
  rawRing,
  rawThread,
} from '../../test/support/synthetic-explain.ts';
import { syntheticTrial } from '../../test/support/synthetic-run.ts';
import type { RawExplain, RawThread } from '../native/explain.ts';
import { ResultSchema, type Trial } from '../results/schema.ts';
import type { Conditions } from '../results/schema-statistics.ts';
import type { ExplainContext } from './context.ts';
import { explain } from './explain.ts';
import { figuresOf } from './figures.ts';
import { RULES } from './rules.ts';
import { syscallNumber } from './syscall-names.ts';

const IOS = 10_000;
const SECOND = 1_000_000_000;

interface Case {
  raw?: Partial<RawExplain>;
  context?: Partial<ExplainContext>;
}

interface Pair {
  speaks: Case[];
  silent: Case[];
  /** Of the first that speaks, whole. */
  says: string;
}

const numberOf = (name: string): number => {
  const number = syscallNumber(name);
  assert.ok(number !== null, name);
  return number;
};

/** Asleep for a share of the window, so many times an I/O. */
function sleeps(
  call: string,
  share: number,
  rest: Partial<RawThread['sleeps'][number]> = {},
): RawThread['sleeps'] {
  const syscall = call === 'page fault' ? -1 : numberOf(call);
  return [{ syscall, uninterruptible: true, iowait: true, count: IOS, ns: share * SECOND, ...rest }];
}

const job = (rest: Partial<RawThread>): Partial<RawExplain> => ({ threads: [rawThread(rest)] });

/** A pool of so many threads of which each works for a share of the window. */
function pool(threads: number, share: number, rest: Partial<RawThread> = {}): Partial<RawExplain> {
  const one = rawThread({ kind: 'pool', run_ns: share * SECOND, ...rest });
  return { threads: [rawThread(), ...Array<RawThread>(threads).fill(one)] };
}

function trial(rest: Partial<Trial>): Partial<ExplainContext> {
  return { trial: syntheticTrial(1, IOS, rest) };
}

const QUIET: Conditions = {
  steal_pct: null,
  others_cpu_pct: null,
  cpu_mhz: null,
  throttled: null,
  others_device_bytes: null,
  others_device_ios: null,
};

function cgroup(pct: number | null, ns: number | null): Partial<ExplainContext> {
  const none = { cpu_max: 1, memory_max_bytes: null, memory_limit_hits: null, io_max: [] };
  return trial({ conditions: { ...QUIET, cgroup: { ...none, throttled_pct: pct, throttled_ns: ns } } });
}

const calls = (by_name: Record<string, number>) =>
  trial({ syscalls: { total: 0, per_io: 0, by_name, exact: true } });

const futexCalls = (count: number) => [{ name: 'futex', kind: 'pool' as const, count, ns: 1 }];

const samples = (leaf: string, count: number): RawExplain['samples'] => [
  { kind: 'job', stack: ['entry', leaf, 'iowrite16'], count },
  { kind: 'job', stack: ['entry', 'other'], count: 100 - count },
];

const PAIRS: Readonly<Record<string, Pair>> = {
  'cgroup-cpu': {
    speaks: [{ context: cgroup(40, 350_000_000) }],
    silent: [{ context: cgroup(0, 0) }, { context: cgroup(null, null) }, { context: { trial: null } }],
    says: "the control group's CPU quota stopped it in 40 % of the periods, for 350 ms over all CPUs",
  },
  steal: {
    speaks: [{ context: trial({ conditions: { ...QUIET, steal_pct: 12 } }) }],
    silent: [{ context: trial({ conditions: { ...QUIET, steal_pct: 4 } }) }, {}],
    says: "the hypervisor took 12 % of all CPUs' time",
  },
  'one-by-one': {
    speaks: [
      { raw: pool(3, 0.3), context: { backend: 'posix-aio' } },
      { raw: pool(4, 0.5), context: { backend: 'posix-aio', descriptors: 2 } },
    ],
    silent: [
      // Several at work at once; one in flight; another pool; none.
      { raw: pool(4, 0.3), context: { backend: 'posix-aio' } },
      { raw: pool(4, 0.5), context: { backend: 'posix-aio', descriptors: 5 } },
      { raw: pool(1, 0.9), context: { backend: 'posix-aio', ...trial({ effective_depth: 1 }) } },
      { raw: pool(3, 0.3), context: { backend: 'threadpool' } },
      { context: { backend: 'posix-aio' } },
    ],
    says: "at least 89 % of an I/O's latency is waiting for its turn: glibc serves a descriptor one by one (0.90 of 8.00 at work)",
  },
  'pool-full': {
    speaks: [{ raw: pool(4, 1), context: { backend: 'threadpool' } }],
    silent: [
      { raw: pool(4, 0.5), context: { backend: 'threadpool' } },
      { raw: pool(8, 1), context: { backend: 'threadpool' } },
      { raw: pool(4, 1), context: { backend: 'threadpool', variant: 'threadpool+spin' } },
    ],
    says: "at least 50 % of an I/O's latency is waiting for its turn: all threads of the pool are at work (4.00 of 4)",
  },
  'sleeps-in-submission': {
    speaks: [
      { raw: job({ sleeps: sleeps('io_submit', 0.6) }), context: { backend: 'linux-aio', direct: false } },
      { raw: job({ sleeps: sleeps('io_submit', 0.6) }), context: { backend: 'linux-aio' } },
      { raw: job({ sleeps: sleeps('io_uring_enter', 0.6) }) },
    ],
    silent: [
      // What is interruptible waits for completions.
      { raw: job({ sleeps: sleeps('io_uring_enter', 0.6, { uninterruptible: false }) }) },
      { raw: job({ sleeps: sleeps('io_getevents', 0.6) }), context: { backend: 'linux-aio' } },
      { raw: job({ sleeps: sleeps('io_submit', 0.01) }), context: { backend: 'linux-aio' } },
    ],
    says: 'the jobs sleep 60 % of their time in io_submit, 1.00 times an I/O: buffered I/O is done there',
  },
  'sleeps-in-page-faults': {
    speaks: [{ raw: job({ sleeps: sleeps('page fault', 0.7) }), context: { backend: 'mmap' } }],
    silent: [
      { raw: job({ sleeps: sleeps('page fault', 0.01) }) },
      { raw: { threads: [rawThread(), rawThread({ kind: 'iou-wrk', sleeps: sleeps('page fault', 0.7) })] } },
    ],
    says: 'the jobs sleep 70 % of their time in page faults, 1.00 times an I/O',
  },
  'sleeps-without-io': {
    speaks: [{ raw: job({ sleeps: sleeps('pwrite64', 0.3, { iowait: false }) }) }],
    silent: [
      { raw: job({ sleeps: sleeps('pwrite64', 0.3) }) },
      { raw: job({ sleeps: sleeps('futex', 0.3, { iowait: false }) }) },
      { raw: job({ sleeps: sleeps('io_getevents', 0.3, { iowait: false, uninterruptible: false }) }) },
    ],
    says: 'the jobs sleep 30 % of their time in pwrite64, and not for I/O: for a lock, the journal or memory',
  },
  punted: {
    speaks: [
      { raw: { io_uring: rawRing(IOS, { punted: IOS }) }, context: { variant: 'io_uring+force_async' } },
      { raw: { io_uring: rawRing(IOS, { punted: IOS / 2 }) } },
      {
        raw: {
          io_uring: rawRing(IOS, { punted: IOS, submits: { FSYNC: IOS, WRITE: IOS } }),
        },
      },
      { raw: { io_uring: rawRing(IOS, { punted: IOS, punted_unable: IOS }) } },
    ],
    silent: [{ raw: { io_uring: rawRing(IOS, { punted: 10 }) } }, {}],
    says: "100 % of its requests are handed to io_uring's worker threads: force_async asks for it",
  },
  'allocates-blocks': {
    speaks: [{ raw: { block: rawBlock(IOS, { allocations: IOS }) } }],
    silent: [{ raw: { block: rawBlock(IOS, { allocations: IOS / 20 }) } }, { raw: { block: rawBlock(IOS) } }],
    says: 'ext4 allocated blocks 1.00 times an I/O: writes go where the file has none yet',
  },
  'scheduler-queue': {
    speaks: [{ raw: { block: rawBlock(IOS, { queue_ns: IOS * 120_000 }) } }],
    silent: [{ raw: { block: rawBlock(IOS) } }, { raw: { block: rawBlock(0) } }],
    says: "requests wait longer in the I/O scheduler's queue (120 usec) than they take at the device (80.0 usec)",
  },
  'waits-for-cpu': {
    speaks: [
      { raw: job({ ready_ns: 0.2 * SECOND }) },
      { raw: { threads: [rawThread(), rawThread({ kind: 'iou-wrk', ready_ns: 0.5 * SECOND })] } },
    ],
    silent: [{ raw: job({ ready_ns: 0.05 * SECOND }) }],
    says: 'for 20 % of the time the jobs waited for a CPU, ready to run',
  },
  doorbell: {
    speaks: [{ raw: { samples: samples('vp_notify', 51) } }],
    silent: [
      { raw: { samples: samples('vp_notify', 10) } },
      { raw: { samples: samples('nvme_queue_rq', 51) } },
      {
        raw: {
          samples: samples('vp_notify', 51)
            .slice(0, 1)
            .map((one) => ({ ...one, count: 10 })),
        },
      },
    ],
    says: "51 % of its CPU time, by samples, is virtio's doorbell (vp_notify): an exit of a virtual machine",
  },
  'pool-lock': {
    speaks: [
      {
        raw: { ...pool(1, 0.1), syscalls: futexCalls(42_000) },
        context: { backend: 'posix-aio', full: true },
      },
      {
        raw: pool(1, 0.1, { sleeps: sleeps('futex', 0.9, { count: 12_000 }) }),
        context: { backend: 'posix-aio' },
      },
    ],
    silent: [
      {
        raw: { ...pool(1, 0.1), syscalls: futexCalls(5000) },
        context: { backend: 'posix-aio', full: true },
      },
      { raw: job({ sleeps: sleeps('futex', 0.9) }) },
    ],
    says: "4.20 calls of futex an I/O: glibc's pool hands I/Os over under a lock",
  },
  'second-call': {
    speaks: [{ context: calls({ io_submit: IOS, io_getevents: 9000 }) }],
    silent: [
      { context: calls({ io_submit: IOS, io_getevents: 1000 }) },
      { context: calls({ pread64: IOS, futex: 5 * IOS }) },
      { context: { trial: null } },
    ],
    says: 'an I/O takes 1.90 system calls: 1.00 io_submit and 0.90 io_getevents',
  },
  'poll-thread': {
    speaks: [{ raw: { threads: [rawThread(), rawThread({ kind: 'iou-sqp', run_ns: 0.41 * SECOND })] } }],
    silent: [
      { raw: { threads: [rawThread(), rawThread({ kind: 'iou-sqp', run_ns: 0.1 * SECOND })] } },
      { raw: job({ run_ns: SECOND }) },
    ],
    says: "io_uring's poll thread takes 41 % of a CPU",
  },
  device: {
    speaks: [{ raw: { block: rawBlock(IOS, { device_ns: IOS * 736_000 }) } }],
    silent: [
      { raw: { block: rawBlock(IOS) } },
      { raw: { block: rawBlock(IOS, { device_ns: IOS * 736_000 }) }, context: { direct: false } },
      {},
    ],
    says: "92 % of an I/O's latency is the device's",
  },
};

function factsOf({ raw, context }: Case) {
  const whole = explainContext(context);
  return { ...whole, traced: figuresOf(rawExplain(raw), whole) };
}

for (const rule of RULES) {
  test(`rule ${rule.id} speaks of its cause, and of nothing else`, () => {
    const pair = PAIRS[rule.id];
    assert.ok(pair, 'has cases');
    for (const one of pair.speaks) assert.ok(rule.when(factsOf(one)), JSON.stringify(one));
    for (const one of pair.silent) assert.ok(!rule.when(factsOf(one)), JSON.stringify(one));
    assert.equal(rule.sentence(factsOf(pair.speaks[0] ?? {})), pair.says);
  });
}

test('why requests are handed to workers is said only where it is certain', () => {
  const punted = RULES.find(({ id }) => id === 'punted');
  const [, waiting, fsync, unable] = PAIRS.punted?.speaks ?? [];
  assert.match(
    punted?.sentence(factsOf(waiting ?? {})) ?? '',
    /50 % .*: it could not do them without waiting$/,
  );
  assert.match(punted?.sentence(factsOf(fsync ?? {})) ?? '', /50 % .*: fsync always goes there$/);
  assert.match(
    punted?.sentence(factsOf(unable ?? {})) ?? '',
    /100 % .*: the file cannot be asked without waiting$/,
  );
});

/** The schema of a path, through arrays, unions with null and records; undefined when there is none. */
function schemaAt(schema: TSchema, path: readonly string[]): TSchema | undefined {
  const members: TSchema[] = schema.anyOf ?? (schema.type === 'array' ? [schema.items] : []);
  if (members.length > 0) {
    return members.map((member) => schemaAt(member, path)).find((found) => found !== undefined);
  }
  const [name, ...rest] = path;
  if (name === undefined) return schema;
  const next: TSchema | undefined = schema.properties?.[name];
  return next && schemaAt(next, rest);
}

test('the figures that rules rest on are stored ones', () => {
  const backend = ResultSchema.properties.backends.items;
  const explained = backend.properties.explain as TSchema;
  const roots = Type.Object({
    traced: explained.properties.traced,
    trial: backend.properties.trials.items as TSchema,
  });
  for (const { id, figures } of RULES) {
    assert.ok(figures.length > 0, id);
    for (const path of figures) assert.ok(schemaAt(roots, path.split('.')), `${id}: ${path}`);
  }
});

const whole = fc.oneof(fc.constant(0), fc.nat(), fc.maxSafeNat());
const kind = fc.constantFrom('job', 'pool', 'iou-wrk', 'iou-sqp', 'other' as const);
const anyThread = fc
  .record({
    kind,
    alive_ns: whole,
    run_ns: whole,
    ready_ns: whole,
    sleeps: fc.array(
      fc.record({
        syscall: fc.constantFrom(-1, ...['futex', 'io_submit', 'io_uring_enter', 'pwrite64'].map(numberOf)),
        uninterruptible: fc.boolean(),
        iowait: fc.boolean(),
        count: whole,
        ns: whole,
      }),
      { maxLength: 4 },
    ),
  })
  .map((rest) => ({ ...rawThread(), ...rest }));
const anyRaw = fc
  .record({
    window_ns: whole,
    threads: fc.array(anyThread, { maxLength: 6 }),
    block: fc.record({ completed: whole, issued: whole, started: whole, queue_ns: whole, device_ns: whole }),
    ring: fc.record({ punted: whole, submits: fc.dictionary(fc.constantFrom('READ', 'FSYNC'), whole) }),
    syscalls: fc.array(
      fc.record({ name: fc.constantFrom('futex', 'pread64'), kind, count: whole, ns: whole }),
    ),
    samples: fc.array(fc.record({ kind, stack: fc.array(fc.constantFrom('vp_notify', 'a')), count: whole })),
  })
  .map(({ block, ring, ...rest }) =>
    rawExplain({ ...rest, block: rawBlock(1, block), io_uring: rawRing(1, ring) }),
  );
const anyContext = fc.record({
  trial: fc.option(
    fc
      .record({ iops: fc.nat(1e6), conditions: fc.record({ steal_pct: fc.option(whole) }) })
      .map((one) =>
        syntheticTrial(1, one.iops, { conditions: { ...QUIET, steal_pct: one.conditions.steal_pct } }),
      ),
  ),
  backend: fc.constantFrom('sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring'),
  variant: fc.constantFrom('io_uring', 'io_uring+force_async'),
  direct: fc.boolean(),
  async: fc.boolean(),
  full: fc.boolean(),
});

test('whatever was seen, there are three sentences at most, and no part of any is no number', () => {
  fc.assert(
    fc.property(anyRaw, anyContext, (raw, context) => {
      const { sentences, traced } = explain(raw, explainContext(context));
      assert.ok(sentences.length <= 3);
      for (const { text } of sentences) assert.doesNotMatch(text, /NaN|undefined|null|Infinity|\[object/);
      assert.doesNotMatch(JSON.stringify(traced?.time), /NaN|Infinity/);
      // What no rule would say by itself must be sound, too: sentences are made only where a condition holds.
      const facts = factsOf({ raw, context });
      for (const rule of RULES.filter(({ when }) => when(facts)))
        assert.doesNotMatch(rule.sentence(facts), /NaN|undefined|null|Infinity/);
    }),
    { numRuns: 500 },
  );
});
