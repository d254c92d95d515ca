/** What several trials of one backend say together, and how backends compare. Pure functions over stored values. */
import { mergeLatencies } from '../results/histogram.ts';
import type { BackendResult, Summary, Trial } from '../results/schema.ts';
import { spread } from './spread.ts';

/** The trials that numbers are made of: the complete ones, or without any, those that did I/O before they ended. */
export function usableTrials(trials: readonly Trial[]): Trial[] {
  const complete = trials.filter((trial) => trial.status === 'complete');
  return complete.length > 0 ? complete : trials.filter((trial) => trial.total_ios > 0);
}

/** A quantity per I/O; 0 when nothing was done. */
function perIo(amount: number, trial: Trial): number {
  return trial.total_ios > 0 ? amount / trial.total_ios : 0;
}

/** CPU time as a percentage of the run's time: 100 is one CPU busy throughout. */
function cpuPct(cpuNs: number, trial: Trial): number {
  return trial.runtime_ns > 0 ? (cpuNs / trial.runtime_ns) * 100 : 0;
}

/** Numbers derived from one trial, in the units of the summary. */
export interface TrialRates {
  ctx_per_io: number;
  cpu_ns_per_io: number;
  usr_pct: number;
  sys_pct: number;
}

export function trialRates(trial: Trial): TrialRates {
  return {
    ctx_per_io: perIo(trial.ctx.total, trial),
    cpu_ns_per_io: perIo(trial.cpu.usr_ns + trial.cpu.sys_ns, trial),
    usr_pct: cpuPct(trial.cpu.usr_ns, trial),
    sys_pct: cpuPct(trial.cpu.sys_ns, trial),
  };
}

/**
 * One backend's trials as medians with their range, and the latency of all directions and trials merged
 * exactly. Made of usableTrials; null when there is none. `iops_vs_reference_pct` stays null: withReference fills it.
 */
export function summarize(trials: readonly Trial[], percentileList: readonly number[]): Summary | null {
  const used = usableTrials(trials);
  if (used.length === 0) return null;
  const over = (of: (trial: Trial) => number) => spread(used.map(of));
  const latencies = used.flatMap((trial) => [trial.read.lat_ns, trial.write.lat_ns, trial.trim.lat_ns]);
  return {
    trials: used.length,
    iops: over((trial) => trial.iops),
    bw_bytes: over((trial) => trial.bw_bytes),
    ctx: over((trial) => trial.ctx.total),
    ctx_per_io: over((trial) => trialRates(trial).ctx_per_io),
    cpu_ns_per_io: over((trial) => trialRates(trial).cpu_ns_per_io),
    usr_pct: over((trial) => trialRates(trial).usr_pct),
    sys_pct: over((trial) => trialRates(trial).sys_pct),
    syscalls_per_io: over((trial) => trial.syscalls.per_io),
    iops_vs_reference_pct: null,
    lat_ns: mergeLatencies(latencies, percentileList),
  };
}

/** The backend that ±% refers to, by its variant name or else by its label; undefined when it isn't there. */
export function referenceOf(
  backends: readonly BackendResult[],
  reference: string | null,
): BackendResult | undefined {
  if (reference === null) return undefined;
  return (
    backends.find((backend) => backend.variant === reference) ??
    backends.find((backend) => backend.label === reference)
  );
}

/**
 * The same backends with iops_vs_reference_pct filled in: how much the median IOPS differ from the reference's.
 * null for the reference itself, and for all when the reference has no I/O to compare with.
 */
export function withReference(backends: readonly BackendResult[], reference: string | null): BackendResult[] {
  const base = referenceOf(backends, reference);
  const baseIops = base?.summary?.iops.median ?? 0;
  return backends.map((backend) => {
    if (backend.summary === null) return backend;
    const comparable = backend !== base && baseIops > 0;
    const pct = comparable ? (backend.summary.iops.median / baseIops - 1) * 100 : null;
    return { ...backend, summary: { ...backend.summary, iops_vs_reference_pct: pct } };
  });
}
