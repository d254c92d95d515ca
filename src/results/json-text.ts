/** Documents as JSON that a person can read: indented, but for what there is much of and is alike. */
import { randomUUID } from 'node:crypto';

/** Lists of which each item is a line of its own: they would be most of a document's lines. */
const LINES: ReadonlySet<string> = new Set(['intervals']);

/**
 * As JSON.stringify with two spaces, the items of a series' intervals each in one line: they are a third as long.
 * Without a newline at the end.
 */
export function indentedJson(value: unknown): string {
  const mark = randomUUID();
  const lists: unknown[][] = [];
  const text = JSON.stringify(
    value,
    (key, item: unknown) => {
      if (!LINES.has(key) || !Array.isArray(item) || item.length === 0) return item;
      lists.push(item);
      return `${mark}:${lists.length - 1}`;
    },
    2,
  );
  if (lists.length === 0) return text;
  return text.replace(
    new RegExp(`^( *)(.*)"${mark}:(\\d+)"`, 'gm'),
    (_, indent: string, head: string, at: string) => {
      const items = lists[Number(at)] ?? [];
      const lines = items.map((item) => `${indent}  ${JSON.stringify(item)}`);
      return `${indent}${head}[\n${lines.join(',\n')}\n${indent}]`;
    },
  );
}
