/**
 * What `--explain` says against what the run itself counted and against outside witnesses: /proc/TID/schedstat, the
 * kernel's list of BPF objects.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readMachine } from '../../src/resolve/cpus.ts';
import type { ThreadFigures, Traced } from '../../src/results/schema-explain.ts';
import { startBench } from '../support/bench.ts';
import { bpfObjectsOf, stillThere } from '../support/bpf-objects.ts';
import { diskFolder } from '../support/disk.ts';
import { COMMON, type Explained, explained, noTracing, seenWhole, total } from '../support/explained.ts';
import { near } from '../support/result.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

const skip = noTracing;
const SHARE = 0.02;
/** Parts of a thread's time make up all of it. */
const SUM_SHARE = 0.01;

/** So much CPU time is not overlooked by ticks. */
const TICKS_NS = 100e6;

const DIRECT = ['sync', 'posix-aio', 'linux-aio', 'threadpool', 'io_uring'];
const RINGS = ['io_uring', 'io_uring+enhanced', 'io_uring+force_async', 'io_uring+sqpoll'];

function sum(threads: readonly ThreadFigures[], of: (one: ThreadFigures) => number): number {
  return threads.reduce((total, one) => total + of(one), 0);
}

/** The threads whose use the trial counts: jobs and their helpers. */
function counted({ threads }: Traced): ThreadFigures[] {
  return threads.filter(({ kind }) => kind !== 'other');
}

/** What holds of every pass, whatever it was. */
function checkSums(label: string, { traced }: Explained): void {
  for (const one of traced.threads) {
    const parts = one.run_ns + one.ready_ns + one.sleep_ns;
    near(parts, one.alive_ns, SUM_SHARE, `${label}: times of ${one.kind} threads`);
    const slept = one.sleeps.reduce((ns, sleep) => ns + sleep.ns, 0);
    assert.ok((one.user_ns ?? 0) <= one.run_ns, `${label}: time of ${one.kind} threads in user mode`);
    if (one.run_ns > TICKS_NS) assert.notEqual(one.user_ns, null, `${label}: it is known`);
    near(slept, one.sleep_ns, SUM_SHARE, `${label}: sleeps of ${one.kind} threads`, 1e6);
  }
  const jobs = traced.threads.filter(({ kind }) => kind === 'job');
  assert.equal(
    sum(jobs, (one) => one.threads),
    1,
    `${label}: one job`,
  );
  near(
    sum(jobs, (one) => one.alive_ns),
    traced.window_ns,
    SUM_SHARE,
    `${label}: the job's window`,
  );
}

/** Adjacent blocks that are in flight at once may be merged into one request: among 4096 a handful. */
const MERGED_MOST = 16;

/** Each direct I/O is a request, from its begin to its end, but for a few that were merged. */
function checkBlock(label: string, { traced, pass }: Explained): void {
  const { block } = traced;
  assert.ok(block, label);
  const ios = pass.total_ios;
  assert.equal(block.bytes, ios * 4096, `${label}: all bytes are moved`);
  assert.equal(block.errors, 0, label);
  assert.equal(block.completed, block.started, `${label}: what is begun ends`);
  assert.ok(block.completed <= ios && block.completed >= ios - MERGED_MOST, `${label}: ${block.completed}`);
  assert.ok(block.issued >= block.completed, `${label}: a request may be issued again`);
  assert.equal(total(block.device_hist), block.completed, `${label}: each is in the histogram of the device`);
  near(
    block.at_device,
    (block.completed * (block.device_ns ?? 0)) / traced.window_ns,
    SHARE,
    `${label}: Little's law`,
  );
}

/** Helpers are counted from outside of them, a moment before or after the window's edge. */
const HELPER_SWITCHES_BESIDE = 16;

/** Switches are those that the trial counts, of jobs alone exactly. */
function checkSwitches(label: string, { traced, pass }: Explained): void {
  const own = counted(traced);
  const switches = sum(own, (one) => one.voluntary + one.involuntary);
  if (own.every(({ kind }) => kind === 'job')) assert.equal(switches, pass.ctx, `${label}: switches`);
  else near(switches, pass.ctx, 0, `${label}: switches`, HELPER_SWITCHES_BESIDE);
}

for (const backend of DIRECT) {
  test(`${backend} direct: requests, switches and times are those of the pass`, { skip }, async (t) => {
    await seenWhole(async () => {
      const args = ['--number-ios', '3000', '--explain'];
      const seen = await explained(t, backend, args);
      checkSums(backend, seen);
      checkBlock(backend, seen);
      assert.equal(seen.pass.total_ios, 3000);
      const { traced, pass } = seen;
      checkSwitches(backend, seen);
      near(
        sum(counted(traced), (one) => one.run_ns),
        pass.cpu_ns,
        SUM_SHARE,
        'CPU time',
        2e6,
      );
    });
  });
}

test('linux-aio buffered: the job sleeps in io_submit, and no request is its own', { skip }, async (t) => {
  await seenWhole(async () => {
    const args = ['--buffered', '--number-ios', '2000', '--explain'];
    const { traced, ...seen } = await explained(t, 'linux-aio', args);
    checkSums('linux-aio buffered', { traced, ...seen });
    const [job] = traced.threads.filter(({ kind }) => kind === 'job');
    const slept = (name: string): number =>
      job?.sleeps.filter((sleep) => sleep.in === name).reduce((n, { count }) => n + count, 0) ?? 0;
    assert.ok(slept('io_submit') > 1000, `${slept('io_submit')} sleeps in io_submit`);
    assert.ok(slept('io_getevents') <= slept('io_submit') / 100, 'what is submitted is done');
    checkSwitches('linux-aio buffered', { traced, ...seen });
  });
});

for (const backend of RINGS) {
  test(`${backend}: requests by opcode are its I/Os`, { skip }, async (t) => {
    await seenWhole(async () => {
      const seen = await explained(t, backend, ['--number-ios', '3000', '--explain']);
      const { traced, pass } = seen;
      checkSums(backend, seen);
      checkBlock(backend, seen);
      const ring = traced.io_uring;
      assert.ok(ring);
      assert.equal(total(Object.values(ring.submits)), pass.total_ios, 'submitted');
      assert.equal(ring.completions, pass.total_ios, 'completed');
      assert.equal(ring.overflows, 0);
      const forced = backend.includes('force_async');
      assert.equal(ring.punted, forced ? pass.total_ios : 0, 'handed to io-wq');
      const kinds = traced.threads.map(({ kind }) => kind);
      assert.equal(kinds.includes('iou-wrk'), forced, 'threads of io-wq');
      assert.equal(kinds.includes('iou-sqp'), backend.includes('sqpoll'), 'a polling thread');
      checkSwitches(backend, seen);
    });
  });
}

/** Shares of the time of a kind of thread, by the tracer and by our own looks at /proc, and what those missed of it. */
function sharesOf(
  { explain, traced }: Explained,
  kind: 'job' | 'pool' | 'iou-sqp',
): { shares: [number, number][]; missed: number } {
  const looked = explain.basic?.threads.find((one) => one.kind === kind);
  const [seen] = traced.threads.filter((one) => one.kind === kind);
  assert.ok(looked && seen, `${kind} threads were seen`);
  const shares: [number, number][] = [
    [seen.run_ns / seen.alive_ns, looked.run_ns / looked.seen_ns],
    [seen.ready_ns / seen.alive_ns, (looked.ready_ns ?? 0) / looked.seen_ns],
    [seen.sleep_ns / seen.alive_ns, (looked.sleep_ns ?? 0) / looked.seen_ns],
  ];
  return { shares, missed: Math.max(0, 1 - looked.seen_ns / seen.alive_ns) };
}

test('times of threads are those of /proc/TID/schedstat', { skip }, async (t) => {
  for (const [backend, kinds] of [
    ['sync', ['job']],
    ['posix-aio', ['job', 'pool']],
    ['io_uring+sqpoll', ['job', 'iou-sqp']],
  ] as const) {
    await seenWhole(async () => {
      const seen = await explained(t, backend, ['--runtime', '2', '--explain']);
      for (const kind of kinds) {
        const { shares, missed } = sharesOf(seen, kind);
        assert.ok(missed < 0.2, `${missed} of the time was not looked at`);
        for (const [at, [traced, looked]] of shares.entries()) {
          const what = ['running', 'ready', 'asleep'][at];
          near(
            traced,
            looked,
            0,
            `${backend}: share of time that ${kind} threads were ${what}`,
            SHARE + missed,
          );
        }
      }
    });
  }
});

test('an I/O that is there and whose thread has no CPU says so', { skip }, async (t) => {
  await seenWhole(async () => {
    // Beside a job on one CPU a thread that has ten times its weight, and then only half of it.
    const [cpu = 0] = readMachine().cpusAllowed;
    const busy = spawn('nice', ['-n', '-10', 'taskset', '-c', `${cpu}`, 'sh', '-c', 'while :; do :; done']);
    try {
      const args = ['--runtime', '1', '--cpus-allowed', `${cpu}`, '--explain'];
      const { time } = (await explained(t, 'sync', args)).traced;
      const { reap_wait_ns: wait, until_reaped_ns: after, waits_for_cpu_ns: all } = time;
      assert.ok(wait != null && after !== null && all !== null);
      assert.ok(wait <= after, `${wait} of ${after}`);
      // All waits of a thread that calls and sleeps are for this, but for those when it was preempted.
      near(wait, all, 0.1, 'waits for a CPU', 20_000);
      assert.ok(wait > 0.5 * after, `most of ${after} is ${wait}`);
    } finally {
      busy.kill();
    }
  });
});

test('jobs of every kind are traced', { skip }, async (t) => {
  await seenWhole(async () => {
    for (const isolation of ['process', 'worker']) {
      const args = ['--number-ios', '1000', '--numjobs', '2', '--explain', '--isolation', isolation];
      const { traced, pass } = await explained(t, 'io_uring', args);
      assert.equal(pass.total_ios, 2000);
      assert.equal(traced.block?.bytes, 2000 * 4096, isolation);
      assert.equal(traced.io_uring?.completions, 2000, isolation);
      assert.equal(traced.threads.find(({ kind }) => kind === 'job')?.threads, 2, isolation);
    }
  });
});

test('nothing is left in the kernel of a run that is killed', {
  skip: firstReason(skip, needsCommand('python3')),
}, async (t) => {
  const args = ['--explain=full', '--no-save', ...COMMON];
  const running = startBench(diskFolder(t), [
    ...args,
    '--backend',
    'io_uring,sync',
    '--warmup-trials',
    '0',
    '--runtime',
    '1',
  ]);
  let own = bpfObjectsOf(running.pid);
  for (let tries = 0; tries < 1000 && own.link_id.length === 0; tries++) {
    await setTimeout(10);
    own = bpfObjectsOf(running.pid);
  }
  // All of it is there by now.
  await setTimeout(100);
  own = bpfObjectsOf(running.pid);
  assert.ok(own.prog_id.length > 0 && own.map_id.length > 0, 'it traces');
  running.kill('SIGKILL');
  await running.ended;
  const none = { prog_id: [], map_id: [], link_id: [] };
  // The kernel frees programs a moment later.
  for (let tries = 0; tries < 100 && JSON.stringify(stillThere(own)) !== JSON.stringify(none); tries++) {
    await setTimeout(20);
  }
  assert.deepEqual(stillThere(own), none);
});

test('nothing is left in the kernel of a run that has ended', {
  skip: firstReason(skip, needsCommand('python3')),
}, async (t) => {
  const running = startBench(diskFolder(t), [
    ...COMMON,
    '--explain',
    '--runtime',
    '1',
    '--no-save',
    '--backend',
    'sync',
  ]);
  const found = { prog_id: new Set<number>(), map_id: new Set<number>(), link_id: new Set<number>() };
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  while (!over) {
    const now = bpfObjectsOf(running.pid);
    for (const kind of ['prog_id', 'map_id', 'link_id'] as const)
      for (const id of now[kind]) found[kind].add(id);
    await setTimeout(10);
  }
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.ok(found.prog_id.size > 0, 'it has traced');
  await setTimeout(500);
  const left = stillThere({
    prog_id: [...found.prog_id],
    map_id: [...found.map_id],
    link_id: [...found.link_id],
  });
  assert.deepEqual(left, { prog_id: [], map_id: [], link_id: [] });
});
