/** Features that show in system calls: what strace sees of flags and registrations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { Trial } from '../../src/results/schema.ts';
import { benchFails, resultOf, trialOf, turnOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { opsOf } from '../support/ops.ts';
import { argument, callsOf, numberIn, type RawJob, rawCalls } from '../support/raw-calls.ts';
import { parseResult } from '../support/result.ts';
import { noStrace } from '../support/strace.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noStrace, noDisk);
const IOS = 60;
const DEPTH = 4;
const COMMON = ['--trials=1', '--size=4m', `--iodepth=${DEPTH}`, `--number-ios=${IOS}`];

/** include/uapi/linux/io_uring.h */
const SETUP = {
  IOPOLL: 0x1,
  SQPOLL: 0x2,
  SQ_AFF: 0x4,
  COOP_TASKRUN: 0x100,
  SQE128: 0x400,
  CQE32: 0x800,
  SINGLE_ISSUER: 0x1000,
  DEFER_TASKRUN: 0x2000,
  NO_MMAP: 0x4000,
  NO_SQARRAY: 0x10000,
  HYBRID_IOPOLL: 0x20000,
  CQE_MIXED: 0x40000,
};
const REGISTER = {
  BUFFERS: 0,
  FILES: 2,
  IOWQ_MAX_WORKERS: 19,
  RING_FDS: 20,
  UNREGISTER_RING_FDS: 21,
  CLONE_BUFFERS: 30,
};
const ENTER_REGISTERED_RING = 0x10;
/** include/uapi/linux/fs.h: RWF_* */
const RWF = { HIPRI: 0x1, NOWAIT: 0x8, ATOMIC: 0x40, DONTCACHE: 0x80 };

const setups: readonly { variant: string; flags: number }[] = [
  { variant: 'io_uring', flags: 0 },
  { variant: 'io_uring+enhanced', flags: 0 },
  { variant: 'io_uring+registerring', flags: 0 },
  { variant: 'io_uring+coop_taskrun', flags: SETUP.COOP_TASKRUN },
  { variant: 'io_uring+single_issuer', flags: SETUP.SINGLE_ISSUER },
  { variant: 'io_uring+single_issuer+defer_taskrun', flags: SETUP.SINGLE_ISSUER | SETUP.DEFER_TASKRUN },
  { variant: 'io_uring+no_sqarray', flags: SETUP.NO_SQARRAY },
  { variant: 'io_uring+no_mmap', flags: SETUP.NO_MMAP },
  { variant: 'io_uring+big_rings', flags: SETUP.SQE128 | SETUP.CQE32 },
  { variant: 'io_uring+cqe_mixed', flags: SETUP.CQE_MIXED },
  { variant: 'io_uring+sqpoll', flags: SETUP.SQPOLL },
];

interface Seen {
  variant: string;
  job: RawJob;
  trial: Trial;
}

/** Runs variants one after another, each of one job. */
async function seenOf(folder: string, variants: readonly string[], args: readonly string[]): Promise<Seen[]> {
  const { ended, jobs } = await rawCalls(folder, [`--backend=${variants.join(',')}`, ...COMMON, ...args]);
  const result = resultOf(ended);
  assert.equal(jobs.length, variants.length);
  return variants.map((variant) => ({
    variant,
    job: jobs[turnOf(result, variant)] as RawJob,
    trial: trialOf(result, variant),
  }));
}

/** The opcodes that a job registered with. */
function registered(job: RawJob): number[] {
  return callsOf(job, 'io_uring_register').map((call) => argument(call, 1));
}

/** Mappings of the ring's memory by its descriptor. */
function ringMappings(job: RawJob): number {
  return callsOf(job, 'mmap').filter(({ args }) => args.includes('[io_uring]')).length;
}

/** The last argument: the flags of preadv2 and pwritev2. */
function rwFlags({ args }: { args: string }): number {
  return Number(/(\w+)$/.exec(args)?.[1]);
}

test('rings are set up with the flags of their features, and no others', { skip }, async (t) => {
  const here = setups.filter(({ variant }) => unavailable(variant) === false);
  for (const { variant } of setups.filter((one) => !here.includes(one)))
    t.diagnostic(String(unavailable(variant)));
  const seen = await seenOf(
    diskFolder(t),
    here.map(({ variant }) => variant),
    [],
  );
  for (const [i, { variant, flags }] of here.entries()) {
    const { job, trial } = seen[i] as Seen;
    const has = (feature: string) => variant.includes(feature);
    await t.test(variant, () => {
      assert.equal(trial.total_ios, IOS);
      const [setup, ...more] = callsOf(job, 'io_uring_setup');
      assert.ok(setup && more.length === 0, 'one ring a job');
      assert.equal(numberIn(setup, 'flags'), flags, setup.args);
      assert.equal(ringMappings(job), has('no_mmap') ? 0 : 2, 'the rings and the sqes are mapped');
      const opcodes = registered(job);
      assert.equal(opcodes.includes(REGISTER.RING_FDS), has('registerring'));
      assert.equal(opcodes.includes(REGISTER.UNREGISTER_RING_FDS), has('registerring'));
      assert.equal(opcodes.includes(REGISTER.BUFFERS), has('enhanced'));
      assert.equal(opcodes.includes(REGISTER.FILES), has('enhanced'));
      const enters = callsOf(job, 'io_uring_enter');
      assert.ok(enters.length > 0);
      for (const enter of enters) {
        assert.equal((argument(enter, 3) & ENTER_REGISTERED_RING) !== 0, has('registerring'), enter.args);
        if (has('registerring')) assert.ok(argument(enter, 0) < 16, 'an index, no descriptor');
        else assert.ok(enter.args.includes('<anon_inode:[io_uring]>'));
        if (has('sqpoll')) assert.equal(argument(enter, 1), 0, 'the thread in the kernel submits');
      }
    });
  }
});

const CLONED = 'io_uring+enhanced+clone_buffers';
test('clone_buffers: jobs take their buffers over from a ring that none of them has', {
  skip: firstReason(skip, unavailable(CLONED)),
}, async (t) => {
  const folder = diskFolder(t);
  const { ended, jobs } = await rawCalls(folder, [`--backend=${CLONED}`, '--numjobs=3', ...COMMON]);
  assert.equal(trialOf(resultOf(ended)).total_ios, 3 * IOS);
  assert.equal(jobs.length, 3);
  for (const job of jobs) {
    const opcodes = registered(job);
    assert.equal(opcodes.filter((opcode) => opcode === REGISTER.CLONE_BUFFERS).length, 1);
    assert.ok(!opcodes.includes(REGISTER.BUFFERS), 'it pins none itself');
  }
});

test('clone_buffers of jobs that share no memory is a usage error', { skip: noDisk }, async (t) => {
  for (const isolation of ['process', 'worker']) {
    const args = [`--backend=${CLONED}`, `--isolation=${isolation}`, ...COMMON];
    const line = await benchFails(diskFolder(t), args, EXIT.usage);
    assert.match(line, /clone_buffers needs jobs that share their memory \(--isolation thread\)/);
  }
});

test('iopoll asks for polled completions, and fails where there are none', { skip }, async (t) => {
  for (const [variant, flags] of [
    ['io_uring+iopoll', SETUP.IOPOLL],
    ['io_uring+iopoll+hybrid_iopoll', SETUP.IOPOLL | SETUP.HYBRID_IOPOLL],
  ] as const) {
    await t.test(variant, { skip: unavailable(variant) }, async (t) => {
      const { ended, jobs } = await rawCalls(diskFolder(t), [`--backend=${variant}`, ...COMMON]);
      const [setup] = callsOf(jobs[0] as RawJob, 'io_uring_setup');
      assert.equal(setup && numberIn(setup, 'flags'), flags);
      const trial = trialOf(parseResult(ended.stdout));
      if (trial.failure === null) return assert.equal(trial.total_ios, IOS); // a device with poll queues
      assert.equal(ended.code, EXIT.failed);
      assert.match(trial.failure.message, /not supported \(EOPNOTSUPP\)$/);
      assert.match(trial.failure.hint ?? '', /no poll queues/);
      assert.equal(trial.total_ios, 0);
    });
  }
});

test("sqpoll's thread gets its CPU and its idle time", {
  skip: firstReason(skip, unavailable('io_uring+sqpoll')),
}, async (t) => {
  const args = ['--sqthread-poll-cpu=0', '--sqthread-poll-idle=250ms'];
  const [seen] = await seenOf(diskFolder(t), ['io_uring+sqpoll'], args);
  const [setup] = callsOf((seen as Seen).job, 'io_uring_setup');
  assert.ok(setup);
  assert.equal(numberIn(setup, 'flags'), SETUP.SQPOLL | SETUP.SQ_AFF);
  assert.equal(numberIn(setup, 'sq_thread_cpu'), 0);
  assert.equal(numberIn(setup, 'sq_thread_idle'), 250);
});

test('io-wq workers are limited when that is asked for', {
  skip: firstReason(skip, unavailable('io_uring+force_async')),
}, async (t) => {
  const [plain] = await seenOf(diskFolder(t), ['io_uring+force_async'], []);
  assert.ok(!registered((plain as Seen).job).includes(REGISTER.IOWQ_MAX_WORKERS));
  const args = ['--iowq-bounded=3', '--iowq-unbounded=5'];
  const [limited] = await seenOf(diskFolder(t), ['io_uring+force_async'], args);
  const calls = callsOf((limited as Seen).job, 'io_uring_register');
  const [call] = calls.filter((one) => argument(one, 1) === REGISTER.IOWQ_MAX_WORKERS);
  assert.match(call?.args ?? '', /\[\[0\]=3, \[1\]=5\]/);
  assert.equal(call?.result, 0);
});

test('linux-aio: completions by eventfd, and from the mapped ring', { skip }, async (t) => {
  const variants = ['linux-aio', 'linux-aio+eventfd', 'linux-aio+userspace_reap', 'linux-aio+nowait'];
  const seen = await seenOf(diskFolder(t), variants, ['--buffered', '--pre-read']);
  for (const { variant, job, trial } of seen) {
    await t.test(variant, () => {
      const submits = callsOf(job, 'io_submit');
      assert.equal(submits.length, IOS);
      for (const submit of submits) {
        const { args } = submit;
        // IOCB_FLAG_RESFD is 1.
        const announced = /aio_flags=0x1, aio_resfd=\d+<anon_inode:\[eventfd\]>/.test(args);
        assert.equal(announced, variant.endsWith('eventfd'), args);
        assert.equal(numberIn(submit, 'aio_rw_flags') === RWF.NOWAIT, variant.endsWith('nowait'), args);
      }
      // Buffered and in the cache: all are complete when io_submit returns. The last call takes all there are.
      const fetches = callsOf(job, 'io_getevents').length;
      assert.equal(fetches, variant.endsWith('userspace_reap') ? 0 : IOS - DEPTH + 1);
      assert.equal(trial.syscalls.by_name.io_getevents ?? 0, fetches);
      assert.equal(trial.total_ios, IOS);
    });
  }
});

test('linux-aio+eventfd sleeps in epoll while a device works', { skip }, async (t) => {
  const variants = ['linux-aio', 'linux-aio+eventfd'];
  // One large read at a time: strace is too slow for the device to be always ahead of it.
  const args = ['--iodepth=1', '--bs=1m', '--size=64m'];
  for (const { variant, job, trial } of await seenOf(diskFolder(t), variants, args)) {
    const waits = callsOf(job, 'epoll_pwait');
    const reads = callsOf(job, 'read').filter(({ args }) => args.includes('[eventfd]'));
    assert.equal(waits.length > 0, variant.endsWith('eventfd'), variant);
    assert.equal(reads.length, waits.length, 'each wait was for an event');
    assert.equal(trial.syscalls.by_name.epoll_pwait ?? 0, waits.length);
    assert.equal(trial.syscalls.by_name.read ?? 0, reads.length);
    for (const fetch of callsOf(job, 'io_getevents')) {
      // The minimum: with an eventfd io_getevents never waits.
      assert.equal(argument(fetch, 1), variant.endsWith('eventfd') ? 0 : 1);
    }
  }
});

test('linux-aio+userspace_reap calls io_getevents only when it must wait', { skip }, async (t) => {
  const seen = await seenOf(diskFolder(t), ['linux-aio', 'linux-aio+userspace_reap'], ['--iodepth=16']);
  const [plain, reaping] = seen.map(({ job }) => callsOf(job, 'io_getevents').length);
  assert.ok(plain !== undefined && plain > IOS - 16, `${plain} calls`);
  assert.ok(reaping !== undefined && reaping < plain, `${reaping} calls of ${plain}`);
  for (const { trial } of seen) assert.equal(trial.total_ios, IOS);
});

test('sync: flags of preadv2', { skip }, async (t) => {
  const folder = diskFolder(t);
  const seen = [
    ...(await seenOf(folder, ['sync', 'sync+vectored', 'sync+hipri', 'sync+nowait'], [])),
    ...(unavailable('sync+uncached') ? [] : await seenOf(folder, ['sync+uncached'], ['--buffered'])),
  ];
  const flags = { vectored: 0, hipri: RWF.HIPRI, nowait: RWF.NOWAIT, uncached: RWF.DONTCACHE };
  for (const { variant, job, trial } of seen) {
    await t.test(variant, () => {
      const calls = callsOf(job, 'preadv2').filter(({ args }) => /^\d+</.test(args)); // others ask if it is there
      const [, feature] = variant.split('+');
      if (feature === undefined) return assert.equal(calls.length, 0);
      assert.equal(calls.length, IOS);
      assert.equal(trial.syscalls.by_name.preadv2, IOS);
      for (const call of calls) assert.equal(rwFlags(call), flags[feature as keyof typeof flags], call.args);
    });
  }
});

test('sync: RWF_DONTCACHE with each write', {
  skip: firstReason(skip, unavailable('sync+uncached')),
}, async (t) => {
  const [seen] = await seenOf(diskFolder(t), ['sync+uncached'], ['--buffered', '--rw=randwrite']);
  const calls = callsOf((seen as Seen).job, 'pwritev2');
  assert.equal(calls.length, IOS);
  for (const call of calls) assert.equal(rwFlags(call), RWF.DONTCACHE, call.args);
});

test('sync: RWF_ATOMIC with each write, or the error', { skip }, async (t) => {
  const folder = diskFolder(t);
  const path = dataFile(`${folder}/data`, 2 ** 20);
  const write = ['--rw=randwrite', '--allow-overwrite', `--filename=${path}`];
  const { ended, jobs } = await rawCalls(folder, ['--backend=sync+atomic', ...write, '--number-ios=20']);
  const calls = callsOf(jobs[0] as RawJob, 'pwritev2');
  assert.ok(calls.length > 0);
  for (const call of calls) assert.equal(rwFlags(call), RWF.ATOMIC);
  const trial = trialOf(parseResult(ended.stdout));
  if (ended.code === EXIT.ok) return assert.equal(opsOf(trial).write.total_ios, 20);
  assert.equal(ended.code, EXIT.failed);
  assert.match(trial.failure?.message ?? '', /not supported \(EOPNOTSUPP\)|invalid argument \(EINVAL\)/);
  assert.equal(calls.length, 1, 'no write without it was done in its place');
  assert.equal(trial.total_ios, 0);
});
