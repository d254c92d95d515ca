/** The pass that explains, over a tracer that is made up: what it is told of and when, and that nothing of it is lost or counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { BenchError } from '../src/errors.ts';
import type { RunContext, Tracing } from '../src/jobs/context.ts';
import { noProgress } from '../src/jobs/progress.ts';
import { type RunOutcome, runPlan } from '../src/jobs/runner.ts';
import { targetHost } from '../src/native/library.ts';
import { readOptions } from '../src/options/option-reader.ts';
import type { Flag } from '../src/options/options.ts';
import { resolveOutput } from '../src/options/output.ts';
import { readMachine } from '../src/resolve/cpus.ts';
import { resolve } from '../src/resolve/resolve.ts';
import type { RunResult } from '../src/results/schema.ts';
import { rawExplain } from './support/synthetic-explain.ts';

interface Faked {
  tracing: Tracing;
  told: string[];
}

/** A tracer that no kernel is asked for. @param fails what to throw when it is opened */
function fakeTracing(fails?: Error): Faked {
  const told: string[] = [];
  const tracing: Tracing = {
    probe: () => ({ possible: false, missing: 'needs a kernel' }),
    open({ full }) {
      if (fails) throw fails;
      told.push(`open ${full}`);
      return {
        fd: -1,
        start: () => void told.push('start'),
        stop: () => void told.push('stop'),
        read() {
          told.push('read');
          return rawExplain({ samples: [{ kind: 'job', stack: ['a', 'b'], count: 3 }] });
        },
        close: () => void told.push('close'),
      };
    },
  };
  return { tracing, told };
}

function run(options: Partial<Record<Flag, string>>, more: Partial<RunContext> = {}): Promise<RunOutcome> {
  const given = { backend: 'null', runtime: '120ms', 'warmup-trials': '0', ...options };
  const written = Object.entries(given).map(([flag, text]) => ({ flag: flag as Flag, text }));
  const { plan } = resolve(readOptions(written).raw, { machine: readMachine(), target: targetHost });
  return runPlan(plan, {
    progress: noProgress,
    signal: new AbortController().signal,
    commandLine: [],
    warnings: [],
    output: resolveOutput({ 'output-format': 'json', save: false, quiet: true }, false),
    ...more,
  });
}

const explained = ({ backends }: RunResult) => backends[0]?.explain;
const ofExplain = ({ warnings }: RunResult) => warnings.filter(({ code }) => code === 'explain');

describe('the pass that explains', () => {
  it('is one more trial of each variant, none of those that count', async () => {
    const observed: number[] = [];
    const { result } = await run(
      { explain: 'basic', trials: '2', 'number-ios': '2000', 'null-delay': '50us', runtime: '10s' },
      { observers: [{ name: 'counted', ended: (trial) => void observed.push(trial?.trial ?? 0) }] },
    );
    const [backend] = result.backends;
    assert.deepEqual(observed, [1, 2]);
    assert.equal(backend?.trials.length, 2);
    assert.equal(backend?.summary?.trials, 2);
    const said = explained(result);
    assert.equal(said?.tier, 'basic');
    assert.equal(said?.missing, null, 'nobody could have traced');
    // It is as long as every trial: of this many I/Os.
    assert.equal(said?.pass?.total_ios, 2000);
    assert.equal(said?.pass?.measured_iops, backend?.summary?.iops.median);
    const [jobs] = said?.basic?.threads ?? [];
    assert.equal(jobs?.kind, 'job');
    assert.ok((said?.basic?.window_ns ?? 0) > 0);
    assert.equal((jobs?.run_ns ?? 0) + (jobs?.ready_ns ?? 0) + (jobs?.sleep_ns ?? 0), jobs?.seen_ns);
  });

  it('is not there unless it was asked for', async () => {
    const { result } = await run({});
    assert.equal(explained(result), undefined);
  });

  it('says why the kernel is not looked into, where it is not', async () => {
    const { result } = await run({ explain: 'basic' }, { tracing: fakeTracing().tracing });
    assert.equal(explained(result)?.missing, 'needs a kernel');
    assert.deepEqual(ofExplain(result), []);
  });

  it('opens a tracer before its jobs and closes it after them', async () => {
    for (const how of ['trace', 'full']) {
      const { tracing, told } = fakeTracing();
      const { result, stacks } = await run({ explain: how, trials: '2' }, { tracing });
      assert.deepEqual(told, [`open ${how === 'full'}`, 'start', 'stop', 'read', 'close']);
      const said = explained(result);
      assert.equal(said?.tier, how);
      assert.equal(said?.missing, null);
      assert.ok(said?.traced !== undefined);
      assert.ok(said?.basic !== undefined);
      assert.deepEqual(stacks, [{ name: 'null', text: 'null;job;a;b 3\n' }]);
    }
  });

  it('goes without a tracer that fails, and says so', async () => {
    const fails = new BenchError('cannot load', { kind: 'unavailable', hint: 'mend it' });
    const { result } = await run({ explain: 'trace' }, { tracing: fakeTracing(fails).tracing });
    assert.equal(result.status, 'complete');
    assert.equal(explained(result)?.tier, 'basic');
    assert.equal(explained(result)?.missing, 'cannot load: mend it');
    assert.deepEqual(
      ofExplain(result).map(({ message }) => message),
      ['null: not traced: cannot load: mend it'],
    );
  });

  it('is skipped when a signal came', async () => {
    const controller = new AbortController();
    const { tracing, told } = fakeTracing();
    const running = run({ explain: 'trace', runtime: '20s' }, { tracing, signal: controller.signal });
    await setTimeout(400);
    controller.abort();
    const { result } = await running;
    assert.equal(result.status, 'interrupted');
    assert.deepEqual(told, []);
    assert.equal(explained(result), undefined);
  });

  it('leaves no tracer when a signal comes in the middle of it', async () => {
    const controller = new AbortController();
    const { tracing, told } = fakeTracing();
    const stopping: Tracing = {
      ...tracing,
      open(options) {
        globalThis.setTimeout(() => controller.abort(), 100);
        return tracing.open(options);
      },
    };
    const { result } = await run(
      { explain: 'trace', runtime: '500ms' },
      { tracing: stopping, signal: controller.signal },
    );
    assert.equal(result.backends[0]?.status, 'complete', 'it has had its trials');
    assert.deepEqual(told.slice(0, 3), ['open false', 'start', 'stop']);
    assert.equal(told.at(-1), 'close');
    assert.equal(explained(result), undefined);
  });
});
