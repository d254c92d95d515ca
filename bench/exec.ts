/** Runs other programs, and ends them when the benchmark is told to stop. */
import { spawn } from 'node:child_process';

/** Above what any command here takes besides the time that it measures. */
const SLACK_MS = 60_000;

export class Stopped extends Error {}

/** It was still there long after the time that it was meant to take, and was killed with its children. */
export class Hung extends Error {}

export interface Ran {
  stdout: string;
  stderr: string;
  /** From start to end of the process. */
  wallMs: number;
}

export interface ExecOptions {
  signal: AbortSignal;
  /** How long it is meant to take. */
  seconds?: number;
  /** How much longer it may take before it counts as hung, in milliseconds. */
  slackMs?: number;
  env?: NodeJS.ProcessEnv;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/**
 * Runs a program to its end. It leads a process group of its own: children that hold its pipes open end with it, else its
 * own end would not be seen.
 * @throws Stopped when the signal is aborted; Hung; Error when it fails, with the last line that it said
 */
export function execute(program: string, args: readonly string[], options: ExecOptions): Promise<Ran> {
  const { signal, seconds = 0, slackMs = SLACK_MS, env } = options;
  if (signal.aborted) return Promise.reject(new Stopped());
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env ? { env } : {}),
    });
    let hung = false;
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
      });
    }
    const kill = (name: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // It has ended.
      }
    };
    const stop = (): void => kill('SIGTERM');
    signal.addEventListener('abort', stop);
    const timer = setTimeout(
      () => {
        hung = true;
        kill('SIGKILL');
      },
      seconds * 1000 + slackMs,
    );
    child.on('error', (error) => reject(new Error(`${program} does not start: ${error.message}`)));
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      const wallMs = performance.now() - startedAt;
      const how = killedBy ? `was killed by ${killedBy}` : `ended with exit code ${code}`;
      if (signal.aborted) reject(new Stopped());
      else if (hung) reject(new Hung(`${program} hung: killed after ${Math.round(wallMs / 1000)} s`));
      else if (code === 0) resolve({ ...said, wallMs });
      else reject(new Error(`${program} ${how}: ${lastLine(said.stderr || said.stdout)}`));
    });
  });
}
