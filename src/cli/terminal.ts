/** The two output streams: colours, widths, and a reader that has gone away. */
import { BenchError, systemReason } from '../errors.ts';

/** The part of a stream's properties that decides about colours. */
export interface ColorStream {
  isTTY?: boolean;
}

/** Whether a stream takes colours: a terminal does; NO_COLOR forbids and FORCE_COLOR demands them. */
export function takesColor(stream: ColorStream, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Width of a stream; fallback when it is no terminal or does not know. */
export function columnsOf(stream: NodeJS.WriteStream, fallback: number): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : fallback;
}

/**
 * Writes and waits until it is written. A reader that has closed its end (`| head`) is no error: it has what
 * it wanted.
 * @throws BenchError (failed) when the stream cannot take it: a full disk
 */
export function writeOut(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (text === '') return resolve();
    stream.write(text, (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      if (!error || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') resolve();
      else
        reject(
          new BenchError(`cannot write the report: ${systemReason(error)}`, {
            kind: 'failed',
            stage: 'report',
          }),
        );
    });
  });
}

/** Keeps a closed pipe from ending the process in the middle of a run; writeOut reports what matters. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
