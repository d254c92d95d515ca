/** Text that goes into HTML or SVG: the one place where it is made harmless. */
import { printable } from '../text/text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What no document may hold, in whatever form: XML 1.0, 2.2 (printable() leaves no others). */
const NONCHARACTERS = /[\ufffe\uffff]/g;

/** text as it may stand between tags and in a quoted attribute: never markup, never a control character. */
export function escapeHtml(text: string): string {
  return printable(text)
    .replace(NONCHARACTERS, '\ufffd')
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** A text as the value of `id`, and as the end of a link to it. */
export function idOf(text: string): string {
  const word = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return word.replace(/^-|-$/g, '') || 'part';
}
