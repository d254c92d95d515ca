/** Where an I/O's time went, and how long requests were in the scheduler's queue and at the device. */
import type { BlockFigures } from '../../results/schema-explain.ts';
import { formatCount, formatPct, formatPerIo, formatUsec } from '../../values/format.ts';
import {
  columnMakers,
  isForeign,
  labelColumn,
  perIoOf,
  type TitledTable,
  type TracedBackend,
  UNKNOWN,
} from './explained.ts';
import { labelParts } from './rows.ts';
import { type Column, LAST_RESORT, type TableView } from './table-view.ts';

/** With what is shown as unknown beside it. */
const WHOLE = '*';
/** Of block requests that are not I/Os. */
const OF_REQUESTS = '°';
const AT_LEAST = '>=';

function usec(ns: number | null, mark = ''): string {
  return ns === null ? UNKNOWN : `${formatUsec(ns)}${mark === '' ? '' : ` ${mark}`}`;
}

/** Of an I/O where requests are I/Os, else of a request, marked. */
function blockTime({ traced }: TracedBackend, of: 'queue_ns' | 'device_ns'): string {
  const { time, block } = traced;
  if (time[of] !== null || block === null) return usec(time[of]);
  return usec(block[of], OF_REQUESTS);
}

/** What the marks mean that the rows have. */
function legendOf(rows: readonly TracedBackend[]): string[] {
  const marks = rows.map(({ traced: { time, block } }) => ({
    whole: time.undivided.length > 0,
    requests: block !== null && block.completed > 0 && time.device_ns === null,
    least: time.turn_ns !== null && time.turn_ns > 0 && !time.turn_exact,
  }));
  return [
    ...(marks.some(({ whole }) => whole)
      ? [`${WHOLE} with what is shown as ${UNKNOWN} beside it: no hook tells them apart`]
      : []),
    ...(marks.some(({ requests }) => requests)
      ? [
          `${OF_REQUESTS} of block requests, which need not be the I/Os (page cache; split, merged or unseen ones)`,
        ]
      : []),
    ...(marks.some(({ least }) => least)
      ? [`${AT_LEAST} what the pool did beside I/O counts as work on it (exact with --explain=full)`]
      : []),
  ];
}

function turnText({ traced: { time } }: TracedBackend): string {
  const least = time.turn_exact || !time.turn_ns ? '' : AT_LEAST;
  return `${least}${usec(time.turn_ns)}`;
}

/** Block requests of a program that is not ours. */
function requestTable(rows: readonly TracedBackend[]): TableView {
  const { right } = columnMakers(rows);
  const of = (name: 'before_ns' | 'queue_ns' | 'device_ns') => (row: TracedBackend) =>
    usec(row.traced.block?.[name] ?? null);
  return [
    ...labelColumn(rows),
    right(['requests'], ({ traced }) => formatCount(traced.ios)),
    right(['before'], of('before_ns')),
    right(['queue'], of('queue_ns')),
    right(['device'], of('device_ns')),
    right(['at', 'the device'], ({ traced: { block } }) =>
      block === null ? UNKNOWN : formatPerIo(block.at_device),
    ),
  ];
}

/** A part of an I/O's latency a column. */
function timeTable(rows: readonly TracedBackend[]): TableView {
  const { right } = columnMakers(rows);
  const requests = (row: TracedBackend): string => {
    const count = row.traced.block && perIoOf(row, row.traced.block.completed);
    return count === null ? UNKNOWN : formatPerIo(count);
  };
  const [first, ...rest]: Column[] = [
    ...labelColumn(rows),
    right(['total'], ({ traced }) => usec(traced.time.total_ns)),
    right(['its', 'turn'], turnText),
    right(['before'], ({ traced }) => usec(traced.time.before_ns), { drop: LAST_RESORT + 1 }),
    right(['queue'], (row) => blockTime(row, 'queue_ns'), { drop: LAST_RESORT + 2 }),
    right(['device'], (row) => blockTime(row, 'device_ns')),
    right(['until', 'reaped'], ({ traced: { time } }) =>
      usec(time.until_reaped_ns, time.undivided.length > 0 ? WHOLE : ''),
    ),
    ...(rows.some(({ traced }) => traced.time.reap_wait_ns != null)
      ? [
          right(['of that', 'no CPU'], ({ traced }) => usec(traced.time.reap_wait_ns ?? null), {
            drop: 3,
            legend: ['of that no CPU: it was there, and its thread waited for a CPU'],
          }),
        ]
      : []),
    right(['waits for', 'a CPU'], ({ traced }) => usec(traced.time.waits_for_cpu_ns), {
      drop: 2,
      legend: ['waits for a CPU: within the other parts'],
    }),
    right(['requests', 'per I/O'], requests, { drop: 1 }),
    right(
      ['I/Os at', 'the device'],
      ({ traced: { block } }) => (block === null ? UNKNOWN : formatPerIo(block.at_device)),
      { drop: LAST_RESORT },
    ),
  ];
  return first === undefined ? [] : [{ ...first, legend: legendOf(rows) }, ...rest];
}

type Histogram = 'queue_hist' | 'device_hist';

/** Buckets below this share of all requests are not worth a row. */
const LEAST_SHARE = 0.0005;

function shares(block: BlockFigures | null, of: Histogram): number[] {
  const hist = block?.[of] ?? [];
  const total = hist.reduce((sum, count) => sum + count, 0);
  return total > 0 ? hist.map((count) => count / total) : [];
}

/** "65.5 .. 131": the bounds of a bucket, in usec. */
function bucketName(bucket: number): string {
  return `${formatUsec(2 ** bucket)} .. ${formatUsec(2 ** (bucket + 1))}`;
}

/** Backends beside each other, buckets below each other; none where nothing went that way. */
function histogramTables(rows: readonly TracedBackend[], of: Histogram, title: string): TitledTable[] {
  const found = rows
    .map(({ label, traced }) => ({ label, shares: shares(traced.block, of) }))
    .filter((one) => one.shares.length > 0);
  const seen = found.flatMap((one) => one.shares.flatMap((share, at) => (share >= LEAST_SHARE ? [at] : [])));
  if (seen.length === 0) return [];
  const first = Math.min(...seen);
  const buckets = Array.from({ length: Math.max(...seen) - first + 1 }, (_, i) => first + i);
  const names: Column = {
    head: ['usec'],
    align: 'left',
    cells: buckets.map((bucket) => ({ text: bucketName(bucket) })),
  };
  const table = found.map(
    ({ label, shares: all }): Column => ({
      head: label === '' ? ['%'] : labelParts(label),
      align: 'right',
      cells: buckets.map((bucket) => ({ text: all[bucket] ? formatPct(all[bucket] * 100) : '' })),
    }),
  );
  return [{ title, table: [names, ...table] }];
}

/** The parts of latency. */
export function timeTables(rows: readonly TracedBackend[]): TitledTable[] {
  if (rows.length === 0) return [];
  if (!rows.every(isForeign))
    return [{ title: "where an I/O's time went (mean usec)", table: timeTable(rows) }];
  // Of a program that only used the page cache there is nothing to say here.
  const asked = rows.some(({ traced }) => traced.ios > 0);
  return asked ? [{ title: "where a block request's time went (mean usec)", table: requestTable(rows) }] : [];
}

/** How long requests were in the queue and at the device; to be put in groups where there are many backends. */
export function requestTables(rows: readonly TracedBackend[]): TitledTable[] {
  const queued = rows.filter(({ traced }) => (traced.block?.inserted ?? 0) > 0);
  return [
    ...histogramTables(queued, 'queue_hist', "block requests by their time in the scheduler's queue (%)"),
    ...histogramTables(rows, 'device_hist', 'block requests by their time at the device (%)'),
  ];
}
