/** A plot of points as text: marks on a grid of characters, for any width from 30 columns on. */
import { type Scale, scaleX, scaleY } from './plot-scale.ts';
import { displayWidth, foldWords } from './text.ts';

export interface PlotSeries {
  name: string;
  points: readonly { x: number; y: number }[];
}

export interface PlotOptions {
  title: string;
  /** No line is wider; below 30 it gets 30. */
  columns: number;
  xName: string;
  formatX: (x: number) => string;
  formatY: (y: number) => string;
  /** Whether the vertical axis begins near the values and not at 0. */
  close?: boolean;
  /** Vertically ratios, whatever the values. */
  log?: boolean;
  /** Marked on the horizontal axis, in place of the points' own values. */
  ticksX?: readonly number[];
  /** For a terminal that shows nothing else. */
  ascii?: boolean;
}

/** Told apart without colours, and in any font. */
const MARKS = ['o', 'x', '+', '*', '#', '@', '%', '&'];
/** More would hide each other. */
export const SERIES_MAX = MARKS.length;
const ROWS = 11;
const LEAST_COLUMNS = 30;
/** Beyond these a plot only gets emptier. */
const MOST_WIDTH = 72;
/** With more series than this, lines between their marks would only confuse. */
const LINES_MAX = 3;

type Canvas = string[][];

/** What lines and axes are drawn with. */
const UNICODE = { dot: '·', side: '│', tick: '┤', corner: '└', rule: '─', mark: '┴' };
const ASCII: typeof UNICODE = { dot: '.', side: '|', tick: '+', corner: '+', rule: '-', mark: '+' };

/** Several marks at one place become their number. */
function putMark(
  canvas: Canvas,
  row: number,
  column: number,
  mark: string,
  taken: Map<string, number>,
): void {
  const line = canvas[row] as string[];
  const place = `${row} ${column}`;
  const there = (taken.get(place) ?? 0) + 1;
  taken.set(place, there);
  line[column] = there === 1 ? mark : String(there);
}

function putLine(canvas: Canvas, from: [number, number], to: [number, number], dot: string): void {
  const steps = Math.abs(to[1] - from[1]);
  for (let step = 1; step < steps; step++) {
    const share = step / steps;
    const row = Math.round(from[0] + (to[0] - from[0]) * share);
    const column = from[1] + step * Math.sign(to[1] - from[1]);
    const line = canvas[row] as string[];
    if (line[column] === ' ') line[column] = dot;
  }
}

/** Texts centred at columns of a line, those left out that would touch the one before; the last has precedence. */
function labelLine(labels: readonly { column: number; text: string }[], width: number): string {
  let line = ' '.repeat(width);
  for (const { column, text } of [...labels.slice(-1), ...labels.slice(0, -1)]) {
    const start = Math.max(0, Math.min(width - text.length, column - Math.floor(text.length / 2)));
    if (line.slice(Math.max(0, start - 1), start + text.length + 1).trim() !== '') continue;
    line = line.slice(0, start) + text + line.slice(start + text.length);
  }
  return line.trimEnd();
}

/** The labels of the vertical axis by row; a row that has one already keeps it. */
function rowLabels(scale: Scale, formatY: PlotOptions['formatY']): string[] {
  const labels: string[] = Array(ROWS).fill('');
  for (const tick of scale.ticks) {
    const row = rowOf(scale, tick);
    const crowded = [row - 1, row, row + 1].some((near) => labels[near]);
    if (!crowded) labels[row] = formatY(tick);
  }
  return labels;
}

function rowOf(scale: Scale, y: number): number {
  return ROWS - 1 - Math.round(scale.at(y) * (ROWS - 1));
}

/**
 * The lines of a plot; none without points. Horizontally ratios where the values span a wide range (depths that double
 * are evenly spaced), vertically the same or from 0; which is said in the title.
 */
export function drawPlot(series: readonly PlotSeries[], options: PlotOptions): string[] {
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) return [];
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const draw = options.ascii ? ASCII : UNICODE;
  const x = scaleX(
    points.map((point) => point.x),
    options.ticksX,
  );
  const y = scaleY(
    points.map((point) => point.y),
    options.log ? 'ratios' : options.close ? 'close' : 'whole',
  );
  const labels = rowLabels(y, options.formatY);
  const margin = Math.max(...labels.map(displayWidth));
  const width = Math.min(MOST_WIDTH, columns - margin - 4);
  const columnOf = (value: number) => 1 + Math.round(x.at(value) * (width - 3));
  const canvas: Canvas = Array.from({ length: ROWS }, () => Array(width).fill(' '));
  const taken = new Map<string, number>();
  for (const [i, { points: own }] of series.entries()) {
    const places = own.map((point): [number, number] => [rowOf(y, point.y), columnOf(point.x)]);
    for (const [row, column] of places) putMark(canvas, row, column, MARKS[i % MARKS.length] ?? 'o', taken);
    if (series.length > LINES_MAX) continue;
    for (const [at, place] of places.slice(1).entries())
      putLine(canvas, places[at] as [number, number], place, draw.dot);
  }
  const body = canvas.map((line, row) => {
    const label = labels[row] ?? '';
    return `${label.padStart(margin)} ${label === '' ? draw.side : draw.tick}${line.join('').trimEnd()}`;
  });
  const ticks = x.ticks.map((value) => ({ column: columnOf(value), text: options.formatX(value) }));
  const rule = Array.from({ length: width }, (_, column) =>
    ticks.some((t) => t.column === column) ? draw.mark : draw.rule,
  );
  const under = ' '.repeat(margin + 2);
  const several = Math.max(...taken.values());
  const legend = [
    ...series.map(({ name }, i) => `${MARKS[i % MARKS.length]} ${name}`.replaceAll(' ', '\u00a0')),
    ...(several > 1
      ? [several > 2 ? `2..${several}:\u00a0so\u00a0many\u00a0there` : '2:\u00a0two\u00a0there']
      : []),
  ];
  return [
    ...foldWords(`${options.title}${y.log ? ', logarithmic' : ''}`, columns, 2),
    ...body,
    `${' '.repeat(margin)} ${draw.corner}${rule.join('')}`,
    `${under}${labelLine(ticks, width)}`,
    `${under}${options.xName}`,
    ...foldWords(legend.join(' \u00a0'), columns, 2).map((line) => line.replaceAll('\u00a0', ' ')),
  ];
}
