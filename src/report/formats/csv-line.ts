/** What CSV reports are made of: columns, and lines quoted as RFC 4180 says. */
import type { RunResult, Trial } from '../../results/schema.ts';
import type { BackendRow } from '../../stats/groups.ts';

export type Value = string | number | boolean | null;

/** What a row is made of. */
interface Source {
  result: RunResult;
  /** File that the result was read from; '' when it was just made. */
  path: string;
  backend: BackendRow;
  trial: Trial | null;
}

export interface CsvColumn {
  name: string;
  help: string;
  of: (source: Source) => Value;
}

/** Fields as a line. */
export function csvLine(values: readonly Value[]): string {
  return `${values.map(quoted).join(',')}\n`;
}

/** What makes a spreadsheet take a field for a formula, which may run commands and send what others hold. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * RFC 4180: a field with a comma, a quote or a line end is quoted, its quotes doubled. A text that would be a formula
 * gets an apostrophe before it, by which spreadsheets know text.
 */
export function quoted(value: Value): string {
  const plain = value === null ? '' : String(value);
  const text = typeof value === 'string' && FORMULA.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
