/** Scales of a plot: where a value lies, and which values are marked. */

/** From this ratio on of the greatest to the least, steps are seen better as ratios. */
const LOG_RATIO = { x: 8, y: 20 };
/** A scale from values to 0..1, and the values that its marks stand at. */
export interface Scale {
  at: (value: number) => number;
  ticks: number[];
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Horizontally: every value is a mark; others where they are given, on an even scale, those without a place left out. */
export function scaleX(values: readonly number[], marks?: readonly number[]): Scale {
  const [low, high] = extent(values);
  const log = marks === undefined && low > 0 && high / low >= LOG_RATIO.x;
  const of = log ? Math.log2 : (x: number) => x;
  const span = of(high) - of(low) || 1;
  const ticks = [...new Set(marks ?? values)]
    .filter((mark) => mark >= low && mark <= high)
    .sort((a, b) => a - b);
  return { at: (x) => (of(x) - of(low)) / span, ticks };
}

/** 1, 2 or 5 times a power of ten: the nearest such below (-1) or above (1) a value, itself included. */
function round125(value: number, side: -1 | 1): number {
  const exponent = Math.floor(Math.log10(value));
  // Through text, so that 2e-7 is just that and not 1.9999999999999998e-7.
  const steps = [1, 2, 5, 10].map((step) => Number(`${step}e${exponent}`));
  const near = side < 0 ? steps.reverse().find((s) => s <= value) : steps.find((s) => s >= value);
  return near ?? value;
}

function linearY(high: number): Scale {
  const step = high > 0 ? round125(high / 4, 1) : 1;
  const top = step * Math.max(1, Math.ceil(high / step));
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { at: (y) => y / top, ticks };
}

function logY(low: number, high: number): Scale {
  const least = round125(low, -1);
  // One value that is a step itself would leave no height.
  const most = round125(Math.max(high, least * 1.5), 1);
  const [from, to] = [Math.log10(least), Math.log10(most)];
  const ticks: number[] = [];
  // The next step above 1, 2 or 5 of a power is at most 2.5 times as much.
  for (let tick = least; tick <= most; tick = round125(tick * 1.5, 1)) ticks.push(tick);
  return { at: (y) => (Math.log10(y) - from) / (to - from), ticks };
}

/** From a little below the least to a little above the greatest. */
function closeY(low: number, high: number): Scale {
  const step = round125((high - low || Math.abs(high) || 1) / 4, 1);
  const [from, to] = [Math.floor(low / step), Math.ceil(high / step)];
  const last = Math.max(to, from + 1);
  const ticks = Array.from({ length: last - from + 1 }, (_, i) => (from + i) * step);
  return { at: (y) => (y / step - from) / (last - from), ticks };
}

/**
 * Vertically: from 0, or logarithmic where values span a wide range.
 * @param shape close: near the values instead, where it is their differences that count and not how much they are;
 * ratios: always logarithmic where all values have a place there
 */
export function scaleY(
  values: readonly number[],
  shape: 'whole' | 'close' | 'ratios' = 'whole',
): Scale & { log: boolean } {
  const [low, high] = extent(values);
  const log = low > 0 && (shape === 'ratios' || high / low >= LOG_RATIO.y);
  if (shape === 'close' && !log) return { ...closeY(low, high), log };
  return { ...(log ? logY(low, high) : linearY(high)), log };
}
