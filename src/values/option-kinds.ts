/**
 * The kinds of options: how each is read, printed and stored. A kind knows nothing of the option table, so
 * that the command line, job files and docs/OPTIONS.md all read values the same way.
 */
import { usageError } from '../errors.ts';
import type { Distribution, FileServiceType, Portion, SizeRange, SteadyAsk } from '../workload/workload.ts';
import { didYouMean } from './nearest.ts';
import { formatSteady, parseSteady } from './steady-rule.ts';
import {
  type BareTimeUnit,
  checkRange,
  formatCpus,
  formatDecimal,
  formatPercentiles,
  formatSize,
  formatTime,
  inBareUnit,
  parseCount,
  parseCpus,
  parseDecimal,
  parsePercentiles,
  parseSize,
  parseTime,
  parseU64,
  shown,
  TIME_NAMES,
} from './units.ts';

/** Block sizes by operation, in bytes; undefined where the text left one out (`,8k`: reads keep theirs). */
interface BlockSizes {
  read: number | undefined;
  write: number | undefined;
  trim: number | undefined;
}

/** fio's file_service_type with the number of I/Os to one file before the next: `random:8`. */
interface FileService {
  type: FileServiceType;
  batch: number;
}

/** What a value of each kind is in memory; sizes in bytes, times in nanoseconds. */
export interface KindValues {
  bool: boolean;
  count: number;
  size: number;
  portion: Portion;
  sizerange: SizeRange;
  blocksizes: BlockSizes;
  time: number;
  choice: string;
  seed: bigint;
  text: string;
  list: string[];
  cpus: number[];
  percentiles: number[];
  percent: number;
  distribution: Distribution;
  service: FileService;
  steady: SteadyAsk;
}

export type Kind = keyof KindValues;

/** What a kind may need to know of its option. */
export interface KindSpec {
  flag: string;
  kind: Kind;
  /** Least and greatest value: counts as they are, sizes in bytes, times in nanoseconds. */
  min?: number;
  max?: number;
  /** time: the unit of a number without suffix. Seconds when left out. */
  bare?: BareTimeUnit;
  /** time: whether it must be whole in that unit, since the kernel takes it in that. */
  whole?: true;
  /** choice: each value with fio's other spellings of it. */
  values?: Readonly<Record<string, readonly string[]>>;
  /** choice: what people write for a value, which is not taken but told: not all of it has one meaning. */
  meant?: Readonly<Record<string, readonly string[]>>;
  /** list: what separates entries within one argument; nothing when the argument is one entry. */
  separator?: string;
}

/** A value as JSON holds it. */
export type StoredValue = boolean | number | string | string[] | null;

interface KindOf<T> {
  /** @throws BenchError (usage) that names the option and shows the text */
  parse(text: string, spec: KindSpec): T;
  /** Text that parses back to the value. */
  format(value: T, spec: KindSpec): string;
  /** The value in the stored job description, in the unit that docs/OPTIONS.md names. */
  store(value: T, spec: KindSpec): StoredValue;
}

function bounds(spec: KindSpec): [number, number] {
  return [spec.min ?? 0, spec.max ?? Number.MAX_SAFE_INTEGER];
}

const bool: KindOf<boolean> = {
  parse(text, spec) {
    if (/^(1|true|yes|on)$/i.test(text)) return true;
    if (/^(0|false|no|off)$/i.test(text)) return false;
    throw usageError(`${shown(spec.flag, text)} is neither 1 nor 0`);
  },
  format: (value) => (value ? '1' : '0'),
  store: (value) => value,
};

const count: KindOf<number> = {
  parse: (text, spec) => parseCount(spec.flag, text, ...bounds(spec)),
  format: String,
  store: (value) => value,
};

const size: KindOf<number> = {
  parse(text, spec) {
    const bytes = parseSize(spec.flag, text);
    checkRange(spec.flag, text, bytes, ...bounds(spec), formatSize);
    return bytes;
  },
  format: formatSize,
  store: (value) => value,
};

/** A size, or fio's `50%` of what it is a part of. */
const portion: KindOf<Portion> = {
  parse(text, spec) {
    const digits = /^(.*[^ ]) *%$/.exec(text.trim())?.[1];
    if (digits === undefined) return size.parse(text, spec);
    const number = parseDecimal(digits);
    if (number === undefined || number <= 0 || number > 100) {
      throw usageError(
        `${shown(spec.flag, text)} is not a percentage`,
        'above 0 and up to 100, with six decimals at most, like 50%; or a size',
      );
    }
    return { percent: number };
  },
  format: (value, spec) =>
    typeof value === 'number' ? size.format(value, spec) : `${formatDecimal(value.percent)}%`,
  store: (value, spec) => (typeof value === 'number' ? value : portion.format(value, spec)),
};

/** A size, or fio's `1k-64k`: from the one to the other. */
const sizerange: KindOf<SizeRange> = {
  parse(text, spec) {
    const [least = '', most, ...rest] = text.split(/-|\.\./);
    if (most === undefined) return size.parse(text, spec);
    if (rest.length > 0 || least.trim() === '' || most.trim() === '') {
      throw usageError(`${shown(spec.flag, text)} is neither a size nor a range`, 'like 4k, or 1k-64k');
    }
    const range = { least: size.parse(least, spec), most: size.parse(most, spec) };
    if (range.least > range.most) {
      throw usageError(`${shown(spec.flag, text)} ends below where it begins`, `${most}-${least}`);
    }
    return range.least === range.most ? range.least : range;
  },
  format: (value) =>
    typeof value === 'number' ? formatSize(value) : `${formatSize(value.least)}-${formatSize(value.most)}`,
  store: (value) => (typeof value === 'number' ? value : `${value.least}-${value.most}`),
};

/** fio's `read,write,trim`: a value goes on to the types after it, unless it ends in a comma. */
const blocksizes: KindOf<BlockSizes> = {
  parse(text, spec) {
    const parts = text.split(',');
    if (parts.length > 4 || (parts.length === 4 && parts[3] !== '') || parts.every((part) => part === '')) {
      throw usageError(
        `${shown(spec.flag, text)} is not a block size`,
        'SIZE, or READ,WRITE or READ,WRITE,TRIM',
      );
    }
    const sizes = parts.map((part) => (part === '' ? undefined : size.parse(part, spec)));
    const [read, write, trim] = sizes;
    return {
      read,
      write: sizes.length > 1 ? write : read,
      trim: sizes.length > 2 ? trim : sizes.length > 1 ? write : read,
    };
  },
  format({ read, write, trim }) {
    if (read === write && write === trim && read !== undefined) return formatSize(read);
    const parts = [read, write, trim].map((bytes) => (bytes === undefined ? '' : formatSize(bytes)));
    return parts.join(',');
  },
  store({ read, write, trim }) {
    if (read !== undefined && read === write && write === trim) return read;
    return [read, write, trim].map((bytes) => bytes ?? '').join(',');
  },
};

const time: KindOf<number> = {
  parse(text, spec) {
    const ns = parseTime(spec.flag, text, spec.bare ?? 's');
    checkRange(spec.flag, text, ns, ...bounds(spec), formatTime);
    const { bare = 's', whole = false } = spec;
    if (whole && !Number.isInteger(inBareUnit(ns, bare))) {
      throw usageError(`${shown(spec.flag, text)} is no whole number of ${TIME_NAMES[bare]}`);
    }
    return ns;
  },
  format: formatTime,
  store: (value, spec) => inBareUnit(value, spec.bare ?? 's'),
};

const choice: KindOf<string> = {
  parse(text, spec) {
    const values = spec.values ?? {};
    for (const [value, spellings] of Object.entries(values)) {
      if (text === value || spellings.includes(text)) return value;
    }
    const known = Object.keys(values);
    const list = `one of: ${known.join(', ')}`;
    const [head = '', ...rest] = text.split(':');
    if (rest.length > 0 && Object.hasOwn(values, head)) {
      throw usageError(`${shown(spec.flag, text)}: nothing may follow '${head}' here`, list);
    }
    const meant = known.filter((value) => spec.meant?.[value]?.includes(text.toLowerCase()));
    throw usageError(`unknown value ${shown(spec.flag, text)}${didYouMean(text, known, '', meant)}`, list);
  },
  format: (value) => value,
  store: (value) => value,
};

const seed: KindOf<bigint> = {
  parse: (text, spec) => parseU64(spec.flag, text),
  format: String,
  // All 64 bits survive only as text.
  store: String,
};

const text: KindOf<string> = {
  parse(value, spec) {
    if (value === '') throw usageError(`${spec.flag} needs a value`);
    if (value.includes('\0')) throw usageError(`${shown(spec.flag, value)} contains a NUL`);
    return value;
  },
  format: (value) => value,
  store: (value) => value,
};

const list: KindOf<string[]> = {
  parse(value, spec) {
    const parts = spec.separator === undefined ? [value] : value.split(spec.separator);
    return parts.map((part) => text.parse(spec.separator === undefined ? part : part.trim(), spec));
  },
  format: (value, spec) => value.join(spec.separator ?? ':'),
  store: (value) => [...value],
};

const cpus: KindOf<number[]> = {
  parse: (value, spec) => parseCpus(spec.flag, value, spec.max ?? 1023),
  format: (value) => formatCpus(value),
  store: (value) => formatCpus(value),
};

const percentiles: KindOf<number[]> = {
  parse: (value, spec) => parsePercentiles(spec.flag, value),
  format: (value) => formatPercentiles(value),
  store: (value) => formatPercentiles(value),
};

/** `5`, `2.5` or `5%`: above 0, up to 100. */
const percent: KindOf<number> = {
  parse(value, spec) {
    const number = parseDecimal(value.trim().replace(/ *%$/, ''));
    if (number === undefined || number <= 0 || number > 100) {
      throw usageError(
        `${shown(spec.flag, value)} is not a percentage`,
        'above 0 and up to 100, with six decimals at most, like 2.5',
      );
    }
    return number;
  },
  format: formatDecimal,
  store: (value) => value,
};

/** fio's own limits and defaults of its distributions. */
const distribution: KindOf<Distribution> = {
  parse(value, spec) {
    const [name = '', ...rest] = value.split(':');
    const given = rest.length === 1 ? parseDecimal(rest[0] ?? '') : undefined;
    const wrong = (why: string) => usageError(`${shown(spec.flag, value)}: ${why}`);
    if (rest.length > 0 && given === undefined) throw wrong(`'${rest.join(':')}' is not a number`);
    switch (name) {
      case 'random':
        if (given !== undefined) throw wrong('random takes no number');
        return { kind: 'random' };
      case 'zipf':
        if (given === 1 || given === 0) throw wrong('theta must be above 0 and other than 1');
        return { kind: 'zipf', theta: given ?? 1.1 };
      case 'pareto':
        // Below 1e-16 it is nothing, beside 1.
        if (given !== undefined && (1 - given >= 1 || given >= 1)) throw wrong('h must be between 0 and 1');
        return { kind: 'pareto', h: given ?? 0.2 };
      case 'normal':
        if (given === undefined) throw wrong('normal needs a deviation in percent, like normal:10');
        if (given <= 0 || given >= 100) throw wrong('the deviation must be between 0 and 100 percent');
        return { kind: 'normal', deviation: given };
      default:
        throw usageError(
          `unknown value ${shown(spec.flag, value)}${didYouMean(name, ['random', 'zipf', 'pareto', 'normal'])}`,
          'one of: random, zipf:THETA, pareto:H, normal:DEVIATION',
        );
    }
  },
  format(value) {
    switch (value.kind) {
      case 'random':
        return 'random';
      case 'zipf':
        return `zipf:${formatDecimal(value.theta)}`;
      case 'pareto':
        return `pareto:${formatDecimal(value.h)}`;
      case 'normal':
        return `normal:${formatDecimal(value.deviation)}`;
    }
  },
  store: (value, spec) => distribution.format(value, spec),
};

const SERVICES: readonly FileServiceType[] = ['random', 'roundrobin', 'sequential'];

const service: KindOf<FileService> = {
  parse(value, spec) {
    const [name = '', batch, ...rest] = value.split(':');
    const type = SERVICES.find((known) => known === name);
    if (type === undefined || rest.length > 0) {
      throw usageError(
        `unknown value ${shown(spec.flag, value)}${didYouMean(name, SERVICES)}`,
        'one of: random, roundrobin, sequential; with :N for N I/Os to a file before the next',
      );
    }
    if (batch !== undefined && type === 'sequential') {
      throw usageError(`${shown(spec.flag, value)}: sequential takes no number`);
    }
    return { type, batch: batch === undefined ? 1 : parseCount(spec.flag, batch, 1, 2 ** 31) };
  },
  format: ({ type, batch }) => (batch === 1 ? type : `${type}:${batch}`),
  store: (value, spec) => service.format(value, spec),
};

const steady: KindOf<SteadyAsk> = {
  parse: (value, spec) => parseSteady(spec.flag, value),
  format: (value) => formatSteady(value),
  store: (value) => formatSteady(value),
};

/** All kinds by name. */
export const kinds: { readonly [K in Kind]: KindOf<KindValues[K]> } = {
  bool,
  count,
  size,
  portion,
  sizerange,
  blocksizes,
  time,
  choice,
  seed,
  text,
  list,
  cpus,
  percentiles,
  percent,
  distribution,
  service,
  steady,
};
