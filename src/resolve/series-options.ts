/** What --interval and --steady-state in force come to. */
import { usageError } from '../errors.ts';
import type { InForce } from '../options/options.ts';
import { formatTime } from '../values/units.ts';
import type { JobGroup, RunPlan } from './run-plan.ts';

const INTERVAL_NS = 1_000_000_000;
/** Trials that last less have shorter intervals. */
const SHORT_TRIAL_NS = 10_000_000_000;
const SHORT_INTERVAL_NS = 100_000_000;
/** Looks more often than that would be felt. */
const INTERVAL_NS_LEAST = 10_000_000;

/** The longest that time bounds; 0: an amount of I/O alone does. */
function runtimeNs(groups: readonly JobGroup[]): number {
  return Math.max(0, ...groups.map(({ workload }) => workload.bounds.runtimeNs));
}

/** @throws BenchError (usage) for one that is too short */
export function intervalOf({ interval }: InForce, groups: readonly JobGroup[]): RunPlan['intervalNs'] {
  if (interval === null) {
    const trial = runtimeNs(groups);
    return trial > 0 && trial < SHORT_TRIAL_NS ? SHORT_INTERVAL_NS : INTERVAL_NS;
  }
  if (interval > 0 && interval < INTERVAL_NS_LEAST) {
    throw usageError(
      `interval=${formatTime(interval)} is too short`,
      `${formatTime(INTERVAL_NS_LEAST)} at least; 0: no series`,
    );
  }
  return interval;
}

/** @throws BenchError (usage) when the trials are over before a window is */
export function steadyOf(
  { 'steady-state': rule }: InForce,
  groups: readonly JobGroup[],
): RunPlan['steadyState'] {
  if (rule === null) return null;
  const [window, most] = [rule.rounds * rule.roundNs, runtimeNs(groups)];
  if (most > 0 && most < window) {
    throw usageError(
      `steady-state needs ${formatTime(window)}, and runtime=${formatTime(most)}`,
      'give the longest that a trial may take as --runtime',
    );
  }
  return rule;
}
