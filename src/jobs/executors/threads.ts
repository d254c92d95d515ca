/** Jobs as native threads of this process. */
import { getSystemErrorName } from 'node:util';
import { BenchError } from '../../errors.ts';
import type { Arena } from '../../native/arena.ts';
import { library } from '../../native/library.ts';
import { type Executor, tidsAtWork } from './executor.ts';

async function run({ handle, njobs }: Arena): Promise<void> {
  const result = library().jobsStart(handle, 0, njobs);
  if (result < 0) {
    throw new BenchError(`cannot start ${njobs} job threads: ${getSystemErrorName(result)}`, {
      kind: 'failed',
      errno: -result,
      stage: 'start threads',
      hint: 'fewer --numjobs, or a higher limit of processes (ulimit -u)',
    });
  }
  await new Promise<void>((resolve, reject) => {
    library().jobsJoin.async(handle, (error) => (error ? reject(error) : resolve()));
  });
}

export const threads: Executor = { run, tids: tidsAtWork };
