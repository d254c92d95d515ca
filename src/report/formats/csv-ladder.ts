/** A ladder as CSV: one row for each step. Columns keep their names and order; new ones are added at the end. */
import type { RunResult } from '../../results/schema.ts';
import { type Rung, rungsOf } from '../text/ladder.ts';
import { csvLine, type Value } from './csv-line.ts';
import { labelColumns, PLACE_COLUMNS } from './csv-place.ts';

interface LadderCsvColumn {
  name: string;
  help: string;
  of: (rung: Rung) => Value;
}

/** All columns in their order, with what each means; before them come those of the run. */
const ladderCsvColumns: readonly LadderCsvColumn[] = [
  { name: 'step', help: 'the feature that it adds', of: ({ label }) => label },
  { name: 'variant', help: 'all its features, canonical', of: ({ backend }) => backend.variant },
  { name: 'status', help: 'complete, interrupted, failed or skipped', of: ({ backend }) => backend.status },
  { name: 'reason', help: 'why it was skipped or failed', of: ({ backend }) => backend.reason },
  { name: 'trials', help: 'complete trials', of: ({ summary }) => summary?.trials ?? 0 },
  { name: 'iops_median', help: 'of the trials', of: ({ summary }) => summary?.iops.median ?? null },
  { name: 'iops_min', help: 'of the trials', of: ({ summary }) => summary?.iops.min ?? null },
  { name: 'iops_max', help: 'of the trials', of: ({ summary }) => summary?.iops.max ?? null },
  { name: 'gain_pct', help: 'over the step before, mean of the pairs', of: ({ gain }) => gain?.pct ?? null },
  { name: 'gain_low_pct', help: '95 % interval of it', of: ({ gain }) => gain?.interval?.low ?? null },
  { name: 'gain_high_pct', help: '95 % interval of it', of: ({ gain }) => gain?.interval?.high ?? null },
  { name: 'gain_pairs', help: 'trials that both steps have', of: ({ gain }) => gain?.pairs ?? null },
  {
    name: 'cpu_ns_per_io',
    help: 'CPU time per operation, kernel threads included; median',
    of: ({ summary }) => summary?.cpu_ns_per_io.median ?? null,
  },
  {
    name: 'syscalls_per_io',
    help: 'system calls per operation; median',
    of: ({ summary }) => summary?.syscalls_per_io.median ?? null,
  },
  {
    name: 'ctx_per_io',
    help: 'context switches per operation, kernel threads included; median',
    of: ({ summary }) => summary?.ctx_per_io.median ?? null,
  },
];

/** @param results of ladders, with the file that each was read from */
export function renderLadderCsv(results: readonly { result: RunResult; path: string }[]): string {
  const places = [...PLACE_COLUMNS, ...labelColumns(results.map(({ result }) => result))];
  const own = ladderCsvColumns.map(({ name }) => name);
  const heads = ['started_at', 'hostname', 'kernel', ...own, ...places.map(({ name }) => name)];
  const lines = results.flatMap(({ result, path }) => {
    const run: Value[] = [result.started_at, result.environment.hostname, result.environment.kernel];
    return rungsOf(result).map((rung) => [
      ...run,
      ...ladderCsvColumns.map(({ of }) => of(rung)),
      ...places.map(({ of }) => of({ result, path })),
    ]);
  });
  return [heads, ...lines].map(csvLine).join('');
}
