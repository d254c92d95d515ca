/**
 * What a report says, before it is known how it looks: lines, tables and notes made from a stored result
 * alone. The terminal's and the Markdown report are two layouts of the same view.
 */
import type { RunResult } from '../results/schema.ts';
import { causeTable, mainTable } from './comparison.ts';
import { type HeaderLine, headerLines } from './header.ts';
import { ladderCostTable, ladderTable, rungsOf } from './ladder.ts';
import { latencyTables } from './latency.ts';
import { rowsOf } from './rows.ts';
import type { TableView } from './table-view.ts';
import { type Note, notesOf, statusNote } from './warnings.ts';

export interface View {
  header: HeaderLine[];
  /** Says that the run is not complete. */
  status: Note | null;
  /** The article's comparison, or the steps of a ladder. */
  main: TableView;
  /** Where the difference comes from: what each I/O costs. */
  cause: TableView;
  /** One table for all I/Os, and one for each direction when there are several; none for a ladder. */
  latency: TableView[];
  notes: Note[];
}

export interface ViewOptions {
  /** Percentiles (0..100) in place of the usual four. */
  percentiles?: readonly number[];
}

/** @throws BenchError (usage) when percentiles are wanted that need a stored histogram, and that is damaged. */
export function viewOf(result: RunResult, options: ViewOptions): View {
  const around = { header: headerLines(result), status: statusNote(result), notes: notesOf(result) };
  if (result.report === 'ladder') {
    const rungs = rungsOf(result);
    return { ...around, main: ladderTable(rungs), cause: ladderCostTable(rungs), latency: [] };
  }
  const rows = rowsOf(result);
  return {
    ...around,
    main: mainTable(rows, result),
    cause: causeTable(rows),
    latency: latencyTables(rows, options.percentiles),
  };
}
