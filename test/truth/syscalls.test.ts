/** What strace sees of a run, call by call, against what its result says. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Variant } from '../../src/backends/backend.ts';
import type { Trial } from '../../src/results/schema.ts';
import { trialOf, turnOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { hashOf } from '../support/offsets-hash.ts';
import { opsOf } from '../support/ops.ts';
import { near } from '../support/result.ts';
import {
  type Call,
  countCalls,
  fileOf,
  IO_CALLS,
  iosOf,
  jobThreads,
  noStrace,
  poolCalls,
  straced,
  type Traced,
  type TracedThread,
} from '../support/strace.ts';
import { bufferedVariantsFor, has, list, plainOf, realVariantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noStrace, noDisk);
const NAME = 'job';
const COMMON = ['--trials', '1', '--name', NAME, '--size', '16m', '--iodepth', '4'];
/** One takes requests in the order in which they were handed over, and none is woken for nothing. */
const ONE_WORKER = ['--pool-threads', '1'];

interface Seen {
  trial: Trial;
  variant: Variant;
  /** The threads of its jobs. */
  jobs: TracedThread[];
  /** Calls for I/O that they and their helper threads made, in order of time. */
  calls: Call[];
}

/** Whether a call does I/O on a job's file. */
function isOnFile(call: Call): boolean {
  return IO_CALLS.includes(call.name) && fileOf(call).includes(`/${NAME}.`);
}

/** Whether a job's call is for its I/O: a probe has no descriptor, a new process reads its libraries. */
function isIo(call: Call): boolean {
  const withoutFile = call.name.startsWith('io_') || call.name === 'epoll_pwait';
  const ofEvents = call.name === 'read' && fileOf(call).includes('[eventfd]');
  return isOnFile(call) || (IO_CALLS.includes(call.name) && (withoutFile || ofEvents));
}

/**
 * Tells the variants of one run apart: their jobs ran one after another, each named ub-job-N. What other
 * threads did to the jobs' files meanwhile is their helpers' work: the runner leaves the files alone then.
 */
function byVariant(traced: Traced, variants: readonly Variant[], numjobs = 1): Seen[] {
  const threads = jobThreads(traced);
  assert.equal(threads.length, variants.length * numjobs, 'a thread for each job');
  const helpers = traced.threads.filter(({ name }) => name === '').flatMap(({ calls }) => calls);
  return variants.map((variant) => {
    const index = turnOf(traced.result, variant.label);
    const jobs = threads.slice(index * numjobs, (index + 1) * numjobs);
    const from = jobs[0]?.calls[0]?.at ?? 0;
    const to = threads[(index + 1) * numjobs]?.calls[0]?.at ?? Number.POSITIVE_INFINITY;
    const helping = helpers.filter((call) => call.at > from && call.at < to && isOnFile(call));
    const own = jobs.flatMap((job) => job.calls).filter(isIo);
    const pooled = jobs.flatMap((job) => {
      const name = job.name.replace('ub-job-', 'ub-pool-');
      const began = ({ calls }: TracedThread) => calls[0]?.at ?? 0;
      const workers = traced.threads.filter(
        (thread) => thread.name.startsWith(`${name}.`) && began(thread) > from && began(thread) < to,
      );
      return poolCalls(job, workers);
    });
    const calls = [...own, ...helping, ...pooled].sort((a, b) => a.at - b.at);
    return { trial: trialOf(traced.result, variant.label), variant, jobs, calls };
  });
}

function openFlags({ jobs }: Seen): string {
  const calls = jobs.flatMap((job) => job.calls);
  const opened = calls.filter(
    ({ name, args, result }) => name === 'openat' && result >= 0 && args.includes(`${NAME}.0.0`),
  );
  assert.equal(opened.length, 1, 'a job opens its file once');
  return opened[0]?.args ?? '';
}

/** I/Os that the kernel was given, by the calls' own results; null where a kernel thread or page faults take them. */
function iosGiven({ variant, calls }: Seen): number | null {
  if (has(variant, 'sqpoll') || variant.backend.name === 'mmap') return null;
  let ios = 0;
  for (const { name, result } of calls) {
    if (/^p(read|write)/.test(name)) ios += 1;
    else if (name === 'io_submit' || name === 'io_uring_enter') ios += Math.max(0, result);
  }
  return ios;
}

/** Most I/Os that were with the kernel at a time, where calls tell both ends of each. */
function mostInFlight(calls: readonly Call[]): number {
  let now = 0;
  let most = 0;
  for (const { name, result } of calls) {
    if (name === 'io_submit') now += result;
    if (name === 'io_getevents') now -= result;
    most = Math.max(most, now);
  }
  return most;
}

async function eachVariant(
  t: TestContext,
  seen: readonly Seen[],
  check: (seen: Seen) => void,
): Promise<void> {
  for (const one of seen) await t.test(one.variant.label, () => check(one));
}

test('random reads', { skip }, async (t) => {
  const ios = 1200;
  const variants = realVariantsFor('read');
  const args = ['--backend', list(variants), '--number-ios', String(ios), ...COMMON, ...ONE_WORKER];
  const traced = await straced(diskFolder(t), args);
  const seen = byVariant(traced, variants);

  await t.test('system calls by name are those that were made', (t) =>
    eachVariant(t, seen, ({ trial, calls }) => assert.deepEqual(trial.syscalls.by_name, countCalls(calls))),
  );
  await t.test('every I/O was given to the kernel, and no other', (t) =>
    eachVariant(t, seen, (one) => {
      assert.equal(one.trial.total_ios, ios);
      assert.equal(iosGiven(one) ?? ios, ios);
    }),
  );
  await t.test('linux-aio has iodepth in flight, never more', () => {
    const one = seen.find(({ variant }) => variant.backend.name === 'linux-aio');
    if (one) assert.equal(mostInFlight(one.calls), 4);
  });
  await t.test('O_DIRECT is in the open flags, O_SYNC is not', (t) =>
    eachVariant(t, seen, (one) => {
      assert.match(openFlags(one), /\bO_DIRECT\b/);
      assert.doesNotMatch(openFlags(one), /\bO_D?SYNC\b/);
    }),
  );
  await t.test('buffers and files are registered by those variants that say so', (t) =>
    eachVariant(t, seen, ({ variant, jobs }) => {
      const registered = jobs
        .flatMap(({ calls }) => calls)
        .filter(({ name, result }) => name === 'io_uring_register' && result >= 0);
      const cloned = has(variant, 'clone_buffers');
      for (const [wanted, word] of [
        [has(variant, 'fixedbufs') && !cloned, /IORING_REGISTER_BUFFERS,/],
        [cloned, /IORING_REGISTER_CLONE_BUFFERS,|\b0x1e\b/], // older straces know no name of it
        [has(variant, 'registerfiles'), /IORING_REGISTER_FILES,/],
      ] as const) {
        const found = registered.some(({ args }) => word.test(args));
        assert.equal(found, wanted, String(word));
      }
    }),
  );
  await t.test('the offsets that were read make the hash that is reported', (t) =>
    eachVariant(t, seen, ({ trial, variant, calls }) => {
      const found = calls.flatMap((call) => iosOf(call));
      if (variant.backend.name === 'io_uring') {
        assert.equal(found.length, 0); // in memory: offsets.test.ts sees them elsewhere
        return;
      }
      assert.equal(found.length, ios);
      assert.equal(trial.offsets_hash, hashOf(found));
    }),
  );
  await t.test('runtime_ns is the time from the first read to the end of the last', (t) =>
    eachVariant(t, seen, ({ trial, calls: all }) => {
      const calls = all.filter(({ name }) => name !== 'futex'); // its workers sleep on
      const [first] = calls;
      const last = calls.at(-1);
      assert.ok(first && last);
      near(trial.runtime_ns, (last.at + last.took - first.at) * 1e9, 0.02, 'runtime_ns', 2e6);
    }),
  );
});

test('buffered reads are not direct', { skip }, async (t) => {
  const variants = bufferedVariantsFor('read');
  const args = ['--backend', list(variants), '--number-ios', '100', '--buffered', ...COMMON, ...ONE_WORKER];
  const seen = byVariant(await straced(diskFolder(t), args), variants);
  await eachVariant(t, seen, (one) => {
    assert.doesNotMatch(openFlags(one), /\bO_DIRECT\b/);
    assert.deepEqual(one.trial.syscalls.by_name, countCalls(one.calls));
    assert.equal(iosGiven(one) ?? 100, 100);
  });
});

test('noatime is O_NOATIME, and nothing else is', { skip }, async (t) => {
  const variants = plainOf(realVariantsFor('read'));
  for (const noatime of [false, true]) {
    const args = ['--backend', list(variants), '--number-ios', '10', ...(noatime ? ['--noatime'] : [])];
    const seen = byVariant(await straced(diskFolder(t), [...args, ...COMMON]), variants);
    await eachVariant(t, seen, (one) => assert.equal(/\bO_NOATIME\b/.test(openFlags(one)), noatime));
  }
});

/** What asks the kernel to flush: calls of that name, or in an io_submit. */
function flushes(calls: readonly Call[], call: string, command: string): number {
  const submitted = calls.filter(({ name, args }) => name === 'io_submit' && args.includes(`${command},`));
  return calls.filter(({ name }) => name === call).length + submitted.length;
}

test('writes that are flushed', { skip }, async (t) => {
  // A flush stands before the next write: none after the 50th, the last, but the one at the end.
  const writes = 50;
  const variants = realVariantsFor('write');
  const workload = ['--rw', 'randwrite', '--number-ios', String(writes), '--backend', list(variants)];
  const cases = [
    { option: 'fsync', call: 'fsync', command: 'IOCB_CMD_FSYNC', sync: 'sync', flag: /\bO_SYNC\b/ },
    {
      option: 'fdatasync',
      call: 'fdatasync',
      command: 'IOCB_CMD_FDSYNC',
      sync: 'dsync',
      flag: /\bO_DSYNC\b/,
    },
  ];
  for (const { option, call, command, sync, flag } of cases) {
    await t.test(`${option}=10 sync=${sync}`, async (t) => {
      const args = [
        ...workload,
        ...COMMON,
        ...ONE_WORKER,
        `--${option}`,
        '10',
        `--sync=${sync}`,
        '--end-fsync',
      ];
      const seen = byVariant(await straced(diskFolder(t), args), variants);
      const atEnd = call === 'fsync' ? 1 : 0;
      await eachVariant(t, seen, (one) => {
        assert.equal(one.trial.ops.sync?.total_ios, 4, 'reported');
        assert.equal(opsOf(one.trial).write.total_ios, writes);
        assert.match(openFlags(one), flag);
        // Not seen by strace with io_uring, but that all were given to the kernel is.
        if (one.variant.backend.name === 'io_uring') assert.equal(iosGiven(one) ?? writes + 4, writes + 4);
        else assert.equal(flushes(one.calls, call, command), 4 + atEnd, 'made');
        assert.equal(one.calls.at(-1)?.name, 'fsync', 'end-fsync is last');
        assert.deepEqual(one.trial.syscalls.by_name, countCalls(one.calls));
      });
    });
  }
});

for (const isolation of ['process', 'worker']) {
  test(`jobs that are each a ${isolation} count as threads do`, { skip }, async (t) => {
    const variants = plainOf(realVariantsFor('read'));
    const jobs = ['--isolation', isolation, '--numjobs', '2', '--number-ios', '150'];
    const traced = await straced(diskFolder(t), [
      ...['--backend', list(variants), ...jobs],
      ...COMMON,
      ...ONE_WORKER,
    ]);
    await eachVariant(t, byVariant(traced, variants, 2), (one) => {
      const { trial, jobs, calls } = one;
      assert.deepEqual(jobs.map(({ name }) => name).sort(), ['ub-job-0', 'ub-job-1']);
      // A worker's own loop waits and is woken by these, before its job and after it; none of the variants uses them.
      const own = calls.filter(
        ({ name }) => isolation !== 'worker' || !['epoll_pwait', 'read'].includes(name),
      );
      assert.deepEqual(trial.syscalls.by_name, countCalls(own));
      assert.equal(trial.total_ios, 300);
      assert.equal(iosGiven(one), 300);
    });
  });
}

test('threadpool: several workers for several jobs are counted as one is', { skip }, async (t) => {
  const variants = realVariantsFor('read').filter(({ backend }) => backend.name === 'threadpool');
  const jobs = [
    '--numjobs',
    '2',
    '--pool-threads',
    '3',
    '--number-ios',
    '200',
    '--iodepth-batch-submit',
    '4',
  ];
  const traced = await straced(diskFolder(t), ['--backend', list(variants), ...jobs, ...COMMON]);
  await eachVariant(t, byVariant(traced, variants, 2), (one) => {
    const { futex: counted = 0, ...others } = one.trial.syscalls.by_name;
    const { futex: made = 0, ...othersMade } = countCalls(one.calls);
    assert.deepEqual(others, othersMade);
    assert.ok(one.trial.syscalls.exact && counted > 0);
    // A worker for which another has gone may go to sleep once more, when the window is over.
    assert.ok(counted <= made && counted >= made - 6, `${counted} of ${made} futex calls`);
    assert.equal(iosGiven(one), 400);
  });
});
