/** io_uring's trace points as a witness: what happened on the rings of a run's jobs, whoever did it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Ended, REPORT, startBench } from './bench.ts';
import { noTracefs, type Trace, traceFor } from './tracefs.ts';

export const noRingTrace = noTracefs;

const CREATE = 'io_uring_create';
const EVENTS = [
  CREATE,
  'io_uring_submit_req',
  'io_uring_file_get',
  'io_uring_queue_async_work',
  'io_uring_complete',
  'io_uring_local_work_run',
];

export interface RingEvent {
  /** Without `io_uring_`: submit_req, complete, ... */
  name: string;
  /** Of the thread that it happened on; anything for what an interrupt does. */
  comm: string;
  /** Seconds since boot. */
  at: number;
  userData: number;
  opcode: string;
  /** Of the request: the sqe's, and above them the kernel's own. */
  flags: number;
  result: number;
  sqThread: boolean;
}

const LINE = /^ *(.+)-(\d+) +\[\d+\] \S+ +(\d+\.\d+): io_uring_(\w+): ring ([0-9a-f]+),(.*)$/;

interface Parsed {
  tid: number;
  ring: string;
  event: RingEvent;
}

function parse(line: string): Parsed | null {
  const [, comm = '', tid, at, name = '', ring = '', rest = ''] = LINE.exec(line) ?? [];
  if (name === '') return null;
  const text = (field: string, pattern: string) => new RegExp(`${field} (${pattern})`).exec(rest)?.[1] ?? '';
  const event = {
    name,
    comm,
    at: Number(at),
    userData: Number(text('user_data', '0x[0-9a-f]+')),
    opcode: text('opcode', '\\w+'),
    flags: Number(text('flags', '0x[0-9a-f]+')),
    result: Number(text('result', '-?\\d+')),
    sqThread: text('sq_thread', '\\d') === '1',
  };
  return { tid: Number(tid), ring, event };
}

/** Events by ring, for rings that these threads made; one's memory may become another's ring later. */
function byRing(events: readonly Parsed[], makers: ReadonlySet<number>): RingEvent[][] {
  const rings: RingEvent[][] = [];
  const current = new Map<string, RingEvent[]>();
  for (const { tid, ring, event } of events) {
    if (event.name === 'create') {
      current.delete(ring);
      if (!makers.has(tid)) continue;
      const own: RingEvent[] = [];
      rings.push(own);
      current.set(ring, own);
    } else {
      current.get(ring)?.push(event);
    }
  }
  return rings;
}

function parsed(trace: Trace): Parsed[] {
  return trace
    .lines()
    .map(parse)
    .filter((event) => event !== null);
}

/**
 * Runs uring-bench -> how it ended, and the events of each ring of its jobs in the order of their making.
 * What the jobs' threads do is known by following the run. The kernel's threads for their rings cannot be
 * followed: those of all rings are traced, and told apart by the ring.
 */
export async function traceRings(
  t: TestContext,
  folder: string,
  args: readonly string[],
): Promise<{ ended: Ended; rings: RingEvent[][] }> {
  const own = traceFor(t, 4096);
  const kernel = traceFor(t, 16_384);
  const missing = EVENTS.filter((event) => !own.has(`io_uring/${event}`));
  assert.deepEqual(missing, [], 'this kernel has these trace points');
  const running = startBench(folder, [...args, ...REPORT]);
  own.follow(running.pid);
  for (const event of EVENTS) {
    own.watch(`io_uring/${event}`, 'comm ~ "ub-job-*"');
    if (event !== CREATE) kernel.watch(`io_uring/${event}`, 'comm ~ "iou-*"');
  }
  kernel.watch(`io_uring/${CREATE}`, 'common_pid > 0');
  const ended = await running.ended;
  const jobs = parsed(own);
  const makers = new Set(jobs.map(({ tid }) => tid));
  const all = [...jobs.filter(({ event }) => `io_uring_${event.name}` !== CREATE), ...parsed(kernel)];
  return {
    ended,
    rings: byRing(
      all.sort((a, b) => a.event.at - b.event.at),
      makers,
    ),
  };
}

/** Those of one name. */
export function named(events: readonly RingEvent[], name: string): RingEvent[] {
  return events.filter((event) => event.name === name);
}
