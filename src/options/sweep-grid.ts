/**
 * The grid of a sweep: options with several values (`4k,8k`, `1..64`, `4..16:4`) and the points that they make.
 * Every single value is read by the option table, as in a run.
 */
import { usageError } from '../errors.ts';
import type { Kind } from '../values/option-kinds.ts';
import { parseCount, parseSize, parseTime, shown } from '../values/units.ts';
import { formatOption, type KnownOption, parseOption, specOf, type WrittenOption } from './option-reader.ts';
import type { Flag, OptionValues } from './options.ts';

/** Values of kinds that have an order: they can be written as ranges, and be an axis. */
const NUMBERS: readonly Kind[] = ['count', 'size', 'portion', 'blocksizes', 'time'];
/** Kinds whose single value never has a comma. */
const WORDS: readonly Kind[] = ['bool', 'choice', 'seed', 'distribution', 'service'];

/** More points than anyone waits for: a range was mistyped. */
const POINTS_MAX = 4096;

/** Options that make the best axis, in this order; any other number follows. */
const AXES: readonly Flag[] = ['iodepth', 'numjobs', 'bs'];

/** An option of several values. */
interface Dimension {
  flag: Flag;
  /** In the option's own syntax, canonical, each once, in the order of the runs. */
  values: readonly string[];
}

export interface Grid {
  /** The outermost first; the axis is the innermost. */
  dimensions: readonly Dimension[];
  /** The dimension that plots and the knee go along; null when none is a number. */
  axis: Flag | null;
  /** Everything that is the same at all points. */
  fixed: readonly WrittenOption[];
}

/** The value of each dimension. */
export type PointValues = Readonly<Record<string, string>>;

/** Whether a sweep may give several values to an option. */
export function isSweepable({ scope, kind }: Pick<KnownOption, 'scope' | 'kind'>): boolean {
  return scope === 'workload' && (NUMBERS.includes(kind) || WORDS.includes(kind));
}

/** The number that a value stands for: bytes, nanoseconds, a count; null for a word. */
export function axisNumber(flag: Flag, text: string): number | null {
  const { kind } = specOf(flag);
  if (!NUMBERS.includes(kind)) return null;
  const value: unknown = parseOption(flag, text);
  if (kind === 'blocksizes') return (value as OptionValues['bs']).read ?? null;
  return typeof value === 'number' ? value : null;
}

/** A number as the option's text. */
function textOf(flag: Flag, number: number): string {
  const isBs = specOf(flag).kind === 'blocksizes';
  const value: unknown = isBs ? { read: number, write: number, trim: number } : number;
  return formatOption(flag, value as OptionValues[Flag]);
}

function stepOf(spec: KnownOption, text: string): number {
  const name = `${spec.flag}: the step`;
  if (spec.kind === 'time') return parseTime(name, text, spec.bare ?? 's');
  if (spec.kind === 'count') return parseCount(name, text, 1, Number.MAX_SAFE_INTEGER);
  return parseSize(name, text);
}

/** `4..64`: each twice the one before; `4..16:4`: 4 more each time. Neither goes beyond its end. */
function expandRange(flag: Flag, text: string, from: string, to: string, step: string | undefined): string[] {
  const first = axisNumber(flag, from) ?? 0;
  const last = axisNumber(flag, to) ?? 0;
  const wrong = (why: string, hint: string) => usageError(`${shown(flag, text)}: ${why}`, hint);
  if (last < first) throw wrong('a range goes up', `write ${to}..${from}`);
  const add = step === undefined ? null : stepOf(specOf(flag), step);
  if (add === 0) throw wrong('a step of 0 goes nowhere', 'leave it out to double');
  if (add === null && first <= 0) throw wrong('doubling needs a start above 0', `like ${first},1..${to}`);
  const values: string[] = [];
  for (let at = first; at <= last; at = add === null ? at * 2 : at + add) {
    if (values.length === POINTS_MAX) throw wrong(`more than ${POINTS_MAX} values`, 'use a larger step');
    values.push(textOf(flag, at));
  }
  return values;
}

/**
 * The values that a text stands for, each once.
 * @throws BenchError (usage)
 */
export function expandValues(flag: Flag, text: string): string[] {
  const { kind } = specOf(flag);
  if (kind === 'portion' && text.includes('%') && /,|\.\./.test(text)) {
    throw usageError(`${shown(flag, text)}: a sweep goes over sizes`, 'not over percentages');
  }
  const values = text.split(',').flatMap((part) => {
    const word = part.trim();
    if (word === '') {
      const hint = kind === 'blocksizes' ? 'in a sweep a comma separates values: 4k,8k are two' : undefined;
      throw usageError(`${shown(flag, text)}: a value is missing`, hint);
    }
    const range = NUMBERS.includes(kind) ? /^(.+?)\.\.(.+?)(?::(.+))?$/.exec(word) : null;
    if (range) return expandRange(flag, word, range[1] ?? '', range[2] ?? '', range[3]);
    return [formatOption(flag, parseOption(flag, word))];
  });
  return [...new Set(values)];
}

function axisOf(dimensions: readonly Dimension[]): Flag | null {
  const numbers = dimensions.map(({ flag }) => flag).filter((flag) => NUMBERS.includes(specOf(flag).kind));
  return AXES.find((flag) => numbers.includes(flag)) ?? numbers[0] ?? null;
}

/**
 * Reads the options of a sweep. Of an option that is given twice the last counts, as in a run.
 * @throws BenchError (usage) for a value that cannot be read, no option with several values, too many points
 */
export function readGrid(written: readonly WrittenOption[]): Grid {
  const fixed: WrittenOption[] = [];
  const dimensions: Dimension[] = [];
  for (const [at, { flag, text }] of written.entries()) {
    if (!isSweepable(specOf(flag))) fixed.push({ flag, text });
    else if (!written.slice(at + 1).some((later) => later.flag === flag)) {
      const values = expandValues(flag, text);
      // A single value stays as it was typed: the reader of options may have a remark on it (1kib).
      if (values.length > 1) dimensions.push({ flag, values });
      else fixed.push({ flag, text: /,|\.\./.test(text) ? (values[0] ?? text) : text });
    }
  }
  if (dimensions.length === 0) {
    throw usageError('sweep needs an option of several values', 'like --iodepth 1..64 or --bs 4k,16k,64k');
  }
  const points = dimensions.reduce((product, { values }) => product * values.length, 1);
  if (points > POINTS_MAX) {
    const sizes = dimensions.map(({ flag, values }) => `${values.length} ${flag}`).join(' x ');
    throw usageError(`${sizes} are ${points} points`, `at most ${POINTS_MAX}`);
  }
  const axis = axisOf(dimensions);
  const outer = dimensions.filter(({ flag }) => flag !== axis);
  return { dimensions: [...outer, ...dimensions.filter(({ flag }) => flag === axis)], axis, fixed };
}

/** Every point in the order of the runs: the last dimension changes first. */
export function gridPoints({ dimensions }: Pick<Grid, 'dimensions'>): PointValues[] {
  return dimensions.reduce<PointValues[]>(
    (points, { flag, values }) =>
      points.flatMap((point) => values.map((value) => ({ ...point, [flag]: value }))),
    [{}],
  );
}

/** The options of one point, as a run would be given them. */
export function pointOptions({ dimensions, fixed }: Grid, point: PointValues): WrittenOption[] {
  const own = dimensions.map(({ flag }): WrittenOption => ({ flag, text: point[flag] ?? '' }));
  return [...fixed, ...own];
}

/** `bs=512 iodepth=4` */
export function pointText(point: PointValues): string {
  return Object.entries(point)
    .map(([flag, value]) => `${flag}=${value}`)
    .join(' ');
}
