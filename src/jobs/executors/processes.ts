/** Jobs as processes of their own: `uring-bench-worker` over the same code and memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Arena } from '../../native/arena.ts';
import { workerPath } from '../../native/library.ts';
import { allEnded, type Executor, jobError, tidsAtWork } from './executor.ts';

/** One job, until its process has ended. When that goes wrong the others are told to stop. */
function runProcess(arena: Arena, index: number, joinFile?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      arena.stop();
      reject(jobError(`job ${index + 1}: its process ${what}`, 'run process', cause));
    };
    let child: ChildProcess;
    try {
      const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'ignore', 'pipe', arena.fd];
      // The next one, where a job of a traced trial looks for it.
      if (arena.explainFd >= 0) stdio.push(arena.explainFd);
      const own = ['3', String(index), String(process.pid)];
      child = spawn(workerPath, joinFile === undefined ? own : [...own, joinFile], { stdio });
    } catch (error) {
      return fail(`did not start: ${(error as Error).message}`, error);
    }
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('error', (error) => fail(`did not start: ${error.message}`, error));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else fail(signal ? `was killed by ${signal}` : `ended with ${code}: ${said.trim()}`);
    });
  });
}

async function run(arena: Arena, joinFile?: string): Promise<void> {
  await allEnded(Array.from({ length: arena.njobs }, (_, index) => runProcess(arena, index, joinFile)));
}

export const processes: Executor = { run, tids: tidsAtWork };
