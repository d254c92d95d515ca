import type { Comparison } from '../../compare/schema.ts';
import type { RunResult } from '../../results/schema.ts';

/** The stored result or the comparison itself, readable, ending in a newline. */
export function renderJson(value: RunResult | Comparison): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
