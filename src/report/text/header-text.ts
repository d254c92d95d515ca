/** Lines of a report's header on a terminal. */
import type { HeaderLine } from './header.ts';
import { cutMiddle, foldWords } from './text.ts';

const INDENT = 10;

/**
 * Name in a column of its own; items folded beside it. A single item that is too wide is cut in its middle.
 * @param paint how the name looks
 */
export function headerText(line: HeaderLine, columns: number, paint: (name: string) => string): string[] {
  const room = columns - INDENT;
  const unbroken = line.items.map((item, i) => {
    const end = i < line.items.length - 1 ? line.separator : '';
    return cutMiddle(item, room - end.length).replaceAll(' ', '\u00a0') + end;
  });
  return foldWords(unbroken.join(' '), room, 0).map((text, i) => {
    const name = (i === 0 ? line.name : '').padEnd(INDENT);
    return `${i === 0 ? paint(name) : name}${text.replaceAll('\u00a0', ' ')}`;
  });
}
