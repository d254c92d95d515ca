/** Where an I/O's time went: what can be told apart of each kind of backend, and what stays together. All times in ns. */
import type { RawExplain } from '../native/explain.ts';
import { countedOps } from '../results/ops.ts';
import type { Trial } from '../results/schema.ts';
import type { BlockFigures, ThreadFigures, TimeParts } from '../results/schema-explain.ts';
import type { ExplainContext } from './context.ts';
import { IDLE_CALLS } from './threads.ts';

/** Of so many I/Os, as a share, the beginning must have been seen: trace points now and then miss one. */
const SEEN_LEAST = 0.9;

/** Parts may add up to so much more than the total, as a share of it: their clocks and their sums differ. */
const SURPLUS = 0.02;

/** Mean latency of all I/Os of a trial, from when they were sent; null when it did none. */
function meanLatency(trial: Trial): number | null {
  const latencies = countedOps(trial).map((op) => op.service_ns ?? op.lat_ns);
  const samples = latencies.reduce((sum, { N }) => sum + N, 0);
  return samples > 0 ? latencies.reduce((sum, { mean, N }) => sum + mean * N, 0) / samples : null;
}

interface Known {
  raw: RawExplain;
  block: BlockFigures | null;
  threads: readonly ThreadFigures[];
  /** null where they were not traced. */
  calls: RawExplain['syscalls'] | null;
  context: ExplainContext;
}

/**
 * How long threads of the pool worked on I/Os: with system calls traced the time inside those that do I/O, else all
 * time that they did not sleep for want of work, which is more. null without a pool.
 */
function poolWork({ threads, calls }: Known): number | null {
  const pool = threads.find(({ kind }) => kind === 'pool');
  if (pool === undefined) return null;
  if (calls !== null) {
    const work = calls.filter(({ kind, name }) => kind === 'pool' && !IDLE_CALLS.includes(name));
    return work.reduce((sum, { ns }) => sum + ns, 0);
  }
  const asleep = pool.sleeps.filter((sleep) => !IDLE_CALLS.includes(sleep.in));
  return asleep.reduce((sum, { ns }) => sum + ns, pool.run_ns + pool.ready_ns);
}

/** What is left of a time; null when the parts are clearly more than it. */
function restOf(wholeNs: number, parts: readonly (number | null)[]): number | null {
  const rest = parts.reduce<number>((left, part) => left - (part ?? 0), wholeNs);
  return rest >= -SURPLUS * wholeNs ? Math.max(0, rest) : null;
}

type Split = Pick<TimeParts, 'turn_ns' | 'turn_exact' | 'before_ns' | 'undivided' | 'in_service'> & {
  /** What is left when these parts are taken off is the device's part and what comes after it. */
  wholeNs: number;
};

/** A call waits for nobody: what it does before the block layer has the request is not told from what it does after. */
const OF_A_CALL = { turn_ns: 0, turn_exact: true, before_ns: null, undivided: ['before' as const] };

/** Mean of what was seen of about all I/Os, and what comes on top of it; null when it was not. */
function meanOfSeen(sum: number, samples: number, ios: number, more: number | null): number | null {
  const seen = samples >= SEEN_LEAST * ios && samples <= 1.01 * ios;
  return seen && more !== null ? sum / samples + more : null;
}

/** What comes before the block layer, by how the backend hands I/Os over. */
function splitOf(known: Known, totalNs: number, ios: number): Split {
  const { raw, block, calls, context } = known;
  const work = poolWork(known);
  const start = block?.before_ns ?? null;
  const { call_to_block_ns: sum = 0, call_to_block: samples = 0 } = raw.block;
  const inCall = meanOfSeen(sum, samples, ios, start);
  const ofCall = inCall === null ? OF_A_CALL : { ...OF_A_CALL, before_ns: inCall, undivided: [] };
  if (work !== null) {
    const wholeNs = Math.min(totalNs, work / ios);
    const turn_ns = totalNs - wholeNs;
    return {
      ...ofCall,
      turn_ns,
      turn_exact: calls !== null,
      in_service: raw.window_ns > 0 ? work / raw.window_ns : null,
      wholeNs,
    };
  }
  const whole = { in_service: null, wholeNs: totalNs };
  if (!context.async) return { ...ofCall, ...whole };
  const ring = raw.io_uring;
  const submitted = meanOfSeen(ring.submit_to_block_ns, ring.submit_to_block, ios, start) ?? inCall;
  const together = submitted === null ? (['turn', 'before'] as const) : (['turn'] as const);
  return { turn_ns: null, turn_exact: true, before_ns: submitted, undivided: [...together], ...whole };
}

const UNKNOWN: TimeParts = {
  total_ns: null,
  turn_ns: null,
  turn_exact: true,
  before_ns: null,
  queue_ns: null,
  device_ns: null,
  until_reaped_ns: null,
  reap_wait_ns: null,
  undivided: [],
  waits_for_cpu_ns: null,
  in_service: null,
};

/**
 * The part of what comes after completion in which the thread that was to have it waited for a CPU. Of requests that
 * io_uring's own threads began it is not known: others wait for them.
 */
function reapWait({ raw, threads }: Known, afterNs: number | null, ios: number): number | null {
  const { reap_wait_ns: sum } = raw.block;
  const handedOn = threads.some(({ kind }) => kind === 'iou-wrk' || kind === 'iou-sqp');
  return sum === undefined || afterNs === null || handedOn ? null : Math.min(afterNs, sum / ios);
}

/** The parts of an I/O's mean latency. Block requests that are not I/Os say nothing of an I/O's time. */
export function timeParts(known: Known): TimeParts {
  const { block, threads, context } = known;
  const totalNs = context.trial === null ? null : meanLatency(context.trial);
  const ios = context.trial?.total_ios ?? 0;
  if (totalNs === null || ios === 0) return UNKNOWN;
  const { wholeNs, ...split } = splitOf(known, totalNs, ios);
  const ready = threads.reduce((sum, { ready_ns }) => sum + ready_ns, 0);
  const parts = { ...UNKNOWN, total_ns: totalNs, waits_for_cpu_ns: ready / ios, ...split };
  if (!block?.are_ios) return { ...parts, before_ns: null, undivided: [] };
  const { queue_ns, device_ns } = block;
  const after = device_ns === null ? null : restOf(wholeNs, [split.before_ns, queue_ns, device_ns]);
  return {
    ...parts,
    queue_ns,
    device_ns,
    until_reaped_ns: after,
    reap_wait_ns: reapWait(known, after, ios),
    undivided: after === null ? [] : split.undivided,
  };
}
