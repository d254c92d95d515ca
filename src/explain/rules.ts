/**
 * What figures mean, as a table: a condition, a sentence, and the figures that both rest on. A sentence says no more than
 * its condition makes certain. The most important stands first; docs/EXPLAIN.md lists them.
 */
import type { Explanation } from '../results/schema-explain.ts';
import { formatDuration, formatPerIo, formatUsec, joined } from '../values/format.ts';
import {
  each,
  type Facts,
  hasFeature,
  jobSleeps,
  jobsText,
  percentText,
  perIo,
  rowOf,
  shareOf,
} from './facts.ts';

interface Rule {
  /** Stable, kebab-case. */
  id: string;
  /** Paths within a backend's explanation (`traced`, `pass`) and the pass's trial (`trial`). */
  figures: readonly string[];
  when: (facts: Facts) => boolean;
  /** Asked only when the condition holds. */
  sentence: (facts: Facts) => string;
}

/** What the rules for a part of time take for much of it. */
const MUCH = 0.25;
const SOME = 0.1;
const LITTLE = 0.05;
/** Fewer samples say nothing of shares. */
const SAMPLES_LEAST = 50;

const SENTENCES_MOST = 3;

function turnShare({ traced: { time } }: Facts): number {
  return shareOf(time.turn_ns, time.total_ns);
}

/** "89 % of an I/O's latency is waiting for its turn" */
function turnText(facts: Facts): string {
  const least = facts.traced.time.turn_exact ? '' : 'at least ';
  return `${least}${percentText(turnShare(facts))} of an I/O's latency is waiting for its turn`;
}

const throttled: Rule = {
  id: 'cgroup-cpu',
  figures: ['trial.conditions.cgroup.throttled_pct', 'trial.conditions.cgroup.throttled_ns'],
  when: ({ trial }) => {
    const { throttled_pct: pct, throttled_ns: ns } = trial?.conditions?.cgroup ?? {};
    return (pct ?? 0) >= 1 && (ns ?? 0) > 0;
  },
  sentence: ({ trial }) => {
    const { throttled_pct: pct, throttled_ns: ns } = trial?.conditions?.cgroup ?? {};
    return `the control group's CPU quota stopped it in ${percentText((pct ?? 0) / 100)} of the periods, for ${formatDuration(ns ?? 0)} over all CPUs`;
  },
};

const steal: Rule = {
  id: 'steal',
  figures: ['trial.conditions.steal_pct'],
  when: ({ trial }) => (trial?.conditions?.steal_pct ?? 0) >= 100 * LITTLE,
  sentence: ({ trial }) =>
    `the hypervisor took ${percentText((trial?.conditions?.steal_pct ?? 0) / 100)} of all CPUs' time`,
};

const oneByOne: Rule = {
  id: 'one-by-one',
  figures: ['traced.time.turn_ns', 'traced.time.total_ns', 'traced.time.in_service', 'trial.effective_depth'],
  when: (facts) => {
    const served = facts.traced.time.in_service;
    const { descriptors = 1 } = facts;
    const single = served !== null && served > 0 && served <= (1 + LITTLE) * descriptors;
    return (
      facts.backend === 'posix-aio' &&
      single &&
      (facts.trial?.effective_depth ?? 0) >= 2 * descriptors &&
      turnShare(facts) >= MUCH
    );
  },
  sentence: (facts) =>
    `${turnText(facts)}: glibc serves a descriptor one by one (${formatPerIo(facts.traced.time.in_service ?? 0)} of ${formatPerIo(facts.trial?.effective_depth ?? 0)} at work)`,
};

const poolFull: Rule = {
  id: 'pool-full',
  figures: [
    'traced.time.turn_ns',
    'traced.time.total_ns',
    'traced.time.in_service',
    'traced.threads.threads',
  ],
  when: (facts) => {
    const { in_service: served, turn_exact: exact } = facts.traced.time;
    const threads = rowOf(facts, 'pool')?.threads ?? 0;
    // A thread that spins for want of work counts as working where system calls are not seen.
    const sure = exact || !hasFeature(facts, 'spin');
    return sure && !oneByOne.when(facts) && shareOf(served, threads) >= 1 - SOME && turnShare(facts) >= MUCH;
  },
  sentence: (facts) =>
    `${turnText(facts)}: all threads of the pool are at work (${formatPerIo(facts.traced.time.in_service ?? 0)} of ${rowOf(facts, 'pool')?.threads ?? 0})`,
};

/** Waiting for completions is interruptible: what is not happens while requests are handed in or finished. */
const inSubmission: Parameters<typeof jobSleeps>[1] = (sleep) =>
  sleep.in === 'io_submit' || (sleep.in === 'io_uring_enter' && sleep.uninterruptible);

const submission: Rule = {
  id: 'sleeps-in-submission',
  figures: ['traced.threads.sleeps.ns', 'traced.threads.sleeps.count', 'traced.threads.alive_ns'],
  when: (facts) => jobSleeps(facts, inSubmission).share >= LITTLE,
  sentence: (facts) => {
    const found = jobSleeps(facts, inSubmission);
    const times = `${formatPerIo(found.perIo)} times ${each(facts)}`;
    const buffered = !facts.direct && found.in === 'io_submit' && facts.backend === 'linux-aio';
    const why = buffered ? ': buffered I/O is done there' : ', not for completions';
    return `${jobsText(facts)} sleep ${percentText(found.share)} of their time in ${found.in}, ${times}${why}`;
  },
};

const pageFaults: Rule = {
  id: 'sleeps-in-page-faults',
  figures: ['traced.threads.sleeps.ns', 'traced.threads.sleeps.count', 'traced.threads.alive_ns'],
  when: (facts) => jobSleeps(facts, (sleep) => sleep.in === 'page fault').share >= LITTLE,
  sentence: (facts) => {
    const { share, perIo: times } = jobSleeps(facts, (sleep) => sleep.in === 'page fault');
    return `${jobsText(facts)} sleep ${percentText(share)} of their time in page faults, ${formatPerIo(times)} times ${each(facts)}`;
  },
};

const allocation: Rule = {
  id: 'allocates-blocks',
  figures: ['traced.block.allocations', 'traced.ios'],
  when: (facts) => perIo(facts, facts.traced.block?.allocations ?? 0) >= SOME,
  sentence: (facts) =>
    `ext4 allocated blocks ${formatPerIo(perIo(facts, facts.traced.block?.allocations ?? 0))} times ${each(facts)}: writes go where the file has none yet`,
};

/** Calls in which to wait for what is no I/O is what they are for. */
const WAITING_CALLS =
  /^(futex|poll|ppoll|select|pselect6|epoll_|wait|.*nanosleep|io_getevents|io_pgetevents|page fault)/;

const locks: Rule = {
  id: 'sleeps-without-io',
  figures: ['traced.threads.sleeps.ns', 'traced.threads.sleeps.iowait', 'traced.threads.alive_ns'],
  when: (facts) => jobSleeps(facts, isLock).share >= SOME,
  sentence: (facts) => {
    const { share, in: call } = jobSleeps(facts, isLock);
    return `${jobsText(facts)} sleep ${percentText(share)} of their time in ${call}, and not for I/O: for a lock, the journal or memory`;
  },
};

/** Asleep, uninterruptibly and not for I/O by the kernel's own count, in a call that does I/O. */
function isLock(sleep: Parameters<typeof inSubmission>[0]): boolean {
  return sleep.uninterruptible && !sleep.iowait && !WAITING_CALLS.test(sleep.in);
}

/** Operations that io_uring never tries without waiting, on any kernel: it hands them to io-wq. */
const ALWAYS_PUNTED = [
  ...['FSYNC', 'SYNC_FILE_RANGE', 'FALLOCATE', 'FTRUNCATE', 'STATX', 'RENAMEAT', 'UNLINKAT', 'MKDIRAT'],
  ...['SYMLINKAT', 'LINKAT', 'SPLICE', 'TEE'],
];

/** All but what trace points may have missed. */
const NEARLY = 0.98;

function submitted({ traced }: Facts): number {
  return Object.values(traced.io_uring?.submits ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Why requests were punted, where that is certain; else what a punt means: trying without waiting failed, or files lack it. */
function puntReason(facts: Facts): string {
  if (hasFeature(facts, 'force_async')) return 'force_async asks for it';
  const { submits = {}, punted = 0, punted_unable: unable = 0 } = facts.traced.io_uring ?? {};
  if (unable >= punted * NEARLY) return 'the file cannot be asked without waiting';
  const always = Object.keys(submits).filter((name) => ALWAYS_PUNTED.includes(name));
  const count = always.reduce((sum, name) => sum + (submits[name] ?? 0), 0);
  const names = always.map((name) => name.toLowerCase());
  if (count > 0 && Math.abs(count - punted) <= punted / 50) return `${joined(names)} always goes there`;
  return 'it could not do them without waiting';
}

const punted: Rule = {
  id: 'punted',
  figures: ['traced.io_uring.punted', 'traced.io_uring.punted_unable', 'traced.io_uring.submits'],
  when: (facts) => shareOf(facts.traced.io_uring?.punted ?? 0, submitted(facts)) >= SOME,
  sentence: (facts) => {
    // A request can be punted more than once.
    const share = Math.min(1, shareOf(facts.traced.io_uring?.punted ?? 0, submitted(facts)));
    return `${percentText(share)} of its requests are handed to io_uring's worker threads: ${puntReason(facts)}`;
  },
};

const schedulerQueue: Rule = {
  id: 'scheduler-queue',
  figures: ['traced.block.queue_ns', 'traced.block.device_ns'],
  when: ({ traced: { block } }) => (block?.queue_ns ?? 0) > Math.max(1000, block?.device_ns ?? Infinity),
  sentence: ({ traced: { block } }) =>
    `requests wait longer in the I/O scheduler's queue (${formatUsec(block?.queue_ns ?? 0)} usec) than they take at the device (${formatUsec(block?.device_ns ?? 0)} usec)`,
};

const THREAD_WORDS = {
  pool: 'threads of the pool',
  'iou-wrk': "io_uring's worker threads",
  'iou-sqp': "io_uring's poll thread",
  other: 'its threads',
} as const;

/** The kind of thread that waited longest for a CPU, as a share of its time. */
function mostReady(facts: Facts): { whose: string; share: number } {
  const shares = facts.traced.threads.map(({ kind, ready_ns, alive_ns }) => ({
    whose: kind === 'job' ? jobsText(facts) : THREAD_WORDS[kind],
    share: shareOf(ready_ns, alive_ns),
  }));
  return shares.sort((a, b) => b.share - a.share)[0] ?? { whose: '', share: 0 };
}

const waitsForCpu: Rule = {
  id: 'waits-for-cpu',
  figures: ['traced.threads.ready_ns', 'traced.threads.alive_ns'],
  when: (facts) => mostReady(facts).share >= SOME,
  sentence: (facts) => {
    const { whose, share } = mostReady(facts);
    return `for ${percentText(share)} of the time ${whose} waited for a CPU, ready to run`;
  },
};

const doorbell: Rule = {
  id: 'doorbell',
  figures: ['traced.samples.doorbell', 'traced.samples.total'],
  when: ({ traced: { samples } }) =>
    (samples?.total ?? 0) >= SAMPLES_LEAST &&
    shareOf(samples?.doorbell ?? 0, samples?.total ?? 0) >= 2 * SOME,
  sentence: ({ traced: { samples } }) =>
    `${percentText(shareOf(samples?.doorbell ?? 0, samples?.total ?? 0))} of its CPU time, by samples, is virtio's doorbell (vp_notify): an exit of a virtual machine`,
};

/** Calls of futex an I/O where calls were traced, else sleeps in it. */
function futexes(facts: Facts): number {
  const { syscalls, threads } = facts.traced;
  const calls = syscalls?.filter(({ name }) => name === 'futex');
  const sleeps = threads.flatMap((row) => row.sleeps).filter((sleep) => sleep.in === 'futex');
  return perIo(
    facts,
    (calls ?? sleeps).reduce((sum, { count }) => sum + count, 0),
  );
}

const poolLock: Rule = {
  id: 'pool-lock',
  figures: ['traced.syscalls.count', 'traced.threads.sleeps.count'],
  when: (facts) => rowOf(facts, 'pool') !== undefined && futexes(facts) >= 1,
  sentence: (facts) => {
    const count = formatPerIo(futexes(facts));
    const what = facts.traced.syscalls === null ? `threads sleep ${count} times in` : `${count} calls of`;
    const why =
      facts.backend === 'posix-aio'
        ? "glibc's pool hands I/Os over under a lock"
        : 'jobs and threads of the pool wake each other';
    return `${what} futex ${each(facts)}: ${why}`;
  },
};

/** System calls for I/O, by name and an I/O, of which there is one at least every fourth I/O. */
function callsOf({ trial }: Facts): [string, number][] {
  const ios = trial?.total_ios ?? 0;
  const all = Object.entries(trial?.syscalls.by_name ?? {}).filter(([name]) => name !== 'futex');
  const each = all.map(([name, count]): [string, number] => [name, shareOf(count, ios)]);
  return each.filter(([, count]) => count >= MUCH).sort(([, a], [, b]) => b - a);
}

const secondCall: Rule = {
  id: 'second-call',
  figures: ['trial.syscalls.by_name', 'trial.total_ios'],
  when: (facts) => callsOf(facts).reduce((sum, [, count]) => sum + count, 0) >= 1.5,
  sentence: (facts) => {
    const calls = callsOf(facts);
    const sum = formatPerIo(calls.reduce((total, [, count]) => total + count, 0));
    return `${each(facts)} takes ${sum} system calls: ${joined(calls.map(([name, count]) => `${formatPerIo(count)} ${name}`))}`;
  },
};

const pollThread: Rule = {
  id: 'poll-thread',
  figures: ['traced.threads.run_ns', 'traced.window_ns'],
  when: (facts) => shareOf(rowOf(facts, 'iou-sqp')?.run_ns ?? 0, facts.traced.window_ns) >= MUCH,
  sentence: (facts) =>
    `io_uring's poll thread takes ${percentText(shareOf(rowOf(facts, 'iou-sqp')?.run_ns ?? 0, facts.traced.window_ns))} of a CPU`,
};

const device: Rule = {
  id: 'device',
  figures: ['traced.time.device_ns', 'traced.time.total_ns'],
  when: ({ traced: { time } }) => shareOf(time.device_ns, time.total_ns) >= 0.8,
  sentence: ({ traced: { time } }) =>
    `${percentText(Math.min(1, shareOf(time.device_ns, time.total_ns)))} of an I/O's latency is the device's`,
};

/** What disturbed everything, then where most time goes, then what an I/O costs. */
export const RULES: readonly Rule[] = [
  ...[
    throttled,
    steal,
    oneByOne,
    poolFull,
    submission,
    pageFaults,
    allocation,
    locks,
    punted,
    schedulerQueue,
    waitsForCpu,
  ],
  ...[doorbell, poolLock, secondCall, pollThread, device],
];

/** The sentences of the first rules whose conditions hold. */
export function sentencesOf(facts: Facts): Explanation['sentences'] {
  return RULES.filter((rule) => rule.when(facts))
    .slice(0, SENTENCES_MOST)
    .map((rule) => ({ rule: rule.id, text: rule.sentence(facts) }));
}
