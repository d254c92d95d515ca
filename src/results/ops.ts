/** The operations of a trial. */
import { countedOperations } from '../workload/operations.ts';
import type { GroupResult, OpResult } from './schema.ts';

/** Those that its total_ios is the sum of. */
export function countedOps({ ops }: Pick<GroupResult, 'ops'>): OpResult[] {
  return countedOperations.flatMap(({ name }) => ops[name] ?? []);
}
