/** What looks at a pass's threads and devices come to: pure. */
import type { JobLook, RingLook, ThreadLook } from '../host/job-look.ts';
import type { Explanation, ThreadKind } from '../results/schema-explain.ts';
import type { BasicFigures, BasicThreads } from '../results/schema-explain-basic.ts';

const KINDS: readonly ThreadKind[] = ['job', 'pool', 'iou-wrk', 'iou-sqp', 'other'];

/** The first and the last look at something. */
interface Span<T> {
  first: T;
  last: T;
}

/** By their key, of all looks in their order. */
function spans<T>(all: readonly T[], keyOf: (one: T) => string | number): Span<T>[] {
  const found = new Map<string | number, Span<T>>();
  for (const one of all) {
    const known = found.get(keyOf(one));
    if (known === undefined) found.set(keyOf(one), { first: one, last: one });
    else known.last = one;
  }
  return [...found.values()];
}

/** Threads of a kind; null when there was none. */
function threadsOf(kind: ThreadKind, all: readonly Span<ThreadLook>[]): BasicThreads | null {
  // The pool of an earlier trial may still be there, asleep.
  const own = all.filter(
    ({ first, last }) => last.kind === kind && (kind !== 'pool' || last.runNs > first.runNs),
  );
  if (own.length === 0) return null;
  const sum = (of: (look: ThreadLook) => number): number =>
    Math.round(own.reduce((total, { first, last }) => total + Math.max(0, of(last) - of(first)), 0));
  const seenNs = sum(({ atMs }) => atMs * 1e6);
  const runNs = Math.min(
    seenNs,
    sum((look) => look.runNs),
  );
  const known = own.every(({ last }) => last.readyNs !== null);
  const readyNs = known
    ? Math.min(
        seenNs - runNs,
        sum((look) => look.readyNs ?? 0),
      )
    : null;
  return {
    kind,
    threads: own.length,
    seen_ns: seenNs,
    run_ns: runNs,
    ready_ns: readyNs,
    sleep_ns: readyNs === null ? null : seenNs - runNs - readyNs,
    voluntary: sum((look) => look.voluntary),
    involuntary: sum((look) => look.involuntary),
  };
}

function devicesOf(first: JobLook, last: JobLook, windowNs: number): BasicFigures['devices'] {
  return last.devices.flatMap((after) => {
    const before = first.devices.find(({ device }) => device === after.device);
    if (before === undefined) return [];
    const ns = (ms: number): number => Math.max(0, ms) * 1e6;
    return {
      device: after.device,
      reads: Math.max(0, after.reads - before.reads),
      read_ns: ns(after.readMs - before.readMs),
      writes: Math.max(0, after.writes - before.writes),
      write_ns: ns(after.writeMs - before.writeMs),
      busy_ns: ns(after.busyMs - before.busyMs),
      in_flight: windowNs > 0 ? ns(after.queueMs - before.queueMs) / windowNs : 0,
    };
  });
}

/** Share of the window, at most all of it. */
function sharePct(before: number | null, after: number | null, windowNs: number): number | null {
  if (before === null || after === null || windowNs <= 0) return null;
  return Math.min(100, (Math.max(0, after - before) * 1e5) / windowNs);
}

function ringsOf(looks: readonly JobLook[]): BasicFigures['rings'] {
  const all = looks.flatMap(({ rings }) => rings);
  if (all.length === 0) return null;
  const own = spans(all, ({ key }) => key);
  const sum = (of: (ring: RingLook) => number | null): number =>
    own.reduce((total, { first, last }) => total + Math.max(0, (of(last) ?? 0) - (of(first) ?? 0)), 0);
  const total = sum(({ sqTotalUsec }) => sqTotalUsec);
  const work = sum(({ sqWorkUsec }) => sqWorkUsec);
  return {
    sq_work_pct: total > 0 ? Math.min(100, (work / total) * 100) : null,
    cq_overflow_most: Math.max(...all.map(({ overflown }) => overflown)),
  };
}

/** @param looks in their order. @returns null when a trial was over before there were two of them */
export function basicFigures(looks: readonly JobLook[]): BasicFigures | null {
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined || looks.length < 2) return null;
  const windowNs = Math.round((last.atMs - first.atMs) * 1e6);
  const threads = spans(
    looks.flatMap((look) => look.threads),
    ({ tid }) => tid,
  );
  const pct = (of: keyof JobLook['pressure']): number | null =>
    sharePct(first.pressure[of], last.pressure[of], windowNs);
  return {
    window_ns: windowNs,
    threads: KINDS.flatMap((kind) => threadsOf(kind, threads) ?? []),
    devices: devicesOf(first, last, windowNs),
    pressure: { cpu_pct: pct('cpu'), io_pct: pct('io'), memory_pct: pct('memory') },
    rings: ringsOf(looks),
  };
}

/**
 * What is to be said of a pass that was not traced.
 * @param pass null: of a program that is not ours
 * @param missing why it was not, with the mend; null: it was not to be
 */
export function basicOnly(pass: Explanation['pass'], missing: string | null): Explanation {
  return { tier: 'basic', missing, pass, sentences: [] };
}
