/** How many trials a run has: the part of resolve.ts that knows --trials and what goes with it. */
import { usageError } from '../errors.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import { INTERVAL_TRIALS_LEAST } from '../stats/confidence.ts';
import type { RunPlan } from './run-plan.ts';

/** Trials of each of several backends, and how many there may be until their intervals are narrow enough. */
const COMPARISON_TRIALS = 5;
const CONFIDENT_TRIALS_MOST = 30;

/**
 * How often: of several backends often enough that a difference can be told, after a warm-up of each.
 * @throws BenchError (usage) when the most trials are too few
 */
export function settleTrials(values: InForce, raw: RawOptions, several: boolean): void {
  values.trials = raw.trials ?? (several ? COMPARISON_TRIALS : 1);
  values['warmup-trials'] = raw['warmup-trials'] ?? (several ? 1 : 0);
  if (values['until-confident'] === null) return;
  const most = raw['max-trials'] ?? CONFIDENT_TRIALS_MOST;
  if (values.trials > most) {
    throw usageError(
      `trials=${values.trials} is more than max-trials=${most}`,
      'with until-confident, --trials are the fewest',
    );
  }
  if (most < INTERVAL_TRIALS_LEAST) {
    throw usageError(
      `max-trials=${most} is too few for until-confident`,
      `an interval takes ${INTERVAL_TRIALS_LEAST}`,
    );
  }
  values['max-trials'] = most;
}

/** What --until-confident and --max-trials in force come to. */
export function untilConfident(values: InForce): RunPlan['untilConfident'] {
  const { 'until-confident': pct, 'max-trials': maxTrials } = values;
  return pct === null || maxTrials === null ? null : { pct, maxTrials };
}

/**
 * For a command in which --max-trials has no meaning of its own.
 * @throws BenchError (usage) when it is given without --until-confident
 */
export function checkMaxTrials(raw: RawOptions): void {
  if (raw['max-trials'] === undefined || raw['until-confident'] !== undefined) return;
  throw usageError(`max-trials=${raw['max-trials']} has no effect without until-confident`, 'use --trials');
}
