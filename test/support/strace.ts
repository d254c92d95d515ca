/** strace as a witness: the system calls of each thread of a run, decoded. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../../src/results/schema.ts';
import { benchResult } from './bench.ts';
import type { SeenIo } from './offsets-hash.ts';
import { needsCommand } from './witness.ts';

/** Calls that do I/O, as `syscalls.by_name` names them. */
export const IO_CALLS = [
  'pread64',
  'pwrite64',
  'preadv2',
  'pwritev2',
  'io_submit',
  'io_getevents',
  'io_uring_enter',
  'fsync',
  'fdatasync',
  'msync',
  'ioctl',
  'epoll_pwait',
  'read',
];
const OTHER_CALLS = ['prctl', 'openat', 'io_uring_setup', 'io_uring_register', 'futex'];

export interface Call {
  name: string;
  /** Text between the parentheses, file descriptors with their paths: `19</data/f>`. */
  args: string;
  /** Return value; negative (-1) for an error. */
  result: number;
  /** Seconds since the epoch. */
  at: number;
  /** Seconds that it took. */
  took: number;
}

export interface TracedThread {
  tid: number;
  /** As it named itself; '' when it didn't. */
  name: string;
  calls: Call[];
}

export interface Traced {
  result: RunResult;
  /** By the time of their first call. */
  threads: TracedThread[];
}

/** Whether this process may trace another: containers often forbid it. */
function refused(): string | false {
  const missing = needsCommand('strace');
  if (missing) return missing;
  const { status, stderr } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  return status === 0 ? false : `strace cannot trace here: ${stderr.split('\n')[0]}`;
}

/** false, or why tests that need strace are skipped. */
export const noStrace = refused();

const LINE = /^(\d+\.\d+) (\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)[^<]*(?:<[^>]*>)?.* <(\d+\.\d+)>$/;

function parseCall(line: string): Call | null {
  const match = LINE.exec(line);
  if (!match) {
    assert.match(
      line,
      / \+\+\+ |--- SIG|\? <unavailable>|exit_group|= \?( |$)|\?{3}\( <unfinished/,
      `strace said: ${line}`,
    );
    return null;
  }
  const [, at, name = '', args = '', result, took] = match;
  return { name, args, result: Number(result), at: Number(at), took: Number(took) };
}

function readThread(path: string): TracedThread {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const calls = lines.map(parseCall).filter((call) => call !== null);
  const named = calls.findLast(({ name, args }) => name === 'prctl' && args.startsWith('PR_SET_NAME'));
  const name = /"([^"]*)"/.exec(named?.args ?? '')?.[1] ?? '';
  return { tid: Number(path.slice(path.lastIndexOf('.') + 1)), name, calls };
}

/** Runs uring-bench under strace, which must succeed. @param folder takes the traces, and they are removed */
export async function straced(folder: string, args: readonly string[]): Promise<Traced> {
  const traces = join(folder, 'strace');
  mkdirSync(traces);
  const options = ['-ff', '-o', join(traces, 't'), '-ttt', '-T', '-y', '-v', '-s', '16'];
  const filter = `trace=${[...IO_CALLS, ...OTHER_CALLS].join(',')}`;
  // --seccomp-bpf: only the calls of interest stop the thread (strace 5.3).
  const result = await benchResult(folder, args, {
    under: ['strace', '--seccomp-bpf', ...options, '-e', filter],
  });
  const threads = readdirSync(traces).map((file) => readThread(join(traces, file)));
  rmSync(traces, { recursive: true });
  const startOf = ({ calls }: TracedThread): number => calls[0]?.at ?? Number.POSITIVE_INFINITY;
  return { result, threads: threads.sort((a, b) => startOf(a) - startOf(b)) };
}

/** Path of the descriptor that a call has as its first argument; '' when it has none. */
export function fileOf({ args }: Call): string {
  return /^-?\d+<([^>]*)>/.exec(args)?.[1] ?? '';
}

/** What the runner's native jobs did, in order: those of variants that ran one after another. */
export function jobThreads({ threads }: Traced): TracedThread[] {
  return threads.filter(({ name }) => name.startsWith('ub-job-'));
}

const isFutex = ({ name, args }: Call, words: ReadonlySet<string>): boolean =>
  name === 'futex' && words.has(args.split(',', 1)[0] ?? '');

/**
 * What the workers of a job's pool (threadpool) did for it, and its own futex calls about them, in the job's window: from
 * the first time that it woke one of them to the last, when they are to end. Before the first they only go to sleep.
 * @param workers threads named ub-pool-N.M of this job's trial
 */
export function poolCalls(job: TracedThread, workers: readonly TracedThread[]): Call[] {
  const all = workers.flatMap(({ calls }) => calls);
  const words = new Set(
    all.filter(({ name }) => name === 'futex').map(({ args }) => args.split(',', 1)[0] ?? ''),
  );
  const own = job.calls.filter((call) => isFutex(call, words));
  const wakes = own.filter(({ args }) => args.includes('FUTEX_WAKE'));
  const from = wakes[0]?.at ?? 0;
  const to = wakes.at(-1)?.at ?? 0;
  const theirs = all.filter((call) => isFutex(call, words) || IO_CALLS.includes(call.name));
  return [...own, ...theirs].filter(({ at }) => at >= from && at < to);
}

/** pread64 ends with the offset, preadv2 with offset and RWF_ flags. */
export function offsetOf({ name, args }: Call): number {
  const pattern = name.endsWith('v2') ? /(\d+), \w+$/ : /(\d+)$/;
  return Number(pattern.exec(args)?.[1]);
}

/**
 * The I/Os that a call stands for, as far as strace shows them: io_uring's are in memory.
 * @param files names of the job's files, in its order; when there is more than one
 */
export function iosOf(call: Call, files: readonly string[] = ['']): SeenIo[] {
  const { name, args } = call;
  const fileAt = (path: string): number => files.findIndex((file) => path.endsWith(file));
  if (name === 'io_submit') {
    const iocbs = args.matchAll(/IOCB_CMD_(PREAD|PWRITE), .*?aio_fildes=\d+<([^>]*)>.*?aio_offset=(\d+)/g);
    return [...iocbs].map(([, command, path = '', offset]) => ({
      op: command === 'PREAD' ? 'read' : 'write',
      file: fileAt(path),
      offset: Number(offset),
    }));
  }
  const op = /^p(read|write)/.exec(name)?.[1] as 'read' | 'write' | undefined;
  return op ? [{ op, file: fileAt(fileOf(call)), offset: offsetOf(call) }] : [];
}

/** How often each call was made, by name. */
export function countCalls(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of calls) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
