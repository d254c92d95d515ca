/** What strace sees of a run, call by call, against what its result counts. No times: those are in syscalls.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskFolder } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import {
  byVariant,
  COMMON,
  eachVariant,
  iosGiven,
  ONE_WORKER,
  openFlags,
  skip,
} from '../support/seen-calls.ts';
import { type Call, countCalls, straced } from '../support/strace.ts';
import { bufferedVariantsFor, list, plainOf, realVariantsFor } from '../support/variants.ts';

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
