/** Tables that are looked into by words which people or files gave: `constructor` and `__proto__` are words, too. */

/** A table's entry of that name; undefined for what it has not itself, though every object inherits it. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
