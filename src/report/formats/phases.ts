/** Many phases as one document for people: a table for a terminal, or Markdown. */

import { phaseOf } from '../../results/document.ts';
import type { RunResult } from '../../results/schema.ts';
import type { PhaseReport } from '../../results/schema-report.ts';
import { commitsTable, commitsWords } from '../text/commits.ts';
import { headerLines } from '../text/header.ts';
import { headerText } from '../text/header-text.ts';
import { phaseNotes } from '../text/phase-notes.ts';
import { phasesTable, phasesWords } from '../text/phases.ts';
import type { TableView } from '../text/table-view.ts';
import { foldWords, printable } from '../text/text.ts';
import type { RenderOptions } from '../view/format-spec.ts';
import { markdownTable } from './markdown.ts';
import { terminalTable } from './table.ts';

const VIEWS = {
  metadata: { table: phasesTable, words: phasesWords },
  durability: { table: commitsTable, words: commitsWords },
} as const satisfies Readonly<Record<PhaseReport['of'], unknown>>;

/** Names of head lines that are the same for all phases. */
const COMMON = ['run', 'storage', 'system'];

/** The results of article metadata or durability. @param results at least one, all of one experiment */
export function renderPhases(
  results: readonly RunResult[],
  format: 'table' | 'markdown',
  options: RenderOptions,
): string {
  const [first] = results;
  if (first === undefined) return '';
  const { table: tableOf, words: wordsOf } = VIEWS[phaseOf(first)?.of ?? 'metadata'];
  return renderRuns(results, { table: tableOf(results), words: wordsOf(results) }, format, options);
}

/** Many runs in one table, with what holds for all of them above it, words and notes below. @param results at least one */
export function renderRuns(
  results: readonly RunResult[],
  { table, words: said }: { table: TableView; words: readonly string[] },
  format: 'table' | 'markdown',
  options: RenderOptions,
): string {
  const [first] = results;
  if (first === undefined) return '';
  const words = [...said.map(printable), ...phaseNotes(results)];
  if (format === 'markdown') return `${[markdownTable(table), ...words].join('\n\n')}\n`;
  const head = headerLines(first).filter(({ name }) => COMMON.includes(name));
  return `${[
    head.flatMap((line) => headerText(line, options.columns, (name) => name)).join('\n'),
    terminalTable(table, options),
    words.flatMap((line) => foldWords(line, options.columns, 2)).join('\n'),
  ].join('\n\n')}\n`;
}
