/** Which files of a side are of one run: rounds of a gate follow each other at once, and share the machine's state. */
import type { StoredRun } from './workload.ts';

/** Nearer to each other than this two files are parts of one run, unless the other side ran between them. */
const PAUSE_MS = 30_000;

const begin = ({ result }: StoredRun): number => Date.parse(result.started_at);
const end = ({ result }: StoredRun): number => Date.parse(result.finished_at ?? result.started_at);

/** Whether the next file goes on with a run. Where the clock was set back nothing can be told of pauses. */
function goesOn(last: StoredRun, next: StoredRun, others: readonly StoredRun[]): boolean {
  if (last.apart || next.apart) return false;
  const pause = begin(next) - end(last);
  if (pause >= PAUSE_MS) return false;
  return !others.some((other) => begin(other) >= end(last) && begin(other) <= begin(next));
}

/** The files of one side in runs, in the order in which they were made. @param others those of the other side */
export function clusters(side: readonly StoredRun[], others: readonly StoredRun[]): StoredRun[][] {
  const sorted = [...side].sort((a, b) => begin(a) - begin(b));
  const runs: StoredRun[][] = [];
  for (const run of sorted) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && goesOn(last, run, others)) runs.at(-1)?.push(run);
    else runs.push([run]);
  }
  return runs;
}
