/** Part three: how fast it starts and stops, and what it takes while it runs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunResult } from '../src/results/schema.ts';
import { quantile } from '../src/stats/spread.ts';
import type { Context } from './comparison.ts';
import { execute, Stopped } from './exec.ts';
import { executable } from './own.ts';
import { BLOCK_BYTES } from './rows.ts';

const JOBS = 72;
const POLL_MS = 10;
/** Jobs run that long before the main thread is watched, and so long is it watched. */
const SETTLE_MS = 500;
const WATCH_MS = 2000;
/** Far above what starting takes anywhere. */
const START_LIMIT_MS = 30_000;
const STARTUPS = 10;

export interface Limit {
  name: string;
  value: number;
  unit: 'ms' | 'MiB' | '%' | 'x';
  /** The goal: at most so much. */
  most: number;
}

/** What is watched of a run from outside, in /proc. */
class Watched {
  /** VmHWM when it was last seen; it never falls. */
  peakKib = 0;
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  constructor(child: ChildProcess) {
    this.#pid = child.pid ?? 0;
    this.#timer = setInterval(() => this.#look(), POLL_MS);
    child.once('exit', () => this.stop());
  }

  #look(): void {
    const status = this.#read('status');
    this.peakKib = Math.max(this.peakKib, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  }

  /** '' when it has ended. */
  #read(file: string): string {
    try {
      return readFileSync(`/proc/${this.#pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  }

  /** Threads that are jobs. */
  jobs(): number {
    try {
      const tids = readdirSync(`/proc/${this.#pid}/task`);
      return tids.filter((tid) => this.#read(`task/${tid}/comm`).startsWith('ub-job')).length;
    } catch {
      return 0;
    }
  }

  /** CPU time of the main thread so far. */
  mainThreadNs(): number {
    return Number(this.#read(`task/${this.#pid}/schedstat`).split(' ')[0]);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

interface Finished {
  stdout: string;
  stderr: string;
  code: number | null;
  at: number;
}

function ended(child: ChildProcess): Promise<Finished> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...said, code, at: performance.now() }));
  });
}

/** Waits until all jobs are there; ends early when the run does. */
async function allJobs(watched: Watched, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const until = performance.now() + START_LIMIT_MS;
  while (watched.jobs() < JOBS && child.exitCode === null) {
    if (signal.aborted) throw new Stopped();
    if (performance.now() > until) throw new Error(`${JOBS} jobs do not start within ${START_LIMIT_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Share of a CPU that the main thread uses, in %, while nothing but the jobs has work. */
async function mainThreadShare(watched: Watched): Promise<number> {
  await sleep(SETTLE_MS);
  const cpuNs = watched.mainThreadNs();
  const at = performance.now();
  await sleep(WATCH_MS);
  return ((watched.mainThreadNs() - cpuNs) / 1e6 / (performance.now() - at)) * 100;
}

function trialOf({ stdout, stderr, code }: Finished): RunResult['backends'][number]['trials'][number] {
  if (code !== 130) throw new Error(`uring-bench ended with ${code} after SIGINT: ${stderr.trim()}`);
  const { backends } = JSON.parse(stdout) as RunResult;
  const [trial] = backends.flatMap(({ trials }) => trials);
  if (trial?.status !== 'interrupted' || trial.total_ios === 0) throw new Error('the jobs did nothing');
  return trial;
}

/** When the last job's thread was gone. */
async function jobsGone(watched: Watched): Promise<number> {
  while (watched.jobs() > 0) await sleep(POLL_MS);
  return performance.now();
}

/**
 * One run of 72 jobs that is stopped by SIGINT. When they started is found from their end: by then the common
 * window of runtime_ns was over, so that all had begun at the latest that long before.
 */
async function manyJobs({ file, signal }: Context): Promise<Limit[]> {
  const args = [`--filename=${file.path}`, `--size=${file.bytes}`, `--bs=${BLOCK_BYTES}`, '--iodepth=8'];
  const run = ['--backend=io_uring', '--buffered', '--invalidate=0', `--numjobs=${JOBS}`, '--runtime=120'];
  const startedAt = performance.now();
  const report = ['--output-format=json', '--no-save'];
  const child = spawn(process.execPath, [executable, ...args, ...run, ...report], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = ended(child);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    const watched = new Watched(child);
    await allJobs(watched, child, signal);
    const share = await mainThreadShare(watched);
    const toldAt = performance.now();
    child.kill('SIGINT');
    const goneAt = await jobsGone(watched);
    const finished = await end;
    if (signal.aborted) throw new Stopped();
    const runtimeMs = trialOf(finished).runtime_ns / 1e6;
    return [
      { name: `${JOBS} jobs start`, value: goneAt - runtimeMs - startedAt, unit: 'ms', most: 1000 },
      { name: `${JOBS} jobs stop after SIGINT`, value: finished.at - toldAt, unit: 'ms', most: 1000 },
      { name: `peak memory with ${JOBS} jobs`, value: watched.peakKib / 1024, unit: 'MiB', most: 500 },
      { name: 'main thread while jobs run', value: share, unit: '%', most: 1 },
    ];
  } finally {
    child.kill('SIGKILL'); // nothing, when it has ended
    await end;
    signal.removeEventListener('abort', stop);
  }
}

/** Starts that print something and end, beside Node's own on the same machine, in turns: medians of each, and what they are of Node's. */
async function startups(signal: AbortSignal): Promise<Limit[]> {
  const node = { args: ['-e', '0'], times: [] as number[] };
  const ours = ['--help', '--version'].map((argument) => ({
    name: `uring-bench ${argument}`,
    args: [executable, argument],
    times: [] as number[],
  }));
  for (let i = 0; i < STARTUPS; i++) {
    for (const { args, times } of [node, ...ours]) {
      times.push((await execute(process.execPath, args, { signal })).wallMs);
    }
  }
  const nodeMs = quantile(node.times, 0.5);
  return ours.flatMap(({ name, times }): Limit[] => {
    const ms = quantile(times, 0.5);
    return [
      { name, value: ms, unit: 'ms', most: 150 },
      { name: `${name} / node -e 0`, value: ms / nodeMs, unit: 'x', most: 1.35 },
    ];
  });
}

export async function runLimits(context: Context): Promise<Limit[]> {
  context.say('limits');
  const { signal } = context;
  return [...(await manyJobs(context)), ...(await startups(signal))];
}
