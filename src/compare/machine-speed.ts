/**
 * What another speed of the CPUs explains of a change, and what is left of it: figures that are CPU time change with it,
 * others in part or not at all. What isn't known is a range, and the range goes into the interval.
 */
import type { RunResult, Trial } from '../results/schema.ts';
import type { BetweenRuns } from '../stats/between-runs.ts';
import type { CpuChange } from '../stats/calibration.ts';
import type { Difference } from '../stats/difference.ts';
import { median } from '../stats/spread.ts';
import type { Metric } from './metrics.ts';

type Job = RunResult['jobs'][number];

/** Part of the time that jobs' CPUs are busy from which on a job does nothing but compute. */
const BOUND_SHARE = 0.9;
/** Features whose jobs, or kernel threads, turn while they wait: their CPU time is the device's time. */
export const SPINNING: readonly string[] = ['hipri', 'iopoll', 'hybrid_iopoll', 'sqpoll', 'userspace_reap'];

/** What the machine makes of a metric by itself, candidate over baseline, as logarithms: somewhere in low..high. */
export interface Explained {
  low: number;
  high: number;
  /** Half the width of the 99 % interval of the calibrations. */
  half: number;
  change: CpuChange;
}

/** What is compared: a variant with the jobs that ran it, and the trials that count. */
export interface BothSides {
  variant: string;
  jobs: readonly Job[];
  before: readonly Trial[];
  after: readonly Trial[];
}

/** The jobs of a row: of all groups, or of the one that its name ends with. */
function jobsOf({ variant, jobs }: BothSides): readonly Job[] {
  const own = jobs.filter(({ name }) => variant.endsWith(`: ${name}`));
  return own.length > 0 ? own : jobs;
}

function spins(measured: BothSides): boolean {
  const jobs = jobsOf(measured);
  const names = [measured.variant.replace(/: .*/s, ''), ...jobs.flatMap(({ variant }) => variant ?? [])];
  return (
    names.some((name) => name.split('+').some((word) => SPINNING.includes(word))) ||
    jobs.some(
      ({ options }) => options['iodepth-batch-complete-min'] === 0 || Number(options['null-delay'] ?? 0) > 0,
    )
  );
}

/** Part of a job's time in which a CPU worked for it, in the middle of some trials; at most 1. */
function busyShare(trials: readonly Trial[], jobs: number): number {
  const shares = trials.map(({ cpu, runtime_ns: ns }) => (cpu.usr_ns + cpu.sys_ns) / (ns * jobs || 1));
  return shares.length === 0 ? 0 : Math.min(1, median(shares));
}

/** Part of the CPU time that was spent in user mode. */
function userShare(trials: readonly Trial[]): number {
  const shares = trials.map(({ cpu }) => cpu.usr_ns / (cpu.usr_ns + cpu.sys_ns || 1));
  return shares.length === 0 ? 0 : median(shares);
}

interface Range {
  low: number;
  high: number;
}

/**
 * CPU time: what is in user mode takes as much longer as the loop does; in the kernel entries and exits take as much as the
 * bare system call, all else is code like any other.
 */
function ofCpuTime({ syscall, null: loop }: CpuChange, user: number): Range {
  const at = (kernel: number) => Math.log(user * Math.exp(loop.log) + (1 - user) * Math.exp(kernel));
  return { low: at(Math.min(loop.log, syscall.log)), high: at(Math.max(loop.log, syscall.log)) };
}

const withNothing = ({ low, high }: Range): Range => ({ low: Math.min(0, low), high: Math.max(0, high) });

/**
 * Time that passes: where jobs do nothing but compute it is CPU time. Else the CPU's part of it is what it can explain at
 * most, and nothing the least: with several I/Os in flight the device may hide it.
 */
function ofTime(
  cpu: Range,
  { before, after, jobs }: BothSides,
  isCentral: boolean,
  spinning: boolean,
): Range {
  const number = jobs.reduce((sum, { numjobs }) => sum + numjobs, 0);
  const [left, right] = [busyShare(before, number), busyShare(after, number)];
  const part = (log: number) => Math.log1p(Math.max(left, right) * Math.expm1(log));
  const most = { low: part(cpu.low), high: part(cpu.high) };
  const bound = isCentral && !spinning && Math.min(left, right) >= BOUND_SHARE;
  return bound ? most : withNothing(most);
}

/** Tails and extremes are of what interrupts, not of what is usual. */
function isCentral({ name, unit }: Metric): boolean {
  return unit !== 'ns' || /_(mean|p50)$/.test(name);
}

/**
 * Part of an I/O's CPU time that is the null backend's delay, which ends by the clock however fast CPUs are; 0 of other
 * backends. The delay may be another on each side: that known is set against the cheaper I/O.
 */
function delayedShare({ variant, jobs, before, after }: BothSides): number {
  const delays = jobs.map((job) =>
    /^null\b/.test(job.variant ?? variant) ? Number(job.options['null-delay'] ?? 0) : 0,
  );
  const delay = Math.min(...delays);
  if (!(delay > 0) || before.length === 0 || after.length === 0) return 0;
  const perIo = (trials: readonly Trial[]) =>
    median(trials.map(({ cpu, total_ios: ios }) => (cpu.usr_ns + cpu.sys_ns) / (ios || 1)));
  return Math.min(1, delay / Math.max(1, Math.min(perIo(before), perIo(after))));
}

/** @returns null where the CPU's speed has nothing to do with it: counts */
export function explainedBy(change: CpuChange, metric: Metric, measured: BothSides): Explained | null {
  const { unit, better } = metric;
  if (unit !== 'ns/io' && unit !== 'ns' && unit !== 'io/s' && unit !== 'B/s') return null;
  const spinning = spins(measured);
  const own = { ...measured, jobs: jobsOf(measured) };
  const computed = 1 - delayedShare(own);
  const all = ofCpuTime(change, userShare(measured.before));
  const ofComputed = (log: number) => Math.log1p(computed * Math.expm1(log));
  const cpu = { low: ofComputed(all.low), high: ofComputed(all.high) };
  const half = computed * Math.max(change.syscall.half, change.null.half);
  const perIo = spinning ? withNothing(cpu) : cpu;
  const range = unit === 'ns/io' ? perIo : ofTime(cpu, own, isCentral(metric), spinning);
  return better === 'higher'
    ? { low: -range.high, high: -range.low, half, change }
    : { ...range, half, change };
}

/** Whether all that is known of a metric is that the machine may explain some of it, or nothing. */
export function isPartly({ low, high }: Explained): boolean {
  return low <= 0 && high >= 0;
}

const centre = ({ low, high }: Explained): number => (low + high) / 2;

/** Of the width of a 99 % interval its standard error, and that of a 95 % one: of normal values. */
const ERROR_OF_99 = 1 / 2.576;
const OF_99 = 1.96 / 2.576;
/** What CPUs' speeds differ by from one day to another, before anything is measured: a standard deviation, as a share. */
const USUAL_SHIFT = 0.05;

/**
 * What the machine is likely to explain where that is not beyond doubt: the mean that is expected after calibrations of
 * such an error (normal values with a normal prior). Of quiet ones nearly all that they show, of unsteady ones little: their
 * noise would else hide what is real.
 */
export function likely({ low, high, half }: Explained): Pick<Explained, 'low' | 'high'> {
  const error = half * ERROR_OF_99;
  const share = USUAL_SHIFT ** 2 / (USUAL_SHIFT ** 2 + error ** 2);
  return { low: low * share, high: high * share };
}

/** The candidate's values as they would be on the baseline's machine. */
export function normalised(values: readonly number[], explained: Explained): number[] {
  const factor = Math.exp(-centre(explained));
  return values.map((value) => value * factor);
}

/** A difference of normalised values, with what isn't known of the machine in its 95 % interval. */
export function withDoubt(difference: Difference, explained: Explained): Difference {
  const { ratio, verdict } = difference;
  const more = (end: number): number =>
    Math.exp(
      Math.hypot(Math.log(end / ratio), explained.half * OF_99) + (explained.high - explained.low) / 2,
    );
  const [low, high] = [ratio / more(difference.low), ratio * more(difference.high)];
  const doubtful = (verdict === 'higher' && low <= 1) || (verdict === 'lower' && high >= 1);
  return { ...difference, low, high, verdict: doubtful ? 'same' : verdict };
}

/** What runs show, of normalised values, with what isn't known of the machine in the interval. */
export function withDoubtOfRuns(seen: BetweenRuns, explained: Explained): BetweenRuns {
  const half = Math.hypot(Math.log(seen.high / seen.ratio), explained.half);
  const more = half + (explained.high - explained.low) / 2;
  return { ...seen, low: seen.ratio * Math.exp(-more), high: seen.ratio * Math.exp(more) };
}

const times = (log: number): string => `${Math.exp(log).toFixed(2)}x`;

/** What the machine did, for people: "the machine makes a system call in 1.12x the time and ...". */
export function machineText({ syscall, null: loop }: CpuChange): string {
  return `the machine makes a system call in ${times(syscall.log)} the time and an I/O of the backend null in ${times(loop.log)}`;
}

/** The same, and what came of it. */
export function explainedText(explained: Explained): string {
  const said = machineText(explained.change);
  const { low, high } = explained;
  const range = `${times(low)}..${times(high)}`;
  if (!isPartly(explained)) return `${said}: normalised by ${times(centre(explained))} (of ${range})`;
  return `${said}: how much of that is in this figure is not known, ${range} is taken off and is in the interval`;
}
