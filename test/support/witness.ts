/** Outside witnesses that may be missing: which commands there are. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a command is in PATH. */
export function hasCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** false, or why a test that needs this command is skipped. */
export function needsCommand(name: string): string | false {
  return hasCommand(name) ? false : `needs the command ${name}`;
}

/** The first reason of several, false when there is none. */
export function firstReason(...reasons: (string | false)[]): string | false {
  return reasons.find((reason) => reason !== false) ?? false;
}
