/** What a stored document is, told without its schema: of that types alone, since a run needs no validator. */
import type { BaselineDocument } from './baseline-schema.ts';
import type { Evaluation } from './evaluate-schema.ts';
import type { ExplainedCommand } from './explained-schema.ts';
import type { RunResult } from './schema.ts';
import type { ArticleReport, CacheReport, PhaseReport } from './schema-report.ts';
import type { SweepResult } from './sweep-schema.ts';

/** What a stored file may hold. */
export type Stored = RunResult | SweepResult | BaselineDocument | ExplainedCommand | Evaluation;

export function isSweep(stored: Stored): stored is SweepResult {
  return 'kind' in stored && stored.kind === 'sweep';
}

export function isBaseline(stored: Stored): stored is BaselineDocument {
  return 'kind' in stored && stored.kind === 'baseline';
}

export function isExplanation(stored: Stored): stored is ExplainedCommand {
  return 'kind' in stored && stored.kind === 'explanation';
}

export function isEvaluation(stored: Stored): stored is Evaluation {
  return 'kind' in stored && stored.kind === 'evaluation';
}

/** The article's experiment that a result is of; null for any other result. */
export function articleOf({ report }: Pick<RunResult, 'report'>): ArticleReport | null {
  return report?.kind === 'article' ? report : null;
}

/** The phase of article metadata or durability that a result is of; null for any other result. */
export function phaseOf({ report }: Pick<RunResult, 'report'>): PhaseReport | null {
  return report?.kind === 'phase' ? report : null;
}

/** The part of article cache that a result is of; null for any other result. */
export function cacheOf({ report }: Pick<RunResult, 'report'>): CacheReport | null {
  return report?.kind === 'cache' ? report : null;
}
