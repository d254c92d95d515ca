/**
 * Whether the CPUs of two sides were equally fast, by what was measured right before each trial: a system call that does
 * nothing, and an I/O of the backend null. docs/STATISTICS.md says what is made of it.
 */
import type { Trial } from '../results/schema.ts';
import type { Calibration } from '../results/schema-statistics.ts';
import { betweenRuns } from './between-runs.ts';

/** Standard deviation of a run's calibration where too few runs show it, as a share: as of CPU time per I/O. */
const FLOOR = 0.02;

/** How much longer something takes on the candidate's side than on the baseline's, as logarithms. */
interface SpeedChange {
  log: number;
  /** Half the width of the 99 % interval of the logarithm, with what runs differ by. */
  half: number;
}

export interface CpuChange {
  syscall: SpeedChange;
  null: SpeedChange;
  /** Whether one of both has changed beyond doubt: its 99 % interval is without 1. */
  beyondDoubt: boolean;
}

type Runs = readonly (readonly Trial[])[];

function changeOf(before: Runs, after: Runs, of: (calibration: Calibration) => number): SpeedChange | null {
  const values = (runs: Runs) =>
    runs.map((trials) =>
      trials.map(({ conditions }) => (conditions?.calibration ? of(conditions.calibration) : 0)),
    );
  // A trial without a calibration is a 0, which has no logarithm: then nothing is known.
  const seen = betweenRuns(values(before), values(after), FLOOR);
  return seen === null ? null : { log: Math.log(seen.ratio), half: Math.log(seen.high / seen.ratio) };
}

/** @param before trials of each run, as after; @returns null when any trial is without a calibration */
export function cpuChange(before: Runs, after: Runs): CpuChange | null {
  const syscall = changeOf(before, after, ({ syscall_ns: ns }) => ns);
  const user = changeOf(before, after, ({ null_ns: ns }) => ns);
  if (syscall === null || user === null) return null;
  const beyondDoubt = [syscall, user].some(({ log, half }) => Math.abs(log) > half);
  return { syscall, null: user, beyondDoubt };
}
