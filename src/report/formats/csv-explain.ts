/**
 * The columns of the CSV report that say what the kernel did for a backend, the same in all rows of it. They are there
 * when any result is explained, behind all others.
 */
import type { RunResult } from '../../results/schema.ts';
import type {
  Explanation,
  ThreadFigures,
  ThreadKind,
  TimeParts,
  Traced,
} from '../../results/schema-explain.ts';
import type { CsvColumn, Value } from './csv-line.ts';

function ofExplained(name: string, help: string, of: (explain: Explanation) => Value): CsvColumn {
  return {
    name: `explain_${name}`,
    help,
    of: ({ backend }) =>
      backend.group === undefined && backend.explain !== undefined ? of(backend.explain) : null,
  };
}

function ofTraced(name: string, help: string, of: (traced: Traced) => Value | undefined): CsvColumn {
  return ofExplained(name, help, ({ traced }) => (traced === undefined ? null : (of(traced) ?? null)));
}

function perIo(name: string, help: string, of: (traced: Traced) => number | null | undefined): CsvColumn {
  return ofTraced(`${name}_per_io`, `${help}, for each I/O`, (traced) => {
    const amount = of(traced);
    return amount == null || traced.ios === 0 ? null : amount / traced.ios;
  });
}

const TIMES: readonly (readonly [keyof TimeParts & `${string}_ns`, string])[] = [
  ['total_ns', 'mean latency of the traced pass'],
  ['turn_ns', 'mean part in which it waited for a thread of the pool'],
  ['before_ns', 'mean part before the queue or the device'],
  ['queue_ns', "mean part in the scheduler's queue"],
  ['device_ns', 'mean part at the device'],
  ['until_reaped_ns', 'the rest: until the job had it'],
  ['reap_wait_ns', 'of until_reaped, mean time in which the thread it was for waited for a CPU'],
  ['waits_for_cpu_ns', 'mean time that threads were ready and waited for a CPU, within the others'],
];

const STATES = ['run_ns', 'user_ns', 'ready_ns', 'sleep_ns'] as const;
const THREADS: readonly (readonly [ThreadKind, string])[] = [
  ['job', 'job'],
  ['pool', 'pool'],
  ['iou-wrk', 'iou_wrk'],
  ['iou-sqp', 'iou_sqp'],
];

function threadColumns([kind, word]: (typeof THREADS)[number]): CsvColumn[] {
  return STATES.map((state) =>
    ofTraced(
      `${word}_${state.replace('_ns', '_pct')}`,
      `of the time of ${kind} threads: ${state.slice(0, -3)}`,
      ({ threads }) => {
        const row = threads.find((one) => one.kind === kind);
        const part = row?.[state];
        return row === undefined || part == null || row.alive_ns === 0 ? null : (part / row.alive_ns) * 100;
      },
    ),
  );
}

function sumOf<T>(rows: readonly T[], of: (row: T) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0);
}

const WAKERS: readonly (readonly [string, (wakeups: ThreadFigures['wakeups']) => number])[] = [
  ['softirq', ({ softirq }) => softirq],
  ['irq', ({ irq }) => irq],
  ['thread', ({ thread }) => thread],
  ['others', ({ self, kworker, idle }) => self + kworker + idle],
];

const COLUMNS: readonly CsvColumn[] = [
  ...TIMES.map(([name, help]) => ofTraced(name, help, ({ time }) => time[name])),
  perIo('requests', 'block requests', ({ block }) => block?.completed),
  ofTraced('request_queue_ns', 'mean time of a block request in the queue', ({ block }) => block?.queue_ns),
  ofTraced(
    'request_device_ns',
    'mean time of a block request at the device',
    ({ block }) => block?.device_ns,
  ),
  ofTraced('at_device', 'block requests at the device at once, mean', ({ block }) => block?.at_device),
  ...THREADS.flatMap(threadColumns),
  ...WAKERS.map(([by, of]) =>
    perIo(`wakeups_${by}`, `times that threads were woken by ${by}`, ({ threads }) =>
      sumOf(threads, ({ wakeups }) => of(wakeups)),
    ),
  ),
  perIo('interrupt_ns', 'CPU time of interrupts on its CPUs', ({ interrupts }) =>
    sumOf(interrupts, ({ ns }) => ns),
  ),
  perIo('syscalls', 'system calls of all its threads', ({ syscalls }) =>
    syscalls === null ? null : sumOf(syscalls, ({ count }) => count),
  ),
  perIo('punted', "requests handed to io_uring's worker threads", ({ io_uring }) => io_uring?.punted),
  perIo('cache_hits', 'pages found in the page cache', ({ cache }) => cache?.hits),
  perIo('cache_misses', 'pages not found there', ({ cache }) => cache?.misses),
  perIo('tracing_ns', 'CPU time that tracing took', ({ cost }) => cost?.ns),
  ofExplained('pass_iops', 'I/Os per second of the pass', ({ pass }) => pass?.iops ?? null),
  ofExplained('tier', 'basic, trace or full', ({ tier }) => tier),
  ofExplained('missing', 'why the kernel was not traced', ({ missing }) => missing),
  ofExplained('sentences', 'what the figures mean', ({ sentences }) =>
    sentences.map(({ text }) => text).join('; '),
  ),
];

export function explainColumns(results: readonly RunResult[]): readonly CsvColumn[] {
  const any = results.some(({ backends }) => backends.some(({ explain }) => explain !== undefined));
  return any ? COLUMNS : [];
}
