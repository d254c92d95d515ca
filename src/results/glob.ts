/** Patterns of file names, for shells and CI files where a pattern arrives unexpanded: *, ?, [a-z], [!a-z], **. */
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, usageError } from '../errors.ts';

const MAGIC = /[*?[]/;

/** Whether text is a pattern and not the name of one file. */
export function isPattern(text: string): boolean {
  return MAGIC.test(text);
}

/** One segment between slashes as a regular expression. As in a shell, a leading dot must be spelled out. */
function segmentRegExp(segment: string): RegExp {
  let source = segment.startsWith('.') ? '^' : '^(?!\\.)';
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at] as string;
    const close = char === '[' ? segment.indexOf(']', at + 2) : -1;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (close > 0) {
      const negated = segment[at + 1] === '!' || segment[at + 1] === '^';
      const set = segment.slice(at + (negated ? 2 : 1), close).replace(/[\\\]^]/g, '\\$&');
      source += `[${negated ? '^' : ''}${set}]`;
      at = close;
    } else source += char.replace(/[\\^$.|+(){}[\]]/g, '\\$&');
  }
  return new RegExp(`${source}$`, 'su');
}

/** Names that a pattern may look at: a mistyped one, or a root, has no end. */
const NAMES_MAX = 100_000;

class Walk {
  readonly #pattern: string;
  readonly #most: number;
  #left: number;

  constructor(pattern: string, most: number) {
    this.#pattern = pattern;
    this.#most = most;
    this.#left = most;
  }

  /**
   * Names in a folder; none when it cannot be listed, which is no match and no error.
   * @throws BenchError (usage) when there were too many
   */
  names(folder: string): string[] {
    let names: string[] = [];
    try {
      names = readdirSync(folder === '' ? '.' : folder).sort();
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
    this.#left -= names.length + 1;
    if (this.#left >= 0) return names;
    throw usageError(
      `${this.#pattern} looks at more than ${this.#most} names`,
      'name the folder of the results',
    );
  }

  matches(base: string, segments: readonly string[]): string[] {
    const [segment, ...rest] = segments;
    if (segment === undefined) return existsSync(base) && !isFolder(base) ? [base] : [];
    const below = (name: string): string => (base === '' ? name : join(base, name));
    if (segment === '**' && rest.length === 0) return this.matches(base, ['**', '*']);
    if (segment === '**') {
      const names = this.names(base).filter((name) => !name.startsWith('.') && isOwnFolder(below(name)));
      return [...this.matches(base, rest), ...names.flatMap((name) => this.matches(below(name), segments))];
    }
    if (!isPattern(segment)) return this.matches(below(segment), rest);
    const regExp = segmentRegExp(segment);
    return this.names(base)
      .filter((name) => regExp.test(name))
      .flatMap((name) => this.matches(below(name), rest));
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false;
  }
}

/** A folder that is no link to one: as in bash, ** does not follow those, which may lead back to where it came from. */
function isOwnFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false;
  }
}

/**
 * The files (no folders) that a pattern matches, sorted; none is no error here.
 * @param most names that it may look at
 * @throws BenchError (usage) for a pattern that looks at too many names
 */
export function expandPattern(pattern: string, most: number = NAMES_MAX): string[] {
  const root = pattern.startsWith('/') ? '/' : '';
  // Several ** in a row match what one does.
  const segments = pattern
    .split('/')
    .filter((segment, at, all) => segment !== '' && !(segment === '**' && all[at - 1] === '**'));
  return [...new Set(new Walk(pattern, most).matches(root, segments))].sort();
}
