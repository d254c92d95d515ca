/** Times of a job's thread against those of `perf sched`, which records each switch and wake-up by itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backendOf } from '../support/bench.ts';
import { root } from '../support/cli.ts';
import { diskFolder } from '../support/disk.ts';
import { COMMON, explainedOf, noTracing } from '../support/explained.ts';
import { near, parseResult } from '../support/result.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

/** Of the window. */
const SHARE = 0.02;
/** Time that the kernel takes out of a thread's: stolen by the host, and interrupts of all CPUs (proc_stat(5)), in ns. */
function takenNs(): number {
  const fields = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ').map(Number) ?? [];
  const [, , , , , irq = 0, softirq = 0, steal = 0] = fields;
  return (irq + softirq + steal) * 1e7;
}

/** perf may lose events of a busy machine, and says so. */
const TRIES = 4;

function perf(folder: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('perf', args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 29,
  });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /lost/i, 'perf saw all events');
  return stdout;
}

interface Switch {
  at: number;
  tid: number;
  wait: number;
  delay: number;
  run: number;
  state: string;
}

/** Each time that a job of a process left its CPU, in ms: since when it had waited before, how long of that able to run, how long it ran. */
function switchesOf(text: string, process: number): Switch[] {
  const line = /^\s*([\d.]+) \[\d+\]\s+ub-job-0\[(\d+)\/(\d+)\]\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+(\w)/gm;
  return [...text.matchAll(line)]
    .map(([, at, tid, pid, wait, delay, run, state = '']) => ({
      pid: Number(pid),
      ...{ at: Number(at), tid: Number(tid), wait: Number(wait), delay: Number(delay), run: Number(run) },
      state,
    }))
    .filter(({ pid }) => pid === process);
}

/** Sums of the last so many ns of a thread. */
function sums(switches: readonly Switch[], ns: number): { run: number; ready: number; asleep: number } {
  const end = switches.at(-1)?.at ?? 0;
  const sum = { run: 0, ready: 0, asleep: 0 };
  for (const [at, { wait, delay, run }] of switches.entries()) {
    const before = switches[at - 1];
    if (before === undefined || before.at < end - ns / 1e9) continue;
    const ready = before.state === 'R' ? wait : delay;
    sum.run += run;
    sum.ready += ready;
    sum.asleep += wait - ready;
  }
  return sum;
}

test('waiting for a CPU and sleeping are what perf sched sees', {
  skip: firstReason(noTracing, needsCommand('perf')),
}, async (t) => {
  const folder = diskFolder(t);
  const args = [...COMMON, '--backend', 'sync', '--warmup-trials', '0', '--runtime', '1', '--explain'];
  for (let tries = 1; ; tries++) {
    try {
      const bench = [process.execPath, join(root, 'bin/uring-bench.mjs'), ...args];
      const before = takenNs();
      perf(folder, [
        ...[
          'sched',
          'record',
          '-o',
          'sched',
          '-m',
          '4096',
          '--',
          'sh',
          '-c',
          'echo $$ >pid; exec "$@"',
          'sh',
        ],
        ...[...bench, '--no-save', '--output-format', 'json', '--output', 'result'],
      ]);
      const taken = takenNs() - before;
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
      const { traced } = explainedOf(backendOf(parseResult(readFileSync(join(folder, 'result'), 'utf8'))));
      const all = switchesOf(perf(folder, ['sched', 'timehist', '-i', 'sched', '--state']), pid);
      // The last one is that of the pass.
      const own = all.filter(({ tid }) => tid === all.at(-1)?.tid);
      const [job] = traced.threads.filter(({ kind }) => kind === 'job');
      assert.ok(job && own.length > 10, `${own.length} switches`);
      const { run, ready, asleep } = sums(own, job.alive_ns);
      const shares = [run, ready, asleep].map((ms) => (ms * 1e6) / job.alive_ns);
      // To perf a thread runs from one switch to the next; the kernel's count of its CPU time is without what was taken meanwhile.
      const more = job.ready_ns / job.alive_ns - (shares[1] ?? 0);
      assert.ok(
        more >= -SHARE && more <= SHARE + taken / job.alive_ns,
        `waiting for a CPU: ${more} of the window more than perf's, where ${taken / job.alive_ns} was taken`,
      );
      near(shares[2] ?? 0, job.sleep_ns / job.alive_ns, 0, 'share of being asleep', SHARE);
      return;
    } catch (error) {
      if (!(error instanceof assert.AssertionError) || tries === TRIES) throw error;
    }
  }
});
