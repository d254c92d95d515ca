/**
 * Random reads: what strace sees of them, call by call, against what the result says, their time among it. Other workloads
 * are in syscalls-counted.test.ts, which a busy machine does not mind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskFolder } from '../support/disk.ts';
import { hashOf } from '../support/offsets-hash.ts';
import { near } from '../support/result.ts';
import {
  byVariant,
  COMMON,
  eachVariant,
  iosGiven,
  ONE_WORKER,
  openFlags,
  skip,
} from '../support/seen-calls.ts';
import { type Call, countCalls, iosOf, straced } from '../support/strace.ts';
import { has, list, realVariantsFor } from '../support/variants.ts';

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
