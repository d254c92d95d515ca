/** What a backend is, and a variant of it: types alone. registry.ts lists the backends. */

import type { StructValues } from '../native/codec.ts';
import type { OptionSpec } from '../values/option-spec.ts';
import type { OperationKind, OperationName } from '../workload/operations.ts';
import type { Isolation, Workload } from '../workload/workload.ts';

/** What a workload, or what its jobs are, must be for a backend or a feature to make sense; told when it is not. */
interface Requirement {
  test: (workload: Workload, isolation: Isolation) => boolean;
  what: string;
}

/** What people should know of a feature. */
export interface FeatureWords {
  /** One line for people. */
  help: string;
  /** Kernel version that brought it: "5.1". */
  since: string;
  /** The version that brought it together with another feature, where that was later. */
  sinceWith?: Readonly<Record<string, string>>;
  requires?: Requirement;
  /** What it means when I/O with it is refused (EOPNOTSUPP), though the kernel knows it. */
  refused?: string;
}

export interface Feature extends FeatureWords {
  name: string;
  /** Bit in ub_job.features. */
  bit: number;
  /** Features that must be there, too. */
  needs: readonly string[];
  /** Features that it can't be combined with; stated on one side only. */
  excludes: readonly string[];
  /** Of the operations that it is for. */
  kinds: readonly OperationKind[];
}

/** The way that an option's value takes into the native job, when no more is done with it. */
export interface NativeField {
  /** Of struct ub_job. */
  field: keyof StructValues<'job'>;
  /** What one of the field's units is in those of the value: 1e6 for milliseconds of a time. */
  per?: number;
  /** choice: the number of each word. */
  words?: Readonly<Record<string, number>>;
  /** What stands for no value, for an option without default. */
  none?: number;
}

/** An entry of the option table. */
export interface TableOption extends OptionSpec {
  /** For an option of the workload: resolving it, storing it and handing it to the jobs take no more than this. */
  native?: NativeField;
}

/** An option that one backend knows. */
export interface OwnOption extends TableOption {
  group: 'backends';
  scope: 'workload';
  backends: readonly [string, ...string[]];
  native: NativeField;
}

/** What a backend says of an errno at a stage, beyond the general hints: the likely mend. */
type Hint = (errno: number, stage: string, workload: Workload) => string | undefined;

/** What people should know of a backend. */
export interface BackendWords {
  /** Other names for it, fio's ioengines above all, each with the features that it stands for. */
  aliases: Readonly<Record<string, readonly string[]>>;
  /** What people call it that is not taken but told: some of it is said of several. */
  meant: readonly string[];
  summary: string;
  /** Names that stand for several features: enhanced -> registerfiles, fixedbufs. */
  presets: Readonly<Record<string, readonly string[]>>;
  /** Those that few backends know, each with the first that does; registry.ts gathers them for the option table. */
  options: readonly OwnOption[];
  /** The first that is not met is told. */
  requires?: readonly Requirement[];
  hint?: Hint;
}

/** With what the native library knows of it (define.ts). */
export interface Backend extends BackendWords {
  name: string;
  /** Number in the ABI. */
  id: number;
  features: readonly Feature[];
  /** Whether it can have more than one I/O in flight (sync and its like cannot). */
  async: boolean;
  /** Whether submission is a call of its own, so that slat can be told from clat. */
  hasSlat: boolean;
  /** Whether all system calls made for I/O are counted; false when a library makes more unseen. */
  syscallsExact: boolean;
  /** Whether it can do operations that follow each other as one I/O (--pair). */
  pairs: boolean;
  /** Operations it can do. */
  ops: readonly OperationName[];
}

/** A backend with the features that were asked for. */
export interface Variant {
  backend: Backend;
  /** Sorted, each once. */
  features: readonly Feature[];
  /** Canonical: `io_uring+fixedbufs+registerfiles`. */
  name: string;
  /** As it was asked for, with aliases replaced: `io_uring+enhanced`. What tables show. */
  label: string;
}
