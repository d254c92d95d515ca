/** Whether a command can be run at all, as a shell would find it: better said before the kernel is looked into. */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../errors.ts';

/** What a shell's exit code says of a command that it cannot run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

export interface Unrunnable {
  code: typeof NOT_FOUND | typeof NOT_EXECUTABLE;
  /** "not found", in a few words. */
  why: string;
}

/** null: this path can be executed. */
function lookAt(path: string): Unrunnable | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { code: NOT_FOUND, why: 'not found' };
  if (stats.isDirectory()) return { code: NOT_EXECUTABLE, why: 'it is a folder' };
  try {
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { code: NOT_EXECUTABLE, why: 'it is not executable' };
  }
}

function tryAt(path: string): Unrunnable | null {
  try {
    return lookAt(path);
  } catch (error) {
    // A folder on the way that is none, or cannot be looked into.
    if (!isSystemError(error)) throw error;
    return { code: NOT_FOUND, why: 'not found' };
  }
}

/** Why a command cannot be run; null: it can. @param searched folders between colons, as $PATH has them */
export function unrunnable(name: string, searched: string): Unrunnable | null {
  if (name.includes('/')) return tryAt(name);
  const found = searched.split(':').map((folder) => tryAt(join(folder === '' ? '.' : folder, name)));
  if (found.includes(null)) return null;
  return found.find((one) => one?.code === NOT_EXECUTABLE) ?? { code: NOT_FOUND, why: 'not found' };
}
