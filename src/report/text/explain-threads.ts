/** Where the time of threads went, and what an I/O costs them. */
import type { ThreadFigures, ThreadKind } from '../../results/schema-explain.ts';
import { formatPct, formatPerIo, formatUsec } from '../../values/format.ts';
import {
  columnMakers,
  isForeign,
  knownTable,
  labelColumn,
  perIoOf,
  type TitledTable,
  type TracedBackend,
  UNKNOWN,
} from './explained.ts';
import { LAST_RESORT, type TableView } from './table-view.ts';

const WORDS: Readonly<Record<ThreadKind, string>> = {
  job: 'jobs',
  pool: 'pool',
  'iou-wrk': 'iou-wrk',
  'iou-sqp': 'iou-sqp',
  other: 'others',
};
/** Of a program that is not ours: what it started for itself. */
const FOREIGN_WORDS: typeof WORDS = { ...WORDS, job: 'did I/O' };

/** Marks time in the kernel that holds time in user mode. */
const WITH_USER = '+';

interface ThreadRow {
  label: string;
  threads: ThreadFigures;
}

function share(part: number, { alive_ns: whole }: ThreadFigures): string {
  return whole > 0 ? formatPct((part / whole) * 100) : UNKNOWN;
}

function kernelText({ threads }: ThreadRow): string {
  const { run_ns: run, user_ns: user } = threads;
  return user === null ? `${share(run, threads)} ${WITH_USER}` : share(run - user, threads);
}

/** "pread64 93 %": where it slept longest, however it did. */
function sleepText({ threads }: ThreadRow): string {
  const sums = new Map<string, number>();
  for (const sleep of threads.sleeps) sums.set(sleep.in, (sums.get(sleep.in) ?? 0) + sleep.ns);
  const [longest] = [...sums].sort(([, a], [, b]) => b - a);
  return longest === undefined ? '' : `${longest[0]} ${share(longest[1], threads)}`;
}

/** A row for each kind of thread of each backend; together they are all the time that threads were there. */
export function threadTables(all: readonly TracedBackend[]): TitledTable[] {
  const rows = all.flatMap(({ label, traced }) =>
    traced.threads.filter(({ alive_ns }) => alive_ns > 0).map((threads): ThreadRow => ({ label, threads })),
  );
  if (rows.length === 0) return [];
  const { left, right } = columnMakers(rows);
  const known = rows.every(({ threads }) => threads.user_ns !== null);
  const words = all.every(isForeign) ? FOREIGN_WORDS : WORDS;
  const name = ({ threads: { kind, threads } }: ThreadRow) =>
    threads > 1 ? `${words[kind]} x${threads}` : words[kind];
  const legend = known ? [] : [`${WITH_USER} user mode included`];
  const table: TableView = [
    ...labelColumn(rows),
    left(['threads'], name),
    right(['user'], ({ threads }) => (threads.user_ns === null ? UNKNOWN : share(threads.user_ns, threads))),
    right(['kernel'], kernelText, { legend }),
    right(['waits for', 'CPU'], ({ threads }) => share(threads.ready_ns, threads), { drop: LAST_RESORT + 2 }),
    right(['asleep'], ({ threads }) => share(threads.sleep_ns, threads), { drop: LAST_RESORT }),
    left(['most of it in'], sleepText, { drop: LAST_RESORT + 3 }),
  ];
  return [{ title: "where the threads' time went (% of it)", table }];
}

interface CostColumn {
  head: readonly [string, string];
  /** Over all threads, of the whole window; null where it was not looked for. */
  amount: (row: TracedBackend) => number | null;
  format: (each: number) => string;
  drop?: number;
  /** Whether it is left out where no backend has much of it. */
  seldom?: true;
}

function sum({ traced }: TracedBackend, of: (threads: ThreadFigures) => number): number {
  return traced.threads.reduce((total, threads) => total + of(threads), 0);
}

/** Threads that do the program's own work; the others are there for its I/O. */
function isOwn({ kind }: ThreadFigures): boolean {
  return kind === 'job' || kind === 'other';
}

function total(amounts: readonly { count: number }[] | null): number | null {
  return amounts === null ? null : amounts.reduce((whole, { count }) => whole + count, 0);
}

const COSTS: readonly CostColumn[] = [
  {
    head: ['CPU usec', 'itself'],
    amount: (row) => sum(row, (threads) => (isOwn(threads) ? threads.run_ns : 0)),
    format: formatUsec,
  },
  {
    head: ['CPU usec', 'helpers'],
    amount: (row) => sum(row, (threads) => (isOwn(threads) ? 0 : threads.run_ns)),
    format: formatUsec,
    seldom: true,
  },
  {
    head: ['usec in', 'interrupts'],
    amount: ({ traced }) => traced.interrupts.reduce((whole, { ns }) => whole + ns, 0),
    format: formatUsec,
    drop: 1,
  },
  {
    head: ['woken by', 'softirq'],
    amount: (row) => sum(row, ({ wakeups }) => wakeups.softirq),
    format: formatPerIo,
    drop: LAST_RESORT,
  },
  {
    head: ['woken by', 'irq'],
    amount: (row) => sum(row, ({ wakeups }) => wakeups.irq),
    format: formatPerIo,
    drop: LAST_RESORT + 1,
    seldom: true,
  },
  {
    head: ['woken by', 'a thread'],
    amount: (row) => sum(row, ({ wakeups }) => wakeups.thread),
    format: formatPerIo,
    drop: LAST_RESORT + 2,
  },
  {
    head: ['woken by', 'others'],
    amount: (row) => sum(row, ({ wakeups: { self, kworker, idle } }) => self + kworker + idle),
    format: formatPerIo,
    drop: 2,
    seldom: true,
  },
  { head: ['system', 'calls'], amount: ({ traced }) => total(traced.syscalls), format: formatPerIo },
  {
    head: ['pre-', 'empted'],
    amount: (row) => sum(row, ({ involuntary }) => involuntary),
    format: formatPerIo,
    drop: 3,
  },
];

/** Less an I/O is shown as next to nothing. */
const SELDOM = 0.005;

/** What an I/O costs and what it takes, over all threads of a backend. */
export function costTables(rows: readonly TracedBackend[]): TitledTable[] {
  if (rows.length === 0) return [];
  const { right } = columnMakers(rows);
  const columns = COSTS.flatMap(({ head, amount, format, drop, seldom }) => {
    const each = (row: TracedBackend): number | null => {
      const whole = amount(row);
      return whole === null ? null : perIoOf(row, whole);
    };
    const shown = rows.some((row) => (seldom ? (each(row) ?? 0) >= SELDOM : amount(row) !== null));
    if (!shown) return [];
    const text = (row: TracedBackend): string => {
      const value = each(row);
      return value === null ? UNKNOWN : format(value);
    };
    return [right(head, text, drop === undefined ? {} : { drop })];
  });
  return knownTable('what an I/O takes', [...labelColumn(rows), ...columns]);
}
