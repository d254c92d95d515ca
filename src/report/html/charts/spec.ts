/** What charts are made of. Each function beside this file turns one of them into text: a figure, and its numbers in a table. */

/** percentile: values are 0..100 and lie where 1/(1-p) does on a logarithmic axis: p90, p99 and p99.9 are equally far apart. */
type ScaleKind = 'linear' | 'log' | 'percentile';

export interface Axis {
  /** With the unit, unless format() says it. */
  label: string;
  scale: ScaleKind;
  /** What is shown; by default all points, and 0 of a linear axis of values. */
  domain?: readonly [number, number];
  /** How ticks and the table show a value. */
  format?: (value: number) => string;
  /** Where ticks stand, in place of round numbers: depths and sizes that were measured. */
  ticks?: readonly number[];
}

export interface ChartPoint {
  x: number;
  y: number;
  /** The interval that y is known to be in. */
  low?: number;
  high?: number;
  /** Said of the point beside its values. */
  title?: string;
}

export interface Line {
  name: string;
  points: readonly ChartPoint[];
  style?: 'line' | 'dots' | 'both';
}

/** A line across at x or at y, or a band from x to toX. */
export interface Mark {
  x?: number;
  y?: number;
  toX?: number;
  label: string;
}

interface ChartSpec {
  /** Unique within a page. */
  id: string;
  title: string;
  /** What one sees in it, in a sentence: for those who do not see it. */
  description: string;
}

export interface LineChartSpec extends ChartSpec {
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  marks?: readonly Mark[];
  /** Points follow each other as they are given, not by x: where x is measured, too. */
  inOrder?: boolean;
  /** Whether a reader may look at a part of the x axis closely. */
  zoom?: boolean;
}

export interface Bar {
  name: string;
  value: number;
  low?: number;
  high?: number;
}

export interface BarChartSpec extends ChartSpec {
  value: Axis;
  bars: readonly Bar[];
}

export interface StackedBar {
  name: string;
  /** Of each part, 0 or more; null: not known. */
  values: readonly (number | null)[];
}

export interface StackedChartSpec extends ChartSpec {
  value: Axis;
  /** What parts are called, in the order in which they lie. */
  parts: readonly string[];
  bars: readonly StackedBar[];
}

export interface HeatMapSpec extends ChartSpec {
  x: { label: string; names: readonly string[] };
  y: { label: string; names: readonly string[] };
  /** By row of y (the first is drawn at the top), then by column of x; null: nothing was measured, the cell stays blank. */
  cells: readonly (readonly (number | null)[])[];
  format: (value: number) => string;
  scale: 'linear' | 'log';
}

export interface TableSpec {
  caption: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

export interface ForestSpec extends ChartSpec {
  value: Axis;
  rows: readonly (Bar & { look: 'good' | 'bad' | 'unclear' })[];
}
