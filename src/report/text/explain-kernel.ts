/** What io_uring, system calls and the page cache did for an I/O. */
import type { Traced } from '../../results/schema-explain.ts';
import { formatCount, formatIops, formatPct, formatPerIo, formatUsec } from '../../values/format.ts';
import {
  columnMakers,
  knownTable,
  labelColumn,
  perIoOf,
  type TitledTable,
  type TracedBackend,
  UNKNOWN,
} from './explained.ts';
import { LAST_RESORT, type TableView } from './table-view.ts';

function perIo(row: TracedBackend, count: number): string {
  const each = perIoOf(row, count);
  return each === null ? UNKNOWN : formatPerIo(each);
}

interface RingRow extends TracedBackend {
  ring: NonNullable<Traced['io_uring']>;
}

/** Ways of completion as shares of completions. */
export function ringTables(all: readonly TracedBackend[]): TitledTable[] {
  const rows = all.flatMap((one): RingRow[] =>
    one.traced.io_uring === null ? [] : [{ ...one, ring: one.traced.io_uring }],
  );
  if (rows.length === 0) return [];
  const { left, right } = columnMakers(rows);
  const submits = ({ ring }: RingRow) => Object.values(ring.submits).reduce((sum, count) => sum + count, 0);
  const share = (part: number, whole: number) => (whole > 0 ? formatPct((part / whole) * 100) : UNKNOWN);
  const any = (of: (ring: RingRow['ring']) => number) => rows.some(({ ring }) => of(ring) > 0);
  const opcodes = ({ ring }: RingRow) => {
    const sorted = Object.entries(ring.submits).sort(([, a], [, b]) => b - a);
    return sorted.map(([name]) => name).join(' ');
  };
  const table: TableView = [
    ...labelColumn(rows),
    right(['requests', 'per I/O'], (row) => perIo(row, submits(row)), { drop: LAST_RESORT }),
    right(['inline', '%'], ({ ring }) => share(ring.inline, ring.completions)),
    right(['task', 'work %'], ({ ring }) => share(ring.task_work, ring.completions)),
    ...(any(({ poll }) => poll)
      ? [right(['polled', '%'], ({ ring }) => share(ring.poll, ring.completions))]
      : []),
    right(['to io-wq', '%'], (row) => share(row.ring.punted, submits(row))),
    ...(any(({ overflows }) => overflows)
      ? [right(['over-', 'flows'], ({ ring }) => formatCount(ring.overflows))]
      : []),
    right(['waits', 'per I/O'], (row) => perIo(row, row.ring.waits), { drop: 2 }),
    left(['opcodes'], opcodes, { drop: 1 }),
  ];
  return [{ title: "io_uring's requests", table }];
}

/** Calls that are rarer than this are not worth a row. */
const CALLS_LEAST = 0.005;
/** Of each backend. */
const CALLS_MOST = 6;

/** By name and thread, the most frequent of each backend. */
export function syscallTables(all: readonly TracedBackend[]): TitledTable[] {
  const rows = all.flatMap((one) =>
    (one.traced.syscalls ?? [])
      .filter(({ count }) => (perIoOf(one, count) ?? 0) >= CALLS_LEAST)
      .slice(0, CALLS_MOST)
      .map((call) => ({ ...one, call })),
  );
  if (rows.length === 0) return [];
  const { left, right } = columnMakers(rows);
  const table: TableView = [
    ...labelColumn(rows),
    left(['threads'], ({ call }) => call.kind, { drop: 2 }),
    left(['system call'], ({ call }) => call.name),
    right(['per I/O'], (row) => perIo(row, row.call.count)),
    right(['usec', 'each'], ({ call }) => formatUsec(call.ns / call.count), { drop: 1 }),
    right(['usec', 'per I/O'], (row) => {
      const each = perIoOf(row, row.call.ns);
      return each === null ? UNKNOWN : formatUsec(each);
    }),
  ];
  return [{ title: 'system calls', table }];
}

/** Pages an I/O; only of what used the page cache. */
export function cacheTables(all: readonly TracedBackend[]): TitledTable[] {
  const rows = all.flatMap((one) => {
    const { cache } = one.traced;
    const used = cache !== null && Object.values(cache).some((count) => (count ?? 0) > 0);
    return used ? [{ ...one, cache }] : [];
  });
  if (rows.length === 0) return [];
  const { right } = columnMakers(rows);
  const pages = (name: keyof (typeof rows)[number]['cache']) => (row: (typeof rows)[number]) => {
    const count = row.cache[name];
    return count === null ? UNKNOWN : perIo(row, count);
  };
  const hits = ({ cache: { hits: found, lookups } }: (typeof rows)[number]) =>
    lookups > 0 ? formatPct((found / lookups) * 100) : UNKNOWN;
  const table: TableView = [
    ...labelColumn(rows),
    right(['lookups'], pages('lookups')),
    right(['hits', '%'], hits),
    right(['misses'], pages('misses')),
    right(['added'], pages('added'), { drop: 1 }),
    right(['read', 'ahead'], pages('readahead'), { drop: LAST_RESORT }),
    right(['made', 'dirty'], pages('dirtied'), { drop: LAST_RESORT + 1 }),
  ];
  return [{ title: 'the page cache (pages an I/O)', table }];
}

/** Of each backend. */
const INTERRUPTS_MOST = 3;
/** Vectors that take less CPU time an I/O than this are not worth a row, ns. */
const INTERRUPT_NS_LEAST = 10;

/** By vector, those that took most time. */
export function interruptTables(all: readonly TracedBackend[]): TitledTable[] {
  const rows = all.flatMap((one) =>
    one.traced.interrupts
      .filter(({ ns }) => (perIoOf(one, ns) ?? 0) >= INTERRUPT_NS_LEAST)
      .slice(0, INTERRUPTS_MOST)
      .map((irq) => ({ ...one, irq })),
  );
  if (rows.length === 0) return [];
  const { left, right } = columnMakers(rows);
  const table: TableView = [
    ...labelColumn(rows),
    left(['vector'], ({ irq }) => `${irq.vector}${irq.soft ? ' (soft)' : ''}`),
    right(['per I/O'], (row) => perIo(row, row.irq.count)),
    right(['usec', 'per I/O'], (row) => formatUsec(perIoOf(row, row.irq.ns) ?? 0), { drop: LAST_RESORT }),
  ];
  return [{ title: 'interrupts on its CPUs, for whomever', table }];
}

/** What looking on cost: CPU time of its programs, and the speed that the trials had without. */
export function costOfTracing(all: readonly TracedBackend[]): TitledTable[] {
  const rows = all.filter(({ explain, traced }) => explain.pass !== null || traced.cost !== null);
  if (rows.length === 0) return [];
  const { right } = columnMakers(rows);
  const iops = ({ explain: { pass } }: TracedBackend) => (pass === null ? UNKNOWN : formatIops(pass.iops));
  const share = ({ explain: { pass } }: TracedBackend) =>
    pass?.measured_iops ? formatPct((pass.iops / pass.measured_iops) * 100) : UNKNOWN;
  const cpu = (row: TracedBackend) => {
    const each = row.traced.cost && perIoOf(row, row.traced.cost.ns);
    return each === null ? UNKNOWN : formatUsec(each);
  };
  const table: TableView = [
    ...labelColumn(rows),
    right(['IOPS'], iops),
    right(['% of the', "trials'"], share),
    right(['CPU usec', 'per I/O'], cpu, { drop: LAST_RESORT }),
  ];
  return knownTable('the pass that was looked at, and what looking took', table);
}
