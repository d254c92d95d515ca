/** --output: a report in a file, checked before the run and never half-written after it. */
import { accessSync, constants, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BenchError, isSystemError, systemReason, usageError } from '../errors.ts';

/** What is at path behind symbolic links; null when there is nothing yet. */
function existing(path: string): { path: string; regular: boolean; directory: boolean } | null {
  try {
    const stats = statSync(path);
    return { path: realpathSync(path), regular: stats.isFile(), directory: stats.isDirectory() };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return null;
    throw usageError(`cannot write the report to ${path}: ${systemReason(error)}`);
  }
}

/**
 * Makes sure that path can be written, creating nothing.
 * @throws BenchError (usage)
 */
export function checkReportFile(path: string): void {
  const there = existing(path);
  if (there?.directory) throw usageError(`output=${path} is a directory`, 'name a file in it');
  // A regular file is replaced as a whole, which its folder must allow.
  const needed = there && !there.regular ? there.path : dirname(there?.path ?? path);
  try {
    if (there) accessSync(there.path, constants.W_OK);
    accessSync(needed, constants.W_OK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot write the report to ${path}: ${needed}: ${systemReason(error)}`);
  }
}

/**
 * Writes the report; readers of path find the old content or the new, never a part.
 * @throws BenchError (failed)
 */
export function writeReportFile(path: string, text: string): void {
  const there = existing(path);
  const target = there?.path ?? path;
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    if (there && !there.regular) {
      writeFileSync(target, text);
      return;
    }
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (!isSystemError(error)) throw error;
    throw new BenchError(`cannot write the report to ${path}: ${systemReason(error)}`, {
      kind: 'failed',
      stage: 'report',
    });
  }
}
