import type { RunResult } from '../results/schema.ts';

/** The stored result itself, readable, ending in a newline. */
export function renderJson(result: RunResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
