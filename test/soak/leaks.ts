/** What this process holds, and what of it no run may leave behind. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Held {
  descriptors: number;
  threads: number;
  /** Arenas, rings and buffers that were registered. */
  mappings: number;
  rssBytes: number;
}

/** What descriptors are of; those that are gone by now are left out. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Something that only a run has open. @param folder where it worked */
export function leftOpen(folder: string): string[] {
  const ours =
    /^anon_inode:\[(io_uring|\[io_uring\])\]|^\/memfd:uring-bench|^\/dev\/(?!null|pts|tty|urandom)/;
  return descriptors().filter((link) => ours.test(link) || link.startsWith(folder));
}

/** Names of this process's threads, but for io_uring's workers, which the kernel ends in its own time. */
function threads(): string[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    try {
      const name = readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim();
      return name.startsWith('iou-') ? [] : [name];
    } catch {
      return [];
    }
  });
}

function held(): Held {
  globalThis.gc?.();
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return {
    descriptors: descriptors().length,
    threads: threads().length,
    mappings: maps.match(/memfd:uring-bench|\[aio\]|anon_inode:\[io_uring\]/g)?.length ?? 0,
    rssBytes: process.memoryUsage.rss(),
  };
}

/**
 * For how long threads of a pool may outlive its run: glibc's helpers for asynchronous I/O end by themselves when they had
 * nothing to do for aio_idle_time, a second (native/src/backend_posix_aio.c); a busy machine ends them later.
 */
const IDLE_THREADS_MS = 10_000;

/** What is held once threads that end by themselves are gone. @param before what they fall back to, if known */
export async function settled(before: Held | null): Promise<Held> {
  const deadline = performance.now() + (before === null ? 2 * 1000 : IDLE_THREADS_MS);
  for (;;) {
    const now = held();
    const quiet = before !== null && now.threads <= before.threads;
    if (quiet || performance.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What V8 may take between two looks, whatever runs. */
const RSS_SLACK_BYTES = 48 * 2 ** 20;

/** What has grown. */
export function grown(before: Held, after: Held): string[] {
  const wrong: string[] = [];
  if (after.descriptors > before.descriptors)
    wrong.push(`descriptors: ${before.descriptors}, then ${after.descriptors}`);
  if (after.threads > before.threads) wrong.push(`threads: ${before.threads}, then ${after.threads}`);
  if (after.mappings > 0) wrong.push(`${after.mappings} mappings of runs that have ended`);
  const more = after.rssBytes - before.rssBytes;
  if (more > RSS_SLACK_BYTES) wrong.push(`${(more / 2 ** 20).toFixed(0)} MiB more are resident`);
  return wrong;
}
