/** What `--explain=basic` says: what the kernel's counters told anybody of a pass's threads and devices. */
import type { BasicFigures, BasicThreads } from '../../results/schema-explain-basic.ts';
import { formatIops, formatPct, formatPerIo, formatUsec, joined } from '../../values/format.ts';
import { columnMakers, type ExplainedBackend, labelColumn, type TitledTable } from './explained.ts';
import { printable } from './text.ts';

interface Row {
  label: string;
  threads: BasicThreads;
  basic: BasicFigures;
}

const WORDS: Readonly<Record<BasicThreads['kind'], string>> = {
  job: 'jobs',
  pool: 'pool',
  'iou-wrk': 'io-wq workers',
  'iou-sqp': 'SQ polling',
  other: 'all',
};

/** A pass that was traced has all this with more. */
function untraced(all: readonly ExplainedBackend[]): { label: string; basic: BasicFigures }[] {
  return all.flatMap(({ label, explain: { traced, basic } }) =>
    traced === undefined && basic !== undefined ? { label, basic } : [],
  );
}

function rowsOf(all: readonly ExplainedBackend[]): Row[] {
  return untraced(all).flatMap(({ label, basic }) =>
    basic.threads.map((threads) => ({ label, threads, basic })),
  );
}

function sharePct(part: number | null, { seen_ns: whole }: BasicThreads): string {
  return part === null || whole === 0 ? '-' : formatPct((part / whole) * 100);
}

/** Events in each second of the window. */
function perSecond(events: number, { window_ns: ns }: BasicFigures): string {
  return ns === 0 ? '-' : formatIops((events * 1e9) / ns);
}

/** The time of the threads, by what they were; none when no pass was looked at without tracing. */
export function basicTables(all: readonly ExplainedBackend[]): TitledTable[] {
  const rows = rowsOf(all);
  if (rows.length === 0) return [];
  const { left, right } = columnMakers(rows);
  const table = [
    ...labelColumn(rows),
    left(['threads'], ({ threads }) => WORDS[threads.kind]),
    right(['on a CPU', '% of time'], ({ threads }) => sharePct(threads.run_ns, threads)),
    right(['waiting for', 'a CPU, %'], ({ threads }) => sharePct(threads.ready_ns, threads)),
    right(['asleep', '%'], ({ threads }) => sharePct(threads.sleep_ns, threads)),
    right(['went to', 'sleep/s'], ({ threads, basic }) => perSecond(threads.voluntary, basic)),
    right(['preempted', '/s'], ({ threads, basic }) => perSecond(threads.involuntary, basic)),
  ];
  return [{ title: "where the threads' time went, by what /proc tells anybody", table }];
}

/** `vda: 3.6 in flight, busy 98 % of the time, 131 usec a read` */
function deviceText({ device, ...of }: BasicFigures['devices'][number], windowNs: number): string {
  const mean = (ns: number, count: number, what: string): string[] =>
    count > 0 ? [`${formatUsec(ns / count)} usec a ${what}`] : [];
  return `${device} ${joined([
    `${formatPerIo(of.in_flight)} in flight`,
    `busy ${formatPct(Math.min(100, (of.busy_ns / windowNs) * 100))} % of the time`,
    ...mean(of.read_ns, of.reads, 'read'),
    ...mean(of.write_ns, of.writes, 'write'),
  ])}`;
}

function pressureText({ cpu_pct: cpu, io_pct: io, memory_pct: memory }: BasicFigures['pressure']): string[] {
  const parts = [
    { pct: cpu, what: 'a CPU' },
    { pct: io, what: 'I/O' },
    { pct: memory, what: 'memory' },
  ].flatMap(({ pct, what }) => (pct === null || pct === 0 ? [] : `for ${what} ${formatPct(pct)} %`));
  return parts.length === 0 ? [] : [`some task of the machine waited ${joined(parts)} of the time`];
}

function ringsText(rings: BasicFigures['rings']): string[] {
  if (rings === null) return [];
  const { sq_work_pct: work, cq_overflow_most: overflow } = rings;
  return [
    ...(work === null ? [] : [`the polling thread had work ${formatPct(work)} % of its time`]),
    ...(overflow === 0 ? [] : [`up to ${overflow} completions had no room in the ring`]),
  ];
}

/** What was below the threads, a line a backend; then why there is no more. */
export function basicLines(all: readonly ExplainedBackend[]): string[] {
  const lines = untraced(all).map(({ label, basic }) => {
    const busy = basic.devices.filter(({ reads, writes }) => reads + writes > 0);
    const said = [
      ...busy.map((device) => deviceText(device, basic.window_ns)),
      ...ringsText(basic.rings),
      ...pressureText(basic.pressure),
    ];
    return `${label === '' ? '' : `${label}: `}${said.join('; ')}`;
  });
  const missing = [...new Set(all.flatMap(({ explain }) => explain.missing ?? []))];
  const short = all.filter(({ explain: { basic, traced } }) => basic === undefined && traced === undefined);
  return [
    ...lines,
    ...(short.length === 0
      ? []
      : [`${joined(short.map(({ label }) => label || 'it'))}: over before it could be looked at twice`]),
    ...missing.map((why) => `not traced: ${why}`),
  ].map(printable);
}
