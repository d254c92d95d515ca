/** What a user sees of an error, and the exit code it becomes. */
import { closeSync, openSync } from 'node:fs';
import { BenchError, EXIT, isSystemError, systemCode, systemHint, systemReason } from '../errors.ts';
import { printable } from '../report/text/text.ts';

/** What ends a command that a signal stopped before there was anything to report. */
export class Stopped extends Error {
  readonly code: number;

  constructor(signal: string, code: number) {
    super(`stopped by ${signal} before anything was measured`);
    this.code = code;
  }
}

/** The text for stderr, and the exit code. */
export function describeFailure(error: unknown): { text: string; code: number } {
  if (error instanceof BenchError) {
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    return { text: `uring-bench: ${printable(error.message + hint)}\n`, code: codeOf(error) };
  }
  if (error instanceof Stopped) return { text: `uring-bench: ${error.message}\n`, code: error.code };
  if (isSystemError(error)) return { text: `uring-bench: ${printable(refusal(error))}\n`, code: EXIT.failed };
  if (isMissingModule(error))
    return { text: `uring-bench: ${printable(notLoaded(error))}\n`, code: EXIT.failed };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const request = 'uring-bench: this is a bug: please report it with the lines above and the command line';
  return { text: `${stack}\n${request}\n`, code: EXIT.failed };
}

function isMissingModule(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
}

/** Node says so, too, when it was out of descriptors: then it can open nothing at all, nor can this. */
function notLoaded({ message }: NodeJS.ErrnoException): string {
  const [line = ''] = message.split('\n');
  try {
    closeSync(openSync('/dev/null', 'r'));
    return `${line} (npm ci installs what is missing; or it is too many open files: raise ulimit -n)`;
  } catch (error) {
    return isSystemError(error) ? refusal(error) : line;
  }
}

/** A system call that failed where nobody could say more of it: "open /etc/x: too many open files (EMFILE) (...)". */
function refusal(error: NodeJS.ErrnoException & { errno: number }): string {
  const { syscall = 'a system call', path } = error;
  const errno = Math.abs(error.errno);
  const hint = systemHint(errno);
  const what = path === undefined ? syscall : `${syscall} ${path}`;
  return `${what}: ${systemReason(error)} (${systemCode({ errno })})${hint === undefined ? '' : ` (${hint})`}`;
}

function codeOf(error: BenchError): number {
  switch (error.kind) {
    case 'usage':
      return EXIT.usage;
    case 'failed':
      return EXIT.failed;
    case 'unavailable':
      return EXIT.unavailable;
  }
}
