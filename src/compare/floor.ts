/**
 * What runs of one workload differ by when too few of them are there to show it: standard deviations of a run's level,
 * as shares.
 *
 * Of the configurations of storage stacks that Cao et al. ran again and again (On the Performance Variation in Modern
 * Storage Stacks, FAST '17), three of four varied by less than 10 % from the slowest to the fastest of ten runs, which is
 * 3.2 % as a deviation of normal values (the range of ten is 3.08 deviations); the floor of throughput and latency is near
 * the upper end of these. CPU time per I/O and the median of latency vary less, counts hardly, tails more: docs/CI.md
 * has what was measured.
 */
import type { Metric } from './metrics.ts';

const THROUGHPUT = 0.025;
const ROBUST = 0.02;
const TAIL = 0.05;
const COUNTS = 0.01;

/** The deviation that is assumed of a metric. */
export function floorOf({ name, unit }: Pick<Metric, 'name' | 'unit'>): number {
  if (unit === 'syscalls/io' || unit === 'ctx/io' || unit === 'instructions/io') return COUNTS;
  if (unit === 'ns/io' || /_p50$/.test(name)) return ROBUST;
  return /_(p9\d|p100|max|stddev)/.test(name) ? TAIL : THROUGHPUT;
}
