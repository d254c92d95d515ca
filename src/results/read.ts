/** Reads stored results back, also those of version 1. Import it where a file is read: it brings the schema's validator with it. */
import { FormatRegistry } from '@sinclair/typebox';
import { Value, type ValueError } from '@sinclair/typebox/value';
import { type BenchError, usageError } from '../errors.ts';
import { BaselineSchema } from './baseline-schema.ts';
import { isBaseline, isEvaluation, isExplanation, isSweep, type Stored } from './document.ts';
import { EvaluationSchema } from './evaluate-schema.ts';
import { ExplainedCommandSchema } from './explained-schema.ts';
import { fieldsOf, LIFTED_VERSION, lift } from './lift.ts';
import { checkShape, checkTexts } from './read-limits.ts';
import { ResultSchema, type RunResult } from './schema.ts';
import { SweepSchema } from './sweep-schema.ts';
import {
  BASELINE_VERSION,
  EVALUATION_VERSION,
  EXPLANATION_VERSION,
  SCHEMA_VERSION,
  SWEEP_VERSION,
} from './versions.ts';

/** RFC 3339, as toISOString writes it and other tools may. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

function isDateTime(date: string): boolean {
  return DATE_TIME.test(date) && !Number.isNaN(Date.parse(date));
}

/** What is stored under each `kind`; a run has none. */
const DOCUMENTS = {
  run: { name: 'a result', version: SCHEMA_VERSION, schema: ResultSchema },
  sweep: { name: 'a sweep', version: SWEEP_VERSION, schema: SweepSchema },
  baseline: { name: 'a baseline', version: BASELINE_VERSION, schema: BaselineSchema },
  explanation: { name: 'an explanation', version: EXPLANATION_VERSION, schema: ExplainedCommandSchema },
  evaluation: { name: 'an evaluation', version: EVALUATION_VERSION, schema: EvaluationSchema },
} as const;

function documentOf(kind: unknown): (typeof DOCUMENTS)[keyof typeof DOCUMENTS] {
  const known = ['sweep', 'baseline', 'explanation', 'evaluation'] as const;
  return DOCUMENTS[known.find((name) => name === kind) ?? 'run'];
}

/**
 * Reads the text of one stored file: of a run, a sweep, a gate's baseline, an explained command or an evaluation.
 * @param path named in the error
 * @throws BenchError (usage) when it is no JSON, not of this tool, of another schema version, or doesn't fit the schema
 */
export function parseStored(text: string, path: string): Stored {
  checkShape(text, path);
  const found = fieldsOf(parseJson(text, path));
  checkTexts(found, path);
  const { tool, schema_version: version, kind } = found;
  if (fieldsOf(tool).name !== 'uring-bench') {
    throw usageError(`${path} is not a uring-bench result`, `tool.name is ${shown(fieldsOf(tool).name)}`);
  }
  const { name, version: known, schema } = documentOf(kind);
  if (version !== known && version !== LIFTED_VERSION) throw versionError(found, known, path);
  if (!FormatRegistry.Has('date-time')) FormatRegistry.Set('date-time', isDateTime);
  const value = lift(found);
  if (Value.Check(schema, value)) return value as Stored;
  const error = Value.Errors(schema, value).First();
  throw usageError(
    `${path} does not fit the schema of ${name}: ${mismatch(error)}`,
    'the file was changed or damaged',
  );
}

/**
 * Reads the text of the result file of one run.
 * @param path named in the error
 * @throws BenchError (usage) as parseStored, and for a sweep
 */
export function parseResult(text: string, path: string): RunResult {
  const stored = parseStored(text, path);
  if (isBaseline(stored))
    throw usageError(`${path} is a baseline: many results`, 'a single one is needed here');
  if (isExplanation(stored)) throw usageError(`${path} explains a command: no result of a run`);
  if (isEvaluation(stored))
    throw usageError(`${path} is an evaluation: many measurements`, 'a single run is needed here');
  if (!isSweep(stored)) return stored;
  throw usageError(`${path} is a sweep: many results`, 'a single one is needed here');
}

function parseJson(text: string, path: string): unknown {
  if (text.trim() === '')
    throw usageError(`${path} is empty`, 'the run that writes it may not have ended yet');
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw usageError(`${path} is not JSON: ${oneLine((error as Error).message)}`);
  }
}

function versionError(
  { schema_version: version, tool }: Record<string, unknown>,
  known: number,
  path: string,
): BenchError {
  const newer = typeof version === 'number' && version > known;
  const writer = fieldsOf(tool).version;
  return usageError(
    `${path} has schema_version ${shown(version)}; this uring-bench reads ${LIFTED_VERSION} and ${known}`,
    newer ? `uring-bench ${oneLine(String(writer))} wrote it: use that or a newer one` : undefined,
  );
}

function mismatch(error: ValueError | undefined): string {
  if (error === undefined) return 'unknown mismatch';
  const where = error.path === '' ? '' : `${error.path}: `;
  const found = error.message === 'Unexpected property' ? '' : `, found ${shown(error.value)}`;
  return oneLine(`${where}${error.message.replace(/^[A-Z][a-z]/, (start) => start.toLowerCase())}${found}`);
}

/** A JSON value short enough for one line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
