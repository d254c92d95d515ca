/** The command as users have it: a process of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const executable = join(root, 'bin', 'uring-bench.mjs');

export interface Finished {
  /** Exit code, or the name of the signal that killed it. */
  code: number | string | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
  uid?: number;
}

/** Colours only as a test asks for them, whatever the environment of the tests. */
function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR, NODE_V8_COVERAGE, ...rest } = process.env;
  // Node hands it on to children unless they have one of their own; other users can't write there.
  return { ...rest, NODE_V8_COVERAGE: '', ...extra };
}

/** Runs `uring-bench ARGS` to its end. */
export function uringBench(args: readonly string[], options: CliOptions = {}): Finished {
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [executable, ...args], {
    cwd: options.cwd,
    env: environment(options.env),
    input: options.input ?? '',
    encoding: 'utf8',
    maxBuffer: 2 ** 27,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  if (error) throw error;
  return { code: status ?? signal, stdout, stderr };
}

/** Starts it; ended resolves with what it wrote. */
export function startUringBench(
  args: readonly string[],
  options: CliOptions = {},
): { child: ChildProcess; ended: Promise<Finished> } {
  const child = spawn(process.execPath, [executable, ...args], {
    cwd: options.cwd,
    env: environment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const finished: Finished = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    finished.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    finished.stderr += text;
  });
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...finished, code: code ?? signal }));
  });
  return { child, ended };
}

/** package.json of this repository. */
export function packageJson(): { version: string } {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}
