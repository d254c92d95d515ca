/** How latencies spread over time, as text: half blocks with colours, or characters of growing density. */
import { BenchError } from '../../errors.ts';
import type { Trial } from '../../results/schema.ts';
import { formatCount, plural } from '../../values/format.ts';
import { type ChartOptions, latencyPlot, shortLatency } from './latency-plot.ts';
import type { Row } from './rows.ts';
import { latencyGrid, slicesOf, typicalTrial } from './slices.ts';
import { displayWidth, foldWords } from './text.ts';

/** From few I/Os to many; none at all is a space. */
const DENSITY = '.:-=+*#';
/** The same as colours of the 256 that terminals have, from dark blue over green to yellow: told apart without hues, too. */
const SHADES = [18, 25, 31, 37, 71, 149, 227];
/** Lines of a map. */
const LINES = 12;
/** More columns than these show nothing more. */
const MOST_WIDTH = 120;
/** A course of fewer intervals is none. */
const INTERVALS_LEAST = 3;
/** Maps of further backends would push the first ones off the screen. */
const MAPS_MAX = 4;
/** Between the begins of two names of times. */
const NAME_STEP = 14;

type Levels = readonly (number | null)[];
type Cells = readonly (readonly (number | null)[])[];

/** Which of the seven levels a count has: ratios count, since most I/Os are of few latencies. null: no I/O. */
function levelsOf(cells: Cells): { levels: (number | null)[][]; low: number; high: number } {
  const counts = cells.flat().flatMap((count) => count ?? []);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  const span = Math.log(high / low) || 1;
  const top = DENSITY.length - 1;
  const level = (count: number): number =>
    low === high ? top : Math.round((Math.log(count / low) / span) * top);
  return {
    levels: cells.map((row) => row.map((count) => (count === null ? null : level(count)))),
    low,
    high,
  };
}

const painted = (text: string, codes: string): string =>
  codes === '' ? text : `\u001b[${codes}m${text}\u001b[0m`;

/** A character of two cells, one above the other, with the codes of its colours. */
function halfBlock(upper: number | null, lower: number | null): { char: string; codes: string } {
  const front = (level: number): string => `38;5;${SHADES[level]}`;
  if (upper === null) return lower === null ? { char: ' ', codes: '' } : { char: '▄', codes: front(lower) };
  if (lower === null) return { char: '▀', codes: front(upper) };
  if (upper === lower) return { char: '█', codes: front(upper) };
  return { char: '▀', codes: `${front(upper)};48;5;${SHADES[lower]}` };
}

/** A line of the map; neighbours of one look are painted at once, and nothing follows the last cell that has I/Os. */
function paintedLine(upper: Levels, lower: Levels): string {
  const blocks = upper.map((level, at) => halfBlock(level, lower[at] ?? null));
  const end = blocks.findLastIndex(({ char }) => char !== ' ') + 1;
  const runs: { text: string; codes: string }[] = [];
  for (const { char, codes } of blocks.slice(0, end)) {
    const last = runs.at(-1);
    if (last?.codes === codes) last.text += char;
    else runs.push({ text: char, codes });
  }
  return runs.map(({ text, codes }) => painted(text, codes)).join('');
}

function densityLine(levels: Levels): string {
  return levels
    .map((level) => (level === null ? ' ' : DENSITY[level]))
    .join('')
    .trimEnd();
}

/** A row over the whole width: each stretch of time has one column or more. */
function spread(levels: Levels, width: number): Levels {
  return Array.from({ length: width }, (_, at) => levels[Math.floor((at * levels.length) / width)] ?? null);
}

/** Times below the map, each where its stretch of time begins. */
function timeNames(starts: readonly number[], width: number): string {
  let line = '';
  for (const [at, ns] of starts.entries()) {
    const seconds = ns / 1e9;
    const text = `${seconds < 9.95 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
    const column = Math.ceil((at * width) / starts.length);
    if (column > 0 && column < Math.ceil(line.length / NAME_STEP) * NAME_STEP) continue;
    if (column + text.length > width) break;
    line = line.padEnd(column) + text;
  }
  return line;
}

function shadesText(low: number, high: number, half: boolean): string {
  const shades = half ? SHADES.map((code) => painted('█', `38;5;${code}`)).join('') : DENSITY;
  return `I/Os in a cell: ${formatCount(low)} ${shades} ${formatCount(high)}`;
}

/**
 * The lines of the map of a trial's latencies; none without any.
 * @throws BenchError (usage) for damaged histograms
 */
export function latencyMap(
  name: string,
  trial: Pick<Trial, 'trial' | 'series'>,
  options: ChartOptions,
): string[] {
  const half = options.color && !options.ascii;
  // The widest name of a latency, and the axis.
  const margin = '999 usec '.length;
  const room = Math.min(MOST_WIDTH, options.columns - margin - 1);
  const slices = slicesOf(trial, room);
  const grid = slices.length < INTERVALS_LEAST ? null : latencyGrid(slices, half ? LINES * 2 : LINES);
  if (grid === null) return [];
  const { levels, low, high } = levelsOf(grid.cells);
  const axis = options.ascii ? '|' : '│';
  const step = half ? 2 : 1;
  const body: string[] = [];
  for (let row = 0; row < levels.length; row += step) {
    const [upper, lower] = [row, row + 1].map((at) => spread(levels[at] ?? [], room)) as [Levels, Levels];
    const floor = grid.floors[Math.min(row + step, levels.length) - 1] ?? 0;
    const label = body.length % 2 === 0 ? shortLatency(floor) : '';
    const line = half ? paintedLine(upper, lower) : densityLine(upper);
    body.push(`${label.padStart(margin - 1)} ${axis}${line}`);
  }
  const under = ' '.repeat(margin + 1);
  return [
    ...foldWords(`latencies over time: ${name}, trial ${trial.trial}`, options.columns, 2),
    ...body,
    `${under}${timeNames(grid.starts, room)}`,
    ...(displayWidth(shadesText(low, high, half)) + under.length <= options.columns
      ? [`${under}${shadesText(low, high, half)}`]
      : []),
  ];
}

/** Maps of the typical trial of each backend that has a series. */
function latencyMaps(rows: readonly Row[], options: ChartOptions): string[][] {
  const found = rows.flatMap(({ label, trials }) => {
    const trial = typicalTrial(
      trials.filter(({ series }) => (series?.intervals.length ?? 0) >= INTERVALS_LEAST),
    );
    return trial === undefined ? [] : [{ label, trial }];
  });
  try {
    const maps = found.slice(0, MAPS_MAX).map(({ label, trial }) => latencyMap(label, trial, options));
    const left = found.length - MAPS_MAX;
    return left > 0
      ? [
          ...maps,
          foldWords(`(and ${plural(left, 'more map')}: see --output-format html)`, options.columns, 2),
        ]
      : maps;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    return [
      foldWords(
        'histograms of the intervals cannot be read: no map of latencies over time',
        options.columns,
        2,
      ),
    ];
  }
}

/** What --plot shows of a run: curves of latency, then maps over time; a text each. */
export function chartTexts(rows: readonly Row[], options: ChartOptions): string[] {
  return [latencyPlot(rows, options), ...latencyMaps(rows, options)].map((lines) => lines.join('\n'));
}
