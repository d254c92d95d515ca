/** Text that must fit a terminal: how wide it is, and how it is folded or cut. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** What our own reports are mostly made of: a column each, and nothing that joins its neighbour. */
const NARROW = /^[\x20-\x7e\xb1\xb5\xb7\xd7’…\u2500-\u257f]*$/;

let measure: ((text: string) => number) | undefined;
let segmenter: Intl.Segmenter | undefined;

/**
 * Columns that text takes on a terminal: file names may be in any script. The one measure of the program: what is
 * aligned, cut or folded goes by it, cli-table3's tables too (cli-table.ts). string-width is loaded for the first
 * text that needs it, so that no start waits for it.
 */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  measure ??= (require('string-width') as typeof import('string-width')).default;
  return measure(text);
}

/** What a terminal shows as one character each: an accent or a joined picture is never cut from what it belongs to. */
function characters(text: string): string[] {
  if (NARROW.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/**
 * What a terminal, an editor or a web page takes for an order and not for text: control characters, ends of lines, marks
 * that turn the direction of writing (UAX #9) or annotate, halves of characters.
 */
export const ORDERS = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;

/** text on one line and without control characters: a file name must not be able to move the cursor. */
export function printable(text: string): string {
  return text.replace(ORDERS, (char) =>
    char === '\n' || char === '\t' ? ' ' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** A copy of a document of plain values whose texts and names are all printable. Anything else is as it was. */
export function printableAll<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [printable(key), copy(item)]));
}

/** How many of the characters, from the first, take at most `width` columns together. */
function fitting(chars: readonly string[], width: number): number {
  let used = 0;
  const end = chars.findIndex((char) => {
    used += displayWidth(char);
    return used > width;
  });
  return end < 0 ? chars.length : end;
}

/** text cut to `width` columns, with an ellipsis in its middle: the end of a path says most. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return '…';
  const chars = characters(text);
  const start = chars.slice(0, fitting(chars, Math.ceil((width - 1) / 2))).join('');
  chars.reverse();
  const end = chars.slice(0, fitting(chars, width - 1 - displayWidth(start))).reverse();
  return `${start}…${end.join('')}`;
}

/** The longest beginning of text within `width` columns; what is wider than that by itself is taken apart. */
function head(text: string, width: number): string {
  const chars = characters(text);
  const whole = chars.slice(0, fitting(chars, width)).join('');
  if (whole !== '') return whole;
  const parts = [...text];
  // At least one, so that folding ends.
  return parts.slice(0, Math.max(1, fitting(parts, width))).join('');
}

/**
 * Words laid out in lines of at most `width` columns, those after the first indented. A word that is wider
 * than a line is broken, so that nothing is lost.
 */
export function foldWords(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  const room = () => width - (lines.length === 0 ? 0 : indent);
  const flush = () => {
    lines.push(lines.length === 0 ? line : ' '.repeat(indent) + line);
    line = '';
  };
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > room()) flush();
    line = line === '' ? word : `${line} ${word}`;
    while (line !== '' && displayWidth(line) > room()) {
      const start = head(line, room());
      const rest = line.slice(start.length);
      line = start;
      flush();
      line = rest;
    }
  }
  if (line !== '' || lines.length === 0) flush();
  return lines;
}
