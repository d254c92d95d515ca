/** What a user sees of an error, and the exit code it becomes. */
import { BenchError, EXIT } from '../errors.ts';

/** Control characters would let a file name move the cursor or add lines. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

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
    return { text: `uring-bench: ${oneLine(error.message + hint)}\n`, code: codeOf(error) };
  }
  if (error instanceof Stopped) return { text: `uring-bench: ${error.message}\n`, code: error.code };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const request = 'uring-bench: this is a bug: please report it with the lines above and the command line';
  return { text: `${stack}\n${request}\n`, code: EXIT.failed };
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
