/** A plan of one group of jobs, laid flat: its run, its workload and its files beside each other. */
import { firstGroup, type JobGroup, type RunPlan } from '../../src/resolve/run-plan.ts';
import type { Workload } from '../../src/workload/workload.ts';

export type FlatPlan = RunPlan & Workload & Pick<JobGroup, 'files' | 'options'>;

export function flatPlan(plan: RunPlan): FlatPlan {
  const { workload, files, options } = firstGroup(plan);
  return { ...workload, ...plan, files, options };
}
