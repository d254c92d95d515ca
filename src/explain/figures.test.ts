/** That figures are what their definitions say, and null where nothing can be said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import {
  DEVICE_NS,
  explainContext,
  QUEUE_NS,
  rawBlock,
  rawExplain,
  rawRing,
  rawThread,
} from '../../test/support/synthetic-explain.ts';
import { syntheticTrial } from '../../test/support/synthetic-run.ts';
import type { RawThread } from '../native/explain.ts';
import { ExplainSchema, type TimeParts } from '../results/schema-explain.ts';
import { explain } from './explain.ts';
import { figuresOf } from './figures.ts';
import { syscallName, syscallNumber } from './syscall-names.ts';

const futex = syscallNumber('futex') ?? 0;
const pread64 = syscallNumber('pread64') ?? 0;
const IOS = 10_000;
/** Mean latency of the synthetic trial: depth 8 at 10,000 IOPS. */
const TOTAL_NS = 800_000;

/** The parts that are known. */
function sumOf({ turn_ns, before_ns, queue_ns, device_ns, until_reaped_ns }: TimeParts): number {
  return [turn_ns, before_ns, queue_ns, device_ns, until_reaped_ns].reduce<number>((a, b) => a + (b ?? 0), 0);
}

function asleep(syscall: number, ns: number, count = IOS) {
  return { syscall, uninterruptible: true, iowait: true, count, ns };
}

test('parts of an io_uring I/O: submission, queue, device and the rest, which add up to its latency', () => {
  const raw = rawExplain({ block: rawBlock(IOS), io_uring: rawRing(IOS) });
  const { time, block } = figuresOf(raw, explainContext());
  assert.equal(time.total_ns, TOTAL_NS);
  assert.equal(time.before_ns, 1500 + 500);
  assert.equal(time.queue_ns, QUEUE_NS);
  assert.equal(time.device_ns, DEVICE_NS);
  assert.equal(time.until_reaped_ns, TOTAL_NS - 2000 - QUEUE_NS - DEVICE_NS);
  assert.equal(time.turn_ns, null);
  assert.deepEqual(time.undivided, ['turn']);
  assert.equal(sumOf(time), TOTAL_NS);
  assert.equal(block?.at_device, 0.8);
  assert.equal(block?.are_ios, true);
  assert.equal(block?.device_hist.length, 17);
});

test('of what comes after completion, the part in which its thread waited for a CPU', () => {
  const of = (reap_wait_ns: number, kinds: readonly RawThread['kind'][]) => {
    const threads = kinds.map((kind, tid) => rawThread({ kind, tid }));
    const raw = rawExplain({ block: rawBlock(IOS, { reap_wait_ns }), io_uring: rawRing(IOS), threads });
    return figuresOf(raw, explainContext()).time;
  };
  assert.equal(of(IOS * 3000, ['job']).reap_wait_ns, 3000);
  const most = of(IOS * 1e9, ['job']);
  assert.equal(most.reap_wait_ns, most.until_reaped_ns, 'it is a part of it');
  assert.equal(of(IOS * 3000, ['job', 'iou-sqp']).reap_wait_ns, null, 'who waited is not known');
});

test('time in user mode is divided as the kernel divides it, for each kind of thread', () => {
  const own = { run_ns: 400_000_000, user_ns: 60_000_000, kernel_ns: 20_000_000 };
  const threads = [
    rawThread({ run_ns: 100_000_000, user_ns: 8_000_000, kernel_ns: 32_000_000 }),
    rawThread({ tid: 2, kind: 'pool', ...own, sleeps: [asleep(pread64, 600_000_000)] }),
    rawThread({ tid: 3, kind: 'pool', run_ns: 10_000_000, sleeps: [asleep(pread64, 990_000_000)] }),
    rawThread({ tid: 4, kind: 'iou-wrk', run_ns: 5_000_000 }),
  ];
  const rows = figuresOf(rawExplain({ threads }), explainContext({ backend: 'posix-aio' })).threads;
  assert.deepEqual(
    rows.map(({ kind, user_ns }) => [kind, user_ns]),
    [
      ['job', 20_000_000],
      ['pool', 307_500_000],
      ['iou-wrk', 0],
    ],
  );
  const unknown = [rawThread({ kind: 'other', run_ns: 5_000_000 })];
  const [row] = figuresOf(rawExplain({ threads: unknown }), explainContext({ trial: null })).threads;
  assert.equal(row?.user_ns, null, 'no tick found it at work');
});

test('linux-aio has no trace point where it begins: submission stays with what comes after completion', () => {
  const { time } = figuresOf(rawExplain({ block: rawBlock(IOS) }), explainContext({ backend: 'linux-aio' }));
  assert.equal(time.before_ns, null);
  assert.deepEqual(time.undivided, ['turn', 'before']);
  assert.equal(sumOf(time), TOTAL_NS);
});

test('a call waits for no turn', () => {
  const context = explainContext({ backend: 'sync', async: false });
  const { time } = figuresOf(rawExplain({ block: rawBlock(IOS) }), context);
  assert.equal(time.turn_ns, 0);
  assert.deepEqual(time.undivided, ['before']);
  assert.equal(sumOf(time), TOTAL_NS);
});

test('waiting for its turn is the time of an I/O in which no thread of the pool worked', () => {
  const pool = rawThread({
    kind: 'pool',
    run_ns: 50_000_000,
    ready_ns: 50_000_000,
    sleeps: [asleep(pread64, 800_000_000), asleep(futex, 100_000_000)],
  });
  const raw = rawExplain({ threads: [rawThread(), pool], block: rawBlock(IOS) });
  const { time } = figuresOf(raw, explainContext({ backend: 'posix-aio' }));
  assert.equal(time.in_service, 0.9);
  assert.equal(time.turn_ns, TOTAL_NS - 90_000);
  assert.equal(time.turn_exact, false);
  assert.equal(time.until_reaped_ns, 90_000 - QUEUE_NS - DEVICE_NS);
  assert.equal(sumOf(time), TOTAL_NS);
});

test('with system calls traced it is exact', () => {
  const raw = rawExplain({
    threads: [rawThread(), rawThread({ kind: 'pool', run_ns: 200_000_000 })],
    block: rawBlock(IOS),
    syscalls: [
      { name: 'pread64', kind: 'pool', count: IOS, ns: 850_000_000 },
      { name: 'futex', kind: 'pool', count: 4 * IOS, ns: 100_000_000 },
      { name: 'futex', kind: 'job', count: IOS, ns: 900_000_000 },
    ],
  });
  const { time, syscalls } = figuresOf(raw, explainContext({ backend: 'posix-aio', full: true }));
  assert.equal(time.turn_ns, TOTAL_NS - 85_000);
  assert.equal(time.turn_exact, true);
  assert.equal(syscalls?.[0]?.count, 4 * IOS);
  // Asked for and not to be had: the sleeps of the pool have to do.
  for (const hook of raw.hooks) if (hook.group === 'syscalls') hook.missing = 'not in this kernel';
  const without = figuresOf(raw, explainContext({ backend: 'posix-aio', full: true }));
  assert.equal(without.syscalls, null);
  assert.deepEqual([without.time.turn_ns, without.time.turn_exact], [TOTAL_NS - 20_000, false]);
});

test('block requests that are not I/Os say nothing of an I/O: buffered, split, flushes', () => {
  const cases = [
    { context: explainContext({ direct: false }), requests: IOS },
    { context: explainContext(), requests: 2 * IOS },
    { context: explainContext(), requests: IOS / 2 },
    // As many, and still others: of another size.
    { context: explainContext(), requests: IOS, bytes: IOS * 2048 },
    { context: explainContext(), requests: 0 },
  ];
  for (const { context, requests, bytes = requests * 4096 } of cases) {
    const { time, block } = figuresOf(rawExplain({ block: rawBlock(requests, { bytes }) }), context);
    assert.equal(block?.are_ios, false);
    assert.deepEqual([time.queue_ns, time.device_ns, time.until_reaped_ns], [null, null, null]);
    assert.equal(block?.device_ns, requests === 0 ? null : DEVICE_NS);
    assert.equal(time.total_ns, TOTAL_NS);
  }
});

test('where some requests went unseen the others stand for them', () => {
  const seen = 0.93 * IOS;
  const raw = rawExplain({
    block: rawBlock(seen),
    io_uring: rawRing(IOS, { submit_to_block: seen, submit_to_block_ns: seen * 1500 }),
  });
  const { time } = figuresOf(raw, explainContext());
  assert.deepEqual([time.before_ns, time.device_ns], [2000, DEVICE_NS]);
});

test('requests whose end was not seen are counted, and are in no mean', () => {
  const lost = 0.07 * IOS;
  const raw = rawExplain({ block: { ...rawBlock(IOS - lost), started: IOS, issued: IOS, lost } });
  const { block } = figuresOf(raw, explainContext());
  assert.deepEqual([block?.lost, block?.started, block?.completed], [lost, IOS, IOS - lost]);
  const whole = figuresOf(rawExplain({ block: rawBlock(IOS) }), explainContext()).block;
  assert.equal(whole?.lost, 0);
  assert.deepEqual(
    [block?.before_ns, block?.queue_ns, block?.device_ns],
    [whole?.before_ns, whole?.queue_ns, whole?.device_ns],
  );
});

test('the page cache: found is what had not to be added, read ahead what nobody had asked for', () => {
  const of = (cache: { lookups: number; misses: number; added: number; dirtied: number }) =>
    figuresOf(rawExplain({ cache }), explainContext()).cache;
  assert.deepEqual(of({ lookups: 100, misses: 20, added: 50, dirtied: 0 }), {
    lookups: 100,
    hits: 80,
    misses: 20,
    added: 50,
    readahead: 30,
    dirtied: 0,
  });
  assert.equal(of({ lookups: 0, misses: 0, added: 50, dirtied: 50 })?.readahead, null);
  assert.equal(figuresOf(rawExplain(), explainContext()).cache, null);
});

test('the way of a call into the block layer is known where calls were traced, of nearly all I/Os', () => {
  const timeOf = (samples: number) => {
    const block = { ...rawBlock(IOS), call_to_block: samples, call_to_block_ns: samples * 3000 };
    return figuresOf(rawExplain({ block }), explainContext({ backend: 'sync', async: false })).time;
  };
  const [seen, unseen] = [timeOf(IOS), timeOf(IOS / 2)];
  assert.deepEqual([seen.before_ns, seen.undivided], [3500, []]);
  assert.deepEqual([unseen.before_ns, unseen.undivided], [null, ['before']]);
});

test('with a rate the time before an I/O was sent is none of its parts', () => {
  const trial = syntheticTrial(1, IOS);
  const { read } = trial.ops;
  assert.ok(read);
  const service = { ...read.lat_ns, mean: TOTAL_NS / 2 };
  const context = explainContext({ trial: { ...trial, ops: { read: { ...read, service_ns: service } } } });
  assert.equal(figuresOf(rawExplain({ block: rawBlock(IOS) }), context).time.total_ns, TOTAL_NS / 2);
});

test('parts that are more than the whole leave nothing that could be told', () => {
  const raw = rawExplain({ block: rawBlock(IOS, { device_ns: IOS * (TOTAL_NS * 1.1) }) });
  const { time } = figuresOf(raw, explainContext({ backend: 'linux-aio' }));
  assert.equal(time.until_reaped_ns, null);
  assert.deepEqual(time.undivided, []);
});

test('a hook that is missing makes its figures null, and is named', () => {
  const raw = rawExplain({ block: rawBlock(IOS), io_uring: rawRing(IOS) });
  for (const hook of raw.hooks)
    if (hook.name === 'block_rq_insert' || hook.group === 'io_uring') hook.missing = 'not in this kernel';
  const { block, io_uring: ring, hooks, time } = figuresOf(raw, explainContext());
  assert.equal(block?.queue_ns, null);
  assert.equal(ring, null);
  assert.deepEqual(hooks.missing.map(({ name }) => name).sort(), ['block_rq_insert', 'io_uring_submit_req']);
  assert.equal(time.queue_ns, null);
  for (const hook of raw.hooks) if (hook.group === 'block') hook.missing = 'not in this kernel';
  assert.equal(figuresOf(raw, explainContext()).block, null);
});

test('threads of a kind are one row; user mode is told where helpers are the kernel’s', () => {
  const trial = syntheticTrial(1, IOS, { cpu: { usr_ns: 30_000_000, sys_ns: 300_000_000, helpers_ns: 1 } });
  const worker = rawThread({ kind: 'iou-wrk', run_ns: 10, sleeps: [asleep(-1, 5, 1)] });
  const job = rawThread({
    run_ns: 200_000_000,
    sleeps: [asleep(-1, 7, 1)],
    wakeups: [{ by: 'softirq', count: 3 }],
  });
  const helped = figuresOf(rawExplain({ threads: [job, worker, worker] }), explainContext({ trial }));
  const [jobs, workers] = helped.threads;
  assert.equal(jobs?.user_ns, 30_000_000);
  assert.equal(jobs?.wakeups.softirq, 3);
  assert.equal(jobs?.sleeps[0]?.in, 'page fault');
  assert.equal(workers?.threads, 2);
  assert.equal(workers?.user_ns, 0);
  assert.deepEqual(workers?.sleeps, [
    { in: 'kernel', uninterruptible: true, iowait: true, count: 2, ns: 10 },
  ]);
  const pooled = figuresOf(
    rawExplain({ threads: [job, rawThread({ kind: 'pool', run_ns: 5e8 })] }),
    explainContext({ trial, backend: 'threadpool' }),
  );
  assert.deepEqual(
    pooled.threads.map(({ user_ns }) => user_ns),
    [null, null],
  );
});

test('threads of glibc’s pool that idle through another backend’s pass are none of it', () => {
  const raw = rawExplain({
    threads: [rawThread(), rawThread({ kind: 'pool', run_ns: 5000 })],
    block: rawBlock(IOS),
  });
  const { time, threads } = figuresOf(raw, explainContext({ backend: 'sync', async: false }));
  assert.deepEqual([time.turn_ns, time.in_service], [0, null]);
  assert.deepEqual(
    threads.map(({ kind }) => kind),
    ['job'],
  );
});

test('threads of a pool that only waited are not counted', () => {
  const busy = rawThread({ kind: 'pool', run_ns: 5e8, sleeps: [asleep(pread64, 4e8), asleep(futex, 1e8)] });
  const idle = rawThread({ kind: 'pool', run_ns: 4000, sleeps: [asleep(futex, 1e9, 1)] });
  const raw = rawExplain({ threads: [rawThread(), busy, idle, busy] });
  const { threads } = figuresOf(raw, explainContext({ backend: 'threadpool' }));
  assert.deepEqual(
    threads.map((row) => [row.kind, row.threads]),
    [
      ['job', 1],
      ['pool', 2],
    ],
  );
});

test('of a program that is not ours figures are of block requests', () => {
  const raw = rawExplain({ block: rawBlock(500), threads: [rawThread({ kind: 'other' })] });
  const { per, ios, time, threads } = figuresOf(raw, explainContext({ trial: null }));
  assert.deepEqual([per, ios, time.total_ns, threads.length], ['block request', 500, null, 1]);
});

test('samples by their innermost function, the five most frequent', () => {
  const samples = ['a', 'b', 'c', 'd', 'e', 'f'].map((leaf, at) => ({
    kind: 'job' as const,
    stack: ['entry', leaf],
    count: 10 - at,
  }));
  const { samples: found } = figuresOf(
    rawExplain({ samples: [...samples, { kind: 'job', stack: [], count: 20 }] }),
    explainContext(),
  );
  assert.equal(found?.total, 65);
  assert.deepEqual(
    found?.top.map((one) => one.function),
    ['user mode', 'a', 'b', 'c', 'd'],
  );
});

test('an explanation fits its schema, through JSON too', () => {
  const raw = rawExplain({ block: rawBlock(IOS), io_uring: rawRing(IOS) });
  for (const context of [explainContext(), explainContext({ trial: null }), explainContext({ full: true })]) {
    const stored = JSON.parse(JSON.stringify(explain(raw, context)));
    assert.deepEqual([...Value.Errors(ExplainSchema, stored)], []);
  }
});

test('numbers of system calls have the names of their architecture', () => {
  assert.equal(syscallName(17, 'x64'), 'pread64');
  assert.equal(syscallName(67, 'arm64'), 'pread64');
  assert.equal(syscallName(9999, 'x64'), 'syscall 9999');
});
