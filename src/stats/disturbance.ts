/**
 * What disturbed a run, found in its stored trials: drift, outliers, and what the machine did beside the benchmark.
 * Typed warnings, one for each kind of disturbance. The limits are what moves figures by more than their usual noise.
 */

import type { ResultWarning, RunResult } from '../results/schema.ts';
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
import { stallWarnings } from './stalls.ts';
import { steadyWarnings } from './steady-trials.ts';
import { trendOf } from './trend.ts';
import { DEVICE_BYTES_PER_SECOND, type TrialCondition, trialConditions } from './trial-conditions.ts';
import { withTuning } from './tuning.ts';

/** Between the slowest and the fastest trial, in percent of the median. */
const CLOCK_PCT = 5;
/** Of the time that some task waited, in percent. */
const PRESSURE_PCT = 10;
/** From the first to the last block, as a share. */
const DRIFT_SHARE = 0.03;
const ALPHA = 0.05;

/** One for each condition that single trials were beyond the limit of. */
function conditionWarnings(result: RunResult, trials: readonly Whose[]): ResultWarning[] {
  const tables = trialConditions(result.environment);
  const warned = ({ code, what, of, limit, show }: TrialCondition) =>
    conditionWarning(trials, code, what, (conditions, trial) => above(of(conditions, trial), limit), show);
  const [before, after] = [tables.filter(({ held }) => !held), tables.filter(({ held }) => held)];
  return [...before.flatMap(warned), ...clockWarning(trials), ...after.flatMap(warned)];
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
    ...stallWarnings(result),
    ...steadyWarnings(result),
  ].map(withTuning);
}
