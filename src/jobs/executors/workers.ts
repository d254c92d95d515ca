/** Jobs as workers of Node's (worker_threads), each in one native call: how a Node program would drive an interface. */
import { type ResourceLimits, SHARE_ENV, Worker } from 'node:worker_threads';
import type { Arena } from '../../native/arena.ts';
import { library, libraryModule } from '../../native/library.ts';
import { allEnded, type Executor, jobError, tidsAtWork } from './executor.ts';

const entry = new URL('./worker-job.mjs', import.meta.url);

/** A worker's JavaScript loads the library and makes a call: the least heap in which it does (docs/decisions/0003). */
const LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

interface WorkerSettings {
  /** Its script; given the module of the library, the arena and the job's index. */
  script?: URL;
  limits?: ResourceLimits;
}

/**
 * One job, until its worker's thread has ended: what it used is no other trial's. A worker in its native call can't be
 * ended before that returns.
 */
function runWorker(
  arena: Arena,
  index: number,
  { script = entry, limits = LIMITS }: WorkerSettings,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      arena.stop();
      library().jobAbsent(arena.handle, index);
      reject(jobError(`job ${index + 1}: its worker ${what}`, 'run worker', cause));
    };
    let worker: Worker;
    try {
      worker = new Worker(script, {
        workerData: { module: libraryModule, arena: arena.handle, index },
        resourceLimits: limits,
        env: SHARE_ENV,
        execArgv: [],
      });
    } catch (error) {
      return fail(`did not start: ${(error as Error).message}`, error);
    }
    let thrown: Error | null = null;
    worker.on('error', (error) => {
      thrown = error;
    });
    worker.on('exit', (code) => {
      if (thrown !== null) fail(`failed: ${thrown.message.split('\n')[0]}`, thrown);
      else if (code !== 0) fail(`ended with ${code}`);
      else resolve();
    });
  });
}

/** Settings other than its own are for measuring and for tests. */
export function workers(settings: WorkerSettings = {}): Executor {
  return {
    run: (arena) => allEnded(Array.from({ length: arena.njobs }, (_, i) => runWorker(arena, i, settings))),
    tids: tidsAtWork,
  };
}
