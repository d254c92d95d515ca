/** Jobs that are workers of Node's: what goes wrong with one is the run's failure, and nothing is left of them. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { ResourceLimits, Worker } from 'node:worker_threads';
import { BenchError } from '../src/errors.ts';
import { executors } from '../src/jobs/executors/registry.ts';
import { workers } from '../src/jobs/executors/workers.ts';
import { nativeJobs } from '../src/jobs/native-job.ts';
import { UB } from '../src/native/abi.ts';
import { Arena } from '../src/native/arena.ts';
import { targetHost } from '../src/native/library.ts';
import { readOptions } from '../src/options/option-reader.ts';
import type { Flag } from '../src/options/options.ts';
import { readMachine } from '../src/resolve/cpus.ts';
import { resolve } from '../src/resolve/resolve.ts';
import { dataFile } from './support/disk.ts';
import { scratchFolder } from './support/scratch.ts';

const JOBS = 3;

function arenaOf(options: Partial<Record<Flag, string>>): Arena {
  const given = { backend: 'null', isolation: 'worker', numjobs: String(JOBS), runtime: '100ms', ...options };
  const written = Object.entries(given).map(([flag, text]) => ({ flag: flag as Flag, text }));
  const { plan } = resolve(readOptions(written).raw, { machine: readMachine(), target: targetHost });
  const [variant] = plan.variants;
  assert.ok(variant);
  return new Arena(nativeJobs(plan, { variant, trial: 1, position: 1 }));
}

/** A worker's script that does something else for job 1 (0-based) than to run it, and a job for the others. */
function scriptThat(t: TestContext, does: string): URL {
  const path = join(scratchFolder(t), 'job.mjs');
  const real = new URL('../src/jobs/executors/worker-job.mjs', import.meta.url).href;
  const text = `import { workerData } from 'node:worker_threads';
if (workerData.index === 1) { ${does} } else await import(${JSON.stringify(real)});\n`;
  writeFileSync(path, text);
  return pathToFileURL(path);
}

/** Runs for half a minute unless a job is missing. */
async function failureOf(script: URL | null, limits?: ResourceLimits): Promise<string> {
  const arena = arenaOf({ runtime: '30s' });
  const settings = { ...(script ? { script } : {}), ...(limits ? { limits } : {}) };
  try {
    await workers(settings).run(arena);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof BenchError);
    assert.deepEqual([error.kind, error.stage], ['failed', 'run worker']);
    return error.message;
  } finally {
    arena.close();
  }
}

describe('a worker that does not run its job', () => {
  it('because its script throws', async (t) => {
    const message = await failureOf(scriptThat(t, "throw new Error('no such thing\\nat all')"));
    assert.equal(message, 'job 2: its worker failed: no such thing');
  });

  it('because it ends', async (t) => {
    assert.equal(await failureOf(scriptThat(t, 'process.exit(7)')), 'job 2: its worker ended with 7');
  });

  it('because it runs out of memory', async (t) => {
    const hoards = 'const all = []; for (;;) all.push(new Array(1000).fill(all.length));';
    assert.match(await failureOf(scriptThat(t, hoards)), /^job 2: its worker failed: .*memory limit/);
  });
});

it('a worker that is terminated within its job has failed, once the native call returns', async () => {
  const arena = arenaOf({ runtime: '400ms', numjobs: '1' });
  const started = new Promise<Worker>((found) => process.once('worker', found));
  const run = executors.worker.run(arena);
  const worker = await started;
  while (executors.worker.tids(arena) === null) await new Promise((next) => setTimeout(next, 5));
  void worker.terminate();
  try {
    await assert.rejects(run, /^BenchError: job 1: its worker ended with 1$/);
  } finally {
    arena.close();
  }
});

it('a worker has stack enough for the deepest queue of the backend that takes most of it', async (t) => {
  const filename = dataFile(join(scratchFolder(t), 'data'), 128 * 2 ** 20);
  const deep = { backend: 'posix-aio', filename, direct: '0', iodepth: '32768', numjobs: '1' };
  const arena = arenaOf(deep);
  await executors.worker.run(arena);
  const state = arena.results().number(arena.resultBase(0), 'result', 'state');
  arena.close();
  assert.equal(state, UB.STATE_FINISHED);
});

/** This process's descriptors and threads. */
const held = () => ['fd', 'task'].map((what) => readdirSync(`/proc/self/${what}`));

it('nothing is left of workers: neither descriptors nor threads', async () => {
  const once = async (): Promise<void> => {
    const arena = arenaOf({});
    await executors.worker.run(arena);
    arena.close();
  };
  await once(); // libuv's pool, started when it is first used, stays
  const before = held();
  for (let run = 0; run < 3; run++) await once();
  // What is new, not how many: helpers that glibc's aio keeps of an earlier test end after a second without work.
  const left = held().map((names, what) => names.filter((name) => !before[what]?.includes(name)));
  assert.deepEqual(left, [[], []]);
});
