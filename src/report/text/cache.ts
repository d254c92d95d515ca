/** The runs of article cache in one table: a row for each way to read a file that is larger than memory. */
import { cacheOf } from '../../results/document.ts';
import type { BackendResult, RunResult, Trial } from '../../results/schema.ts';
import type { CacheReport } from '../../results/schema-report.ts';
import type { StoredDifference } from '../../results/schema-statistics.ts';
import { compareSamples, estimate } from '../../stats/difference.ts';
import { storedDifference, usableTrials } from '../../stats/summary.ts';
import { formatBytes, formatMiBps, formatPerIo, formatUsec, plural } from '../../values/format.ts';
import { differenceCell, differenceLegend } from './difference-cell.ts';
import type { Cell, Column, TableView } from './table-view.ts';
import { printable } from './text.ts';

type CacheTrial = CacheReport['trials'][number];

interface CacheRow {
  report: CacheReport;
  backend: BackendResult;
  /** Of reads through the cache, of the same access; null where that did not run. */
  plain: BackendResult | null;
  trials: readonly CacheTrial[];
}

const REFERENCE = 'sync';

function rowsOf(results: readonly RunResult[]): CacheRow[] {
  const runs = results.flatMap((result) => {
    const report = cacheOf(result);
    return report === null ? [] : [{ report, backends: result.backends }];
  });
  return runs.flatMap(({ report, backends }) => {
    const buffered = runs.find((run) => run.report.access === report.access && !run.report.direct);
    const plain = buffered?.backends.find(({ variant }) => variant === REFERENCE) ?? null;
    return backends.map((backend) => {
      const trials = report.trials.filter(({ variant }) => variant === backend.variant);
      return { report, backend, plain, trials };
    });
  });
}

/** Runs of their own are compared, not blocks: what goes past the cache is measured after what goes through it. */
function differenceOf({ backend, plain, report }: CacheRow): StoredDifference | null {
  if (plain === null || backend === plain) return null;
  if (!report.direct) return backend.summary?.vs_reference?.iops ?? null;
  const [base, own] = [plain, backend].map(({ trials }) => usableTrials(trials).map(({ iops }) => iops));
  if (!base?.length || !own?.length) return null;
  return storedDifference(compareSamples(base, own, { paired: false }));
}

function median(values: readonly number[]): number | null {
  return values.length > 0 ? estimate(values).median : null;
}

/** Median over trials; nothing where none has it. */
function numberCell(values: readonly number[], format: (value: number) => string): Cell {
  const middle = median(values);
  return { text: middle === null ? '' : format(middle) };
}

/** Faults of an I/O, of both kinds. */
function faultsOf({ page_faults: faults, total_ios: ios }: Trial): number[] {
  return faults === undefined || ios === 0 ? [] : [(faults.minor + faults.major) / ios];
}

/** What came or went in a second of a trial, in bytes. */
function rates({ trials, report, backend }: CacheRow, of: (trial: CacheTrial) => number | null): number[] {
  return trials.flatMap((seen) => {
    const trial = backend.trials.find(({ trial: number }) => number === seen.trial);
    const pages = of(seen);
    return trial === undefined || trial.runtime_ns === 0 || pages === null
      ? []
      : [(pages * report.page_bytes * 1e9) / trial.runtime_ns];
  });
}

const BARS = '▁▂▃▄▅▆▇█';
/** So many parts of a trial are shown. */
const PARTS = 8;

/** Throughput over a trial as bars, of the median of all trials in each part, the greatest as high as it goes. */
function barsOf({ trials }: CacheRow): string {
  const parts = Array.from({ length: PARTS }, (_, part) =>
    median(
      trials.flatMap(({ bw_bytes: rates }) => {
        const rate = rates[Math.floor((part * rates.length) / PARTS)];
        return rate === undefined ? [] : [rate];
      }),
    ),
  );
  const known = parts.filter((part) => part !== null);
  const top = Math.max(...known, 0);
  if (top === 0) return '';
  return known.map((part) => BARS[Math.round((part / top) * (BARS.length - 1))]).join('');
}

function wayOf({ report, backend }: CacheRow): string {
  return printable(report.direct ? `${backend.label}, direct` : backend.label);
}

function column(
  rows: readonly CacheRow[],
  head: string[],
  of: (row: CacheRow) => Cell,
  drop?: number,
): Column {
  return { head, align: 'right', cells: rows.map(of), ...(drop === undefined ? {} : { drop }) };
}

function rateCell({ backend: { summary, status } }: CacheRow): Cell {
  if (summary !== null) return { text: formatMiBps(summary.bw_bytes.median) };
  return { text: status, tone: status === 'failed' ? 'error' : 'warning' };
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(bytes < 100 * 2 ** 20 ? 1 : 0);

/** Each access with each way to read, beside plain reads through the cache. */
export function cacheTable(results: readonly RunResult[]): TableView {
  const rows = rowsOf(results);
  const differences = rows.map(differenceOf);
  return [
    {
      head: ['reads'],
      align: 'left',
      cells: rows.map(({ report }, at) => ({
        text: rows[at - 1]?.report.access === report.access ? '' : report.access,
      })),
      legend: differenceLegend(differences),
    },
    { head: ['by'], align: 'left', cells: rows.map((row) => ({ text: wayOf(row) })) },
    column(rows, ['MiB/s', 'median'], rateCell),
    column(rows, ['±%', 'vs sync'], (row) =>
      differenceCell(
        differences[rows.indexOf(row)] ?? null,
        row.report.direct ? null : (row.backend.summary?.iops_vs_reference_pct ?? null),
        'higher',
      ),
    ),
    column(rows, ['over a', 'trial'], (row) => ({ text: barsOf(row) }), 1),
    column(rows, ['CPU usec', 'per I/O'], ({ backend: { summary } }) => ({
      text: summary ? formatUsec(summary.cpu_ns_per_io.median) : '',
    })),
    column(
      rows,
      ['faults', 'per I/O'],
      ({ backend }) => numberCell(usableTrials(backend.trials).flatMap(faultsOf), formatPerIo),
      2,
    ),
    column(rows, ['cached', 'MiB, peak'], ({ trials }) =>
      numberCell(
        trials.map(({ cache_bytes_peak: bytes }) => bytes),
        mebibytes,
      ),
    ),
    column(
      rows,
      ['paged in', 'MiB/s'],
      (row) =>
        numberCell(
          rates(row, ({ pages_in: pages }) => pages),
          formatMiBps,
        ),
      3,
    ),
    column(
      rows,
      ['evicted', 'MiB/s'],
      (row) =>
        numberCell(
          rates(row, ({ pages_out: pages }) => pages),
          formatMiBps,
        ),
      4,
    ),
  ];
}

/** From so many times on as much read as was asked for it is told. */
const READ_TWICE = 1.2;

/** How many times as much the device read as the jobs did; null where nobody counted. */
function readTimes({ trials, backend }: CacheRow, pageBytes: number): number | null {
  return median(
    trials.flatMap((seen) => {
      const trial = backend.trials.find(({ trial: number }) => number === seen.trial);
      const asked = trial?.ops.read?.io_bytes ?? 0;
      return asked === 0 || seen.pages_in === null ? [] : [(seen.pages_in * pageBytes) / asked];
    }),
  );
}

/** Readahead that is large for the memory throws away what it has just brought. */
function readaheadWords(results: readonly RunResult[]): string[] {
  const twice = rowsOf(results).flatMap((row) => {
    const times = readTimes(row, row.report.page_bytes);
    return times !== null && times >= READ_TWICE
      ? [`${times.toFixed(1)} times as much for ${row.report.access} ${wayOf(row)}`]
      : [];
  });
  if (twice.length === 0) return [];
  const what = 'readahead (read_ahead_kb of the device) is large for this memory';
  return [`The device read ${twice.join(', ')}: ${what}, and what it had brought was taken away unread.`];
}

/** Where the memory was limited, and what else the table does not say. */
export function cacheWords(results: readonly RunResult[]): string[] {
  const reports = results.flatMap((result) => cacheOf(result) ?? []);
  const [first] = reports;
  if (first === undefined) return [];
  const peaks = reports.flatMap(({ memory_bytes_peak: peak }) => peak ?? []);
  const peak = peaks.length > 0 ? `; they used ${formatBytes(Math.max(...peaks))} at the most` : '';
  const where =
    first.limit_bytes === null
      ? `Memory was not limited, and counts are the whole machine's: no control group could be made (${first.no_group}).`
      : `The jobs were in a control group (version ${first.group_version}) with ${formatBytes(first.limit_bytes)} of memory, page cache included${peak}.`;
  return [
    where,
    'Before each trial nothing of the file was cached; then, but for sync+uncached and direct, all of it was read once, so that the cache is full from the first I/O on.',
    ...readaheadWords(results),
    `${plural(results.length, 'run')}, direct after the others and compared without pairing; each is stored: uring-bench show FILE has its latencies.`,
  ];
}
