/** What a job's set-up asks of the kernel. */
import type { Variant } from '../backends/backend.ts';
import type { Setup } from '../native/library.ts';
import { maskOf, operationsOf } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';

/** What one job's set-up takes. */
export function setupOf(workload: Workload, variant: Variant): Setup {
  const moving = operationsOf(workload.rw).filter(({ moves }) => moves);
  const sizes = moving.map(({ bs }) => (bs === null ? (workload.tree?.itemBytesMost ?? 0) : workload.bs[bs]));
  const depth = variant.backend.async ? workload.iodepth : 1;
  return {
    opMask: maskOf(workload.rw),
    iodepth: depth,
    bufferBytes: Math.ceil(Math.max(...sizes, 512) / 512) * 512 * depth,
    jobs: workload.numjobs,
  };
}
