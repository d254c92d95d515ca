/** Stored results by the names that users give. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import type { Stored } from '../results/document.ts';
import { parseStored } from '../results/read.ts';
import { STORED_BYTES_MAX } from '../results/read-limits.ts';
import { formatBytes } from '../values/format.ts';

const CHUNK_BYTES = 2 ** 20;

/** Bytes that may still be read: of one file, or of several together. */
export class ReadBudget {
  #left: number;

  constructor(bytes: number = STORED_BYTES_MAX) {
    this.#left = bytes;
  }

  /** @throws BenchError (usage) when there are more */
  take(bytes: number, path: string): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw usageError(
      `${path} is too large: results of at most ${formatBytes(STORED_BYTES_MAX)} are read at a time`,
    );
  }
}

/** One part of what a descriptor has, waiting where it would not: a terminal, a pipe that somebody made so. */
function readPart(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, into, 0, into.length, null);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** All of it, but never more than there is room for: a device, a pipe may have no end. */
function readText(fd: number, path: string, budget: ReadBudget): string {
  const parts: Buffer[] = [];
  const part = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const bytes = readPart(fd, part);
    if (bytes === 0) return Buffer.concat(parts).toString('utf8');
    budget.take(bytes, path);
    parts.push(Buffer.from(part.subarray(0, bytes)));
  }
}

function readFile(path: string, budget: ReadBudget): string {
  if (path === '-') return readText(0, 'standard input', budget);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOCTTY);
  try {
    return readText(fd, path, budget);
  } finally {
    closeSync(fd);
  }
}

/** The text of a stored file. @param budget shared by files that are read together @throws BenchError (usage) */
export function readStoredText(path: string, budget: ReadBudget = new ReadBudget()): string {
  try {
    return readFile(path, budget);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot read ${path}: ${systemReason(error)}`);
  }
}

/** Reads a stored run or sweep. @param budget shared by files that are read together @throws BenchError (usage) */
export function readStored(path: string, budget?: ReadBudget): Stored {
  return parseStored(readStoredText(path, budget), path === '-' ? 'standard input' : path);
}
