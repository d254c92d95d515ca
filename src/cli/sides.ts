/** The operands of compare: each names the results of one side. */
import type { StoredRun } from '../compare/workload.ts';
import { usageError } from '../errors.ts';

import { isBaseline, isEvaluation, isExplanation, isSweep } from '../results/document.ts';
import { storedFiles } from './operands.ts';

import { ReadBudget, readStored } from './stored.ts';

/** @throws BenchError (usage) when a file of the operand cannot be read or is not the result of a run */
export function readSide(operand: string): StoredRun[] {
  const budget = new ReadBudget();
  return storedFiles(operand).flatMap((path): StoredRun[] => {
    const result = readStored(path, budget);
    if (isSweep(result)) {
      throw usageError(`${path} is a sweep: many workloads`, 'compare reads results of single runs');
    }
    if (isExplanation(result))
      throw usageError(`${path} explains a command`, 'compare reads results of runs');
    if (isEvaluation(result)) {
      throw usageError(`${path} is an evaluation: many workloads`, 'compare reads results of single runs');
    }
    const name = path === '-' ? 'standard input' : path;
    if (!isBaseline(result)) return [{ path: name, result }];
    return result.runs.map((run, at) => ({ path: `${name}#${at + 1}`, result: run, apart: true }));
  });
}
