/** What --job says: one group of jobs, in the words of the command line without their dashes. */
import { usageError } from '../errors.ts';
import {
  findOption,
  formatOption,
  type KnownOption,
  readOptions,
  unknownOption,
  type WrittenOption,
} from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { didYouMean } from '../values/nearest.ts';
import { shown } from '../values/units.ts';

/** A group as it was asked for. */
export interface AskedGroup {
  name: string;
  /** Name of the group at whose end it starts; null: with the trial. */
  startAfter: string | null;
  /** What it says itself; everything else is the run's. */
  own: RawOptions;
  warnings: ResultWarning[];
}

/** Options of the workload that hold for all groups of a run: what a process uses beside its jobs is counted once. */
const OF_THE_RUN: readonly string[] = ['isolation', 'ramp-time'];

/** `rw=write name='a b'` -> words; quotes keep what is between them together, as a shell's do. */
function wordsOf(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  if (/["']/.test(text.replace(/"[^"]*"|'[^']*'/g, ''))) {
    throw usageError(`job='${text}': a quote is not closed`);
  }
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function checkAllowed({ flag, scope }: KnownOption, text: string): void {
  if ((scope === 'workload' || flag === 'backend') && !OF_THE_RUN.includes(flag)) return;
  throw usageError(`job='${text}': ${flag} holds for all jobs of a run`, `give --${flag} beside --job`);
}

/** `rw=write`, or `direct` alone. */
function readWord(word: string, text: string): WrittenOption {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  const spec = findOption(name.replace(/^--/, ''));
  if (spec === undefined) throw unknownOption(name, '');
  checkAllowed(spec, text);
  if (equals >= 0) return { flag: spec.flag, text: word.slice(equals + 1) };
  const bare = spec.kind === 'bool' ? '1' : spec.whenBare;
  if (bare === undefined) throw usageError(`job='${text}': ${name} needs a value`, `write ${name}=VALUE`);
  return { flag: spec.flag, text: bare };
}

function readGroup(text: string, index: number): AskedGroup {
  let startAfter: string | null = null;
  const written: WrittenOption[] = [];
  for (const word of wordsOf(text)) {
    if (word.startsWith('after=')) startAfter = word.slice('after='.length);
    else written.push(readWord(word, text));
  }
  const { raw, warnings } = readOptions(written);
  if (raw.backend !== undefined && raw.backend.length !== 1) {
    throw usageError(
      `job='${text}': ${shown('backend', formatOption('backend', raw.backend))} is not one backend`,
      'what is compared stands in --backend',
    );
  }
  return { name: raw.name ?? `job${index + 1}`, startAfter, own: raw, warnings };
}

/**
 * The groups that --job options ask for, in their order.
 * @throws BenchError (usage) for a word that is no option of a job, a name given twice, an `after` that names no
 * group before its own
 */
export function readGroups(texts: readonly string[]): AskedGroup[] {
  const groups = texts.map(readGroup);
  for (const [at, { name, startAfter }] of groups.entries()) {
    const before = groups.slice(0, at).map((other) => other.name);
    if (before.includes(name)) throw usageError(`two jobs have the name '${name}'`, 'give each its own');
    if (startAfter === null || before.includes(startAfter)) continue;
    const later = groups.some((other) => other.name === startAfter);
    throw usageError(
      `job ${name}: after=${startAfter} ${later ? 'names no job before it' : `names no job${didYouMean(startAfter, before)}`}`,
      later
        ? 'put the one that comes first before it'
        : `there are: ${before.join(', ') || 'none before it'}`,
    );
  }
  return groups;
}
