/** The columns of the CSV report that jobs with a rate fill. */
import { mergeLatencies, percentileKey } from '../../results/histogram.ts';
import { countedOps } from '../../results/ops.ts';
import type { Trial } from '../../results/schema.ts';
import { COMPARED_PERCENTILES } from '../../stats/summary.ts';
import type { CsvColumn } from './csv-line.ts';

/** A percentile of all I/Os from when they were sent; null where no job has a rate. */
function servicePercentile(trial: Trial, percentile: number): number | null {
  const services = countedOps(trial).flatMap((op) => op.service_ns ?? []);
  const { N, percentile: found } = mergeLatencies(services, COMPARED_PERCENTILES);
  return N > 0 ? (found[percentileKey(percentile)] ?? null) : null;
}

export const RATE_COLUMNS: readonly CsvColumn[] = [
  {
    name: 'asked_iops',
    help: 'the rate of all jobs, in I/Os a second; lat_ns is from when they were due',
    of: ({ trial }) => trial?.rate?.asked_iops ?? null,
  },
  {
    name: 'unsent_ios',
    help: 'I/Os that were due when the trial ended and had not been sent',
    of: ({ trial }) => trial?.rate?.unsent ?? null,
  },
  ...COMPARED_PERCENTILES.map((percentile) => ({
    name: `service_ns_p${percentile}`,
    help: `from when they were sent, ${percentile} % of all operations took so long or less`,
    of: ({ trial }: Parameters<CsvColumn['of']>[0]) =>
      trial === null ? null : servicePercentile(trial, percentile),
  })),
];
