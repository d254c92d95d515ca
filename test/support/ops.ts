/** A trial's operations, those that it did not do with nothing in them: for tests that name them. */
import type { Latency, OpResult, Trial } from '../../src/results/schema.ts';
import { type OperationName, operationNames } from '../../src/workload/operations.ts';

const NO_LATENCY: Latency = {
  min: 0,
  max: 0,
  mean: 0,
  stddev: 0,
  N: 0,
  percentile: {},
  over_range: 0,
  hdr: '',
};

export const NOTHING_DONE: OpResult = {
  total_ios: 0,
  io_bytes: 0,
  iops: 0,
  bw_bytes: 0,
  short_ios: 0,
  slat_ns: NO_LATENCY,
  clat_ns: NO_LATENCY,
  lat_ns: NO_LATENCY,
};

export function opsOf({ ops }: Pick<Trial, 'ops'>): Record<OperationName, OpResult> {
  const nothing = operationNames.map((name) => [name, NOTHING_DONE] as const);
  return { ...(Object.fromEntries(nothing) as Record<OperationName, OpResult>), ...ops };
}
