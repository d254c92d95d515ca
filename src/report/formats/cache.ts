/** The runs of article cache as one document for people: a table for a terminal, or Markdown. */
import type { RunResult } from '../../results/schema.ts';
import { cacheTable, cacheWords } from '../text/cache.ts';
import type { RenderOptions } from '../view/format-spec.ts';
import { renderRuns } from './phases.ts';

/** @param results at least one */
export function renderCache(
  results: readonly RunResult[],
  format: 'table' | 'markdown',
  options: RenderOptions,
): string {
  return renderRuns(results, { table: cacheTable(results), words: cacheWords(results) }, format, options);
}
