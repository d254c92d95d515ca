/** What the kernel did for a backend as metric families: times in seconds, events for each I/O as ratios. */
import type { ThreadFigures, Traced } from '../../results/schema-explain.ts';
import type { Series } from '../view/series.ts';
import type { Family, Labels } from './metric-family.ts';

interface Value {
  labels: Labels;
  value: number | null | undefined;
}

interface ExplainFamily {
  /** Behind the prefix. */
  name: string;
  unit?: 'seconds' | 'ratio';
  help: string;
  of: (traced: Traced) => Value[];
}

/** Rounded to what a double tells apart. */
function seconds(ns: number | null): number | null {
  return ns === null ? null : Number((ns * 1e-9).toPrecision(15));
}

function perIo({ ios }: Traced, amount: number): number | null {
  return ios > 0 ? amount / ios : null;
}

/** The states of threads of one kind, of their time. */
function stateValues({
  kind,
  alive_ns: alive,
  run_ns: run,
  user_ns: user,
  ready_ns,
  sleep_ns,
}: ThreadFigures) {
  const states = { run, ...(user === null ? {} : { user }), ready: ready_ns, sleep: sleep_ns };
  return Object.entries(states).map(([state, ns]) => ({
    labels: { threads: kind, state },
    value: alive > 0 ? ns / alive : null,
  }));
}

/** Who woke threads of any kind. */
function wakeupValues(traced: Traced): Value[] {
  const by = ['softirq', 'irq', 'thread', 'self', 'kworker', 'idle'] as const;
  return by.map((waker) => ({
    labels: { by: waker },
    value: perIo(
      traced,
      traced.threads.reduce((sum, { wakeups }) => sum + wakeups[waker], 0),
    ),
  }));
}

/** Counts by name, for each I/O. */
function countValues(
  traced: Traced,
  label: string,
  counts: Readonly<Record<string, number | null>>,
): Value[] {
  return Object.entries(counts).flatMap(([name, count]) =>
    count === null ? [] : [{ labels: { [label]: name }, value: perIo(traced, count) }],
  );
}

/** The last two lie within others. */
const PARTS = [
  ...(['total', 'turn', 'before', 'queue', 'device', 'until_reaped'] as const),
  ...(['reap_wait', 'waits_for_cpu'] as const),
];

const FAMILIES: readonly ExplainFamily[] = [
  {
    name: 'explain_time_seconds',
    unit: 'seconds',
    help: 'mean time of an I/O of the traced pass, by where it went; its turn, before, queue, device and until reaped are parts of the total',
    of: ({ time }) => PARTS.map((part) => ({ labels: { part }, value: seconds(time[`${part}_ns`] ?? null) })),
  },
  {
    name: 'explain_request_time_seconds',
    unit: 'seconds',
    help: 'mean time of a block request in the queue and at the device',
    of: ({ block }) =>
      block === null
        ? []
        : (['queue', 'device'] as const).map((part) => ({
            labels: { part },
            value: seconds(block[`${part}_ns`]),
          })),
  },
  {
    name: 'explain_requests_at_device',
    help: 'block requests at the device at once, mean',
    of: ({ block }) => [{ labels: {}, value: block?.at_device }],
  },
  {
    name: 'explain_requests_ratio',
    unit: 'ratio',
    help: 'block requests for each I/O',
    of: (traced) => [{ labels: {}, value: traced.block && perIo(traced, traced.block.completed) }],
  },
  {
    name: 'explain_threads_ratio',
    unit: 'ratio',
    help: "share of the threads' time by state; user is a part of run",
    of: ({ threads }) => threads.flatMap(stateValues),
  },
  { name: 'explain_wakeups_ratio', unit: 'ratio', help: 'wake-ups for each I/O', of: wakeupValues },
  {
    name: 'explain_interrupts_seconds',
    unit: 'seconds',
    help: 'CPU time of interrupts on the CPUs that were used, for each I/O',
    of: (traced) =>
      traced.interrupts.map(({ soft, vector, ns }) => ({
        labels: { vector, type: soft ? 'soft' : 'hard' },
        value: seconds(perIo(traced, ns)),
      })),
  },
  {
    name: 'explain_io_uring_ratio',
    unit: 'ratio',
    help: "what io_uring's requests came to, for each I/O",
    of: (traced) => {
      if (traced.io_uring === null) return [];
      const { submits, submit_to_block_ns: _, ...counts } = traced.io_uring;
      const submitted = Object.values(submits).reduce((sum, count) => sum + count, 0);
      return countValues(traced, 'event', { submits: submitted, ...counts });
    },
  },
  {
    name: 'explain_syscalls_ratio',
    unit: 'ratio',
    help: 'system calls for each I/O',
    of: (traced) =>
      (traced.syscalls ?? []).map(({ name, kind, count }) => ({
        labels: { call: name, threads: kind },
        value: perIo(traced, count),
      })),
  },
  {
    name: 'explain_cache_pages_ratio',
    unit: 'ratio',
    help: 'pages of the page cache for each I/O',
    of: (traced) => (traced.cache === null ? [] : countValues(traced, 'pages', traced.cache)),
  },
  {
    name: 'explain_tracing_seconds',
    unit: 'seconds',
    help: 'CPU time that tracing took for each I/O of its pass',
    of: (traced) => [{ labels: {}, value: traced.cost && seconds(perIo(traced, traced.cost.ns)) }],
  },
];

/** Those of explained backends; families without samples are not written. */
export function explainFamilies(
  series: readonly Series[],
  prefix: string,
  labelsOf: (series: Series) => Labels,
): Family[] {
  return FAMILIES.map(({ name, unit, help, of }) => ({
    name: `${prefix}_${name}`,
    type: 'gauge',
    ...(unit === undefined ? {} : { unit }),
    help,
    samples: series.flatMap((one) => {
      const explained = one.result.backends.find(({ variant }) => variant === one.variant)?.explain;
      const values = explained?.traced === undefined ? [] : of(explained.traced);
      return values.flatMap(({ labels, value }) =>
        value == null ? [] : [{ labels: { ...labelsOf(one), ...labels }, value }],
      );
    }),
  }));
}
