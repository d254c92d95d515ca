/** From what the tracer read and what the pass measured to the figures that are stored: pure, no figure is guessed. */
import type { ExplainHook, RawExplain } from '../native/explain.ts';
import { countedOps } from '../results/ops.ts';
import type { BlockFigures, Traced } from '../results/schema-explain.ts';
import type { ExplainContext } from './context.ts';
import { keptStacks } from './stacks.ts';
import { threadFigures } from './threads.ts';
import { timeParts } from './time.ts';

/** Innermost functions that are kept. */
const TOP_FUNCTIONS = 5;
/** Requests may be more than I/Os, and of another mean size, by this share and still be them. */
const SAME = 0.01;
/** So many of them must have been seen: trace points of a busy machine now and then miss one. */
const SEEN_LEAST = 0.9;

/** Whether all of the named hooks, or of those of a group any, are attached. */
function attachedIn(hooks: readonly ExplainHook[]): {
  group: (group: ExplainHook['group']) => boolean;
  /** Not known to be missing. */
  name: (name: string) => boolean;
} {
  return {
    group: (group) => hooks.some((hook) => hook.group === group && hook.missing === null),
    name: (name) => !hooks.some((hook) => hook.name === name && hook.missing !== null),
  };
}

function mean(sum: number, count: number): number | null {
  return count > 0 ? sum / count : null;
}

/** Without the empty buckets at its end. */
function trimmed(hist: readonly number[]): number[] {
  return hist.slice(0, hist.findLastIndex((count) => count > 0) + 1);
}

/**
 * Whether requests are the pass's I/Os, one by one: about as many, and of the same size. Those of the page cache are not,
 * even where they are as many; split and merged ones are of another size; a flush has none.
 */
function areIos({ completed, bytes }: RawExplain['block'], { trial, direct }: ExplainContext): boolean {
  if (!direct || trial === null || trial.total_ios === 0 || completed === 0) return false;
  const seen = completed / trial.total_ios;
  const moved = countedOps(trial).reduce((sum, op) => sum + op.io_bytes, 0);
  const sizes = bytes / completed / (moved / trial.total_ios);
  return seen >= SEEN_LEAST && seen <= 1 + SAME && Math.abs(sizes - 1) <= SAME;
}

function blockFigures(raw: RawExplain, context: ExplainContext): BlockFigures | null {
  const attached = attachedIn(raw.hooks);
  if (!attached.group('block')) return null;
  const { block } = raw;
  const whole = attached.name('block_rq_issue') && attached.name('block_rq_complete');
  return {
    are_ios: areIos(block, context),
    started: block.started,
    inserted: block.inserted,
    issued: block.issued,
    completed: block.completed,
    errors: block.errors,
    bytes: block.bytes,
    others: block.others,
    lost: block.lost ?? 0,
    allocations: block.allocations ?? null,
    // Times are added up at a request's end.
    before_ns: attached.name('block_io_start') ? mean(block.before_ns, block.completed) : null,
    queue_ns: attached.name('block_rq_insert') ? mean(block.queue_ns, block.completed) : null,
    device_ns: whole ? mean(block.device_ns, block.completed) : null,
    at_device: raw.window_ns > 0 ? block.depth_ns / raw.window_ns : 0,
    queue_hist: trimmed(block.queue_hist),
    device_hist: trimmed(block.device_hist),
  };
}

/** What a read adds beyond what it asked for was read ahead; what a write adds nobody asked for, either. */
function cacheFigures(cache: NonNullable<RawExplain['cache']>): NonNullable<Traced['cache']> {
  const { lookups, misses, added, dirtied } = cache;
  const readahead = dirtied > 0 ? null : Math.max(0, added - misses);
  return { lookups, hits: Math.max(0, lookups - misses), misses, added, readahead, dirtied };
}

function ringFigures({ hooks, io_uring: ring }: RawExplain): Traced['io_uring'] {
  const none = ring.completions === 0 && Object.keys(ring.submits).length === 0;
  if (none || !attachedIn(hooks).group('io_uring')) return null;
  const { submit_to_block_ns: sum, submit_to_block: samples, ...counts } = ring;
  return { ...counts, submit_to_block_ns: mean(sum, samples) };
}

function interruptFigures({ irqs, softirqs }: RawExplain): Traced['interrupts'] {
  const all = [
    ...irqs.map((irq) => ({ soft: false, ...irq })),
    ...softirqs.map((irq) => ({ soft: true, ...irq })),
  ];
  return all.sort((a, b) => b.ns - a.ns);
}

/** What rings a virtio device's doorbell, over PCI and as memory. */
const DOORBELLS = ['vp_notify', 'vp_notify_with_data', 'vm_notify', 'vm_notify_with_data'];

function sumOfCounts(samples: RawExplain['samples']): number {
  return samples.reduce((sum, { count }) => sum + count, 0);
}

/** By innermost function; a stack without one was in user mode. */
function sampleFigures({ hooks, samples }: RawExplain): Traced['samples'] {
  // The software clock is no trace point: it need not be among the hooks.
  if (samples.length === 0 && !attachedIn(hooks).group('samples')) return null;
  const counts = new Map<string, number>();
  for (const { stack, count } of samples) {
    const leaf = stack.at(-1) ?? 'user mode';
    counts.set(leaf, (counts.get(leaf) ?? 0) + count);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return {
    total: sumOfCounts(samples),
    doorbell: sumOfCounts(samples.filter(({ stack }) => stack.some((name) => DOORBELLS.includes(name)))),
    top: sorted.slice(0, TOP_FUNCTIONS).map(([name, count]) => ({ function: name, count })),
    stacks: keptStacks(samples),
  };
}

/** The figures of a traced pass, or of a program that is not ours. */
export function figuresOf(raw: RawExplain, context: ExplainContext): Traced {
  const { trial } = context;
  const threads = threadFigures(raw.threads, context);
  const block = blockFigures(raw, context);
  const calls = context.full && attachedIn(raw.hooks).group('syscalls') ? raw.syscalls : null;
  const missing = raw.hooks.flatMap(({ name, group, missing: reason }) =>
    reason === null ? [] : [{ name, group, reason }],
  );
  return {
    window_ns: raw.window_ns,
    ios: trial?.total_ios ?? raw.block.completed,
    per: trial === null ? 'block request' : 'I/O',
    hooks: {
      attached: raw.hooks.filter((hook) => hook.missing === null).map(({ name }) => name),
      missing,
    },
    cost: raw.cost,
    time: timeParts({ raw, block, threads, calls, context }),
    block,
    threads,
    interrupts: interruptFigures(raw),
    io_uring: ringFigures(raw),
    syscalls: calls && [...calls].sort((a, b) => b.count - a.count),
    cache: raw.cache && cacheFigures(raw.cache),
    samples: sampleFigures(raw),
  };
}
