/** What the kernel was seen to do for each backend. */

import { formatPct } from '../../../values/format.ts';
import type { ExplainView } from '../../text/explain.ts';
import { type ExplainedBackend, isForeign, type TracedBackend, tracedOf } from '../../text/explained.ts';
import { shortTime } from '../charts/numbers.ts';
import { stackedChart } from '../charts/stacked.ts';
import { flameGraph } from '../flame.ts';
import { listHtml, tableHtml } from './parts.ts';

/** Graphs of more backends would be most of a page. */
const GRAPHS_MAX = 4;
const GRAPH_WIDTH = 960;

/** Where CPUs were, of the stacks that --explain=full keeps. */
function flames(all: readonly ExplainedBackend[]): string {
  const sampled = tracedOf(all).flatMap(({ label, traced }) => {
    const stacks = traced.samples?.stacks ?? [];
    return stacks.length === 0 ? [] : [{ label, stacks }];
  });
  const graphs = sampled.slice(0, GRAPHS_MAX).map(({ label, stacks }) => {
    const split = stacks.map(({ frames, count }) => ({ frames: frames.split(';'), count }));
    const title = label === '' ? 'Where CPUs were' : `Where CPUs were: ${label}`;
    return flameGraph(split, { width: GRAPH_WIDTH, title });
  });
  return graphs
    .map((graph) => `<div class="scroll" role="region" aria-label="Flame graph" tabindex="0">${graph}</div>`)
    .join('\n');
}

/** The parts of an I/O's latency, a bar a backend; of a program that is not ours none is known. */
function timeBars(rows: readonly TracedBackend[], prefix: string): string {
  const own = rows.filter((row) => !isForeign(row));
  return stackedChart({
    id: `${prefix}io-time`,
    title: "Where an I/O's time went",
    description: 'The mean latency of the I/Os of each backend in its parts, one after the other.',
    value: { label: 'mean time of an I/O', scale: 'linear', format: shortTime },
    parts: ['its turn', 'before the queue', 'queue', 'device', 'until reaped'],
    bars: own.map(({ label, traced: { time } }) => ({
      name: label,
      values: [time.turn_ns, time.before_ns, time.queue_ns, time.device_ns, time.until_reaped_ns],
    })),
  });
}

const KINDS = {
  job: 'jobs',
  pool: 'pool',
  'iou-wrk': 'iou-wrk',
  'iou-sqp': 'iou-sqp',
  other: 'others',
} as const;

/** Shares of the time that threads were there, a bar for each kind of each backend. */
function threadBars(rows: readonly TracedBackend[], prefix: string): string {
  const kinds = rows.flatMap(({ label, traced }) =>
    traced.threads.filter(({ alive_ns }) => alive_ns > 0).map((threads) => ({ label, threads })),
  );
  return stackedChart({
    id: `${prefix}thread-time`,
    title: "Where the threads' time went",
    description:
      'Of each backend and kind of thread: on a CPU in user mode and in the kernel, waiting for one, asleep.',
    value: {
      label: 'share of the time that threads were there (%)',
      scale: 'linear',
      domain: [0, 100],
      format: formatPct,
    },
    parts: ['user', 'kernel', 'on a CPU, user or kernel', 'waits for a CPU', 'asleep'],
    bars: kinds.map(
      ({ label, threads: { kind, alive_ns: whole, run_ns: run, user_ns: user, ready_ns, sleep_ns } }) => ({
        name: `${label} ${KINDS[kind]}`.trim(),
        values: [user, user === null ? null : run - user, user === null ? run : null, ready_ns, sleep_ns].map(
          (ns) => (ns === null ? null : (Math.max(0, ns) / whole) * 100),
        ),
      }),
    ),
  });
}

/** @param prefix of the ids of its charts */
export function explainHtml(view: ExplainView, all: readonly ExplainedBackend[], prefix = ''): string {
  const traced = tracedOf(all);
  const tables = (some: ExplainView['chief']) =>
    some.map(({ title, table }) => tableHtml(table, title)).join('\n');
  return [
    listHtml(view.sentences),
    timeBars(traced, prefix),
    threadBars(traced, prefix),
    tables(view.chief),
    flames(all),
    tables([...view.details, ...view.side]),
    listHtml(view.lines),
  ].join('\n');
}
