/** Stored results by the names that users give. */
import { readFileSync } from 'node:fs';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import type { Stored } from '../results/document.ts';
import { parseStored } from '../results/read.ts';

/** Reads a stored run or sweep. @throws BenchError (usage) */
export function readStored(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot read ${path}: ${systemReason(error)}`);
  }
  return parseStored(text, path === '-' ? 'standard input' : path);
}
