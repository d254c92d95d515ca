/** What a report calls the operations of a run: I/Os where data moves, operations where names and lengths change. */
import type { RunResult } from '../../results/schema.ts';
import { isTree, movesData, type RwMode, rwModes } from '../../workload/operations.ts';
import type { TableView } from './table-view.ts';

/** Whether all of a run's jobs work on trees of small files. */
export function isOfTrees({ jobs }: Pick<RunResult, 'jobs'>): boolean {
  const modes = jobs.map(({ options }) => String(options.rw));
  return modes.length > 0 && modes.every((rw) => Object.hasOwn(rwModes, rw) && isTree(rw as RwMode));
}

/** Whether a rate in bytes says something: not of names and lengths. */
export function hasBandwidth(result: Pick<RunResult, 'jobs'>): boolean {
  return !isOfTrees(result) || result.jobs.some(({ options }) => movesData(options.rw as RwMode));
}

/** In the order in which they are looked for. */
const OPERATION_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bIOPS\b/g, 'ops/s'],
  [/\bper I\/O\b/g, 'per op'],
  [/\ban I\/O\b/g, 'an operation'],
  [/\bI\/Os in$/g, 'ops in'],
  [/\bI\/Os\b/g, 'operations'],
  [/\bI\/O\b/g, 'operation'],
];

/** A text of the report in the words of its run. */
export function inWordsOf(result: Pick<RunResult, 'jobs'>, text: string): string {
  if (!isOfTrees(result)) return text;
  return OPERATION_WORDS.reduce((said, [word, other]) => said.replace(word, other), text);
}

/** The same of a table's heads and legends. */
export function tableInWordsOf(result: Pick<RunResult, 'jobs'>, table: TableView): TableView {
  if (!isOfTrees(result)) return table;
  const said = (texts: readonly string[]): string[] => texts.map((text) => inWordsOf(result, text));
  return table.map((column) => ({
    ...column,
    head: said(column.head),
    ...(column.legend === undefined ? {} : { legend: said(column.legend) }),
  }));
}
