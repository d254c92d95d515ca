/**
 * A command of the user's that is started and held until somebody looks on, and then is what it would be without us: same
 * terminal, same process group, its signals and its exit code.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { BenchError, isSystemError, systemReason } from '../errors.ts';

/**
 * A shell that waits for a line and becomes the command, of which it has the process id. When we are killed before there
 * is one, the line is none: the command never runs.
 */
const HOLD = 'read -r go <&3 && exec 3<&- && exec "$@"';

const FORWARDED = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;
/** What a terminal sends to all processes in its foreground: the command has had it. */
const OF_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** Whether this process's group is its terminal's foreground: 5th and 8th field of /proc/self/stat (man 5 proc). */
function inForeground(): boolean {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields[2] === fields[5];
}

export interface HeldCommand {
  readonly pid: number;
  /** Lets it go. @returns its exit code, 128 and the signal's number where one ended it */
  run(): Promise<number>;
  /** Ends it before it has begun. */
  drop(): void;
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Hands signals on until it is told not to. */
function forwardTo(child: ChildProcess): () => void {
  const hand = (name: NodeJS.Signals): void => {
    if (OF_TERMINAL.includes(name) && inForeground()) return;
    child.kill(name);
  };
  for (const name of FORWARDED) process.on(name, hand);
  return () => {
    for (const name of FORWARDED) process.off(name, hand);
  };
}

/** @throws BenchError (failed) when no process can be started */
export async function holdCommand(command: readonly string[]): Promise<HeldCommand> {
  const child = spawn('/bin/sh', ['-c', HOLD, 'uring-bench', ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitCode(code, signal)));
  });
  const { pid } = child;
  const hold = child.stdio[3];
  if (pid === undefined || hold === null || hold === undefined || !('end' in hold)) {
    const error = await ended.catch((cause: unknown) => cause);
    const why = isSystemError(error) ? systemReason(error) : String(error);
    throw new BenchError(`cannot start ${command[0]}: ${why}`, { kind: 'failed', stage: 'start' });
  }
  hold.on('error', () => {}); // it ended before it was let go
  return {
    pid,
    async run() {
      const release = forwardTo(child);
      try {
        hold.end('\n');
        return await ended;
      } finally {
        release();
      }
    },
    drop() {
      hold.end();
    },
  };
}
