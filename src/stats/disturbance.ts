/**
 * What disturbed a run, found in its stored trials: drift, outliers, and what the machine did beside the benchmark.
 * Typed warnings, one for each kind of disturbance. The limits are what moves figures by more than their usual noise.
 */

import type { ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { Conditions } from '../results/schema-statistics.ts';
import { operations } from '../workload/operations.ts';
import {
  above,
  completeTrials,
  conditionWarning,
  percent,
  runWarning,
  type Whose,
} from './condition-warning.ts';
import { outliersOf } from './outliers.ts';
import { median } from './spread.ts';
import { trendOf } from './trend.ts';
import { withTuning } from './tuning.ts';

/** Of all CPUs' time, in percent. */
const STEAL_PCT = 2;
/** Of one CPU, and of all CPUs together: on a large machine a busy CPU elsewhere is nothing. */
const OTHERS_CPU_PCT = 20;
const OTHERS_CPU_SHARE = 0.05;
/** Of the periods of a control group's CPU quota. */
const THROTTLED_PCT = 1;
/** So near to a limit of io.max the limit is what is measured. */
const IO_LIMIT_SHARE = 0.9;
/** Between the slowest and the fastest trial, in percent of the median. */
const CLOCK_PCT = 5;
/** Of the time that some task waited, in percent. */
const PRESSURE_PCT = 10;
/** Beside our own I/O, as a share of it, and at least. */
const DEVICE_SHARE = 0.05;
const DEVICE_BYTES_PER_SECOND = 2 ** 20;
const DEVICE_IOS_PER_SECOND = 100;
/** From the first to the last block, as a share. */
const DRIFT_SHARE = 0.03;
const ALPHA = 0.05;

/** How much others moved, in percent of our own bytes or I/Os, when it is enough to be felt. */
function deviceLoadPct(conditions: Conditions, trial: Trial): number | null {
  const seconds = trial.runtime_ns / 1e9;
  const ownBytes = operations
    .filter(({ moves }) => moves)
    .reduce((sum, { name }) => sum + (trial.ops[name]?.io_bytes ?? 0), 0);
  const share = (others: number | null, own: number, least: number): number => {
    if (others === null || own === 0 || others < least * seconds) return 0;
    return others / own;
  };
  const worst = Math.max(
    share(conditions.others_device_bytes, ownBytes, DEVICE_BYTES_PER_SECOND),
    share(conditions.others_device_ios, trial.total_ios, DEVICE_IOS_PER_SECOND),
  );
  return above(worst, DEVICE_SHARE) === null ? null : worst * 100;
}

/** How much of a limit of io.max the trial used, in percent, when it is what held it back. */
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
  return most >= IO_LIMIT_SHARE ? most * 100 : null;
}

/** What the control groups of this process held back. */
function cgroupWarnings(trials: readonly Whose[]): ResultWarning[] {
  return [
    ...conditionWarning(
      trials,
      'cpu-quota',
      "the control group's CPU quota stopped the jobs",
      ({ cgroup }) => above(cgroup?.throttled_pct ?? null, THROTTLED_PCT),
      (pct) => `in ${percent(pct)} of its periods`,
    ),
    ...conditionWarning(
      trials,
      'memory-limit',
      "the control group's memory limit was reached",
      ({ cgroup }) => above(cgroup?.memory_limit_hits ?? null, 0),
      (times) => (times === 1 ? 'once' : `${times} times`),
    ),
    ...conditionWarning(
      trials,
      'io-limit',
      "the control group's io.max held the workload back",
      ioLimitPct,
      (pct) => `${percent(pct)} of it was used`,
    ),
  ];
}

function conditionWarnings(result: RunResult, trials: readonly Whose[]): ResultWarning[] {
  const cpus = result.environment.cpus_online;
  const cpuLimit = Math.max(OTHERS_CPU_PCT, OTHERS_CPU_SHARE * cpus * 100);
  return [
    ...conditionWarning(
      trials,
      'steal-time',
      "the hypervisor took the CPUs' time",
      ({ steal_pct: pct }) => above(pct, STEAL_PCT),
      (pct) => `${percent(pct)} of it`,
    ),
    ...conditionWarning(
      trials,
      'other-cpu-load',
      'other processes used the CPUs',
      ({ others_cpu_pct: pct }) => above(pct, cpuLimit),
      (pct) => `${percent(pct)} of a CPU`,
    ),
    ...conditionWarning(
      trials,
      'cpu-throttled',
      'the CPUs were slowed down for their temperature',
      ({ throttled }) => above(throttled, 0),
      (times) => (times === 1 ? 'once' : `${times} times`),
    ),
    ...conditionWarning(
      trials,
      'device-load',
      'others used the device',
      deviceLoadPct,
      (pct) => `${percent(pct)} of our own I/O`,
    ),
    ...clockWarning(trials),
    ...cgroupWarnings(trials),
  ];
}

/** Turbo and governors: the same work in another number of cycles per second. */
function clockWarning(trials: readonly Whose[]): ResultWarning[] {
  const mhz = trials.flatMap(({ trial }) => trial.conditions?.cpu_mhz ?? []);
  if (mhz.length < 2) return [];
  const [least, most] = [Math.min(...mhz), Math.max(...mhz)];
  if (((most - least) / median(mhz)) * 100 <= CLOCK_PCT) return [];
  const ghz = (value: number) => (value / 1000).toFixed(2);
  const message = `the CPUs' clock changed from trial to trial: ${ghz(least)} to ${ghz(most)} GHz`;
  return [runWarning('cpu-frequency', message)];
}

/** What was seen while the benchmark did nothing. */
function idleWarnings({ idle = [] }: RunResult): ResultWarning[] {
  const looks = (of: (look: (typeof idle)[number]) => number | null) =>
    idle.flatMap((look) => of(look) ?? []);
  // A look is short: some daemon that wakes up in it is a tenth of it and means nothing. What presses goes on.
  const usual = (values: readonly number[]) =>
    values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
  const cpu = usual(looks((look) => look.pressure_cpu_pct));
  const io = usual(looks((look) => look.pressure_io_pct));
  const device = Math.max(0, ...looks((look) => look.device_bytes_per_second));
  const warnings: ResultWarning[] = [];
  const waits = [
    ...(cpu > PRESSURE_PCT ? [`for a CPU ${percent(cpu)}`] : []),
    ...(io > PRESSURE_PCT ? [`for I/O ${percent(io)}`] : []),
  ];
  if (waits.length > 0) {
    const message = `others press the machine: between trials tasks waited ${waits.join(' and ')} of the time`;
    warnings.push(runWarning('pressure', message));
  }
  if (device > DEVICE_BYTES_PER_SECOND) {
    const rate = `${Math.round(device / 2 ** 20)} MiB/s`;
    warnings.push(runWarning('device-busy', `others used the device between trials: up to ${rate}`));
  }
  return warnings;
}

/**
 * The run's IOPS block by block: the mean over backends of the logarithm, less the backend's own mean. Only blocks
 * in which all backends that still ran are complete.
 */
function blockLevels(result: RunResult): number[] {
  const running = result.backends.filter(({ status }) => status === 'complete');
  const byBlock = running.map(
    ({ trials }) =>
      new Map(
        trials.filter((t) => t.status === 'complete' && t.iops > 0).map((t) => [t.trial, Math.log(t.iops)]),
      ),
  );
  const [first] = byBlock;
  if (first === undefined) return [];
  const blocks = [...first.keys()].filter((block) => byBlock.every((logs) => logs.has(block)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = byBlock.map((logs) => {
    const values = blocks.map((block) => logs.get(block) ?? 0);
    const middle = mean(values);
    return values.map((value) => value - middle);
  });
  return blocks.map((_, i) => mean(centred.map((values) => values[i] ?? 0)));
}

function driftWarning(result: RunResult): ResultWarning[] {
  const levels = blockLevels(result);
  if (levels.length < 2) return [];
  const { p, slope } = trendOf(levels);
  const share = Math.exp(slope * (levels.length - 1)) - 1;
  if (p >= ALPHA || Math.abs(share) < DRIFT_SHARE) return [];
  const message =
    `IOPS ${share > 0 ? 'rose' : 'fell'} by ${percent(share * 100)} over ${levels.length} trials` +
    ` (Mann-Kendall p=${p.toPrecision(2)})`;
  return [runWarning('drift', message)];
}

function outlierWarnings(result: RunResult): ResultWarning[] {
  return result.backends.flatMap(({ label, variant, trials }) => {
    const complete = trials.filter(({ status }) => status === 'complete');
    return outliersOf(complete.map(({ iops }) => iops)).map(({ index, share }) => ({
      code: 'outlier-trial',
      message: `${label}: IOPS ${percent(share * 100)} ${share < 0 ? 'below' : 'above'} the median of its trials`,
      variant,
      trial: complete[index]?.trial ?? null,
    }));
  });
}

/** Everything that disturbed a run, as far as its trials show it. */
export function disturbances(result: RunResult): ResultWarning[] {
  const trials = completeTrials(result);
  return [
    ...driftWarning(result),
    ...outlierWarnings(result),
    ...conditionWarnings(result, trials),
    ...idleWarnings(result),
  ].map(withTuning);
}
