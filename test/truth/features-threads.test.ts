/** What shows in threads: threadpool's workers; io-wq's and their limit, sqpoll's thread and its CPU. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from '../../src/results/schema.ts';
import { REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { unavailable } from '../support/features.ts';
import { firstReason } from '../support/witness.ts';

const DEPTH = 16;

interface HelperThread {
  comm: string;
  /** As in /proc: "0", "0-3". */
  cpus: string;
  /** As in /proc: R runs or wants to, S sleeps. */
  state: string;
}

/** What /proc says of a thread; null when it has ended. */
function threadOf(pid: number, tid: string): HelperThread | null {
  try {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1] ?? '';
    return { comm: field('Name'), cpus: field('Cpus_allowed_list'), state: field('State').slice(0, 1) };
  } catch {
    return null;
  }
}

/** Workers of the jobs' pools, and the kernel's threads for their rings, as they are now: ub-pool-N.M, iou-wrk-TID, iou-sqp-TID. */
function helperThreads(pid: number): HelperThread[] {
  const tids = readdirSync(`/proc/${pid}/task`);
  const threads = tids.map((tid) => ({ tid, thread: threadOf(pid, tid) }));
  const jobs = new Set(
    threads.filter(({ thread }) => thread?.comm.startsWith('ub-job')).map(({ tid }) => tid),
  );
  return threads
    .flatMap(({ thread }) => thread ?? [])
    .filter(
      ({ comm }) =>
        comm.startsWith('ub-pool-') ||
        (comm.startsWith('iou-') && jobs.has(comm.slice(comm.lastIndexOf('-') + 1))),
    );
}

interface Looked {
  trial: Trial;
  /** What there was at each look, 20 ms apart. */
  looks: HelperThread[][];
}

async function look(t: TestContext, args: readonly string[]): Promise<Looked> {
  const size = ['--size=32m', `--iodepth=${DEPTH}`, '--trials=1', '--runtime=700ms'];
  const running = startBench(diskFolder(t), [...args, ...size, ...REPORT]);
  const looks: HelperThread[][] = [];
  let over = false;
  const ended = running.ended.finally(() => {
    over = true;
  });
  while (!over) {
    try {
      looks.push(helperThreads(running.pid));
    } catch {
      break; // the process has ended
    }
    await sleep(20);
  }
  return { trial: trialOf(resultOf(await ended)), looks };
}

function most(looks: readonly HelperThread[][], prefix: string): number {
  return Math.max(...looks.map((threads) => threads.filter(({ comm }) => comm.startsWith(prefix)).length));
}

/** io-wq has its workers for each NUMA node. */
const nodes = readdirSync('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name)).length;

test('no worker without a reason, and their use is counted', {
  skip: firstReason(noDisk, unavailable('io_uring+force_async')),
}, async (t) => {
  const plain = await look(t, ['--backend=io_uring']);
  assert.equal(most(plain.looks, 'iou-wrk-'), 0);
  assert.equal(plain.trial.ctx.helpers, 0);
  const forced = await look(t, ['--backend=io_uring+force_async']);
  assert.ok(most(forced.looks, 'iou-wrk-') > 0);
  assert.ok(forced.trial.ctx.helpers > 0 && forced.trial.cpu.helpers_ns > 0);
});

// What is forced onto a worker has its file looked up there: until then the kernel takes it for work that may take
// for ever, "unbounded". fsync needs no such guess: it is "bounded".
for (const { option, args } of [
  { option: '--iowq-unbounded', args: ['--backend=io_uring+force_async'] },
  { option: '--iowq-bounded', args: ['--backend=io_uring', '--rw=randwrite', '--fsync=1', '--nrfiles=8'] },
]) {
  test(`${option}: no more workers than that`, {
    skip: firstReason(noDisk, unavailable('io_uring+force_async')),
  }, async (t) => {
    const limited = await look(t, [...args, `${option}=1`]);
    const workers = most(limited.looks, 'iou-wrk-');
    assert.ok(workers >= 1 && workers <= nodes, `${workers} workers on ${nodes} nodes`);
    assert.ok(limited.trial.total_ios > 0);
    const free = await look(t, args);
    const more = most(free.looks, 'iou-wrk-');
    assert.ok(more > nodes, `${more} workers when nothing limits them`);
  });
}

test("sqpoll: the kernel's thread, where it was asked for", {
  skip: firstReason(noDisk, unavailable('io_uring+sqpoll')),
}, async (t) => {
  const plain = await look(t, ['--backend=io_uring']);
  assert.equal(most(plain.looks, 'iou-sqp-'), 0, 'none without it');
  const { trial, looks } = await look(t, [
    '--backend=io_uring+sqpoll',
    '--sqthread-poll-cpu=0',
    '--numjobs=2',
  ]);
  const threads = looks.flat().filter(({ comm }) => comm.startsWith('iou-sqp-'));
  assert.equal(most(looks, 'iou-sqp-'), 2, 'one for each job');
  assert.ok(threads.every(({ cpus }) => cpus === '0'));
  // They poll all the time, as far as one CPU goes.
  const busy = trial.cpu.helpers_ns / trial.runtime_ns;
  assert.ok(busy > 0.02 && busy < 1.1, `their CPU time is counted: ${busy} of a CPU`);
  const calls = trial.syscalls.by_name.io_uring_enter ?? 0;
  assert.ok(calls < trial.total_ios, 'fewer system calls than I/Os');
});

test('sqpoll: the thread sleeps when it has no work for --sqthread-poll-idle', {
  skip: firstReason(noDisk, unavailable('io_uring+sqpoll')),
}, async (t) => {
  const pauses = ['--backend=io_uring+sqpoll', '--thinktime=50ms'];
  const awake = await look(t, [...pauses, '--sqthread-poll-idle=2s']);
  const asleep = await look(t, [...pauses, '--sqthread-poll-idle=1ms']);
  const sleeping = ({ looks }: Looked) => {
    const states = looks.flat().map(({ state }) => state);
    return states.filter((state) => state === 'S').length / states.length;
  };
  assert.ok(sleeping(awake) < 0.2, `${sleeping(awake)} of the time asleep`);
  assert.ok(sleeping(asleep) > 0.6, `${sleeping(asleep)} of the time asleep`);
  assert.ok(awake.trial.cpu.helpers_ns > asleep.trial.cpu.helpers_ns, 'which saves CPU time');
});

test('threadpool: --pool-threads workers for each job, on its CPUs, which sleep when there is nothing to do', {
  skip: noDisk,
}, async (t) => {
  const args = ['--backend=threadpool', '--pool-threads=3', '--numjobs=2', '--cpus-allowed=0'];
  const { trial, looks } = await look(t, args);
  const workers = looks.flat().filter(({ comm }) => comm.startsWith('ub-pool-'));
  assert.equal(most(looks, 'ub-pool-'), 6);
  assert.deepEqual([...new Set(workers.map(({ comm }) => comm))].sort(), [
    ...['ub-pool-0.0', 'ub-pool-0.1', 'ub-pool-0.2'],
    ...['ub-pool-1.0', 'ub-pool-1.1', 'ub-pool-1.2'],
  ]);
  assert.ok(workers.every(({ cpus }) => cpus === '0'));
  assert.ok(trial.ctx.helpers > 0 && trial.cpu.helpers_ns > 0, 'what they use is counted');
  const paused = await look(t, [...args, '--thinktime=50ms']);
  const states = paused.looks.flat().map(({ state }) => state);
  const asleep = states.filter((state) => state === 'S').length / states.length;
  assert.ok(asleep > 0.9, `${asleep} of the time asleep`);
});
