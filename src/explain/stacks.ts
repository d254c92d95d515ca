/** Sampled stacks as flame graph tools read them: a line a stack, its frames from the outermost, then how often. */
import type { RawExplain } from '../native/explain.ts';
import { STACKS_MOST } from '../results/read-limits.ts';
import type { Traced } from '../results/schema-explain.ts';

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

/** Samples by thread kind and stack, in a line each. */
function countsOf(samples: RawExplain['samples']): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, stack, count } of samples) {
    const line = [kind, ...(stack.length > 0 ? stack : ['user mode'])].map(frame).join(';');
    counts.set(line, (counts.get(line) ?? 0) + count);
  }
  return counts;
}

/** The most frequent stacks, as they are stored with a result. */
export function keptStacks(
  samples: RawExplain['samples'],
): NonNullable<NonNullable<Traced['samples']>['stacks']> {
  return [...countsOf(samples)]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, STACKS_MOST)
    .map(([frames, count]) => ({ frames, count }));
}

/** Lines that foldedStacks made, taken apart again. */
export function unfolded(text: string): { frames: string[]; count: number }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.lastIndexOf(' ');
      return { frames: line.slice(0, at).split(';'), count: Number(line.slice(at + 1)) };
    });
}

/**
 * @param name stands first in each stack, so that several variants fit one file
 * @param samples an empty stack was in user mode
 */
export function foldedStacks(name: string, samples: RawExplain['samples']): string {
  return [...countsOf(samples)]
    .map(([line, count]) => [`${frame(name)};${line}`, count] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([line, count]) => `${line} ${count}\n`)
    .join('');
}
