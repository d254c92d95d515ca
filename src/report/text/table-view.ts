/** A table before it is known how it looks. */

/** What a cell means; a layout may turn it into a colour. */
export type Tone = 'best' | 'good' | 'bad' | 'unclear' | 'warning' | 'error';

export interface Cell {
  text: string;
  tone?: Tone;
}

/** Columns whose `drop` is at least this go only when nothing else helps. */
export const LAST_RESORT = 10;

export interface Column {
  /** Lines of the heading; Markdown joins them. */
  head: readonly string[];
  align: 'left' | 'right';
  cells: readonly Cell[];
  /** Order in which columns go when room is short, lowest first; without it a column stays. */
  drop?: number;
  /** What the marks in this column mean. */
  legend?: readonly string[];
}

/** A table; its first column names the rows. */
export type TableView = readonly Column[];
