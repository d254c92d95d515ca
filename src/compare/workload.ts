/** Whether two results are of the same workload: nothing else may be compared. */
import { type BenchError, usageError } from '../errors.ts';
import { findOption, type KnownOption, parseOption } from '../options/option-reader.ts';
import type { RunResult } from '../results/schema.ts';
import { kinds } from '../values/option-kinds.ts';
import { formatSize } from '../values/units.ts';
import type { ComparisonWarning } from './schema.ts';

/** A stored result with where it came from. */
export interface StoredRun {
  path: string;
  result: RunResult;
  /** Whether it is a run of its own whatever stands beside it: an entry of a baseline. */
  apart?: true;
}

/** Where the I/O goes. Comparing two drives or two file systems is a use, so it is told and not refused. */
const PLACE: readonly string[] = ['filename', 'directory'];
/**
 * Options that change how long, with which random numbers or with which counters the same I/O is measured, and how slow the
 * null backend's pretended device is: told, not refused.
 */
const LENIENT: readonly string[] = [
  ...[...PLACE, 'runtime', 'ramp-time', 'startdelay', 'randseed', 'null-delay'],
  'count-instructions',
];
/** A label. */
const IGNORED: readonly string[] = ['name'];

interface OptionDifference {
  flag: string;
  /** As people write it; `none` where no value is in force. */
  before: string;
  after: string;
}

/** What a result that knows nothing of an option was run with: its default, when that is a fixed one. */
function defaultStored(spec: KnownOption): unknown {
  if (spec.default === undefined) return undefined;
  return kinds[spec.kind].store(parseOption(spec.flag, spec.default) as never, spec);
}

function showStored(spec: KnownOption | undefined, value: unknown): string {
  if (value === null || value === undefined) return 'none';
  const size = spec?.kind === 'size' || spec?.kind === 'blocksizes';
  if (size && typeof value === 'number') return formatSize(value);
  if (typeof value === 'boolean') return String(Number(value));
  return Array.isArray(value) ? value.join(':') : String(value);
}

/** Options of the workload that are not the same. One that this version doesn't know counts as workload too. */
function optionDifferences(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): OptionDifference[] {
  const flags = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return flags.flatMap((flag) => {
    const spec = findOption(flag);
    if (IGNORED.includes(flag) || (spec !== undefined && spec.scope !== 'workload')) return [];
    const fallback = spec === undefined ? undefined : defaultStored(spec);
    const left = Object.hasOwn(before, flag) ? before[flag] : fallback;
    const right = Object.hasOwn(after, flag) ? after[flag] : fallback;
    // An older version's result without an option that has no fixed default: nothing can be said.
    if (spec !== undefined && (left === undefined || right === undefined)) return [];
    if (JSON.stringify(left ?? null) === JSON.stringify(right ?? null)) return [];
    return [{ flag, before: showStored(spec, left), after: showStored(spec, right) }];
  });
}

function list(differences: readonly OptionDifference[]): string {
  return differences.map(({ flag, before, after }) => `${flag}=${before} and ${after}`).join(', ');
}

function notTheSame(before: StoredRun, after: WorkloadOf, what: string): BenchError {
  return usageError(
    `${after.path} is not the workload of ${before.path}: ${what}`,
    after.hint ?? 'only equal workloads compare: run one of them again with the options of the other',
  );
}

/** One group of jobs, as it is stored. */
type GroupOf = Pick<RunResult['jobs'][number], 'options' | 'variant' | 'after'>;

/** What is compared of a run: of a stored one, or of one that is about to be run. */
export interface WorkloadOf {
  path: string;
  /** What to do when it is another workload. */
  hint?: string;
  jobs: readonly GroupOf[];
}

/** Options, and what stands beside them: a backend of its own, and when it starts. */
function groupDifferences(before: GroupOf, after: GroupOf): OptionDifference[] {
  const beside = (['variant', 'after'] as const).filter((name) => before[name] !== after[name]);
  return [
    ...beside.map((name) => ({
      flag: name === 'variant' ? 'backend' : name,
      before: before[name] ?? 'none',
      after: after[name] ?? 'none',
    })),
    ...optionDifferences(before.options, after.options),
  ];
}

/**
 * Checks that another run is of the same workload.
 * @returns what differs without making it another workload
 * @throws BenchError (usage) that names each option that differs
 */
export function checkSameWorkload(before: StoredRun, after: WorkloadOf): ComparisonWarning[] {
  const { jobs } = before.result;
  if (jobs.length !== after.jobs.length) {
    throw notTheSame(before, after, `${jobs.length} and ${after.jobs.length} jobs`);
  }
  const all = jobs.flatMap((job, at) => groupDifferences(job, after.jobs[at] ?? { options: {} }));
  const breaking = all.filter(({ flag }) => !LENIENT.includes(flag));
  if (breaking.length > 0) throw notTheSame(before, after, list(breaking));
  return all.map((difference) => ({
    code: PLACE.includes(difference.flag) ? 'place-differs' : 'options-differ',
    message: `${difference.flag} differs: ${difference.before} and ${difference.after}`,
  }));
}
