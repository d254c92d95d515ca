/** Trials that were to become steady (--steady-state) and did not within their time. */
import type { ResultWarning, RunResult } from '../results/schema.ts';
import { percent } from './condition-warning.ts';

/** One for each backend. */
export function steadyWarnings({ backends }: Pick<RunResult, 'backends'>): ResultWarning[] {
  return backends.flatMap(({ label, variant, trials }) => {
    const asked = trials.flatMap((trial) =>
      trial.status === 'complete' && trial.steady_state
        ? [{ ...trial.steady_state, trial: trial.trial }]
        : [],
    );
    const never = asked.filter(({ at_ns: at }) => at === null);
    const [first] = never;
    if (first === undefined) return [];
    const which = asked.length === 1 ? '' : ` in ${never.length} of ${asked.length} trials`;
    const { window, rounds, rule } = first;
    const last =
      window === null
        ? `there were ${rounds} rounds`
        : `over the last rounds it ranged by ${percent(window.range * 100)} and its fitted line went ${percent(window.excursion * 100)}`;
    const message = `${label}: it never became steady (${rule})${which}: ${last}`;
    return [{ code: 'never-steady', message, variant, trial: never.length === 1 ? first.trial : null }];
  });
}
