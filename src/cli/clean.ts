/** `uring-bench clean [DIR...]`: what killed runs left, removed; and the same before a run, in the folders that it uses. */
import { join, resolve } from 'node:path';
import { BenchError, EXIT, isSystemError, systemReason, usageError } from '../errors.ts';
import { type CleanOptions, type CleanOutcome, cleanFolder } from '../leftovers/clean.ts';
import { targetHost } from '../native/library.ts';
import { readOptions } from '../options/option-reader.ts';
import { printable } from '../report/text/text.ts';
import type { ResultWarning } from '../results/schema.ts';
import type { TargetHost } from '../targets/target.ts';
import { formatBytes, plural } from '../values/format.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';

const sumOf = (outcomes: readonly CleanOutcome[]): string => {
  const bytes = outcomes.reduce((sum, outcome) => sum + outcome.bytes, 0);
  return `${plural(outcomes.length, 'file')}, ${formatBytes(bytes)}`;
};

const removedOf = (outcomes: readonly CleanOutcome[]): CleanOutcome[] =>
  outcomes.filter(({ state }) => state === 'removed');

/** A folder's, and its results folder's first: it may have been made for the run. @throws BenchError (usage) */
function cleanBoth(dir: string, resultsDir: string, options: CleanOptions): CleanOutcome[] {
  const results =
    resolve(dir, resultsDir) === resolve(dir) ? [] : cleanResults(join(dir, resultsDir), options);
  try {
    return [...results, ...cleanFolder(dir, options)];
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(
      `cannot clean ${dir}: ${systemReason(error)}`,
      'name the folder in which runs made files',
    );
  }
}

/** Most folders have none. */
function cleanResults(dir: string, options: CleanOptions): CleanOutcome[] {
  try {
    return cleanFolder(dir, options);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    return [{ path: dir, bytes: 0, state: 'failed', why: systemReason(error) }];
  }
}

function line({ path, bytes, state, why }: CleanOutcome, dryRun: boolean): string {
  const done = dryRun ? 'would remove' : 'removed';
  const size = formatBytes(bytes);
  if (state === 'removed') return `${done} ${printable(path)} (${size})`;
  return `${state === 'left' ? 'left' : 'cannot remove'} ${printable(path)} (${size}): ${why}`;
}

export async function cleanCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = await Session.open(raw);
  const dryRun = raw['dry-run'] ?? false;
  const dirs = operands.length > 0 ? operands : ['.'];
  const outcomes = dirs.flatMap((dir) => cleanBoth(dir, session.output.resultsDir, { dryRun }));
  const sum = `${dryRun ? 'to remove' : 'removed'}: ${sumOf(removedOf(outcomes))}`;
  await session.deliver(`${[...outcomes.map((outcome) => line(outcome, dryRun)), sum].join('\n')}\n`);
  return outcomes.some(({ state }) => state === 'failed') ? EXIT.failed : EXIT.ok;
}

/** Cleans the folders that a run uses, and tells what it did: by a line now, and by a warning for the result. */
export class Clearing {
  readonly warnings: ResultWarning[] = [];
  /** What checks ask this machine, which clean each folder before they look at it. */
  readonly target: TargetHost;
  readonly #session: Session;
  readonly #seen = new Set<string>();

  constructor(session: Session) {
    this.#session = session;
    this.target = { ...targetHost, clearAway: (folder) => this.#clear(folder) };
    const { save, resultsDir } = session.output;
    if (save) this.#clear(resultsDir);
  }

  #clear(folder: string): void {
    const whole = resolve(folder);
    if (this.#seen.has(whole)) return;
    this.#seen.add(whole);
    let outcomes: CleanOutcome[];
    try {
      outcomes = cleanFolder(whole, { untold: true });
    } catch (error) {
      // That it can't be read, or isn't there, is told by who needs it.
      if (isSystemError(error) || error instanceof BenchError) return;
      throw error;
    }
    const removed = removedOf(outcomes);
    const failed = outcomes.filter(({ state }) => state === 'failed');
    if (removed.length > 0) this.#tell(`removed what a killed run had left in ${whole}: ${sumOf(removed)}`);
    if (failed.length > 0)
      this.#tell(
        `${plural(failed.length, 'file')} of a killed run cannot be removed: uring-bench clean ${whole}`,
      );
  }

  #tell(message: string): void {
    this.warnings.push({ code: 'leftovers', message, variant: null, trial: null });
    void this.#session.say(printable(message));
  }
}
