/** Runs a benchmark as a user does, also under another command, and checks what holds for every result. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/errors.ts';
import type { BackendResult, RunResult, Trial } from '../../src/results/schema.ts';
import { processTree } from './proc-watch.ts';
import { parseResult } from './result.ts';

const executable = fileURLToPath(new URL('../../bin/uring-bench.mjs', import.meta.url));
/** Far above what any run here takes, of all backends and on a busy machine: a run that hangs must fail its test, not stop the suite. */
const LIMIT_MS = 180_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** From start to end of the process. */
  wallMs: number;
}

export interface Running {
  pid: number;
  ended: Promise<Ended>;
  /** Sends it a signal; returns at once. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when standard error has matched; rejects when it ends before that. */
  said(pattern: RegExp): Promise<void>;
}

export interface RunOptions {
  /** A command that runs it, with its options: strace, perf. */
  under?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

function environment(extra: RunOptions['env']): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, FORCE_COLOR, ...inherited } = process.env;
  return { ...inherited, NODE_V8_COVERAGE: '', ...extra };
}

/** Ends a process, and what it started: what strace runs would go on without it. */
function killTree(root: number): void {
  for (const pid of processTree(root)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
}

/** Starts uring-bench in a folder, with standard output and error in pipes. */
export function startBench(folder: string, args: readonly string[], options: RunOptions = {}): Running {
  const [command = '', ...rest] = [...(options.under ?? []), process.execPath, executable, ...args];
  const startedAt = performance.now();
  const child = spawn(command, rest, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(options.env),
  });
  const text = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (data: string) => {
      text[name] += data;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killTree(child.pid);
      reject(new Error(`still running after ${LIMIT_MS} ms: ${args.join(' ')}\n${text.stderr}`));
    }, LIMIT_MS);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...text, wallMs: performance.now() - startedAt });
    });
  });
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text.stderr)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      ended.then(() => reject(new Error(`ended without saying ${pattern}: ${text.stderr}`)), reject);
    });
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal), said };
}

/** Runs uring-bench to its end. */
export function bench(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return startBench(folder, args, options).ended;
}

/** For a run that witnesses follow, with no trial that is not reported: JSON, nothing beside it, nothing stored. */
export const REPORT = ['--warmup-trials', '0', '--output-format', 'json', '--quiet', '--no-save'];

/** Runs uring-bench, which must succeed -> its result. */
export async function benchResult(
  folder: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return resultOf(await bench(folder, [...args, ...REPORT], options));
}

/** The result of a run with REPORT that must have succeeded. */
export function resultOf({ code, stdout, stderr }: Ended): RunResult {
  assert.equal(code, EXIT.ok, stderr || stdout);
  assert.equal(stderr, '', 'nothing is said with --quiet');
  return parseResult(stdout);
}

/** Runs uring-bench, which must fail with this exit code and one line on standard error -> that line. */
export async function benchFails(
  folder: string,
  args: readonly string[],
  code: number,
  options: RunOptions = {},
): Promise<string> {
  const ended = await bench(folder, args, options);
  assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
  assert.match(ended.stderr, /^uring-bench: [^\n]+\n$/);
  assert.equal(ended.stdout, '');
  return ended.stderr.trimEnd();
}

/** The backend of a result by its label; the only one when there is no label. */
export function backendOf(result: RunResult, label?: string): BackendResult {
  const found = result.backends.filter((backend) => label === undefined || backend.label === label);
  const [backend] = found;
  assert.ok(backend && found.length === 1, `${label ?? 'one backend'} is in the result, once`);
  return backend;
}

/** When a backend's first trial ran among those of its block, which are shuffled: 0 for the first. */
export function turnOf(result: RunResult, label: string): number {
  const { position } = trialOf(result, label);
  return result.backends.filter(({ trials: [first] }) => first !== undefined && first.position < position)
    .length;
}

/** Its trial, the first one unless another is asked for. */
export function trialOf(result: RunResult, label?: string, number = 1): Trial {
  const backend = backendOf(result, label);
  const trial = backend.trials[number - 1];
  assert.ok(trial, `${backend.label} has no trial ${number}: ${backend.reason}`);
  return trial;
}
