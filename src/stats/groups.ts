/** The groups of jobs in a run as rows of their own: each is seen as a backend whose trials are those of its jobs. */

import type { BackendResult, RunResult, Trial } from '../results/schema.ts';
import { type ReferenceOptions, summarize, withReference } from './summary.ts';

/** A backend as a whole, or the part of it that one group of jobs is. */
export interface BackendRow extends BackendResult {
  /** Name of the group; absent for all groups together. */
  group?: string;
}

const parts = new WeakMap<Trial, Map<string, Trial>>();

/** A trial with the figures of one group in place of all; the same object for the same group. */
function trialOfGroup(trial: Trial, name: string): Trial | null {
  const known = parts.get(trial) ?? new Map<string, Trial>();
  parts.set(trial, known);
  const found = trial.groups.find((group) => group.name === name);
  if (found === undefined) return null;
  const { name: _, ...figures } = found;
  const { series: _all, ...whole } = trial;
  const part = known.get(name) ?? { ...whole, ...figures, groups: [] };
  known.set(name, part);
  return part;
}

/** Those that the trials were stored with. */
function storedPercentiles(trials: readonly Trial[]): number[] {
  const all = trials.flatMap(({ ops }) => Object.values(ops)).find(({ lat_ns: { N } }) => N > 0);
  return Object.keys(all?.lat_ns.percentile ?? {}).map(Number);
}

function rowOfGroup(backend: BackendResult, name: string): BackendRow {
  const stored = backend.groups?.find((group) => group.name === name);
  const trials = backend.trials.flatMap((trial) => trialOfGroup(trial, name) ?? []);
  return {
    ...backend,
    variant: `${backend.variant}: ${name}`,
    label: `${backend.label}: ${name}`,
    trials,
    summary: stored === undefined ? summarize(trials, storedPercentiles(trials)) : stored.summary,
    group: name,
  };
}

/** The names of a run's groups; none of a run that has one. */
function groupNames({ jobs }: Pick<RunResult, 'jobs'>): string[] {
  return jobs.length > 1 ? jobs.map(({ name }) => name) : [];
}

/** Each backend, and behind it each of its groups when a run has several. */
export function backendRows(result: Pick<RunResult, 'jobs' | 'backends'>): BackendRow[] {
  const names = groupNames(result);
  return result.backends.flatMap((backend) => [backend, ...names.map((name) => rowOfGroup(backend, name))]);
}

/**
 * The backends with the summaries of their groups, each compared with the same group of the reference; as they are when a
 * run has one group.
 */
export function withGroups(
  result: Pick<RunResult, 'jobs' | 'backends' | 'reference'>,
  percentileList: readonly number[],
  options: ReferenceOptions,
): BackendResult[] {
  const byName = groupNames(result).map((name) => {
    const rows = result.backends.map((backend) => ({
      ...rowOfGroup(backend, name),
      variant: backend.variant,
      label: backend.label,
    }));
    const summarized = rows.map((row) => ({ ...row, summary: summarize(row.trials, percentileList) }));
    return { name, rows: withReference(summarized, result.reference, options) };
  });
  if (byName.length === 0) return result.backends;
  return result.backends.map((backend, at) => ({
    ...backend,
    groups: byName.map(({ name, rows }) => ({ name, summary: rows[at]?.summary ?? null })),
  }));
}
