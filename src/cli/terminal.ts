/** The two output streams: colours, widths, and a reader that has gone away. */
import { fstatSync, writeSync } from 'node:fs';
import { BenchError, isSystemError, systemReason } from '../errors.ts';

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

/** Whether the locale says that texts are in UTF-8: LC_ALL, else LC_CTYPE, else LANG, as setlocale(3) has it. */
export function takesUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}

/** Width of a stream; fallback when it is no terminal or does not know. */
export function columnsOf(stream: NodeJS.WriteStream, fallback: number): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : fallback;
}

/** Writes all of a text to a descriptor, also to what takes it bit by bit and would not wait (pipes). */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Node's own stream over a file takes a write of less than all for one of all: what a disk that fills up does. */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

/** process.stdout or process.stderr. */
type OutStream = NodeJS.WriteStream & { fd: number };

function write(stream: OutStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (isFile(stream.fd)) {
      writeAll(stream.fd, text);
      resolve();
    } else stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** A reader that has closed its end (`| head`). */
function isGone(error: unknown): boolean {
  return ['EPIPE', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Writes and waits until it is written. A reader that has gone is no error: it has what it wanted.
 * @throws BenchError (failed) when the stream cannot take it: a full disk
 */
export async function writeOut(stream: OutStream, text: string): Promise<void> {
  try {
    if (text !== '') await write(stream, text);
  } catch (error) {
    if (isGone(error)) return;
    const why = systemReason(error as NodeJS.ErrnoException);
    throw new BenchError(`cannot write the report: ${why}`, { kind: 'failed', stage: 'report' });
  }
}

/** Tells people something on stderr. There is nobody to be told that they can't be told: never rejects. */
export async function tell(text: string): Promise<void> {
  try {
    await write(process.stderr, text);
  } catch {
    // a full disk, a reader that has gone
  }
}

/** Keeps a closed pipe from ending the process in the middle of a run; writeOut reports what matters. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
