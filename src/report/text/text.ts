/** Text that must fit a terminal: how wide it is, and how it is folded or cut. */

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/;
const WIDE_PICTURE = /[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

function charWidth(char: string): number {
  if (NO_WIDTH.test(char)) return 0;
  return WIDE.test(char) || WIDE_PICTURE.test(char) ? 2 : 1;
}

/** Columns that text takes on a terminal: file names may be in any script. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** text on one line and without control characters: a file name must not be able to move the cursor. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) =>
    char === '\n' || char === '\t' ? ' ' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The longest beginning of text that takes at most `width` columns. */
function head(text: string, width: number): string {
  let taken = '';
  let used = 0;
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    taken += char;
  }
  return taken;
}

/** text cut to `width` columns, with an ellipsis in its middle: the end of a path says most. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return '…';
  const start = head(text, Math.ceil((width - 1) / 2));
  const end = reverse(head(reverse(text), width - 1 - displayWidth(start)));
  return `${start}…${end}`;
}

function reverse(text: string): string {
  return [...text].reverse().join('');
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
      // At least one character a line, so that folding ends.
      const start = head(line, room()) || ([...line][0] ?? '');
      const rest = line.slice(start.length);
      line = start;
      flush();
      line = rest;
    }
  }
  if (line !== '' || lines.length === 0) flush();
  return lines;
}
