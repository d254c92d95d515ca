/**
 * Every option, declared once. The command line, validation, --help, "did you mean", the stored job
 * description and docs/OPTIONS.md come from this table; names, meanings and defaults are fio's where fio has
 * the option. What an option means together with others is in resolve.ts.
 */
import type { NativeField, TableOption } from '../backends/backend.ts';
import { ownOptions } from '../backends/registry.ts';
import type { Kind, KindValues } from '../values/option-kinds.ts';
import { comparisonOptions } from './options-backends.ts';
import { compareOptions } from './options-compare.ts';
import { echoOptions } from './options-echo.ts';
import { evaluateOptions } from './options-evaluate.ts';
import { jobOptions, patternOptions, queueOptions } from './options-io.ts';
import { listOptions } from './options-list.ts';
import { rateOptions } from './options-rate.ts';
import { fileOptions, lengthOptions, reportOptions } from './options-run.ts';
import { seriesOptions } from './options-series.ts';
import { sweepOptions } from './options-sweep.ts';

export const optionTable = [
  ...comparisonOptions,
  ...ownOptions,
  ...fileOptions,
  ...patternOptions,
  ...queueOptions,
  ...jobOptions,
  ...rateOptions,
  ...lengthOptions,
  ...seriesOptions,
  ...reportOptions,
  ...compareOptions,
  ...listOptions,
  ...sweepOptions,
  ...evaluateOptions,
  ...echoOptions,
] as const satisfies readonly TableOption[];

type Table = (typeof optionTable)[number];

/** Names of all options. */
export type Flag = Table['flag'];

type ValueOf<S> = S extends { kind: 'choice'; values: infer V }
  ? keyof V & string
  : S extends { kind: infer K extends Kind }
    ? KindValues[K]
    : never;

type NativeOption = Extract<Table, { native: NativeField }>;

/** The options whose values go into fields of the native job, as they are declared, and nowhere else. */
export const nativeOptions: readonly NativeOption[] = optionTable.filter((option) => 'native' in option);

/** Names of these options. */
export type NativeFlag = NativeOption['flag'];
type NativeFlagWithout = Exclude<NativeOption, { default: string }>['flag'];

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
  | 'rate'
  | 'rate-iops'
  | 'latency-target'
  | 'rate-min'
  | 'rate-iops-min'
  | NativeFlagWithout
  | 'runtime'
  | 'number-ios'
  | 'io-size'
  | 'fallocate'
  | 'interval'
  | 'steady-state';

/** Every option of the stored description with its value in force; null where there is none. */
export type InForce = {
  [F in StoredFlag]: F extends OptionalFlag ? OptionValues[F] | null : OptionValues[F];
};
