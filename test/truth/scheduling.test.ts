/**
 * Context switches and CPU time against three witnesses, none of which is asked by the tool itself:
 * - `perf stat` counts for the whole process tree, whatever its threads are called. From that goes what the
 *   runtime's own threads (Node's) had used when /proc last showed them, at most 20 ms before their end.
 * - The kernel's trace point sched_switch, for the threads that are named as jobs and their helpers are.
 * - /proc/PID/task/TID/schedstat of those threads, when last seen.
 * All see a job's set-up and end too, which its window leaves out: a few dozen switches, against thousands.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Trial } from '../../src/results/schema.ts';
import { REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { type SeenThread, watchProcess } from '../support/proc-watch.ts';
import { near } from '../support/result.ts';
import { noTracefs, traceFor } from '../support/tracefs.ts';
import { has, plainOf, realVariantsFor } from '../support/variants.ts';
import { needsCommand } from '../support/witness.ts';

const SHARE = 0.02;
/** Set-up and end of jobs and helpers. */
const SWITCHES_BESIDE = 60;
const CPU_NS_BESIDE = 40e6;
/** Holds 100 000 switches on each CPU. */
const TRACE_KIB = 12 * 1024;
/** perf's clock of a thread stands still while the thread is switched in, the kernel's accounting does not. */
const CPU_NS_OF_SWITCH = 8000;

function perfRefuses(): string | false {
  const missing = needsCommand('perf');
  if (missing) return missing;
  const args = ['stat', '-x', ',', '-e', 'context-switches,task-clock', 'true'];
  const { status, stderr } = spawnSync('perf', args, { encoding: 'utf8' });
  // Without the right to see the kernel it counts user space alone, and says so by :u.
  const counts = status === 0 && /,context-switches,/.test(stderr) && /,task-clock,/.test(stderr);
  return counts ? false : 'perf may not count the kernel here (kernel.perf_event_paranoid)';
}

const noPerf = perfRefuses();

interface Counts {
  switches: number;
  cpuNs: number;
}

/** The runtime's threads have their program's name or one of V8's and libuv's; these are the others. */
function worksForBackend({ comm }: SeenThread): boolean {
  return ['ub-job', 'ub-pool', 'iou-'].some((name) => comm.startsWith(name));
}

/** Under the names that they have; what they had used before they became jobs is the runtime's. */
function sum(threads: readonly SeenThread[]): Counts {
  return {
    switches:
      threads.reduce((n, { voluntary, involuntary }) => n + voluntary + involuntary, 0) -
      startsOf(threads).switches,
    cpuNs: threads.reduce((n, { cpuNs }) => n + cpuNs, 0) - startsOf(threads).cpuNs,
  };
}

/** What the hypervisor took of all CPUs meanwhile: perf's task-clock counts it, getrusage does not. */
function stolenNs({ conditions, runtime_ns: runtimeNs }: Trial): number {
  return ((conditions?.steal_pct ?? 0) / 100) * availableParallelism() * runtimeNs * 1.2;
}

function startsOf(threads: readonly SeenThread[]): Counts {
  return {
    switches: threads.reduce((n, { before }) => n + before.switches, 0),
    cpuNs: threads.reduce((n, { before }) => n + before.cpuNs, 0),
  };
}

/** VALUE,UNIT,EVENT,...: task-clock is in ms. */
function readPerf(path: string): Counts {
  const text = readFileSync(path, 'utf8');
  const value = (event: string): number =>
    Number(new RegExp(`^([\\d.]+),[^,]*,${event}`, 'm').exec(text)?.[1]);
  return { switches: value('context-switches'), cpuNs: value('task-clock') * 1e6 };
}

/** Only of these threads: others may run uring-bench on this machine, too. */
function switchesOf(lines: readonly string[], tids: ReadonlySet<number>): { all: number; workers: number } {
  const count = { all: 0, workers: 0 };
  for (const line of lines) {
    const [, comm = '', tid] = /prev_comm=(.*) prev_pid=(\d+)/.exec(line) ?? [];
    if (!tids.has(Number(tid))) continue;
    count.all++;
    if (comm.startsWith('iou-')) count.workers++;
  }
  return count;
}

/** What was seen some time before the end is no more than the whole, and most of it. */
function lastSeen(seen: number, whole: number, what: string, beside: number): void {
  assert.ok(seen <= whole * (1 + SHARE) + beside, `${seen} ${what} were seen, only ${whole} are reported`);
  assert.ok(seen >= whole * 0.9 - beside, `${whole} ${what} are reported, only ${seen} were seen`);
}

interface Witnessed {
  trial: Trial;
  /** Each null when that witness is missing. */
  perf: Counts | null;
  traced: { all: number; workers: number } | null;
  seen: Counts;
}

async function witness(t: TestContext, args: readonly string[]): Promise<Witnessed> {
  const folder = diskFolder(t);
  const counts = join(folder, 'perf.csv');
  const under = noPerf ? [] : ['perf', 'stat', '-x', ',', '-e', 'context-switches,task-clock', '-o', counts];
  const traces = noTracefs ? null : { jobs: traceFor(t, TRACE_KIB), workers: traceFor(t, TRACE_KIB) };
  const running = startBench(folder, [...args, ...REPORT], { under });
  traces?.jobs.follow(running.pid);
  traces?.jobs.watch('sched/sched_switch', 'prev_comm ~ "ub-job*" || prev_comm ~ "ub-pool*"');
  traces?.workers.watch('sched/sched_switch', 'prev_comm ~ "iou-*"'); // the kernel's threads can't be followed
  const unwatch = watchProcess(running.pid);
  const ended = await running.ended;
  const { threads } = unwatch();
  const ownThreads = threads.filter(({ comm }) => comm !== 'perf');
  const tids = new Set(ownThreads.map(({ tid }) => tid));
  const runtime = sum(ownThreads.filter((thread) => !worksForBackend(thread)));
  const starts = startsOf(ownThreads);
  const all = noPerf ? null : readPerf(counts);
  rmSync(counts, { force: true });
  return {
    trial: trialOf(resultOf(ended)),
    perf: all && {
      switches: all.switches - runtime.switches - starts.switches,
      cpuNs: all.cpuNs - runtime.cpuNs - starts.cpuNs,
    },
    traced: traces && switchesOf([...traces.jobs.lines(), ...traces.workers.lines()], tids),
    seen: sum(ownThreads.filter(worksForBackend)),
  };
}

const workloads = [
  ...plainOf(realVariantsFor('read')).map(({ label }) => ({ name: label, args: ['--backend', label] })),
  // fsync always goes to io_uring's own worker threads.
  ...plainOf(realVariantsFor('write'))
    .filter(({ backend }) => backend.name === 'io_uring')
    .map(({ label }) => ({
      name: `${label} with fsync`,
      args: ['--backend', label, '--rw', 'randwrite', '--fsync', '4'],
    })),
];

// Their threads in the kernel do the work.
const busyHelpers = realVariantsFor('read')
  .filter((variant) => has(variant, 'sqpoll') || has(variant, 'force_async'))
  .map(({ label }) => ({ name: label, args: ['--backend', label] }));

for (const [isolation, jobsAre] of [
  ['thread', 'threads'],
  ['process', 'processes'],
  ['worker', 'workers'],
]) {
  for (const { name, args } of isolation === 'thread' ? [...workloads, ...busyHelpers] : workloads) {
    test(`${name}, jobs are ${jobsAre}`, {
      skip: noDisk,
    }, async (t) => {
      const jobs = ['--isolation', isolation as string, '--numjobs', '2', '--iodepth', '8', '--size', '32m'];
      // In the delay workers are seen between their start, which is the runtime's, and their window. Without it for others:
      // sqpoll's threads would spin through it.
      const delay = isolation === 'worker' ? ['--startdelay', '300ms'] : [];
      const times = [...delay, '--runtime', '1500ms'];
      const { trial, perf, traced, seen } = await witness(t, [...args, ...jobs, ...times]);
      const { ctx, cpu } = trial;
      const cpuNs = cpu.usr_ns + cpu.sys_ns;
      assert.ok(ctx.total > 1000, `too few switches to tell: ${ctx.total}`);
      await t.test('switches: perf stat', { skip: noPerf }, () =>
        near(ctx.total, perf?.switches ?? 0, SHARE, 'ctx.total', SWITCHES_BESIDE),
      );
      await t.test('switches: sched_switch', { skip: noTracefs }, () =>
        near(ctx.total, traced?.all ?? 0, SHARE, 'ctx.total', SWITCHES_BESIDE),
      );
      await t.test('switches of io_uring workers: sched_switch', { skip: noTracefs }, () => {
        if (!name.startsWith('io_uring')) assert.equal(traced?.workers, 0);
        else near(ctx.helpers, traced?.workers ?? 0, SHARE, 'ctx.helpers', SWITCHES_BESIDE);
        if (name.endsWith('fsync')) assert.ok(ctx.helpers > 500, 'the workers were at work');
      });
      await t.test('switches: /proc', () => lastSeen(seen.switches, ctx.total, 'switches', SWITCHES_BESIDE));
      await t.test('CPU time: perf stat', { skip: noPerf }, () =>
        near(
          cpuNs,
          perf?.cpuNs ?? 0,
          0.1,
          'usr + sys',
          CPU_NS_BESIDE + ctx.total * CPU_NS_OF_SWITCH + stolenNs(trial),
        ),
      );
      await t.test('CPU time: /proc', () => lastSeen(seen.cpuNs, cpuNs, 'ns of CPU', CPU_NS_BESIDE));
      t.diagnostic(JSON.stringify({ ctx, cpuNs, perf, traced, seen }));
    });
  }
}
