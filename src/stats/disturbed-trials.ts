/** Which trials of some runs were disturbed: a gate does not count them. */
import type { Environment, Trial } from '../results/schema.ts';
import { median } from './spread.ts';
import { stalledNs } from './stalls.ts';
import { type TrialCondition, trialConditions } from './trial-conditions.ts';

/** Fewer runs, made at different times, do not show what is usual of a machine. */
const USUAL_RUNS = 3;

/** Why a trial is not counted: the sentence for people, with how much it was. */
type Disturbed = (trial: Trial) => string | null;

/** What a run's trials had of a condition, in the middle. */
function levelOf(trials: readonly Trial[], { of }: TrialCondition): number {
  const known = trials.flatMap((trial) => (trial.conditions ? (of(trial.conditions, trial) ?? []) : []));
  return known.length === 0 ? 0 : median(known);
}

/**
 * Why a trial is not counted, or null when it is: a condition beyond its limit, or a second or more in which no I/O
 * ended. Where at least three runs of the baseline are of a machine that is always so busy, it is what their
 * differences hold already: then only more than the busiest of them disturbs.
 * @param baseline the trials of each run
 */
export function disturbedBy(
  machine: Pick<Environment, 'cpus_online'>,
  baseline: readonly (readonly Trial[])[],
): Disturbed {
  const table = trialConditions(machine).map((condition) => {
    const usual =
      baseline.length < USUAL_RUNS ? 0 : Math.max(...baseline.map((trials) => levelOf(trials, condition)));
    return { ...condition, limit: Math.max(condition.limit, usual) };
  });
  return (trial) => {
    if (stalledNs(trial) !== null) return 'no I/O ended for a second or more';
    const { conditions } = trial;
    if (conditions === undefined) return null;
    for (const { what, of, limit, show } of table) {
      const value = of(conditions, trial);
      if (value !== null && value > limit) return `${what}: ${show(value)}`;
    }
    return null;
  };
}

/** "3 of 5 trials, at first: others used ...", of the reasons of those that are not counted; null when all count. */
export function disturbedText(reasons: readonly string[], all: number): string | null {
  const [first] = reasons;
  return first === undefined ? null : `${reasons.length} of ${all} trials (${first})`;
}
