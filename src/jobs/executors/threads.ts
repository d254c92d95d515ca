/** Jobs as native threads of this process. */
import { BenchError, refusedHint, systemWords } from '../../errors.ts';
import type { Arena } from '../../native/arena.ts';
import { library } from '../../native/library.ts';
import { type Executor, tidsAtWork } from './executor.ts';

async function run({ handle, njobs }: Arena): Promise<void> {
  const result = library().jobsStart(handle, 0, njobs);
  if (result < 0) {
    const hint =
      refusedHint(-result, 'clone3') ?? 'fewer --numjobs, or a higher limit of processes (ulimit -u)';
    throw new BenchError(`cannot start ${njobs} job threads: ${systemWords(-result)}`, {
      kind: 'failed',
      errno: -result,
      stage: 'start threads',
      hint,
    });
  }
  await new Promise<void>((resolve, reject) => {
    library().jobsJoin.async(handle, (error) => (error ? reject(error) : resolve()));
  });
}

export const threads: Executor = { run, tids: tidsAtWork };
