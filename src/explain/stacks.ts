/** Sampled stacks as flame graph tools read them: a line a stack, its frames from the outermost, then how often. */
import type { RawExplain } from '../native/explain.ts';

/** Of one variant. */
export interface FoldedStacks {
  name: string;
  /** Lines, each with its end; empty where nothing was sampled. */
  text: string;
}

/** What separates frames, and the count, in a line. */
function frame(name: string): string {
  return name.replace(/[;\s]+/g, '_');
}

/**
 * @param name stands first in each stack, so that several variants fit one file
 * @param samples an empty stack was in user mode
 */
export function foldedStacks(name: string, samples: RawExplain['samples']): string {
  const counts = new Map<string, number>();
  for (const { kind, stack, count } of samples) {
    const frames = [name, kind, ...(stack.length > 0 ? stack : ['user mode'])];
    const line = frames.map(frame).join(';');
    counts.set(line, (counts.get(line) ?? 0) + count);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([line, count]) => `${line} ${count}\n`)
    .join('');
}
