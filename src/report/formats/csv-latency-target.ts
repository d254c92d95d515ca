/** Searches of the highest rate as CSV: one row for each rate that was tried. New columns are added at the end. */
import type { RunResult } from '../../results/schema.ts';
import type { RateSearchReport } from '../../results/schema-report.ts';
import { type TargetRow, targetRows } from '../text/latency-target.ts';
import { csvLine, type Value } from './csv-line.ts';
import { labelColumns, PLACE_COLUMNS } from './csv-place.ts';

type Tried = RateSearchReport['rates'][number];

interface TargetColumn {
  name: string;
  of: (row: TargetRow, tried: Tried | null) => Value;
}

const latencies = (tried: Tried | null): number[] =>
  (tried?.trials ?? []).map(({ lat_ns: ns }) => ns).sort((a, b) => a - b);

/** Of the backend, then of the rate. */
const targetColumns: readonly TargetColumn[] = [
  { name: 'backend', of: ({ label }) => label },
  { name: 'variant', of: ({ backend }) => backend.variant },
  { name: 'outcome', of: ({ search }) => search.outcome },
  { name: 'held_iops', of: ({ search }) => search.low_iops },
  { name: 'missed_iops', of: ({ search }) => search.high_iops },
  { name: 'closed_loop_iops', of: ({ search }) => search.closed_iops },
  { name: 'rate_iops', of: (_, tried) => tried?.iops ?? null },
  { name: 'verdict', of: (_, tried) => tried?.verdict ?? null },
  { name: 'trials', of: (_, tried) => tried?.trials.length ?? null },
  { name: 'behind', of: (_, tried) => tried?.trials.filter(({ behind }) => behind).length ?? null },
  { name: 'lat_ns_median', of: (_, tried) => middle(latencies(tried)) },
  { name: 'lat_ns_min', of: (_, tried) => latencies(tried)[0] ?? null },
  { name: 'lat_ns_max', of: (_, tried) => latencies(tried).at(-1) ?? null },
];

function middle(sorted: readonly number[]): number | null {
  const [a, b] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return a === undefined || b === undefined ? null : (a + b) / 2;
}

/** @param results of searches, with the file that each was read from */
export function renderTargetCsv(results: readonly { result: RunResult; path: string }[]): string {
  const places = [...PLACE_COLUMNS, ...labelColumns(results.map(({ result }) => result))];
  const own = targetColumns.map(({ name }) => name);
  const first = ['started_at', 'hostname', 'kernel', 'percentile', 'limit_ns'];
  const heads = [...first, ...own, ...places.map(({ name }) => name)];
  const lines = results.flatMap(({ result, path }) => {
    const { report, environment } = result;
    if (report?.kind !== 'latency-target') return [];
    const run: Value[] = [result.started_at, environment.hostname, environment.kernel];
    return targetRows(result).flatMap((row) => {
      const rates = row.search.rates.length === 0 ? [null] : row.search.rates;
      return rates.map((tried) => [
        ...[...run, report.percentile, report.limit_ns],
        ...targetColumns.map(({ of }) => of(row, tried)),
        ...places.map(({ of }) => of({ result, path })),
      ]);
    });
  });
  return [heads, ...lines].map(csvLine).join('');
}
