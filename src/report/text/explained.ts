/** What the parts of a report that explain are made of. */
import type { RunResult } from '../../results/schema.ts';
import type { Explanation, Traced } from '../../results/schema-explain.ts';
import type { Cell, Column, TableView } from './table-view.ts';

/** An explanation of what bears this name in the main table; '' for a program that is not ours. */
export interface ExplainedBackend {
  label: string;
  explain: Explanation;
}

/** The same with what tracing saw. */
export interface TracedBackend extends ExplainedBackend {
  traced: Traced;
}

export interface TitledTable {
  title: string;
  table: TableView;
}

/** What of a result is explained. */
export function explainedOf({ backends }: Pick<RunResult, 'backends'>): ExplainedBackend[] {
  return backends.flatMap(({ label, explain }) => (explain === undefined ? [] : { label, explain }));
}

export function tracedOf(all: readonly ExplainedBackend[]): TracedBackend[] {
  return all.flatMap((one) => {
    const { traced } = one.explain;
    return traced === undefined ? [] : { ...one, traced };
  });
}

/** Whether it is of a program that is not ours: no latency of its I/Os is known. */
export function isForeign({ traced }: TracedBackend): boolean {
  return traced.per === 'block request';
}

/** What is not known. */
export const UNKNOWN = '-';

type Rest = Pick<Column, 'drop' | 'legend'>;

/** Columns of a table with a row for each of these. */
export function columnMakers<T>(rows: readonly T[]): {
  left: (head: readonly string[], of: (row: T) => string, rest?: Rest) => Column;
  right: (head: readonly string[], of: (row: T) => string, rest?: Rest) => Column;
} {
  const cells = (of: (row: T) => string): Cell[] => rows.map((row) => ({ text: of(row) }));
  return {
    left: (head, of, rest = {}) => ({ head, align: 'left', cells: cells(of), ...rest }),
    right: (head, of, rest = {}) => ({ head, align: 'right', cells: cells(of), ...rest }),
  };
}

/** The column that names rows of several a backend: each name once. Without names, of a single program, there is none. */
export function labelColumn<T extends { label: string }>(
  rows: readonly T[],
  legend: readonly string[] = [],
): Column[] {
  if (rows.every(({ label }) => label === '')) return [];
  const cells = rows.map(({ label }, at) => ({ text: rows[at - 1]?.label === label ? '' : label }));
  return [{ head: ['backend'], align: 'left', cells, legend }];
}

/** An amount by the I/Os that figures are divided by; null when there were none. */
export function perIoOf({ traced }: TracedBackend, amount: number): number | null {
  return traced.ios > 0 ? amount / traced.ios : null;
}

/** A table without columns of which nothing is known; none at all when only names are left. */
export function knownTable(title: string, table: TableView): TitledTable[] {
  const known = table.filter(
    ({ align, cells }) => align === 'left' || cells.some(({ text }) => text !== UNKNOWN),
  );
  return known.some(({ align }) => align === 'right') ? [{ title, table: known }] : [];
}
