/** Operands that name stored results: every command takes them the same way. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import { expandPattern, isPattern } from '../results/glob.ts';

/** The results in a folder itself, by name and so by time. @throws BenchError (usage) when there are none */
function filesIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot read ${folder}: ${systemReason(error)}`);
  }
  const files = names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
  if (files.length > 0) return files.map((name) => join(folder, name));
  throw usageError(
    `${folder} has no results`,
    `a folder stands for its *.json; '${join(folder, '**/*.json')}' in quotes looks below it`,
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Files of one entry. What exists under its own name is that file or folder, whatever characters it has. */
function expandEntry(entry: string): string[] {
  if (entry === '-') return [entry];
  if (existsSync(entry)) return isFolder(entry) ? filesIn(entry) : [entry];
  if (!isPattern(entry)) return [entry];
  const paths = expandPattern(entry);
  if (paths.length === 0) throw usageError(`no file matches ${entry}`);
  return paths;
}

/**
 * Files of an operand: a file, a folder (its *.json), a quoted pattern, - for standard input, or several of these with
 * commas between them. Each once, also when patterns overlap. A file that is not there is one: reading it says so.
 * @throws BenchError (usage) for a pattern that matches nothing, and a folder without results
 */
export function storedFiles(operand: string): string[] {
  const entries = operand === '' || existsSync(operand) ? [operand] : operand.split(',');
  return [...new Set(entries.flatMap(expandEntry))];
}

/** Of several operands in their order. @throws BenchError (usage) as storedFiles */
export function allStoredFiles(operands: readonly string[]): string[] {
  return operands.flatMap(storedFiles);
}
