/** The operands of compare: each names the results of one side. */
import { existsSync } from 'node:fs';
import type { StoredRun } from '../compare/workload.ts';
import { usageError } from '../errors.ts';
import { isSweep } from '../results/document.ts';
import { expandPattern, isPattern } from '../results/glob.ts';
import { ReadBudget, readStored } from './stored.ts';

/** Files of one entry. What exists under its own name is that file, whatever characters it has. */
function expandEntry(entry: string): string[] {
  if (entry === '-' || existsSync(entry) || !isPattern(entry)) return [entry];
  const paths = expandPattern(entry);
  if (paths.length === 0) throw usageError(`no file matches ${entry}`);
  return paths;
}

/**
 * Files of one operand: a file, a quoted pattern, or several of both with commas between them. Each once, also when
 * patterns overlap.
 * @throws BenchError (usage) for a pattern that matches nothing
 */
function filesOf(operand: string): string[] {
  const entries = operand === '' || existsSync(operand) ? [operand] : operand.split(',');
  return [...new Set(entries.flatMap(expandEntry))];
}

/** @throws BenchError (usage) when a file of the operand cannot be read or is not the result of a run */
export function readSide(operand: string): StoredRun[] {
  const budget = new ReadBudget();
  return filesOf(operand).map((path) => {
    const result = readStored(path, budget);
    if (isSweep(result)) {
      throw usageError(`${path} is a sweep: many workloads`, 'compare reads results of single runs');
    }
    return { path: path === '-' ? 'standard input' : path, result };
  });
}
