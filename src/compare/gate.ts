/** What a gate decides between rounds of trials, and how the rounds become one result. */

import type { BackendResult, ResultWarning, RunResult } from '../results/schema.ts';
import { summarize, withReference } from '../stats/summary.ts';
import { validityOf } from '../stats/validity.ts';
import { parsePercentiles } from '../values/units.ts';
import type { Outcome } from './rules.ts';

/** What a gate judges by when nobody says: what is robust beside other load first. */
export const DEFAULT_RULES: readonly string[] = ['cpu_per_io>+3%', 'lat_p50>+3%', 'iops<-5%'];

/** One look at the trials so far, of all rounds together. */
export interface Look {
  outcome: Outcome | null;
  /** Trials of each backend so far. */
  trials: number;
}

/**
 * How many more trials the gate needs before it says anything; 0 when it can. One look that passes is enough. A
 * regression must be seen in two looks in a row, the second with new trials, or at the end: a bad minute of the
 * machine does not last. What is inconclusive goes on to the end.
 * @param looks in their order, the last one just made
 * @param round trials of each round
 * @param maxTrials after that many the last look counts
 */
export function trialsNeeded(looks: readonly Look[], round: number, maxTrials: number): number {
  const [last, before] = [looks.at(-1), looks.at(-2)];
  if (last === undefined) return Math.min(round, maxTrials);
  if (last.outcome === 'pass' || last.outcome === null) return 0;
  if (last.outcome === 'regression' && before?.outcome === 'regression') return 0;
  return Math.max(0, Math.min(round, maxTrials - last.trials));
}

const WORST = ['failed', 'interrupted', 'complete', 'skipped'] as const;

function worst<T extends (typeof WORST)[number]>(all: readonly T[]): T {
  const found = WORST.find((status) => (all as readonly string[]).includes(status));
  if (found === undefined) throw new Error('nothing to pool');
  return found as T;
}

/** Blocks that a round has at most: what the numbers of the next one begin behind. */
function blocksOf({ backends }: RunResult): number {
  return Math.max(0, ...backends.flatMap(({ trials }) => trials.map(({ trial }) => trial)));
}

function poolBackend(parts: readonly { backend: BackendResult; offset: number }[]): BackendResult {
  const [first] = parts;
  if (first === undefined) throw new Error('nothing to pool');
  return {
    ...first.backend,
    status: worst(parts.map(({ backend }) => backend.status)),
    reason: parts.map(({ backend }) => backend.reason).find((reason) => reason !== null) ?? null,
    trials: parts.flatMap(({ backend, offset }) =>
      backend.trials.map((trial) => ({ ...trial, trial: trial.trial + offset })),
    ),
  };
}

/** Of several that say the same, one. */
function distinct(warnings: readonly ResultWarning[]): ResultWarning[] {
  return [...new Map(warnings.map((warning) => [JSON.stringify(warning), warning])).values()];
}

/**
 * Rounds of one job as one result, as if all trials had been made in one run: blocks are numbered on, summaries are
 * made anew.
 */
export function poolResults(rounds: readonly RunResult[]): RunResult {
  const [first, ...others] = rounds;
  if (first === undefined) throw new Error('nothing to pool');
  if (others.length === 0) return first;
  let blocks = 0;
  const placed = rounds.map((result) => {
    const offset = blocks;
    blocks += blocksOf(result);
    return { result, offset };
  });
  const percentiles = parsePercentiles(
    'percentile-list',
    String(first.jobs[0]?.options['percentile-list'] ?? '50:99:99.9'),
  );
  const backends = first.backends.map(({ variant }) => {
    const parts = placed.flatMap(({ result, offset }) => {
      const backend = result.backends.find((one) => one.variant === variant);
      return backend === undefined ? [] : [{ backend, offset }];
    });
    const pooled = poolBackend(parts);
    return { ...pooled, summary: summarize(pooled.trials, percentiles) };
  });
  const idle = placed.flatMap(({ result, offset }) =>
    (result.idle ?? []).map((look) => ({ ...look, trial: look.trial + offset })),
  );
  const pooled: RunResult = {
    ...first,
    status: worst(rounds.map(({ status }) => status)),
    finished_at: rounds.at(-1)?.finished_at ?? null,
    jobs: first.jobs.map((job) => ({ ...job, options: { ...job.options, trials: blocks } })),
    backends: withReference(backends, first.reference),
    ...(idle.length > 0 ? { idle } : {}),
    warnings: distinct(
      placed.flatMap(({ result, offset }) =>
        result.warnings.map((warning) => ({
          ...warning,
          trial: warning.trial === null ? null : warning.trial + offset,
        })),
      ),
    ),
  };
  return { ...pooled, validity: validityOf(pooled) };
}
