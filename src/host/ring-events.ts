/**
 * How many requests of this process's rings the kernel took, and how many of them it handed to a worker thread (io-wq): counted by
 * io_uring's trace points in a trace instance of one's own (Documentation/trace/ftrace.rst). Root's, where tracefs is mounted.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, quietly, systemReason } from '../errors.ts';

const TRACEFS = '/sys/kernel/tracing';
const SUBMITTED = 'io_uring_submit_req';
const HANDED = 'io_uring_queue_async_work';
/** For each CPU; a line is some 150 bytes. */
const BUFFER_KIB = 4096;

export interface RingEvents {
  submitted: number;
  handed: number;
}

/** An instance that follows this process and what it starts. */
class Instance {
  readonly #path: string;

  /** @throws the system's error */
  constructor() {
    this.#path = join(TRACEFS, 'instances', `uring-bench-${process.pid}`);
    mkdirSync(this.#path);
    this.#set('buffer_size_kb', `${BUFFER_KIB}`);
    this.#set('options/event-fork', '1');
    // Threads are made by this one, which is the main thread: its number is the process's.
    this.#set('set_event_pid', `${process.pid}`);
    for (const event of [SUBMITTED, HANDED]) this.#set(`events/io_uring/${event}/enable`, '1');
  }

  #set(file: string, text: string): void {
    writeFileSync(join(this.#path, file), text);
  }

  /** null when the buffer was too small for all of them. */
  count(): RingEvents | null {
    const lost = readdirSync(join(this.#path, 'per_cpu')).some((cpu) => {
      const stats = readFileSync(join(this.#path, 'per_cpu', cpu, 'stats'), 'utf8');
      return /^(overrun|dropped events): [1-9]/m.test(stats);
    });
    if (lost) return null;
    const lines = readFileSync(join(this.#path, 'trace'), 'utf8').split('\n');
    const of = (event: string): number => lines.filter((line) => line.includes(` ${event}: `)).length;
    return { submitted: of(SUBMITTED), handed: of(HANDED) };
  }

  close(): void {
    quietly(() => this.#set('events/enable', '0'));
    quietly(() => rmdirSync(this.#path));
  }
}

/**
 * Counts what happens on rings while something runs.
 * @returns the counts, or why there are none, for people
 */
export async function countRingEvents(run: () => Promise<unknown>): Promise<RingEvents | string> {
  if (!existsSync(join(TRACEFS, 'instances'))) {
    return `there is no tracefs: mount -t tracefs tracefs ${TRACEFS} (as root)`;
  }
  let instance: Instance | undefined;
  try {
    instance = new Instance();
    await run();
    return instance.count() ?? 'there were more events than were kept';
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return `trace points cannot be used: ${systemReason(error)}`;
  } finally {
    instance?.close();
  }
}
