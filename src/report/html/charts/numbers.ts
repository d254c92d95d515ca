/** Numbers on axes: short, with the unit beside them where they have one. Values are in stored units (ns, bytes, I/Os). */

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** 150000 as 150k; what has no such step keeps three digits. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${digits(value / 1e9)}G`;
  if (size >= 1e6) return `${digits(value / 1e6)}M`;
  if (size >= 1e3) return `${digits(value / 1e3)}k`;
  return digits(value);
}

/** Nanoseconds with the unit that reads best: 850 ns, 12.5 µs, 3 ms, 2 s. */
export function shortTime(ns: number): string {
  const size = Math.abs(ns);
  if (size === 0) return '0';
  if (size >= 999.5e6) return `${digits(ns / 1e9)} s`;
  if (size >= 999.5e3) return `${digits(ns / 1e6)} ms`;
  if (size >= 999.5) return `${digits(ns / 1e3)} µs`;
  return `${digits(ns)} ns`;
}

/** A percentile as it is called: p99.9. */
export function percentileName(percentile: number): string {
  return percentile >= 100 ? 'max' : `p${Number(percentile.toFixed(6))}`;
}

/** A coordinate: a tenth of a pixel is finer than anybody sees. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** About how wide text of 12 pixels is; the font is the reader's. */
export function textWidth(text: string): number {
  return text.length * 7.2;
}

/** Longer names are cut in a drawing; its table has all of them. */
const NAME_MAX = 30;

/** The end of a name says most of what tells it from others: io_uring+fixedbufs+registerfiles. */
export function shortName(name: string): string {
  return name.length <= NAME_MAX ? name : `${name.slice(0, 12)}…${name.slice(13 - NAME_MAX)}`;
}

/** A tick without the zeros that say nothing: 0.00, 5.00, 55.0 as 0, 5, 55. */
export function tickText(text: string): string {
  return text.replace(/(\d)\.(\d*?)0+(?!\d)/, (_, whole: string, rest: string) =>
    rest === '' ? whole : `${whole}.${rest}`,
  );
}
