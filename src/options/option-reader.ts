/** Reading, printing and storing options by the table: what the command line and job files share. */
import { type BenchError, usageError } from '../errors.ts';
import type { ResultWarning } from '../results/schema.ts';
import { didYouMean } from '../values/nearest.ts';
import { type KindValues, kinds, type StoredValue } from '../values/option-kinds.ts';
import type { OptionSpec } from '../values/option-spec.ts';
import { formatSize, isDecimalSize, parseSize, shown } from '../values/units.ts';
import { type Flag, type InForce, type OptionValues, optionTable, type RawOptions } from './options.ts';
import { ofOtherName } from './other-names.ts';

/** An entry of the table, its exact type forgotten. */
export type KnownOption = OptionSpec & { flag: Flag };

/** The table for those who go through it. */
export const knownOptions: readonly KnownOption[] = optionTable;

const byName = new Map<string, KnownOption>();
for (const spec of knownOptions) {
  for (const name of [spec.flag, ...(spec.aliases ?? [])]) byName.set(name, spec);
}

/** A name as it was typed, in the table's spelling: `iodepth_batch` -> `iodepth-batch`. */
export function canonicalName(name: string): string {
  return name.replaceAll('_', '-').toLowerCase();
}

/** The option of that name or alias; undefined when there is none. */
export function findOption(name: string): KnownOption | undefined {
  return byName.get(canonicalName(name));
}

/** Whether a name is none of an option here, and something is said of it. */
export function isOtherName(name: string): boolean {
  return findOption(name) === undefined && ofOtherName(canonicalName(name), knownOptions) !== undefined;
}

/** The entry of an option that is known to exist. */
export function specOf(flag: Flag): KnownOption {
  const spec = byName.get(flag);
  if (spec === undefined) throw new Error(`no option ${flag} in the table`);
  return spec;
}

/**
 * The error for an unknown option: what it is here when it is of another tool, else the nearest one.
 * @param prefix what stands before a name where it was typed: `--` on the command line
 */
export function unknownOption(name: string, prefix: string): BenchError {
  const plain = canonicalName(name);
  const hint = ofOtherName(plain, knownOptions);
  if (hint !== undefined) return usageError(`there is no option ${prefix}${name}`, hint);
  const negated = plain.startsWith('no-') ? 'no-' : '';
  const known = [...byName]
    .filter(([, spec]) => negated === '' || spec.kind === 'bool')
    .map(([name]) => negated + name);
  return usageError(`unknown option '${prefix}${name}'${didYouMean(plain, known, prefix)}`);
}

/**
 * Reads one option's text.
 * @throws BenchError (usage)
 */
export function parseOption<F extends Flag>(flag: F, text: string): OptionValues[F] {
  const spec = specOf(flag);
  return kinds[spec.kind].parse(text, spec) as OptionValues[F];
}

/** The value that the table gives as default. @throws Error (a bug) when the table has none. */
export function defaultOf<F extends Flag>(flag: F): OptionValues[F] {
  const text = specOf(flag).default;
  if (text === undefined) throw new Error(`option ${flag} has no fixed default`);
  return parseOption(flag, text);
}

/** value as text that parses back to it. */
export function formatOption<F extends Flag>(flag: F, value: OptionValues[F]): string {
  const spec = specOf(flag);
  return kinds[spec.kind].format(value as KindValues[typeof spec.kind] as never, spec);
}

/** The stored job description: every option with its value in force, by flag name. */
export function storeOptions(values: InForce): Record<string, StoredValue> {
  return Object.fromEntries(
    Object.entries(values).map(([flag, value]) => {
      const spec = specOf(flag as Flag);
      return [flag, value === null ? null : kinds[spec.kind].store(value as never, spec)];
    }),
  );
}

/** One option as it was written: on the command line `--name=text`, in a job file `name=text`. */
export interface WrittenOption {
  flag: Flag;
  text: string;
}

/**
 * Reads options one by one; of several, the last counts, but lists add up.
 * @throws BenchError (usage) for the first that cannot be read
 */
export function readOptions(written: Iterable<WrittenOption>): {
  raw: RawOptions;
  warnings: ResultWarning[];
} {
  const values = new Map<Flag, unknown>();
  const warnings: ResultWarning[] = [];
  for (const { flag, text } of written) {
    const value: unknown = parseOption(flag, text);
    const before = values.get(flag);
    if (flag === 'name' && before !== undefined) {
      throw usageError(
        `name=${before} and name=${text}: a second name would begin a second job in fio`,
        "jobs of their own are --job 'name=a rw=read' --job 'name=b rw=write'",
      );
    }
    const adds = specOf(flag).kind === 'list' && Array.isArray(before) && Array.isArray(value);
    values.set(flag, adds ? [...before, ...value] : value);
    warnings.push(...decimalSizeWarning(flag, text));
  }
  return { raw: Object.fromEntries(values) as RawOptions, warnings };
}

/** The part of a text that is a size in powers of 1000; null when there is none. */
function decimalSize(flag: Flag, text: string): string | null {
  const { kind } = specOf(flag);
  if (kind !== 'size' && kind !== 'portion' && kind !== 'sizerange' && kind !== 'blocksizes') return null;
  return text.split(kind === 'sizerange' ? /-|\.\./ : ',').find(isDecimalSize) ?? null;
}

/**
 * How sizes were read that mean something else to most people: "bs=1MiB was read as 1000000 bytes, as in fio". For an error that
 * speaks of other numbers than were typed.
 */
export function readingsOf(written: readonly WrittenOption[]): string[] {
  return written.flatMap(({ flag, text }) => {
    const decimal = decimalSize(flag, text);
    if (decimal === null) return [];
    return [`${shown(flag, decimal.trim())} was read as ${parseSize(flag, decimal)} bytes, as in fio`];
  });
}

/** 64MiB is 64 million bytes in fio: said aloud, because nobody expects it. */
function decimalSizeWarning(flag: Flag, text: string): ResultWarning[] {
  const decimal = decimalSize(flag, text);
  if (decimal === null) return [];
  const binary = formatSize(parseSize(flag, decimal.trim().replace(/ib$/i, '')));
  const message =
    `${shown(flag, decimal.trim())} is ${parseSize(flag, decimal)} bytes, as in fio, where kib, mib and gib are powers` +
    ` of 1000 (${binary} is ${parseSize(flag, binary)} bytes)`;
  return [{ code: 'decimal-size', message, variant: null, trial: null }];
}
