/** What a stored document is, told without its schema: of that types alone, since a run needs no validator. */
import type { RunResult } from './schema.ts';
import type { ArticleReport } from './schema-report.ts';
import type { SweepResult } from './sweep-schema.ts';

/** What a stored file may hold. */
export type Stored = RunResult | SweepResult;

export function isSweep(stored: Stored): stored is SweepResult {
  return 'kind' in stored;
}

/** The article's experiment that a result is of; null for any other result. */
export function articleOf({ report }: Pick<RunResult, 'report'>): ArticleReport | null {
  return report?.kind === 'article' ? report : null;
}
