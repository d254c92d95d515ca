/** strace as a witness of flags: the calls of a run's job threads with their arguments as plain numbers. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bench, type Ended, REPORT } from './bench.ts';

const CALLS = [
  ...['io_uring_setup', 'io_uring_register', 'io_uring_enter', 'mmap'],
  ...['io_submit', 'io_getevents', 'epoll_pwait', 'read', 'preadv2', 'pwritev2'],
];

export interface RawCall {
  name: string;
  /** Between the parentheses; numbers instead of names, descriptors with what they are: `26<anon_inode:[eventfd]>`. */
  args: string;
  result: number;
}

export interface RawJob {
  /** Seconds since the epoch of its first call. */
  at: number;
  calls: RawCall[];
}

const LINE = /^\d+\.\d+ (\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)/;

/** A thread that has named itself as a job; null for another. */
function readJob(path: string): RawJob | null {
  const text = readFileSync(path, 'utf8');
  const named = text.indexOf('"ub-job-');
  if (named < 0) return null;
  const calls = text
    .slice(named)
    .split('\n')
    .flatMap((line) => {
      const [, name = '', args = '', result] = LINE.exec(line) ?? [];
      return result === undefined ? [] : [{ name, args, result: Number(result) }];
    });
  return { at: Number(text.split(' ', 1)[0]), calls };
}

/**
 * Runs uring-bench under strace -> how it ended and what its jobs called, in the order of their start.
 * @param folder takes the traces, and they are removed
 */
export async function rawCalls(
  folder: string,
  args: readonly string[],
): Promise<{ ended: Ended; jobs: RawJob[] }> {
  const traces = join(folder, 'strace');
  mkdirSync(traces);
  const options = ['-ff', '-o', join(traces, 't'), '-ttt', '-y', '-v', '-s', '16', '-X', 'raw'];
  const filter = `trace=prctl,${CALLS.join(',')}`;
  const under = ['strace', '--seccomp-bpf', ...options, '-e', filter];
  const ended = await bench(folder, [...args, ...REPORT], { under });
  const jobs = readdirSync(traces).map((file) => readJob(join(traces, file)));
  rmSync(traces, { recursive: true });
  return { ended, jobs: jobs.filter((job) => job !== null).sort((a, b) => a.at - b.at) };
}

/** The calls of one name. */
export function callsOf({ calls }: RawJob, name: string): RawCall[] {
  return calls.filter((call) => call.name === name);
}

/** A number in a call's arguments: `flags=0x3000`. NaN when there is none. */
export function numberIn({ args }: RawCall, field: string): number {
  return Number(new RegExp(`\\b${field}=(0x[0-9a-f]+|\\d+)`).exec(args)?.[1]);
}

/** The arguments from a position on, of a call whose arguments have no structs before them. */
export function argument({ args }: RawCall, index: number): number {
  return Number(args.split(', ')[index]?.replace(/<.*>$/, ''));
}
