/** Sentences of `--explain`: of runs that have the cause, and of others, as near as may be, that do not. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { readMachine } from '../../src/resolve/cpus.ts';
import { benchResult } from '../support/bench.ts';
import { diskFolder } from '../support/disk.ts';
import { COMMON, noTracing, seenWhole } from '../support/explained.ts';

const skip = noTracing;

/** The sentences of each backend of a run: their rules. */
async function rulesOf(t: TestContext, args: readonly string[]): Promise<Map<string, string[]>> {
  const { backends } = await benchResult(diskFolder(t), [...COMMON, '--warmup-trials', '0', ...args]);
  return new Map(
    backends.map(({ label, explain }) => [label, explain?.sentences.map(({ rule }) => rule) ?? []]),
  );
}

/**
 * A busy machine's steal and waits stand before other sentences, of which there are three at most: then it is looked at
 * again. @param wanted by rule, whose run speaks of it and whose does not
 */
async function speak(
  t: TestContext,
  args: readonly string[],
  wanted: Readonly<Record<string, readonly [speaks: string, silent: string]>>,
): Promise<void> {
  await seenWhole(async () => {
    const rules = await rulesOf(t, args);
    for (const [rule, [speaks, silent]] of Object.entries(wanted)) {
      assert.ok(rules.get(speaks)?.includes(rule), `${rule} of ${speaks}: ${rules.get(speaks)}`);
      assert.ok(!rules.get(silent)?.includes(rule), `no ${rule} of ${silent}`);
    }
  });
}

test('of interfaces: one by one, calls, workers, the poll thread', { skip }, async (t) => {
  const backends = ['sync', 'posix-aio', 'linux-aio', 'io_uring+force_async', 'io_uring+sqpoll'];
  const args = ['--backend', backends.join(','), '--number-ios', '2000', '--explain'];
  await speak(t, args, {
    'one-by-one': ['posix-aio', 'sync'],
    punted: ['io_uring+force_async', 'io_uring+sqpoll'],
    'poll-thread': ['io_uring+sqpoll', 'io_uring+force_async'],
  });
});

test('a second call an I/O: to submit one and to wait for it', { skip }, async (t) => {
  const args = ['--backend', 'linux-aio,sync', '--iodepth', '1', '--number-ios', '2000', '--explain'];
  await speak(t, args, { 'second-call': ['linux-aio', 'sync'] });
});

test("a lock in glibc's pool, which a call does not take", { skip }, async (t) => {
  const args = ['--backend', 'posix-aio,sync', '--iodepth', '1', '--number-ios', '2000', '--explain=full'];
  await speak(t, args, { 'pool-lock': ['posix-aio', 'sync'] });
});

test('sleeps: in the submission of what is buffered, and in page faults', { skip }, async (t) => {
  const args = ['--buffered', '--backend', 'linux-aio,mmap', '--number-ios', '2000', '--explain'];
  await speak(t, args, {
    'sleeps-in-submission': ['linux-aio', 'mmap'],
    'sleeps-in-page-faults': ['mmap', 'linux-aio'],
  });
});

test('the allocation of blocks, where a file has none yet', { skip }, async (t) => {
  const args = ['--backend', 'sync', '--rw', 'randwrite', '--number-ios', '1000', '--explain'];
  await seenWhole(async () => {
    const fresh = await rulesOf(t, [...args, '--overwrite=0', '--fallocate', 'none']);
    const there = await rulesOf(t, args);
    const has = (rules: typeof fresh) => rules.get('sync')?.includes('allocates-blocks');
    assert.deepEqual([has(fresh), has(there)], [true, false]);
  });
});

test('files that cannot be asked without waiting', { skip }, async (t) => {
  const path = `/dev/shm/uring-bench-rules-${process.pid}`;
  t.after(() => rmSync(path, { force: true }));
  const args = ['--backend', 'io_uring', '--buffered', '--number-ios', '2000', '--explain'];
  await speak(t, [...args, '--filename', path], { punted: ['io_uring', 'none'] });
});

test('a CPU that another has', { skip }, async (t) => {
  const [cpu = 0] = readMachine().cpusAllowed;
  const busy = spawn('nice', ['-n', '-10', 'taskset', '-c', `${cpu}`, 'sh', '-c', 'while :; do :; done']);
  t.after(() => busy.kill());
  const args = ['--backend', 'sync', '--runtime', '500ms', '--cpus-allowed', `${cpu}`, '--explain'];
  await speak(t, args, { 'waits-for-cpu': ['sync', 'none'] });
});
