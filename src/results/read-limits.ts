/**
 * How large a stored file may be in each respect, far beyond what any run writes: what is not ours must not take the
 * machine's memory, or for ever, before it is found out.
 */
import { constants } from 'node:buffer';
import { usageError } from '../errors.ts';
import { HISTOGRAM_TEXT_MAX } from './histogram-text.ts';

/** Stacks that are kept of a backend: rarer ones are in --explain-stacks alone. */
export const STACKS_MOST = 400;

/** Bytes of a file, and of all files of one side of a comparison: no text of JavaScript's can be longer. */
export const STORED_BYTES_MAX = constants.MAX_STRING_LENGTH;
/** How deep lists and objects lie in each other; a sweep's results lie 12 deep. */
const DEPTH_MAX = 64;
/** Values of all kinds together. */
const VALUES_MAX = 2 ** 24;
/** A name, a message, an argument of a command line: the kernel's own limit of one is half of this. */
const TEXT_MAX = 2 ** 18;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPEN: readonly number[] = [0x5b, 0x7b];
const CLOSE: readonly number[] = [0x5d, 0x7d];

/** Looks at brackets and commas alone, before a parser builds what they say. @throws BenchError (usage) */
export function checkShape(text: string, path: string): void {
  let depth = 0;
  let values = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === BACKSLASH) at++;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = true;
    else if (char === COMMA) values++;
    else if (OPEN.includes(char)) {
      values++;
      depth++;
      if (depth > DEPTH_MAX)
        throw usageError(`${path} is no result: more than ${DEPTH_MAX} brackets lie in each other`);
    } else if (CLOSE.includes(char)) depth--;
  }
  if (values > VALUES_MAX) throw usageError(`${path} is no result: it has more than ${VALUES_MAX} values`);
}

function checkText(text: string, most: number, path: string, at: string): void {
  if (text.length <= most) return;
  throw usageError(`${path} is no result: ${at} is a text of ${text.length} characters`, `at most ${most}`);
}

/** Of a parsed document, no deeper than checkShape lets it be. @throws BenchError (usage) */
export function checkTexts(value: unknown, path: string, at = ''): void {
  if (typeof value === 'string')
    checkText(value, at.endsWith('.hdr') ? HISTOGRAM_TEXT_MAX : TEXT_MAX, path, at);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    checkText(key, TEXT_MAX, path, `a name in ${at || 'it'}`);
    checkTexts(item, path, at === '' ? key : `${at}.${key}`);
  }
}
