/**
 * What a report says, before it is known how it looks: lines, tables and notes made from a stored result
 * alone. The terminal's and the Markdown report are two layouts of the same view.
 */
import type { RunResult } from '../../results/schema.ts';
import { type ArticleView, articleView } from '../article/article.ts';
import { causeTable, differencesTable, mainTable } from '../text/comparison.ts';
import { type HeaderLine, headerLines } from '../text/header.ts';
import { ladderCostTable, ladderTable, rungsOf } from '../text/ladder.ts';
import { latencyTables } from '../text/latency.ts';
import { rowsOf } from '../text/rows.ts';
import type { TableView } from '../text/table-view.ts';
import { printable } from '../text/text.ts';
import { type Note, notesOf, statusNote } from '../text/warnings.ts';

export interface View {
  header: HeaderLine[];
  /** Says that the run is not complete. */
  status: Note | null;
  /** The article's table beside this machine's; null for a run that is not one of its experiments. */
  article: ArticleView | null;
  /** The comparison of backends, or the steps of a ladder. */
  main: TableView;
  /** Where the difference comes from: what each I/O costs. */
  cause: TableView;
  /** The comparison by latency and cost; null where nothing is compared. */
  differences: TableView | null;
  /** One table for all I/Os, and one for each direction when there are several; none for a ladder. */
  latency: TableView[];
  notes: Note[];
}

export interface ViewOptions {
  /** Percentiles (0..100) in place of the usual four. */
  percentiles?: readonly number[];
}

/** Word by word, so that it folds where the line ends. */
function validityLines({ validity }: RunResult): HeaderLine[] {
  if (validity === null) return [];
  const items = printable(`${validity.verdict}: ${validity.text}`).split(' ');
  return [{ name: 'validity', separator: '', items }];
}

/** @throws BenchError (usage) when percentiles are wanted that need a stored histogram, and that is damaged. */
export function viewOf(result: RunResult, options: ViewOptions): View {
  const around = {
    header: [...headerLines(result), ...validityLines(result)],
    status: statusNote(result),
    article: articleView(result),
    notes: notesOf(result),
  };
  if (result.report?.kind === 'ladder') {
    const rungs = rungsOf(result);
    const tables = { main: ladderTable(rungs), cause: ladderCostTable(rungs) };
    return { ...around, ...tables, differences: null, latency: [] };
  }
  const rows = rowsOf(result);
  return {
    ...around,
    main: mainTable(rows, result),
    cause: causeTable(rows),
    differences: differencesTable(rows, result),
    latency: latencyTables(rows, options.percentiles),
  };
}
