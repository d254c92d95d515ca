/**
 * What a report says, before it is known how it looks: lines, tables and notes made from a stored result
 * alone. The terminal's and the Markdown report are two layouts of the same view.
 */
import { parseOption, specOf } from '../../options/option-reader.ts';
import { pointText } from '../../options/sweep-grid.ts';
import type { RunResult } from '../../results/schema.ts';
import type { SweepResult } from '../../results/sweep-schema.ts';
import { type ArticleView, articleView } from '../article/article.ts';
import { causeTable, differencesTable, mainTable } from '../text/comparison.ts';
import { type ExplainView, explainInWords, explainView } from '../text/explain.ts';
import { type ExplainedBackend, explainedOf } from '../text/explained.ts';
import { type HeaderLine, headerLines } from '../text/header.ts';
import { ladderCostTable, ladderTable, rungsOf } from '../text/ladder.ts';
import { latencyTables } from '../text/latency.ts';
import { targetRows, targetSentence, targetTable, triedTable } from '../text/latency-target.ts';
import { rowsOf } from '../text/rows.ts';
import type { TableView } from '../text/table-view.ts';
import { printable } from '../text/text.ts';
import { adviceText, verdictText } from '../text/verdict.ts';
import { type Note, notesOf, statusNote } from '../text/warnings.ts';
import { inWordsOf, tableInWordsOf } from '../text/words.ts';

export interface View {
  header: HeaderLine[];
  /** Says that the run is not complete. */
  status: Note | null;
  /** The article's table beside this machine's; null for a run that is not one of its experiments. */
  article: ArticleView | null;
  /** The comparison of backends, the steps of a ladder, or the rates that a search found. */
  main: TableView;
  /** Where the difference comes from: what each I/O costs. */
  cause: TableView;
  /** The comparison by latency and cost, or all rates of a search; null where nothing is compared. */
  differences: TableView | null;
  /** What the kernel did for the backends; null where it was not traced. */
  explain: ExplainView | null;
  /** One table for all I/Os, and one for each direction when there are several; none for a ladder. */
  latency: TableView[];
  notes: Note[];
}

export interface ViewOptions {
  /** Percentiles (0..100) in place of the usual four. */
  percentiles?: readonly number[];
  /** Whether a person is to be told what to use. */
  advise?: boolean;
}

/** Word by word, so that it folds where the line ends. */
function sentenceLine(name: string, text: string | null): HeaderLine[] {
  return text === null ? [] : [{ name, separator: '', items: printable(text).split(' ') }];
}

/** What a reader wants to know first. */
function firstLines(result: RunResult, { advise = false }: ViewOptions): HeaderLine[] {
  return [
    ...sentenceLine('verdict', verdictText(result) ?? targetSentence(result)),
    ...sentenceLine('advice', advise ? adviceText(result) : null),
  ];
}

function validityLine({ validity }: RunResult): HeaderLine[] {
  return sentenceLine('validity', validity === null ? null : `${validity.verdict}: ${validity.text}`);
}

/** What the run was told to store, when that is not the usual list; null: the usual four. */
function ownPercentiles({ jobs: [job] }: RunResult): readonly number[] | undefined {
  const list = job?.options['percentile-list'];
  if (typeof list !== 'string' || list === specOf('percentile-list').default) return undefined;
  return parseOption('percentile-list', list);
}

/** What is explained of a sweep, each backend with its point. */
export function explainedOfSweep({ points }: Pick<SweepResult, 'points'>): ExplainedBackend[] {
  return points.flatMap(({ values, result }) =>
    explainedOf(result).map((one) => ({ ...one, label: `${one.label} ${pointText(values)}` })),
  );
}

/** @throws BenchError (usage) when percentiles are wanted that need a stored histogram, and that is damaged. */
export function viewOf(result: RunResult, options: ViewOptions): View {
  const explained = explainView(explainedOf(result));
  const around = {
    header: [...firstLines(result, options), ...headerLines(result), ...validityLine(result)],
    status: statusNote(result),
    article: articleView(result),
    notes: notesOf(result),
    explain: explained === null ? null : explainInWords(explained, (text) => inWordsOf(result, text)),
  };
  if (result.report?.kind === 'ladder') {
    const rungs = rungsOf(result);
    const tables = { main: ladderTable(rungs), cause: ladderCostTable(rungs) };
    return { ...around, ...tables, differences: null, latency: [] };
  }
  const rows = rowsOf(result);
  if (result.report?.kind === 'latency-target') {
    const { report } = result;
    const found = targetRows(result);
    const main = targetTable(found, report);
    const latency = latencyTables(rows, options.percentiles ?? ownPercentiles(result));
    return { ...around, main, cause: causeTable(rows), differences: triedTable(found, report), latency };
  }
  const inWords = (table: TableView): TableView => tableInWordsOf(result, table);
  const differences = differencesTable(rows, result);
  return {
    ...around,
    main: inWords(mainTable(rows, result)),
    cause: inWords(causeTable(rows)),
    differences: differences === null ? null : inWords(differences),
    latency: latencyTables(rows, options.percentiles ?? ownPercentiles(result)),
  };
}
