/** Patterns of file names, for shells and CI files where a pattern arrives unexpanded: *, ?, [a-z], [!a-z], **. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../errors.ts';

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

/** Names in a folder; none when it cannot be listed, which is no match and no error. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder === '' ? '.' : folder).sort();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [];
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

function matches(base: string, segments: readonly string[]): string[] {
  const [segment, ...rest] = segments;
  if (segment === undefined) return existsSync(base) && !isFolder(base) ? [base] : [];
  const below = (name: string): string => (base === '' ? name : join(base, name));
  if (segment === '**' && rest.length === 0) return matches(base, ['**', '*']);
  if (segment === '**') {
    const folders = namesIn(base).filter((name) => !name.startsWith('.') && isFolder(below(name)));
    return [...matches(base, rest), ...folders.flatMap((name) => matches(below(name), segments))];
  }
  if (!isPattern(segment)) return matches(below(segment), rest);
  const regExp = segmentRegExp(segment);
  return namesIn(base)
    .filter((name) => regExp.test(name))
    .flatMap((name) => matches(below(name), rest));
}

/** The files (no folders) that a pattern matches, sorted; none is no error here. */
export function expandPattern(pattern: string): string[] {
  const root = pattern.startsWith('/') ? '/' : '';
  const segments = pattern.split('/').filter((segment) => segment !== '');
  return [...new Set(matches(root, segments))].sort();
}
