/**
 * Numbers as fio writes them: sizes, times, counts, CPU lists, percentile lists. Every parse function takes
 * the option's name for its error and throws BenchError (usage); every format function writes text that
 * parses back to the same value.
 */
import { usageError } from '../errors.ts';

/** Bigger numbers would lose digits on their way through JavaScript and JSON. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

const SIZE_STEPS = ['', 'k', 'm', 'g', 't', 'p'] as const;

/** Nanoseconds of each time suffix; the first of each length is the one that is printed. */
const TIME_UNITS_NS: Readonly<Record<string, bigint>> = {
  d: 86_400_000_000_000n,
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  ns: 1n,
  sec: 1_000_000_000n,
  msec: 1_000_000n,
  usec: 1_000n,
  nsec: 1n,
};

/** Units of a time without suffix, in words: seconds, or milliseconds or microseconds (fio's thinktime). */
export const TIME_NAMES = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
} as const;
export type BareTimeUnit = keyof typeof TIME_NAMES;

/** text as it is shown in an error, always on one line: `size=12q`. */
export function shown(option: string, text: string): string {
  const line = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `${option}=${line === '' ? "''" : line.replace(/[^ -~\u00a0-\uffff]/g, '?')}`;
}

/** digits[.digits] times unit, exactly; undefined when that is no whole number. */
function wholeMultiple(digits: string, fraction: string, unit: bigint): bigint | undefined {
  const scale = 10n ** BigInt(fraction.length);
  const product = BigInt(digits + fraction) * unit;
  return product % scale === 0n ? product / scale : undefined;
}

function safe(option: string, text: string, value: bigint, what: string): number {
  if (value > LARGEST) throw usageError(`${shown(option, text)} is too large`, `the largest ${what}`);
  return Number(value);
}

/**
 * A size in bytes: `4k`, `1g`, `0x1000`, `4096`. As in fio with its default kb_base=1024, k, m, g, t and p
 * are powers of 1024 with or without a `b`, and kib, mib, ... are powers of 1000 (see isDecimalSize).
 * @throws BenchError (usage)
 */
export function parseSize(option: string, text: string): number {
  const word = text.trim().toLowerCase();
  const match = /^(?:0x([0-9a-f]+)|(\d+)(?:\.(\d{1,15}))?)([kmgtp]?)(i?b?)$/.exec(word);
  if (!match) {
    const hint = word.endsWith('%') ? 'it cannot be a percentage' : 'like 4096, 4k, 64m or 1g';
    throw usageError(`${shown(option, text)} is not a size`, hint);
  }
  const [, hex, digits = '0', fraction = '', step = '', tail = ''] = match;
  if (tail.startsWith('i') && (step === '' || tail === 'i')) {
    throw usageError(
      `${shown(option, text)} is ambiguous`,
      "fio's manual and fio itself disagree about it: write 1k for 1024, 1kib for 1000",
    );
  }
  const power = BigInt(SIZE_STEPS.indexOf(step as (typeof SIZE_STEPS)[number]));
  const unit = (tail === 'ib' ? 1000n : 1024n) ** power;
  const bytes = hex === undefined ? wholeMultiple(digits, fraction, unit) : BigInt(`0x${hex}`) * unit;
  if (bytes === undefined) throw usageError(`${shown(option, text)} is not a whole number of bytes`);
  return safe(option, text, bytes, 'size is 2^53 bytes');
}

/** Whether text ends in kib, mib, ...: 1000s in fio, to the surprise of everyone who knows IEC's units. */
export function isDecimalSize(text: string): boolean {
  return /[kmgtp]ib\s*$/i.test(text);
}

/** bytes with the largest suffix that loses nothing: 4096 -> 4k, 4097 -> 4097. */
export function formatSize(bytes: number): string {
  let step = 0;
  let rest = bytes;
  while (rest !== 0 && rest % 1024 === 0 && step < SIZE_STEPS.length - 1) {
    rest /= 1024;
    step++;
  }
  return `${rest}${SIZE_STEPS[step]}`;
}

/**
 * A time in nanoseconds: `10`, `10s`, `1.5s`, `500ms`, `2m`, `1h`, `1d`, `20us`, `300ns`.
 * @throws BenchError (usage)
 */
export function parseTime(option: string, text: string, bare: BareTimeUnit): number {
  const match = /^(\d+)(?:\.(\d{1,12}))?([a-z]*)$/.exec(text.trim().toLowerCase());
  const unit = TIME_UNITS_NS[match?.[3] || bare];
  if (!match || unit === undefined) {
    throw usageError(
      `${shown(option, text)} is not a time`,
      `like 10s, 500ms, 20us, 2m or 1h; a bare number is ${TIME_NAMES[bare]}`,
    );
  }
  const ns = wholeMultiple(match[1] ?? '0', match[2] ?? '', unit);
  if (ns === undefined) throw usageError(`${shown(option, text)} is finer than a nanosecond`);
  return safe(option, text, ns, 'time is 104 days');
}

/** ns with the largest suffix that loses nothing: 90e9 -> 90s, 0 -> 0. */
export function formatTime(ns: number): string {
  if (ns === 0) return '0';
  const value = BigInt(ns);
  // Minutes, hours and days only when they read better than seconds: 90s, 2m, 1h.
  const [suffix, unit] = Object.entries(TIME_UNITS_NS).find(([, u]) => value % u === 0n) ?? ['ns', 1n];
  return `${value / unit}${suffix}`;
}

/**
 * ns in the option's bare unit, for the stored job description.
 */
export function inBareUnit(ns: number, bare: BareTimeUnit): number {
  return ns / Number(TIME_UNITS_NS[bare]);
}

/**
 * A whole number, decimal or 0x hexadecimal, with an optional k/m/g suffix as fio allows for every integer.
 * @throws BenchError (usage) outside min..max.
 */
export function parseCount(option: string, text: string, min: number, max: number): number {
  const negative = /^\s*-\d/.test(text);
  const magnitude = negative ? text.trim().slice(1) : text;
  if (!/^\s*(0x[0-9a-f]+|\d+[kmgtp]?)\s*$/i.test(magnitude)) {
    throw usageError(`${shown(option, text)} is not a whole number`);
  }
  const size = parseSize(option, magnitude);
  const value = negative && size !== 0 ? -size : size;
  checkRange(option, text, value, min, max, String);
  return value;
}

/**
 * An unsigned 64-bit number, decimal or 0x hexadecimal.
 * @throws BenchError (usage)
 */
export function parseU64(option: string, text: string): bigint {
  const word = text.trim().toLowerCase();
  if (!/^(0x[0-9a-f]+|\d+)$/.test(word)) throw usageError(`${shown(option, text)} is not a whole number`);
  const value = BigInt(word);
  if (value >= 1n << 64n) throw usageError(`${shown(option, text)} is too large`, 'it must fit in 64 bits');
  return value;
}

/** @throws BenchError (usage) when value is outside min..max. */
export function checkRange(
  option: string,
  text: string,
  value: number,
  min: number,
  max: number,
  format: (value: number) => string,
): void {
  if (value >= min && value <= max) return;
  const range =
    max === Number.MAX_SAFE_INTEGER
      ? `it must be ${format(min)} or more`
      : `it must be from ${format(min)} to ${format(max)}`;
  throw usageError(`${shown(option, text)} is out of range`, range);
}

/**
 * A number with at most six decimals, without sign or exponent, so that it prints as it was written.
 * Undefined when text is nothing of the kind.
 */
export function parseDecimal(text: string): number | undefined {
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

/** value as parseDecimal reads it, never with an exponent. */
export function formatDecimal(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '');
}

/**
 * Percentiles `50:99:99.9` (fio's separator) or `50,99,99.9`, ascending, each once.
 * @throws BenchError (usage) unless each is above 0 and at most 100.
 */
export function parsePercentiles(option: string, text: string): number[] {
  const values = text.split(/[:,]/).map((part) => {
    const value = parseDecimal(part.trim());
    if (value === undefined || value <= 0 || value > 100) {
      throw usageError(
        `${shown(option, text)}: '${part.trim()}' is not a percentile`,
        'numbers above 0 and up to 100, with six decimals at most, like 50:99:99.9',
      );
    }
    return value;
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

/** The list as parsePercentiles reads it. */
export function formatPercentiles(values: readonly number[]): string {
  return values.map(formatDecimal).join(':');
}

/**
 * CPU numbers `0,2-5`, ascending, each once.
 * @throws BenchError (usage) for anything else, or a number above max.
 */
export function parseCpus(option: string, text: string, max: number): number[] {
  const cpus = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,9})(?:-(\d{1,9}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) {
      throw usageError(`${shown(option, text)} is not a list of CPUs`, 'like 0,2-5');
    }
    if (last > max) throw usageError(`${shown(option, text)}: CPU ${last} is out of range`, `up to ${max}`);
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** Ascending numbers with runs joined, as parseCpus reads them: `0,2-5`. */
export function formatCpus(cpus: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const cpu of cpus) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === cpu) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
