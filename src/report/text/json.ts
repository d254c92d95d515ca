/** Documents as JSON in reports: apart from text.ts, which every start loads. */
import { indentedJson } from '../../results/json-text.ts';
import { ORDERS } from './text.ts';

/** JSON that is readable and ends in a newline; what printable() replaces stands as its number (RFC 8259, 7). */
export function jsonText(value: unknown): string {
  const text = indentedJson(value);
  const number = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${text.replace(ORDERS, (char) => (char === '\n' ? char : number(char)))}\n`;
}
