/** Where a double write (--pair double-write) puts each page first. */
import type { Workload } from './workload.ts';

/**
 * Bytes at the beginning of each file's region that its I/Os write to first, a block for each that may be in flight; 0
 * of other workloads (a tree's operations move no data, and are refused with it). Databases have a file or an area for it, which they use again and again (InnoDB's doublewrite
 * buffer).
 */
export function asideBytes({
  bs,
  iodepth,
  nativeOptions,
  tree,
}: Pick<Workload, 'bs' | 'iodepth' | 'nativeOptions' | 'tree'>): number {
  return nativeOptions.pair === 'double-write' && tree === null ? bs.write * iodepth : 0;
}
