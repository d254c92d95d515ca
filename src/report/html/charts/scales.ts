/** From values to places: d3's scales, with ticks that do not run into each other. */
import { extent } from 'd3-array';
import { scaleLinear, scaleLog } from 'd3-scale';
import { percentileName, shortNumber, textWidth, tickText } from './numbers.ts';
import type { Axis } from './spec.ts';

interface Tick {
  at: number;
  /** '': a tick without a label, for want of room. */
  text: string;
}

export interface PlacedAxis {
  place: (value: number) => number;
  ticks: Tick[];
  format: (value: number) => string;
  /** What is shown, in the axis's own values. */
  domain: readonly [number, number];
}

/** Percentiles that have a tick, as far as the axis reaches. */
const PERCENTILE_TICKS = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999];
/** The farthest percentile that has a place of its own; all that is above it lies there. */
const PERCENTILE_MAX = 99.9999;
/** Ticks of a logarithmic axis stand at 1, 2 and 5 only where it has few decades. */
const FEW_DECADES = 2.2;

/** How far out a percentile lies: p90 at 1, p99 at 2, p99.9 at 3. */
function nines(percentile: number): number {
  return -Math.log10(1 - Math.min(Math.max(percentile, 0), PERCENTILE_MAX) / 100);
}

function formatOf(axis: Pick<Axis, 'format' | 'scale'>): (value: number) => string {
  return axis.format ?? (axis.scale === 'percentile' ? percentileName : shortNumber);
}

/** Whether an axis has a place for a value. */
export function isPlaceable(value: number, { scale }: Pick<Axis, 'scale'>): boolean {
  return Number.isFinite(value) && (scale !== 'log' || value > 0);
}

function logTicks(low: number, high: number): number[] {
  const steps = Math.log10(high / low) > FEW_DECADES ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
    for (const step of steps) ticks.push(Number((step * 10 ** decade).toPrecision(3)));
  }
  return ticks;
}

/** The values' own range, never empty, and with 0 where the axis is to have it. */
function domainOf(values: readonly number[], { scale, domain }: Axis, fromZero: boolean): [number, number] {
  if (domain !== undefined) return [...domain];
  const [low = 0, high = 1] = extent(values);
  if (scale === 'percentile') return [Math.min(low, 0), Math.min(Math.max(high, 99), PERCENTILE_MAX)];
  if (scale === 'log') return low === high ? [low / 2, high * 2] : [low, high];
  if (fromZero) return [Math.min(0, low), high > 0 || low < 0 ? Math.max(high, 0) : 1];
  return low === high ? [low - 1, high + 1] : [low, high];
}

/** Takes away labels for which there is no room beside the one before. @param room along the axis, of a label */
function thinned(ticks: Tick[], room: (text: string) => number): Tick[] {
  let [end, before] = [Number.NEGATIVE_INFINITY, 0];
  return ticks
    .sort((a, b) => a.at - b.at)
    .map(({ at, text }) => {
      const half = room(text) / 2;
      if (text === '' || at - half < end + before) return { at, text: '' };
      [end, before] = [at + half, 8];
      return { at, text };
    });
}

/**
 * @param values that must have a place
 * @param range pixels from the domain's begin to its end
 * @param side upright: values go up, and labels stand one above the other
 */
export function placedAxis(
  axis: Axis,
  values: readonly number[],
  range: readonly [number, number],
  side: 'level' | 'upright',
): PlacedAxis {
  const format = formatOf(axis);
  const scaleTo = axis.scale === 'percentile' ? nines : (value: number) => value;
  const domain = domainOf(values, axis, side === 'upright');
  const wanted = side === 'upright' ? 6 : 8;
  const inner = axis.scale === 'log' ? scaleLog() : scaleLinear();
  inner.domain(domain.map(scaleTo)).range([...range]);
  if (axis.domain === undefined && side === 'upright') inner.nice(wanted);
  const [low = 0, high = 1] = inner.domain();
  const found = axis.ticks ?? usualTicks(axis, inner.ticks(wanted), [low, high]);
  const place = (value: number): number => inner(scaleTo(value));
  const ticks = found
    .filter((value) => isPlaceable(value, axis) && scaleTo(value) >= low && scaleTo(value) <= high)
    .map((value) => ({
      at: place(value),
      text: axis.ticks === undefined ? tickText(format(value)) : format(value),
    }));
  const shown: [number, number] = axis.scale === 'percentile' ? domain : [low, high];
  return { place, ticks: thinned(ticks, side === 'level' ? textWidth : () => 10), format, domain: shown };
}

function usualTicks({ scale }: Axis, round: number[], [low, high]: [number, number]): number[] {
  if (scale === 'percentile') return PERCENTILE_TICKS;
  return scale === 'log' ? logTicks(low, high) : round;
}
