/** Many results by workload, each with what tells it from the others. */
import { identify, type RunIdentity, workloadName } from '../../../compare/identity.ts';
import type { RunResult } from '../../../results/schema.ts';

/** One result of the page, under its number. */
export interface PageRun {
  number: number;
  result: RunResult;
  identity: RunIdentity;
  /** The file that it came from; '' when it was just made. */
  path: string;
}

export interface WorkloadGroup {
  workload: string;
  /** In the order of time. */
  entries: PageRun[];
}

/** @param paths of the results, in their order */
export function groupsOf(results: readonly RunResult[], paths: readonly string[]): WorkloadGroup[] {
  const identities = identify(results);
  const groups = new Map<string, WorkloadGroup>();
  for (const [at, result] of results.entries()) {
    const workload = workloadName(result);
    const group = groups.get(workload) ?? { workload, entries: [] };
    groups.set(workload, group);
    const identity = identities[at] as RunIdentity;
    group.entries.push({ number: at + 1, result, identity, path: paths[at] ?? '' });
  }
  for (const { entries } of groups.values())
    entries.sort((a, b) => Date.parse(a.result.started_at) - Date.parse(b.result.started_at));
  return [...groups.values()];
}

/** What tells a result's place apart: not when it was, nor which file it was. */
export function placeOf({ identity: { apart } }: PageRun): Record<string, string> {
  return Object.fromEntries(Object.entries(apart).filter(([key]) => key !== 'run' && key !== 'files'));
}
