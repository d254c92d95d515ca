/** What strace sees of a run, call by call, told apart by variant. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Variant } from '../../src/backends/backend.ts';
import type { Trial } from '../../src/results/schema.ts';
import { trialOf, turnOf } from './bench.ts';
import { noDisk } from './disk.ts';
import {
  type Call,
  fileOf,
  IO_CALLS,
  jobThreads,
  noStrace,
  poolCalls,
  type Traced,
  type TracedThread,
} from './strace.ts';
import { has } from './variants.ts';
import { firstReason } from './witness.ts';

/** false, or why tests of calls are skipped. */
export const skip = firstReason(noStrace, noDisk);
const NAME = 'job';
/** Of every run here. */
export const COMMON = ['--trials', '1', '--name', NAME, '--size', '16m', '--iodepth', '4'];
/** One takes requests in the order in which they were handed over, and none is woken for nothing. */
export const ONE_WORKER = ['--pool-threads', '1'];

export interface Seen {
  trial: Trial;
  variant: Variant;
  /** The threads of its jobs. */
  jobs: TracedThread[];
  /** Calls for I/O that they and their helper threads made, in order of time. */
  calls: Call[];
}

/** Whether a call does I/O on a job's file. */
function isOnFile(call: Call): boolean {
  return IO_CALLS.includes(call.name) && fileOf(call).includes(`/${NAME}.`);
}

/** Whether a job's call is for its I/O: a probe has no descriptor, a new process reads its libraries. */
function isIo(call: Call): boolean {
  const withoutFile = call.name.startsWith('io_') || call.name === 'epoll_pwait';
  const ofEvents = call.name === 'read' && fileOf(call).includes('[eventfd]');
  return isOnFile(call) || (IO_CALLS.includes(call.name) && (withoutFile || ofEvents));
}

/**
 * Tells the variants of one run apart: their jobs ran one after another, each named ub-job-N. What other
 * threads did to the jobs' files meanwhile is their helpers' work: the runner leaves the files alone then.
 */
export function byVariant(traced: Traced, variants: readonly Variant[], numjobs = 1): Seen[] {
  const threads = jobThreads(traced);
  assert.equal(threads.length, variants.length * numjobs, 'a thread for each job');
  const helpers = traced.threads.filter(({ name }) => name === '').flatMap(({ calls }) => calls);
  return variants.map((variant) => {
    const index = turnOf(traced.result, variant.label);
    const jobs = threads.slice(index * numjobs, (index + 1) * numjobs);
    const from = jobs[0]?.calls[0]?.at ?? 0;
    const to = threads[(index + 1) * numjobs]?.calls[0]?.at ?? Number.POSITIVE_INFINITY;
    const helping = helpers.filter((call) => call.at > from && call.at < to && isOnFile(call));
    const own = jobs.flatMap((job) => job.calls).filter(isIo);
    const pooled = jobs.flatMap((job) => {
      const name = job.name.replace('ub-job-', 'ub-pool-');
      const began = ({ calls }: TracedThread) => calls[0]?.at ?? 0;
      const workers = traced.threads.filter(
        (thread) => thread.name.startsWith(`${name}.`) && began(thread) > from && began(thread) < to,
      );
      return poolCalls(job, workers);
    });
    const calls = [...own, ...helping, ...pooled].sort((a, b) => a.at - b.at);
    return { trial: trialOf(traced.result, variant.label), variant, jobs, calls };
  });
}

/** What its job opened its file with, as strace writes it. */
export function openFlags({ jobs }: Seen): string {
  const calls = jobs.flatMap((job) => job.calls);
  const opened = calls.filter(
    ({ name, args, result }) => name === 'openat' && result >= 0 && args.includes(`${NAME}.0.0`),
  );
  assert.equal(opened.length, 1, 'a job opens its file once');
  return opened[0]?.args ?? '';
}

/** I/Os that the kernel was given, by the calls' own results; null where a kernel thread or page faults take them. */
export function iosGiven({ variant, calls }: Seen): number | null {
  if (has(variant, 'sqpoll') || variant.backend.name === 'mmap') return null;
  let ios = 0;
  for (const { name, result } of calls) {
    if (/^p(read|write)/.test(name)) ios += 1;
    else if (name === 'io_submit' || name === 'io_uring_enter') ios += Math.max(0, result);
  }
  return ios;
}

/** A subtest for each variant. */
export async function eachVariant(
  t: TestContext,
  seen: readonly Seen[],
  check: (seen: Seen) => void,
): Promise<void> {
  for (const one of seen) await t.test(one.variant.label, () => check(one));
}
