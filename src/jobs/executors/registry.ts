/** What a job can be, one executor a word of `--isolation`. */
import type { Isolation } from '../../workload/workload.ts';
import type { Executor } from './executor.ts';
import { processes } from './processes.ts';
import { threads } from './threads.ts';
import { workers } from './workers.ts';

export const executors: Readonly<Record<Isolation, Executor>> = {
  thread: threads,
  process: processes,
  worker: workers(),
};
