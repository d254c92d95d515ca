/** Cells whose shade is a number: time by latency, one option by another. */
import { extent } from 'd3-array';
import { scaleBand, scaleLinear, scaleLog } from 'd3-scale';
import { escapeHtml } from '../escape.ts';
import { figureOf, labelRoom, textAt, WIDTH } from './figure.ts';
import { px, textWidth } from './numbers.ts';
import type { HeatMapSpec } from './spec.ts';
import { dataTable } from './table.ts';

/** Shades, from the least to the most: classes h0..h7 of the page's style. */
const LEVELS = 8;
const TOP = 28;
/** Cells in which there is room for their number. */
const CELL_HEIGHT = 28;
const THIN_HEIGHT = 320;
const ROWS_MAX_TALL = 21;

type Level = (value: number) => number;

/** Which shade a value has. */
function levelsOf(
  cells: HeatMapSpec['cells'],
  scale: HeatMapSpec['scale'],
): { level: Level; ends: number[] } {
  const values = cells
    .flat()
    .filter((value) => value !== null && (scale === 'linear' || value > 0)) as number[];
  const [low = 0, high = 1] = extent(values);
  const shade = (scale === 'log' ? scaleLog() : scaleLinear())
    .domain(low === high ? [low, high + Math.abs(high || 1)] : [low, high])
    .range([0, LEVELS])
    .clamp(true);
  const level: Level = (value) =>
    scale === 'log' && value <= 0 ? 0 : Math.min(LEVELS - 1, Math.floor(shade(value)));
  return { level, ends: [low, high] };
}

interface Grid {
  left: number;
  right: number;
  bottom: number;
  columns: (at: number) => number;
  rows: (at: number) => number;
  width: number;
  height: number;
}

function gridOf({ x, y }: HeatMapSpec): Grid {
  const left = labelRoom(y.names.map((name) => name.slice(0, 24)));
  const right = WIDTH - 16;
  const tall = y.names.length <= ROWS_MAX_TALL;
  const bottom = TOP + (tall ? y.names.length * CELL_HEIGHT : THIN_HEIGHT);
  const indexes = (count: number) => Array.from({ length: count }, (_, at) => at);
  const columns = scaleBand<number>(indexes(x.names.length), [left, right]);
  const rows = scaleBand<number>(indexes(y.names.length), [TOP, bottom]);
  return {
    ...{ left, right, bottom, width: columns.bandwidth(), height: rows.bandwidth() },
    columns: (at) => columns(at) ?? 0,
    rows: (at) => rows(at) ?? 0,
  };
}

/** Each cell with its number: of small maps. */
function writtenCells(spec: HeatMapSpec, grid: Grid, level: Level): string {
  return spec.cells
    .flatMap((row, y) =>
      row.map((value, x) => {
        if (value === null) return '';
        const [left, top] = [grid.columns(x), grid.rows(y)];
        const shade = level(value);
        const text = spec.format(value);
        const title = `${spec.x.names[x] ?? ''}, ${spec.y.names[y] ?? ''}: ${text}`;
        return `<g><title>${escapeHtml(title)}</title><rect class="h${shade}" x="${px(left)}" y="${px(top)}" width="${px(grid.width)}" height="${px(grid.height)}"/>${textAt(left + grid.width / 2, top + grid.height / 2 + 4, text, 'middle', shade >= LEVELS / 2 ? 'hi' : 'lo')}</g>`;
      }),
    )
    .join('\n');
}

/** One path a shade, neighbours of one shade in one piece: of large maps, where a cell each would be most of the page. */
function shadedCells(spec: HeatMapSpec, grid: Grid, level: Level): string {
  const paths: string[] = Array(LEVELS).fill('');
  for (const [y, row] of spec.cells.entries()) {
    for (let x = 0; x < row.length; ) {
      const value = row[x];
      const shade = value === null || value === undefined ? null : level(value);
      let end = x + 1;
      for (; end < row.length; end++) {
        const next = row[end];
        if ((next === null || next === undefined ? null : level(next)) !== shade) break;
      }
      if (shade !== null) {
        const width = px((end - x) * grid.width);
        paths[shade] += `M${px(grid.columns(x))},${px(grid.rows(y))}h${width}v${px(grid.height)}h-${width}z`;
      }
      x = end;
    }
  }
  return paths.map((d, at) => (d === '' ? '' : `<path class="h${at}" d="${d}"/>`)).join('\n');
}

/** Names along an axis, as many as have room. */
function nameLabels(names: readonly string[], room: (name: string) => number, step: number): Set<number> {
  const widest = Math.max(...names.map(room));
  const every = Math.max(1, Math.ceil((widest + 6) / step));
  return new Set(names.flatMap((_, at) => (at % every === 0 ? [at] : [])));
}

function namesOf({ x, y }: HeatMapSpec, grid: Grid): string {
  const columns = nameLabels(x.names, textWidth, grid.width);
  const rows = nameLabels(y.names, () => 8, grid.height);
  return [
    ...x.names.map((name, at) =>
      columns.has(at) ? textAt(grid.columns(at) + grid.width / 2, grid.bottom + 18, name, 'middle') : '',
    ),
    ...y.names.map((name, at) =>
      rows.has(at)
        ? textAt(grid.left - 8, grid.rows(at) + grid.height / 2 + 4, name.slice(0, 24), 'end')
        : '',
    ),
    textAt(4, 14, y.label, 'start', 'an'),
    textAt((grid.left + grid.right) / 2, grid.bottom + 38, x.label, 'middle', 'an'),
  ].join('\n');
}

/** What the shades mean. */
function shadeLegend(ends: readonly number[], format: (value: number) => string): string {
  const boxes = Array.from(
    { length: LEVELS },
    (_, at) => `<rect class="h${at}" x="${at * 18}" y="0" width="18" height="12"/>`,
  );
  const [low = 0, high = 0] = ends;
  return `<p class="legend">${escapeHtml(format(low))} <svg class="shades" viewBox="0 0 ${LEVELS * 18} 12" width="${LEVELS * 18}" height="12" aria-hidden="true">${boxes.join('')}</svg> ${escapeHtml(format(high))}</p>`;
}

/** The map; '' without a value. */
export function heatMap(spec: HeatMapSpec): string {
  if (spec.cells.every((row) => row.every((value) => value === null))) return '';
  const grid = gridOf(spec);
  const { level, ends } = levelsOf(spec.cells, spec.scale);
  const texts = spec.cells.flat().map((value) => (value === null ? '' : spec.format(value)));
  const fits = grid.height >= 14 && Math.max(...texts.map(textWidth)) + 4 <= grid.width;
  return figureOf({
    ...spec,
    height: grid.bottom + 48,
    body: `${fits ? writtenCells(spec, grid, level) : shadedCells(spec, grid, level)}
<rect class="frame" x="${px(grid.left)}" y="${TOP}" width="${px(grid.right - grid.left)}" height="${px(grid.bottom - TOP)}"/>
${namesOf(spec, grid)}`,
    below: shadeLegend(ends, spec.format),
    table: dataTable({
      caption: spec.title,
      head: [`${spec.y.label} \\ ${spec.x.label}`, ...spec.x.names],
      rows: spec.y.names.map((name, y) => [
        name,
        ...spec.x.names.map((_, x) => {
          const value = spec.cells[y]?.[x] ?? null;
          return value === null ? '' : spec.format(value);
        }),
      ]),
    }),
    data: ` data-heat data-frame="${[grid.left, grid.right, TOP, grid.bottom].map(px).join(' ')}"`,
  });
}
