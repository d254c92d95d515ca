/** What to know beside the one table of several runs: who was skipped, and each matter of theirs once. */
import { cacheOf, phaseOf } from '../../results/document.ts';
import type { RunResult } from '../../results/schema.ts';
import { printable } from './text.ts';
import { mattersOf } from './warnings.ts';

function nameOf(result: RunResult): string {
  const cache = cacheOf(result);
  if (cache !== null) return cache.direct ? `${cache.access}, direct` : cache.access;
  return phaseOf(result)?.phase ?? '';
}

/** Who of a phase was skipped, with the reason of the first: they lack the same. */
function skippedLines(result: RunResult): string[] {
  const skipped = result.backends.filter(({ status }) => status === 'skipped');
  const reason = skipped[0]?.reason ?? null;
  if (reason === null) return [];
  const labels = skipped.map(({ label }) => label).join(', ');
  return [`${nameOf(result)}: ${labels} ${skipped.length > 1 ? 'are' : 'is'} skipped: ${reason}`];
}

interface Told {
  line: string;
  phases: string[];
}

/** Lines for people. @param results of one experiment */
export function phaseNotes(results: readonly RunResult[]): string[] {
  const matters = new Map<string, Told>();
  for (const result of results) {
    for (const { key, level, line } of mattersOf(result)) {
      if (level === 'skipped') continue; // told above, all of a phase in one line
      const matter = matters.get(key) ?? { line, phases: [] };
      if (!matter.phases.includes(nameOf(result))) matter.phases.push(nameOf(result));
      matters.set(key, matter);
    }
  }
  const each = [...matters.values()].map(({ line, phases: [first, ...more] }) => {
    const others = more.length > 0 ? ` and ${more.length} more` : '';
    return `${line}${results.length > 1 ? ` (${first}${others})` : ''}`;
  });
  return [...results.flatMap(skippedLines), ...each].map(printable);
}
