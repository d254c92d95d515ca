/**
 * Every option, declared once. The command line, validation, --help, "did you mean", the stored job
 * description and docs/OPTIONS.md come from this table; names, meanings and defaults are fio's where fio has
 * the option. What an option means together with others is in resolve.ts.
 */
import { ownOptions } from '../backends/registry.ts';
import type { Kind, KindValues } from '../values/option-kinds.ts';
import type { OptionSpec } from '../values/option-spec.ts';
import { comparisonOptions } from './options-backends.ts';
import { compareOptions } from './options-compare.ts';
import { jobOptions, patternOptions, queueOptions } from './options-io.ts';
import { fileOptions, lengthOptions, reportOptions } from './options-run.ts';
import { sweepOptions } from './options-sweep.ts';

export const optionTable = [
  ...comparisonOptions,
  ...ownOptions,
  ...fileOptions,
  ...patternOptions,
  ...queueOptions,
  ...jobOptions,
  ...lengthOptions,
  ...reportOptions,
  ...compareOptions,
  ...sweepOptions,
] as const satisfies readonly OptionSpec[];

type Table = (typeof optionTable)[number];

/** Names of all options. */
export type Flag = Table['flag'];

type ValueOf<S> = S extends { kind: 'choice'; values: infer V }
  ? keyof V & string
  : S extends { kind: infer K extends Kind }
    ? KindValues[K]
    : never;

type OwnTable = (typeof ownOptions)[number];

/** Names of the options that single backends know. */
export type OwnFlag = OwnTable['flag'];
type OwnFlagWithout = Exclude<OwnTable, { default: string }>['flag'];

/** The value of each option in memory: bytes, nanoseconds, booleans, the words of a choice. */
export type OptionValues = { [S in Table as S['flag']]: ValueOf<S> };

/** The options that were given, read but not yet seen together. */
export type RawOptions = Partial<OptionValues>;

/** The options whose values a stored result holds; of --job it holds what it came to, for each group. */
type StoredFlag = Exclude<Exclude<Table, { scope: 'output' | 'compare' }>['flag'], 'job'>;

/** Options that may have no value in force: no bound, no reference, all CPUs. */
type OptionalFlag =
  | 'reference'
  | 'until-confident'
  | 'max-trials'
  | 'filename'
  | 'directory'
  | 'size'
  | 'filesize'
  | 'cpus-allowed'
  | OwnFlagWithout
  | 'runtime'
  | 'number-ios'
  | 'io-size';

/** Every option of the stored description with its value in force; null where there is none. */
export type InForce = {
  [F in StoredFlag]: F extends OptionalFlag ? OptionValues[F] | null : OptionValues[F];
};
