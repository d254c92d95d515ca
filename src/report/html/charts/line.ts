/** Lines and dots over two axes, with intervals, marks and bands. */
import { area, line } from 'd3-shape';
import { escapeHtml, idOf } from '../escape.ts';
import {
  axesOf,
  type Frame,
  figureOf,
  labelRoom,
  legendOf,
  markerAt,
  STYLES_MAX,
  textAt,
  WIDTH,
} from './figure.ts';
import { px, textWidth } from './numbers.ts';
import { isPlaceable, type PlacedAxis, placedAxis } from './scales.ts';
import type { ChartPoint, Line, LineChartSpec, Mark } from './spec.ts';
import { groupedTable } from './table.ts';

const HEIGHT = 360;
/** A line with more points has no marker and no bar of its own for each: they would be all that one sees. */
const MARKED_POINTS_MAX = 40;
/** Rows above the plot for what marks are called; further ones are told below the chart alone. */
const MARK_ROWS = 2;

interface Axes {
  x: PlacedAxis;
  y: PlacedAxis;
  frame: Frame;
}

/** Points that have a place, in the order in which the line goes. */
function drawable({ points }: Line, { x, y, inOrder = false }: LineChartSpec): ChartPoint[] {
  const placed = points.filter((point) => isPlaceable(point.x, x) && isPlaceable(point.y, y));
  return inOrder ? placed : placed.sort((a, b) => a.x - b.x);
}

function axesFor(spec: LineChartSpec, lines: readonly Line[]): Axes {
  const points = lines.flatMap((one) => one.points);
  const marks = spec.marks ?? [];
  const xs = [
    ...points.map(({ x }) => x),
    ...marks.flatMap(({ x, toX }) => [x, toX].filter((at) => at !== undefined)),
  ];
  const ys = [
    ...points.flatMap(({ y, low = y, high = y }) => [y, low, high]),
    ...marks.flatMap(({ y }) => (y === undefined ? [] : [y])),
  ];
  const usable = (values: readonly number[], axis: LineChartSpec['x']) =>
    values.filter((value) => isPlaceable(value, axis));
  const rows = Math.min(MARK_ROWS, marks.filter(({ x }) => x !== undefined).length);
  const [top, bottom] = [28 + rows * 15, HEIGHT - 46];
  const y = placedAxis(spec.y, usable(ys, spec.y), [bottom, top], 'upright');
  const left = labelRoom(y.ticks.map(({ text }) => text));
  const frame = { left, right: WIDTH - 30, top, bottom };
  return { x: placedAxis(spec.x, usable(xs, spec.x), [left, frame.right], 'level'), y, frame };
}

/** What is said of a point: "io_uring, p99: 84 µs (80 µs..90 µs)". */
function pointTitle(name: string, point: ChartPoint, { x, y }: Axes): string {
  const interval =
    point.low === undefined || point.high === undefined
      ? ''
      : ` (${y.format(point.low)}..${y.format(point.high)})`;
  const more = point.title === undefined ? '' : `; ${point.title}`;
  return `${name}, ${x.format(point.x)}: ${y.format(point.y)}${interval}${more}`;
}

/** Intervals: a bar a point where there are few, else a band behind the line. */
function intervalsOf(points: readonly ChartPoint[], { x, y, frame }: Axes): string {
  const clamp = (at: number) => Math.min(Math.max(at, frame.top), frame.bottom);
  const placed = points.flatMap(({ x: at, low, high }) =>
    low === undefined || high === undefined || !(low < high)
      ? []
      : [{ at: x.place(at), low: clamp(y.place(low)), high: clamp(y.place(high)) }],
  );
  if (placed.length === 0) return '';
  if (points.length > MARKED_POINTS_MAX) {
    const band = area<(typeof placed)[number]>(
      ({ at }) => at,
      ({ low }) => low,
      ({ high }) => high,
    ).digits(1);
    return `<path class="b" d="${band(placed) ?? ''}"/>`;
  }
  const bars = placed.map(
    ({ at, low, high }) =>
      `M${px(at - 4)},${px(low)}h8M${px(at)},${px(low)}V${px(high)}M${px(at - 4)},${px(high)}h8`,
  );
  return `<path class="w" d="${bars.join('')}"/>`;
}

function lineOf(
  { name, style = 'both' }: Line,
  points: readonly ChartPoint[],
  at: number,
  axes: Axes,
): string {
  const { x, y } = axes;
  const path = line<ChartPoint>(
    (point) => x.place(point.x),
    (point) => y.place(point.y),
  ).digits(1)(points);
  // Of dots the line is there for the pointer alone.
  const drawn = `<path class="l${style === 'dots' ? ' hid' : ''}" d="${path ?? ''}"/>`;
  const single = points.length === 1;
  const marked = (style !== 'line' || single) && (points.length <= MARKED_POINTS_MAX || style === 'dots');
  const dots = marked
    ? points.map((point) => markerAt(at, x.place(point.x), y.place(point.y), pointTitle(name, point, axes)))
    : [];
  return `<g class="s${at}" data-name="${escapeHtml(name)}">${intervalsOf(points, axes)}${drawn}${dots.join('')}</g>`;
}

/** Marks across the plot, what they are called in rows above it; a name without room is left to the list below. */
function marksOf(marks: readonly Mark[], { x, y, frame }: Axes): { body: string; untold: string[] } {
  const ends: number[] = Array(MARK_ROWS).fill(0);
  const untold: string[] = [];
  const body = marks.map((mark) => {
    if (mark.x === undefined) {
      const at = px(y.place(mark.y ?? 0));
      return `<path class="k" d="M${px(frame.left)},${at}H${px(frame.right)}"/>${textAt(frame.right - 4, Number(at) - 5, mark.label, 'end', 'kn')}`;
    }
    const [from, to] = [x.place(mark.x), x.place(mark.toX ?? mark.x)];
    const shape =
      mark.toX === undefined
        ? `<path class="k" d="M${px(from)},${px(frame.top)}V${px(frame.bottom)}"/>`
        : `<rect class="kb" x="${px(from)}" y="${px(frame.top)}" width="${px(Math.max(1, to - from))}" height="${px(frame.bottom - frame.top)}"/>`;
    const width = textWidth(mark.label);
    const start = Math.max(frame.left, Math.min((from + to) / 2 - width / 2, frame.right - width));
    const row = ends.findIndex((end) => start > end + 8);
    if (row < 0) {
      untold.push(`${x.format(mark.x)}: ${mark.label}`);
      return shape;
    }
    ends[row] = start + width;
    return shape + textAt(start, frame.top - 6 - row * 15, mark.label, 'start', 'kn');
  });
  return { body: body.join('\n'), untold };
}

function numbersOf(spec: LineChartSpec, lines: readonly Line[], { x, y }: Axes): string {
  const all = lines.flatMap(({ points }) => points);
  const ranged = all.some(({ low }) => low !== undefined);
  const titled = all.some(({ title }) => title !== undefined);
  const rows = (one: Line) =>
    one.points.map(({ x: at, y: value, low, high, title = '' }) => [
      one.name,
      x.format(at),
      y.format(value),
      ...(ranged
        ? [low === undefined || high === undefined ? '' : `${y.format(low)}..${y.format(high)}`]
        : []),
      ...(titled ? [title] : []),
    ]);
  return groupedTable({
    caption: spec.title,
    head: ['', spec.x.label, spec.y.label, ...(ranged ? ['interval'] : []), ...(titled ? ['remark'] : [])],
    groups: lines.map(rows),
  });
}

function remarks(hidden: number, untold: readonly string[]): string {
  const texts = [
    ...(hidden > 0 ? [`${hidden} more lines are in the table alone.`] : []),
    ...(untold.length > 0 ? [`Marked, too: ${untold.join('; ')}`] : []),
  ];
  return texts.map((text) => `<p class="remark">${escapeHtml(text)}</p>`).join('');
}

/** The chart; '' without a point to draw. Lines beyond the eighth are in the table alone. */
export function lineChart(spec: LineChartSpec): string {
  const all = spec.lines
    .map((one) => ({ ...one, points: drawable(one, spec) }))
    .filter(({ points }) => points.length > 0);
  if (all.length === 0) return '';
  const shown = all.slice(0, STYLES_MAX);
  const axes = axesFor(spec, shown);
  const { frame } = axes;
  const marks = marksOf(spec.marks ?? [], axes);
  const clipId = `${idOf(spec.id)}-c`;
  const clip = `<clipPath id="${clipId}"><rect x="${px(frame.left - 5)}" y="${px(frame.top - 5)}" width="${px(frame.right - frame.left + 10)}" height="${px(frame.bottom - frame.top + 10)}"/></clipPath>`;
  const drawn = shown.map((one, at) => lineOf(one, one.points, at, axes)).join('\n');
  const dots = shown.some(({ style, points }) => style !== 'line' && points.length <= MARKED_POINTS_MAX);
  return figureOf({
    ...spec,
    height: HEIGHT,
    body: `${clip}${axesOf(frame, { axis: axes.x, label: spec.x.label }, { axis: axes.y, label: spec.y.label })}
${marks.body}<g clip-path="url(#${clipId})"><g class="plot">${drawn}</g></g>`,
    below:
      legendOf(
        shown.map(({ name }) => name),
        { dots },
      ) + remarks(all.length - shown.length, marks.untold),
    table: numbersOf(spec, all, axes),
    data: ` data-lines data-frame="${[frame.left, frame.right, frame.top, frame.bottom].map(px).join(' ')}"${spec.zoom ? ' data-zoom' : ''}`,
  });
}
