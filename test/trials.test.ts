/** How trials come about: order, warm-ups, going on until confident, and what disturbs them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { noProgress, type ProgressPlan } from '../src/jobs/progress.ts';
import { runPlan } from '../src/jobs/runner.ts';
import { targetHost } from '../src/native/library.ts';
import { instructionsErrno } from '../src/native/look.ts';
import { readOptions } from '../src/options/option-reader.ts';
import type { Flag } from '../src/options/options.ts';
import { resolveOutput } from '../src/options/output.ts';
import { readMachine } from '../src/resolve/cpus.ts';
import { resolve } from '../src/resolve/resolve.ts';
import type { RunResult } from '../src/results/schema.ts';
import { ahead, tooBusy } from './support/ahead.ts';
import { backendOf, bench, benchResult, startBench } from './support/bench.ts';
import { scratchFolder } from './support/scratch.ts';

const SMALL = ['--size=1m', '--runtime=20ms'];
const codes = ({ warnings }: RunResult) => warnings.map(({ code }) => code);

/** Labels in the order in which they ran, block by block. */
function orders(result: RunResult): string[] {
  const trials = result.backends.flatMap(({ label, trials: all }) =>
    all.map((trial) => ({ label, ...trial })),
  );
  const blocks = Math.max(...trials.map(({ trial }) => trial));
  return Array.from({ length: blocks }, (_, i) =>
    trials
      .filter(({ trial }) => trial === i + 1)
      .sort((a, b) => a.position - b.position)
      .map(({ label, position }) => `${position} ${label}`)
      .join(', '),
  );
}

describe('the order of trials', () => {
  it('is shuffled in each block, by the seed, and stored', async (t) => {
    const folder = scratchFolder(t);
    const args = ['--backend=sync,null,io_uring', ...SMALL, '--trials=8'];
    const first = orders(await benchResult(folder, args));
    assert.equal(first.length, 8);
    for (const order of first) {
      assert.deepEqual(
        [...order.matchAll(/\d/g)].map(([place]) => place),
        ['1', '2', '3'],
      );
      for (const label of ['sync', 'null', 'io_uring']) assert.ok(order.includes(label), order);
    }
    assert.ok(new Set(first).size > 2, 'not always the same');
    assert.deepEqual(orders(await benchResult(folder, args)), first);
    assert.notDeepEqual(orders(await benchResult(folder, [...args, '--randseed=5'])), first);
  });
});

describe('what a CPU is worth', () => {
  it('is measured before each trial, and stored with it', async (t) => {
    const args = ['--backend=null,sync', ...SMALL, '--trials=2', '--cpus-allowed=0'];
    const { backends } = await benchResult(scratchFolder(t), args);
    const calibrations = backends.flatMap(({ trials }) =>
      trials.map(({ conditions }) => conditions?.calibration),
    );
    assert.equal(calibrations.length, 4);
    for (const calibration of calibrations) {
      assert.ok(calibration && calibration.syscall_ns > 10 && calibration.syscall_ns < 100_000);
      assert.ok(calibration.null_ns > 1 && calibration.null_ns < 100_000);
    }
    // A trial's own counters know nothing of it.
    const nothing = backends.find(({ backend }) => backend === 'null')?.trials[0];
    assert.deepEqual(nothing?.syscalls.by_name, {});
  });
});

describe('instructions', () => {
  it('are counted when asked for, or null with the reason once', async (t) => {
    const args = ['--backend=null,posix-aio', ...SMALL, '--trials=2'];
    const folder = scratchFolder(t);
    const { backends, warnings } = await benchResult(folder, [...args, '--count-instructions']);
    const counted = (label: string) =>
      backends
        .filter((one) => one.label === label)
        .flatMap(({ trials }) => trials.map((x) => x.instructions));
    const told = warnings.filter(({ code }) => code === 'instructions-not-counted');
    assert.equal(told.length, 1);
    assert.deepEqual(counted('posix-aio'), [null, null]);
    if (instructionsErrno() === 0) {
      assert.match(told[0]?.message ?? '', /of posix-aio/);
      for (const value of counted('null')) assert.ok(value && value > 1000);
    } else {
      assert.match(
        told[0]?.message ?? '',
        /this machine has no counter|perf_event_paranoid|the kernel cannot/,
      );
      assert.deepEqual(counted('null'), [null, null]);
    }
    const without = await benchResult(folder, args);
    assert.ok(without.backends.every(({ trials }) => trials.every((one) => !('instructions' in one))));
  });
});

interface Seen {
  plans: ProgressPlan[];
  /** "sync 0" of each sample. */
  samples: Set<string>;
  result: RunResult;
}

/** Runs in this process, so that progress can be looked at. */
async function observed(t: TestContext, options: Partial<Record<Flag, string>>): Promise<Seen> {
  const given = { directory: scratchFolder(t), size: '1m', ...options };
  const written = Object.entries(given).map(([flag, text]) => ({ flag: flag as Flag, text }));
  const { plan } = resolve(readOptions(written).raw, { machine: readMachine(), target: targetHost });
  const seen: Omit<Seen, 'result'> = { plans: [], samples: new Set() };
  const progress = {
    ...noProgress,
    start: (plan: ProgressPlan) => void seen.plans.push(plan),
    sample: ({ variant, trial }: { variant: string; trial: number }) =>
      void seen.samples.add(`${variant} ${trial}`),
  };
  const output = resolveOutput({ 'output-format': 'json', save: false, quiet: true }, false);
  const context = { progress, signal: new AbortController().signal, commandLine: [], warnings: [] };
  const { result } = await runPlan(plan, { ...context, output });
  return { ...seen, result };
}

describe('warm-up trials', () => {
  it('come first, one of each of several backends, and are not counted', async (t) => {
    const { samples, plans, result } = await observed(t, {
      backend: 'sync,null',
      runtime: '450ms',
      trials: '1',
    });
    assert.deepEqual([...samples].sort(), ['null 0', 'null 1', 'sync 0', 'sync 1']);
    assert.deepEqual(
      [...samples].slice(0, 2).map((name) => name.slice(-1)),
      ['0', '0'],
    );
    // 30 ms around each trial, 100 ms before each block.
    assert.ok(Math.abs((plans[0]?.expectedSeconds ?? 0) - (2 * 2 * 0.48 + 0.1)) < 1e-9);
    for (const { trials } of result.backends)
      assert.deepEqual(
        trials.map(({ trial }) => trial),
        [1],
      );
    assert.equal(result.jobs[0]?.options['warmup-trials'], 1);
  });

  it('are none of a single backend, or as many as are asked for', async (t) => {
    const one = await observed(t, { backend: 'null', runtime: '450ms' });
    assert.deepEqual([...one.samples], ['null 1']);
    const asked = await observed(t, { backend: 'null', runtime: '450ms', 'warmup-trials': '2' });
    assert.deepEqual([...asked.samples], ['null 0', 'null 1']);
    assert.equal(asked.result.backends[0]?.trials.length, 1);
    assert.ok(Math.abs((asked.plans[0]?.expectedSeconds ?? 0) - (3 * 0.48 + 0.1)) < 1e-9);
  });
});

describe('--until-confident', () => {
  it('stops when the interval is narrow enough', { skip: tooBusy() ?? false }, async (t) => {
    const args = ['--backend=null', '--null-delay=5us', '--runtime=20ms', '--until-confident=100'];
    const result = await benchResult(scratchFolder(t), args, { under: ahead });
    const { trials, summary } = backendOf(result);
    assert.equal(trials.length, 6, 'the fewest that an interval takes');
    assert.ok((summary?.iops.confidence ?? 0) >= 0.95);
    assert.ok(!codes(result).includes('confidence-limit'));
    assert.equal(result.jobs[0]?.options['until-confident'], 100);
  });

  it('says in the result and in the table that it reached the limit', async (t) => {
    const folder = scratchFolder(t);
    const args = [
      '--backend=null,sync',
      '--reference=sync',
      ...SMALL,
      '--until-confident=0.0001',
      '--max-trials=7',
    ];
    const result = await benchResult(folder, args);
    for (const { trials } of result.backends) assert.equal(trials.length, 7);
    assert.ok(codes(result).includes('confidence-limit'));
    assert.match(result.validity?.text ?? '', /wider than was asked for/);
    const { stdout, code } = await bench(folder, [...args, '--no-save', '--quiet']);
    assert.equal(code, 0);
    assert.match(stdout, /^run +7 trials of each backend/m);
    assert.match(
      stdout.replace(/\n +/g, ' '),
      /warning: not as confident as asked after 7 trials \(--max-trials\)/,
    );
  });
});

describe('a run that is stopped', () => {
  it('calls nothing complete that has not had its trials', async (t) => {
    const args = ['--backend=null,sync', '--size=1m', '--runtime=60', '--output-format=json', '--no-save'];
    const { kill, ended, said } = startBench(scratchFolder(t), args);
    await said(/2 backends x 5 trials/);
    kill('SIGINT');
    const { stdout } = await ended;
    const result = JSON.parse(stdout) as RunResult;
    assert.equal(result.status, 'interrupted');
    for (const { status } of result.backends) assert.equal(status, 'interrupted');
    assert.notEqual(result.validity?.verdict, 'sound');
  });
});

/** A process that goes on until the test is over. */
function beside(t: TestContext, command: string, cwd: string): void {
  const child = spawn('sh', ['-c', command], { cwd, stdio: 'ignore', detached: true });
  t.after(() => process.kill(-(child.pid ?? 0), 'SIGKILL'));
}

describe('disturbances', () => {
  it('other processes on the CPUs are seen, and named', async (t) => {
    const folder = scratchFolder(t);
    for (let i = 0; i < 2; i++) beside(t, 'while :; do :; done', folder);
    const result = await benchResult(folder, [
      '--backend=sync',
      '--size=1m',
      '--runtime=500ms',
      '--trials=2',
    ]);
    const { conditions } = backendOf(result).trials[0] ?? {};
    assert.ok((conditions?.others_cpu_pct ?? 0) > 20, JSON.stringify(conditions));
    assert.ok((conditions?.others_cpu_pct ?? 0) <= 105 * result.environment.cpus_online);
    if (result.environment.cpus_online <= 8) {
      assert.ok(codes(result).includes('other-cpu-load'));
      assert.match(result.validity?.text ?? '', /other CPU load/);
    }
  });

  it('our own CPU time is not taken for that of others', { skip: tooBusy() ?? false }, async (t) => {
    const cpus = availableParallelism();
    const args = ['--backend=null', '--runtime=500ms', `--numjobs=${cpus}`];
    const busy = await benchResult(scratchFolder(t), args, { under: ahead });
    const { conditions, cpu, runtime_ns: runtimeNs = 0 } = backendOf(busy).trials[0] ?? {};
    const ownPct = ((cpu?.usr_ns ?? 0) / runtimeNs) * 100;
    assert.ok(ownPct > 60 * cpus, `the null backend computes all the time: ${ownPct} %`);
    // Set-up and the end of a trial are in between, too: others may have had the CPUs then.
    assert.ok((conditions?.others_cpu_pct ?? 0) < 60 * cpus, JSON.stringify(conditions));
  });

  it('I/O of others on the device is told from our own', async (t) => {
    const folder = scratchFolder(t);
    writeFileSync(join(folder, 'other'), Buffer.alloc(32 * 2 ** 20, 7));
    const args = ['--backend=sync', '--size=16m', '--runtime=500ms'];
    beside(t, 'while :; do dd if=other of=/dev/null bs=1M iflag=direct; done', folder);
    const result = await benchResult(folder, args);
    const { conditions } = backendOf(result).trials[0] ?? {};
    const [file] = result.environment.files;
    if (file?.device == null || conditions?.others_device_bytes == null)
      return t.skip('the device has no counters');
    assert.ok(conditions.others_device_bytes > 2 ** 20, JSON.stringify(conditions));
    assert.ok(codes(result).includes('device-load'), codes(result).join());
  });
});
