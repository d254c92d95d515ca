/** What looks on at trials, over every kind of job: when it is told of what, and that its troubles lose nothing. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { BenchError } from '../src/errors.ts';
import { executors } from '../src/jobs/executors/registry.ts';
import { noProgress } from '../src/jobs/progress.ts';
import { runPlan } from '../src/jobs/runner.ts';
import { runTrial } from '../src/jobs/trial.ts';
import { Observers, type TrialObserver, type TrialView } from '../src/jobs/trial-observer.ts';
import { targetHost } from '../src/native/library.ts';
import { readOptions } from '../src/options/option-reader.ts';
import type { Flag } from '../src/options/options.ts';
import { resolveOutput } from '../src/options/output.ts';
import { readMachine } from '../src/resolve/cpus.ts';
import { resolve } from '../src/resolve/resolve.ts';
import type { RunPlan } from '../src/resolve/run-plan.ts';
import type { RunResult, Trial } from '../src/results/schema.ts';
import type { Isolation } from '../src/workload/workload.ts';
import { dataFile } from './support/disk.ts';
import { scratchFolder } from './support/scratch.ts';

const JOBS = 2;
const isolations = Object.keys(executors) as Isolation[];

function planOf(options: Partial<Record<Flag, string>>): RunPlan {
  const given = { backend: 'null', numjobs: String(JOBS), runtime: '300ms', ...options };
  const written = Object.entries(given).map(([flag, text]) => ({ flag: flag as Flag, text }));
  return resolve(readOptions(written).raw, { machine: readMachine(), target: targetHost }).plan;
}

/** Runs the first trial of a plan before one observer. */
async function watched(plan: RunPlan, observer: TrialObserver, signal = new AbortController().signal) {
  const [variant] = plan.variants;
  assert.ok(variant);
  const observers = new Observers([observer]);
  return {
    trial: await runTrial(plan, { variant, trial: 1, position: 1 }, signal, observers),
    troubles: observers.troubles,
  };
}

const isOwnThread = (tid: number): boolean => existsSync(`/proc/self/task/${tid}`);
const statusOf = (tid: number): string => readFileSync(`/proc/${tid}/status`, 'utf8');
const jobThreads = (): string[] =>
  readdirSync('/proc/self/task').filter((tid) =>
    readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').startsWith('ub-job'),
  );

for (const isolation of isolations) {
  describe(`observers of jobs that are each a ${isolation}`, () => {
    it('are told before, of each job at work, and after', async () => {
      const told: string[] = [];
      let tids: readonly number[] = [];
      let view: TrialView | undefined;
      let ended: Trial | null = null;
      const { trial } = await watched(planOf({ isolation }), {
        name: 'order',
        async prepare(seen) {
          view = seen;
          await setTimeout(30); // the jobs wait
          told.push(`prepare ${seen.run.variant.label} ${seen.counters().ios} ${jobThreads().length}`);
        },
        async started(ids) {
          tids = ids;
          const names = ids.map((tid) => /^Name:\t(.*)$/m.exec(statusOf(tid))?.[1]);
          const own = ids.filter(isOwnThread).length;
          const children = ids.filter((tid) =>
            new RegExp(`^PPid:\t${process.pid}$`, 'm').test(statusOf(tid)),
          );
          told.push(`started ${names.sort().join(' ')}, ${own} own, ${children.length} children`);
          await setTimeout(30);
          told.push(`counts ${(view?.counters().ios ?? 0) > 0}`);
        },
        ended(collected) {
          ended = collected;
          told.push(`ended ${collected?.status} ${tids.filter(isOwnThread).length}`);
        },
      });
      const [own, children] = isolation === 'process' ? [0, JOBS] : [JOBS, 0];
      assert.deepEqual(told, [
        'prepare null 0 0',
        `started ub-job-0 ub-job-1, ${own} own, ${children} children`,
        'counts true',
        'ended complete 0',
      ]);
      assert.equal(new Set(tids).size, JOBS);
      assert.equal(ended, trial, 'the one that is stored');
      assert.throws(() => view?.counters(), /the arena is closed/);
    });

    it('are told of the end of a trial that a signal stopped', async () => {
      const controller = new AbortController();
      let status: string | undefined;
      const { trial } = await watched(
        planOf({ isolation, runtime: '30s' }),
        {
          name: 'stop',
          started: () => controller.abort(),
          ended(collected) {
            status = collected?.status;
          },
        },
        controller.signal,
      );
      assert.deepEqual([status, trial.status], ['interrupted', 'interrupted']);
    });

    it('are told of the end of a trial that failed', async (t) => {
      const path = dataFile(`${scratchFolder(t)}/data`, 2 ** 20);
      const plan = planOf({ isolation, backend: 'sync', filename: path, direct: '0' });
      for (const file of plan.groups.flatMap(({ files }) => files.flat())) file.path += '.gone';
      let seen: Trial | null = null;
      const { trial } = await watched(plan, {
        name: 'failure',
        ended(collected) {
          seen = collected;
        },
      });
      assert.equal(trial.status, 'failed');
      assert.match(trial.failure?.message ?? '', /\.gone: .*ENOENT/);
      assert.equal(seen, trial);
    });
  });
}

it('observers are told of the end of a trial whose job has died, and that nothing was collected', async () => {
  const told: unknown[] = [];
  const plan = planOf({ isolation: 'process', runtime: '30s' });
  const observer: TrialObserver = {
    name: 'killer',
    started: ([tid]) => void process.kill(tid as number, 'SIGKILL'),
    ended: (trial) => void told.push(trial),
  };
  await assert.rejects(watched(plan, observer), (error) => {
    assert.ok(error instanceof BenchError);
    assert.match(error.message, /^job [12]: its process was killed by SIGKILL$/);
    return true;
  });
  assert.deepEqual(told, [null]);
});

/** Runs a plan of one backend in this process, two trials. */
async function runWith(observers: readonly TrialObserver[]): Promise<RunResult> {
  const { result } = await runPlan(planOf({ runtime: '60ms', trials: '2' }), {
    progress: noProgress,
    signal: new AbortController().signal,
    commandLine: [],
    warnings: [],
    output: resolveOutput({ 'output-format': 'json', save: false, quiet: true }, false),
    observers,
  });
  return result;
}

describe('an observer that fails', () => {
  const fails = (name: string) => () => {
    throw new Error(`${name} is missing`);
  };

  it('is a warning of its trial, which is kept and seen by the others', async (t: TestContext) => {
    const told: string[] = [];
    const outer: TrialObserver = {
      name: 'outer',
      prepare: ({ run }) => void told.push(`prepare ${run.trial}`),
      ended: (trial) =>
        void told.push(`ended ${trial?.trial}, conditions: ${trial?.conditions !== undefined}`),
    };
    const result = await runWith([
      outer,
      {
        name: 'first',
        prepare: fails('tracefs'),
        started: () => void told.push('never'),
        ended: fails('never'),
      },
      { name: 'second', started: fails('perf') },
      { name: 'third', ended: async () => fails('series')() },
    ]);
    t.diagnostic(JSON.stringify(result.warnings));
    assert.equal(result.status, 'complete');
    const [backend] = result.backends;
    assert.deepEqual(
      backend?.trials.map(({ status }) => status),
      ['complete', 'complete'],
    );
    const warnings = result.warnings.filter(({ code }) => code === 'observer');
    assert.deepEqual(
      warnings.map(({ message, variant, trial }) => `${variant} ${trial} ${message}`),
      [1, 2].flatMap((trial) =>
        ['first: tracefs', 'second: perf', 'third: series'].map(
          (what) => `null ${trial} null: not all was observed: ${what} is missing`,
        ),
      ),
    );
    assert.deepEqual(told, [
      'prepare 1',
      'ended 1, conditions: true',
      'prepare 2',
      'ended 2, conditions: true',
    ]);
  });
});
