/**
 * The series of trials as CSV: one row for each interval and operation, numbers not rounded. Trials without a series
 * (of sweeps, of earlier versions, with --interval 0) have no rows. Quoted as in csv-line.ts.
 */
import { percentileKey } from '../../results/histogram.ts';
import type { BackendResult, RunResult, Trial } from '../../results/schema.ts';
import type { SeriesInterval } from '../../results/schema-series.ts';
import { operations } from '../../workload/operations.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';
import { csvLine, type Value } from './csv-line.ts';

type OpInterval = NonNullable<SeriesInterval['ops'][keyof SeriesInterval['ops']]>;

interface Row {
  /** Side of a comparison, and the file: '' when the result was just made. */
  side: string;
  file: string;
  backend: BackendResult;
  trial: Trial;
  interval: SeriesInterval;
  name: string;
  op: OpInterval;
}

const seconds = ({ interval }: Row): number => interval.length_ns / 1e9;

/** null without time or without samples: nothing is known then. */
function perSecond(row: Row, amount: number): Value {
  return seconds(row) > 0 ? amount / seconds(row) : null;
}

function latency({ op }: Row, of: (lat: OpInterval['lat']) => number | undefined): Value {
  return op.lat.hdr === '' ? null : (of(op.lat) ?? null);
}

const COLUMNS: readonly (readonly [name: string, of: (row: Row) => Value])[] = [
  ['side', ({ side }) => side],
  ['file', ({ file }) => file],
  ['backend', ({ backend }) => backend.backend],
  ['variant', ({ backend }) => backend.variant],
  ['trial', ({ trial }) => trial.trial],
  ['start_s', ({ interval }) => interval.start_ns / 1e9],
  ['length_s', seconds],
  ['op', ({ name }) => name],
  ['ios', ({ op }) => op.ios],
  ['iops', (row) => perSecond(row, row.op.ios)],
  ['bytes', ({ op }) => op.bytes],
  ['bw_bytes', (row) => perSecond(row, row.op.bytes)],
  ['lat_ns_mean', (row) => latency(row, ({ mean }) => mean)],
  ...[50, 99, 99.9].map(
    (percentile) =>
      [
        `lat_ns_p${percentile}`,
        (row: Row) => latency(row, (lat) => lat.percentile[percentileKey(percentile)]),
      ] as const,
  ),
  ['lat_ns_max', (row) => latency(row, ({ max }) => max)],
  ['errors', ({ op }) => op.errors ?? 0],
  ['steal_pct', ({ interval }) => interval.conditions?.steal_pct ?? null],
  ['cpu_busy_pct', ({ interval }) => interval.conditions?.cpu_busy_pct ?? null],
  ['temperature_c', ({ interval }) => interval.conditions?.temperature_c ?? null],
];

/** An interval in which nothing was done has a row of each operation of its trial: a standstill is no gap. */
function rowsOf(result: RunResult, side: string, file: string): Row[] {
  return result.backends.flatMap((backend) =>
    backend.trials.flatMap((trial) =>
      (trial.series?.intervals ?? []).flatMap((interval) =>
        operations.flatMap(({ name }) => {
          const op = interval.ops[name] ?? (trial.ops[name] === undefined ? undefined : NOTHING);
          return op === undefined ? [] : [{ side, file, backend, trial, interval, name, op }];
        }),
      ),
    ),
  );
}

const NOTHING: OpInterval = { ios: 0, bytes: 0, lat: { mean: 0, max: 0, percentile: {}, hdr: '' } };

function text(rows: readonly Row[]): string {
  return (
    csvLine(COLUMNS.map(([name]) => name)) +
    rows.map((row) => csvLine(COLUMNS.map(([, of]) => of(row)))).join('')
  );
}

const format: ReportFormat = {
  ...forPrograms,
  runs: (results, { paths = [] }) =>
    text(results.flatMap((result, at) => rowsOf(result, '', paths[at] ?? ''))),
  comparison: ({ baseline, candidate }) =>
    text([
      ...baseline.flatMap(({ result, path }) => rowsOf(result, 'baseline', path)),
      ...candidate.flatMap(({ result, path }) => rowsOf(result, 'candidate', path)),
    ]),
};

export default format;
