/** What a trial moved on its devices by itself, for telling it from what others moved. */
import type { Variant } from '../backends/backend.ts';
import type { OwnTraffic } from '../host/host-load.ts';
import { type RunPlan, variantOf } from '../resolve/run-plan.ts';
import type { Environment, Trial } from '../results/schema.ts';
import { isTree, operationsOf } from '../workload/operations.ts';

/** Kernel names of the block devices below a workload's files; none when that of any is unknown. */
export function testedDisks({ files }: Environment): string[] {
  const disks = files.map(({ device }) => device);
  const known = disks.filter((disk) => disk !== null);
  return known.length === disks.length ? [...new Set(known)] : [];
}

/**
 * The trial's I/O as the devices' counters should show it; null where they do not: through the page cache, with
 * I/O outside of the measured window (ramp_time, pre_read, the layout of trees), of trims, of the null backend, of character devices.
 */
export function ownTraffic(
  { groups }: RunPlan,
  variant: Variant,
  trial: Trial,
  { files }: Environment,
): OwnTraffic | null {
  if (files.some(({ kind }) => kind === 'char')) return null;
  for (const group of groups) {
    const { rampTimeNs, preRead, direct, rw } = group.workload;
    if (variantOf(group, variant).backend.name === 'null' || rampTimeNs > 0 || preRead) return null;
    if (!direct || isTree(rw) || operationsOf(rw).some(({ moves }) => !moves)) return null;
  }
  const { read, write } = trial.ops;
  const [reads, writes] = [read?.total_ios ?? 0, write?.total_ios ?? 0];
  const requestBytes = Math.min(...files.map((file) => (file.max_sectors_kb ?? 0) * 1024));
  const sizes = groups.map(({ workload: { bs } }) => bs);
  const largest = Math.max(
    ...(reads > 0 ? sizes.map((bs) => bs.read) : [0]),
    ...(writes > 0 ? sizes.map((bs) => bs.write) : [0]),
  );
  return {
    readBytes: read?.io_bytes ?? 0,
    writtenBytes: write?.io_bytes ?? 0,
    reads,
    writes,
    // A file system that is written to writes its own journal and metadata for us.
    writesComparable: writes === 0 || files.every(({ kind }) => kind === 'block'),
    unsplit: largest <= requestBytes,
  };
}
