/** Why backends failed, where the report that people get has no place for it. */
import type { RunResult } from '../results/schema.ts';
import { tell } from './terminal.ts';

/** A run, and where it stands among several: "iodepth=4". */
interface Told {
  result: Pick<RunResult, 'backends'>;
  at?: string;
}

/** A line on stderr for each reason, also with --quiet: an exit code alone says nothing. */
export async function tellFailures(runs: readonly Told[]): Promise<void> {
  const told = new Set<string>();
  for (const { result, at } of runs) {
    for (const { label, status, reason } of result.backends) {
      if (status !== 'failed' || told.has(`${label} ${reason}`)) continue;
      told.add(`${label} ${reason}`);
      await tell(`uring-bench: ${label} failed${at === undefined ? '' : ` at ${at}`}: ${reason}\n`);
    }
  }
}
