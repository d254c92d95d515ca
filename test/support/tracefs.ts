/** The kernel's trace points as a witness: a trace instance of the test's own, so that nobody else's is touched. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

function mountTracefs(): string {
  const mountPoint = mkdtempSync(join(tmpdir(), 'uring-bench-tracefs-'));
  try {
    execFileSync('mount', ['-t', 'tracefs', 'none', mountPoint], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(mountPoint);
    throw error;
  }
  return mountPoint;
}

function unmountTracefs(mountPoint: string): void {
  execFileSync('umount', [mountPoint]);
  rmdirSync(mountPoint);
}

function refused(): string | false {
  if (process.geteuid?.() !== 0) return 'needs root';
  try {
    const mountPoint = mountTracefs();
    const has = existsSync(join(mountPoint, 'instances'));
    unmountTracefs(mountPoint);
    return has ? false : 'needs tracefs with instances';
  } catch {
    return 'tracefs cannot be mounted here';
  }
}

/** false, or why tests that need tracefs are skipped. */
export const noTracefs = refused();

export interface Trace {
  /** false when the kernel has no such event: `sched/sched_switch`. */
  has(event: string): boolean;
  /** Turns an event on, for what fits the filter (the kernel's trace filter language). */
  watch(event: string, filter: string): void;
  /** From now on only what this process and those that it starts do; not the kernel's threads for them. */
  follow(pid: number): void;
  /** All that was seen so far, a line an event. @throws when the buffer was too small for all */
  lines(): string[];
}

/** What per_cpu/cpuN/stats says under a name, over all CPUs. */
function statistic(instance: string, name: string): number {
  const cpus = readdirSync(join(instance, 'per_cpu'));
  const texts = cpus.map((cpu) => readFileSync(join(instance, 'per_cpu', cpu, 'stats'), 'utf8'));
  return texts.reduce((sum, text) => sum + Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1]), 0);
}

let instances = 0;

/**
 * A trace instance, gone when the test ends. tracefs is mounted apart: the usual place may be empty.
 * @param bufferKib for each CPU
 */
export function traceFor(t: TestContext, bufferKib = 1024): Trace {
  const mountPoint = mountTracefs();
  const instance = join(mountPoint, 'instances', `uring-bench-test-${process.pid}-${++instances}`);
  const set = (file: string, text: string): void => writeFileSync(join(instance, file), text);
  t.after(() => {
    if (existsSync(instance)) {
      set('events/enable', '0');
      rmdirSync(instance);
    }
    unmountTracefs(mountPoint);
  });
  mkdirSync(instance);
  set('buffer_size_kb', String(bufferKib));
  return {
    has: (event) => existsSync(join(instance, 'events', event)),
    watch(event, filter) {
      set(`events/${event}/filter`, filter);
      set(`events/${event}/enable`, '1');
    },
    follow(pid) {
      set('options/event-fork', '1');
      set('set_event_pid', String(pid));
    },
    lines() {
      const lost = statistic(instance, 'overrun') + statistic(instance, 'dropped events');
      if (lost > 0) throw new Error(`the trace buffer is too small: ${lost} events were lost`);
      const text = readFileSync(join(instance, 'trace'), 'utf8');
      return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    },
  };
}
