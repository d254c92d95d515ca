/**
 * What a single trial can suffer from, each with its limit: one table for the warnings of a run and for a gate, which
 * does not count a trial that is beyond one. The limits are what moves figures by more than their usual noise.
 */
import type { Environment, Trial } from '../results/schema.ts';
import type { Conditions } from '../results/schema-statistics.ts';
import { operations } from '../workload/operations.ts';
import { percent } from './condition-warning.ts';

/** Of all CPUs' time, in percent. */
const STEAL_PCT = 2;
/** Of one CPU, and of all CPUs together: on a large machine a busy CPU elsewhere is nothing. */
const OTHERS_CPU_PCT = 20;
const OTHERS_CPU_SHARE = 0.05;
/** Of the periods of a control group's CPU quota. */
const THROTTLED_PCT = 1;
/** So near to a limit of io.max the limit is what is measured. */
const IO_LIMIT_SHARE = 0.9;
/** Beside our own I/O, as a share of it, and at least. */
const DEVICE_SHARE = 0.05;
export const DEVICE_BYTES_PER_SECOND = 2 ** 20;
const DEVICE_IOS_PER_SECOND = 100;

export interface TrialCondition {
  /** Of the warning. */
  code: string;
  what: string;
  /** How much of it a trial had; null when that is not known. */
  of: (conditions: Conditions, trial: Trial) => number | null;
  /** What is above it disturbs. */
  limit: number;
  show: (value: number) => string;
  /** Whether this process's own control group did it. */
  held?: true;
}

/** How much others moved, in percent of our own bytes or I/Os; 0 when it is too little to be felt. */
function deviceLoadPct(conditions: Conditions, trial: Trial): number {
  const seconds = trial.runtime_ns / 1e9;
  const ownBytes = operations
    .filter(({ moves }) => moves)
    .reduce((sum, { name }) => sum + (trial.ops[name]?.io_bytes ?? 0), 0);
  const share = (others: number | null, own: number, least: number): number => {
    if (others === null || own === 0 || others < least * seconds) return 0;
    return others / own;
  };
  const bytes = share(conditions.others_device_bytes, ownBytes, DEVICE_BYTES_PER_SECOND);
  const ios = share(conditions.others_device_ios, trial.total_ios, DEVICE_IOS_PER_SECOND);
  return Math.max(bytes, ios) * 100;
}

/** How much of a limit of io.max the trial used, in percent; null when there is none that can be told. */
function ioLimitPct({ cgroup }: Conditions, { ops }: Trial): number | null {
  const [limit, other] = cgroup?.io_max ?? [];
  // Of several devices it isn't known which part each had.
  if (limit === undefined || other !== undefined) return null;
  const share = (used: number | undefined, most: number | null) => (used && most ? used / most : 0);
  const most = Math.max(
    share(ops.read?.bw_bytes, limit.rbps),
    share(ops.read?.iops, limit.riops),
    share(ops.write?.bw_bytes, limit.wbps),
    share(ops.write?.iops, limit.wiops),
  );
  return most * 100;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** The table for a machine: of a large one a busy CPU elsewhere is nothing. */
export function trialConditions({
  cpus_online: cpus,
}: Pick<Environment, 'cpus_online'>): readonly TrialCondition[] {
  return [
    {
      code: 'steal-time',
      what: "the hypervisor took the CPUs' time",
      of: ({ steal_pct: pct }) => pct,
      limit: STEAL_PCT,
      show: (pct) => `${percent(pct)} of it`,
    },
    {
      code: 'other-cpu-load',
      what: 'other processes used the CPUs',
      of: ({ others_cpu_pct: pct }) => pct,
      limit: Math.max(OTHERS_CPU_PCT, OTHERS_CPU_SHARE * cpus * 100),
      show: (pct) => `${percent(pct)} of a CPU`,
    },
    {
      code: 'cpu-throttled',
      what: 'the CPUs were slowed down for their temperature',
      of: ({ throttled }) => throttled,
      limit: 0,
      show: times,
    },
    {
      code: 'device-load',
      what: 'others used the device',
      of: deviceLoadPct,
      limit: DEVICE_SHARE * 100,
      show: (pct) => `${percent(pct)} of our own I/O`,
    },
    {
      code: 'cpu-quota',
      what: "the control group's CPU quota stopped the jobs",
      of: ({ cgroup }) => cgroup?.throttled_pct ?? null,
      limit: THROTTLED_PCT,
      show: (pct) => `in ${percent(pct)} of its periods`,
      held: true,
    },
    {
      code: 'memory-limit',
      what: "the control group's memory limit was reached",
      of: ({ cgroup }) => cgroup?.memory_limit_hits ?? null,
      limit: 0,
      show: times,
      held: true,
    },
    {
      code: 'io-limit',
      what: "the control group's io.max held the workload back",
      of: ioLimitPct,
      limit: IO_LIMIT_SHARE * 100,
      show: (pct) => `${percent(pct)} of it was used`,
      held: true,
    },
  ];
}
