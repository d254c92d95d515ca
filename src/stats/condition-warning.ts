/** Warnings that a condition of single trials gives rise to: one for each kind, with how often and where it was worst. */
import type { BackendResult, ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { Conditions } from '../results/schema-statistics.ts';

/** A trial with whose it is. */
export interface Whose {
  backend: BackendResult;
  trial: Trial;
}

/** All that are complete, of all backends. */
export function completeTrials(result: RunResult): Whose[] {
  return result.backends.flatMap((backend) =>
    backend.trials.filter(({ status }) => status === 'complete').map((trial) => ({ backend, trial })),
  );
}

/** A warning of the run as a whole. */
export function runWarning(code: string, message: string): ResultWarning {
  return { code, message, variant: null, trial: null };
}

/** "2.9 %", "53 %": its size. */
export function percent(value: number): string {
  const size = Math.abs(value);
  return `${size < 9.95 ? Number(size.toFixed(1)) : Math.round(size)} %`;
}

/** "others used the device in 3 of 25 trials, at most 8 % of our own I/O (sync, trial 2)" */
function sentence(
  what: string,
  found: readonly (Whose & { value: number })[],
  all: number,
  show: (value: number) => string,
): string {
  const worst = found.reduce((a, b) => (b.value > a.value ? b : a));
  const where = `${worst.backend.label}, trial ${worst.trial.trial}`;
  if (found.length === 1) return `${what} in ${where}: ${show(worst.value)}`;
  return `${what} in ${found.length} of ${all} trials, at most ${show(worst.value)} (${where})`;
}

/** A warning when something of some trials is as it should not be: `of` then is how much. */
export function trialsWarning(
  trials: readonly Whose[],
  code: string,
  what: string,
  of: (trial: Trial) => number | null,
  show: (value: number) => string,
): ResultWarning[] {
  const found = trials.flatMap((whose) => {
    const value = of(whose.trial);
    return value === null ? [] : [{ ...whose, value }];
  });
  return found.length === 0 ? [] : [runWarning(code, sentence(what, found, trials.length, show))];
}

/** A warning when a condition of some trials is above its limit. */
export function conditionWarning(
  trials: readonly Whose[],
  code: string,
  what: string,
  of: (conditions: Conditions, trial: Trial) => number | null,
  show: (value: number) => string,
): ResultWarning[] {
  const known = (trial: Trial) => (trial.conditions ? of(trial.conditions, trial) : null);
  return trialsWarning(trials, code, what, known, show);
}

/** The value, when it is above a limit. */
export function above(value: number | null, limit: number): number | null {
  return value !== null && value > limit ? value : null;
}
