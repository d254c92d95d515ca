/** What an entry of the option table holds, and the headings it is shown under. */
import type { Kind, KindSpec } from './option-kinds.ts';

/** Headings of --help and docs/OPTIONS.md, in their order. */
export const groups = {
  backends: 'Backends',
  files: 'Files and devices',
  pattern: 'I/O pattern and data',
  queue: 'Queue and cache',
  jobs: 'Jobs and CPUs',
  length: 'Length of a run',
  report: 'Report',
  compare: 'Comparison and regression gate',
  find: 'Finding stored results',
  sweep: "Sweeps and the article's experiments",
  evaluate: 'Evaluation of a drive',
  echo: 'Request and response',
} as const;

export type Group = keyof typeof groups;

export interface OptionSpec extends KindSpec {
  /** Canonical name, without dashes in front. `_` and `-` mean the same everywhere. */
  flag: string;
  /** fio's other names. */
  aliases?: readonly string[];
  kind: Kind;
  group: Group;
  /** One line for people, without its default. */
  help: string;
  /** Its line on the first page of --help, with the default: the options that most people use have one. */
  brief?: string;
  /** What stands for the value in --help. */
  metavar?: string;
  /** What --help shows in place of `--flag METAVAR`: the form that people type. */
  shownAs?: string;
  /** In the option's own syntax. */
  default?: string;
  /** In words, when the default depends on other things (resolve.ts applies it). */
  defaultNote?: string;
  /** Value of a non-boolean flag that is given without one. */
  whenBare?: string;
  /** Whether its value stands behind = alone: the next word is never it. */
  equalsOnly?: true;
  /** Backends that know the option; all when left out. */
  backends?: readonly string[];
  /** The I/O it has an effect on; given without such I/O it is reported as ignored. */
  needs?: 'write' | 'mixed' | 'random' | 'data' | 'moves' | 'tree';
  /** What may have been meant by it where it has none, in words. */
  otherwise?: string;
  /**
   * workload: what I/O is done, the same for every backend; run: how it is repeated and measured; output:
   * where the report goes; compare: what commands other than a run know alone. The stored job
   * description holds the first two.
   */
  scope: 'workload' | 'run' | 'output' | 'compare';
}
