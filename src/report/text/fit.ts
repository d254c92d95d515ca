/** Makes tables fit a terminal: which columns and labels there is room for, and how many tables it takes. */
import { labelParts } from './rows.ts';
import { type Cell, type Column, LAST_RESORT, type TableView } from './table-view.ts';
import { cutMiddle, displayWidth } from './text.ts';

/** Spaces between columns. */
export const GAP = 2;
/** A label wider than this is put on several lines before a column of numbers is dropped. */
const LONG_LABEL = 24;
const LEAST_LABEL = 8;

function columnWidth(column: Column): number {
  const lines = [...column.head, ...column.cells.flatMap((cell) => cell.text.split('\n'))];
  return Math.max(...lines.map(displayWidth));
}

/** Columns of the terminal that a table takes. */
export function tableWidth(columns: TableView): number {
  return columns.reduce((sum, column) => sum + columnWidth(column), GAP * (columns.length - 1));
}

/**
 * The comparison at most `width` columns wide: in one table when everything fits, else who is faster and
 * what it comes from in two, with what there is room for.
 */
export function comparisonTables(main: TableView, cause: TableView, width: number): TableView[] {
  const all = [...main, ...cause.slice(1)];
  if (tableWidth(all) <= width) return [all];
  return [fitColumns(main, width), fitColumns(cause, width)];
}

/** Labels wider than `room` on several lines, broken before a feature's `+`. */
function foldLabels(columns: TableView, room: number): Column[] {
  return columns.map((column, i) =>
    i === 0 ? { ...column, cells: column.cells.map((cell) => foldLabel(cell, room)) } : column,
  );
}

function foldLabel(cell: Cell, room: number): Cell {
  const lines: string[] = [];
  for (const part of labelParts(cell.text)) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last + part) <= room) lines[lines.length - 1] = last + part;
    else lines.push(lines.length === 0 ? part : ` ${part}`);
  }
  return { ...cell, text: lines.join('\n') };
}

/** Every label cut to `room`: the last resort. */
function cutLabels(columns: TableView, room: number): Column[] {
  const cut = (text: string) =>
    text
      .split('\n')
      .map((line) => cutMiddle(line, room))
      .join('\n');
  return columns.map((column, i) =>
    i === 0
      ? {
          ...column,
          head: column.head.map(cut),
          cells: column.cells.map((cell) => ({ ...cell, text: cut(cell.text) })),
        }
      : column,
  );
}

/**
 * The layouts of a table, from the fullest to the narrowest. Numbers are never cut: long labels are folded
 * first, then optional columns go in their order, then labels are squeezed, and only then go the rest.
 */
function* layouts(columns: TableView, width: number): Generator<TableView> {
  yield columns;
  const order = columns.filter(({ drop }) => drop !== undefined);
  order.sort((a, b) => (a.drop ?? 0) - (b.drop ?? 0));
  const without = (n: number) => columns.filter((column) => !order.slice(0, n).includes(column));
  const optional = order.filter(({ drop = 0 }) => drop < LAST_RESORT).length;
  for (let n = 0; n <= optional; n++) yield foldLabels(without(n), LONG_LABEL);
  for (let n = optional; n <= order.length; n++) yield squeezeLabels(without(n), width);
}

/** The fullest layout that is at most `width` columns wide, or the narrowest there is. It says what it leaves out. */
export function fitColumns(columns: TableView, width: number): TableView {
  let fitted = columns;
  for (fitted of layouts(columns, width)) if (tableWidth(fitted) <= width) break;
  // The first, which names the rows, is there in any case, if cut.
  const missing = columns.slice(1).filter((column) => !fitted.includes(column));
  if (missing.length === 0) return fitted;
  const line = `no room here for ${missing.map(({ head }) => head.join(' ')).join(', ')}: a wider terminal, or --output-format markdown`;
  return fitted.map((column, i) =>
    i === 0 ? { ...column, legend: [...(column.legend ?? []), line] } : column,
  );
}

/** Labels within the room that the other columns leave them: folded, and what is still too wide is cut. */
function squeezeLabels(columns: TableView, width: number): Column[] {
  const [label, ...others] = columns;
  if (label === undefined) return [];
  const room = Math.max(LEAST_LABEL, width - tableWidth(others) - GAP);
  return cutLabels(foldLabels(columns, room), room);
}

/** Backends side by side where they fit, else in groups of about the same size, each with the row names. */
export function groupColumns(columns: TableView, width: number): Column[][] {
  const [names, ...backends] = columns;
  if (names === undefined) return [];
  for (let groups = 1; groups < backends.length; groups++) {
    const size = Math.ceil(backends.length / groups);
    const chunks = chunked(backends, size).map((chunk) => [names, ...chunk]);
    if (chunks.every((chunk) => tableWidth(chunk) <= width)) return chunks;
  }
  return backends.map((backend) => {
    const room = width - columnWidth(names) - GAP;
    return [names, { ...backend, head: backend.head.map((line) => cutMiddle(line, room)) }];
  });
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
