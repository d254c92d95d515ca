/** What commands that explain what they measured have in common: whether it is possible, and where stacks go. */
import { BenchError, usageError } from '../errors.ts';
import { type FoldedStacks, unfolded } from '../explain/stacks.ts';
import type { Tracing } from '../jobs/context.ts';
import { explainProbe, openTracer } from '../native/explain.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import { writeReportFile } from './report-file.ts';
import type { Session } from './session.ts';

/** The kernel's own. */
export const tracing: Tracing = { probe: explainProbe, open: openTracer };

/**
 * That what is to be explained can be, before anything runs.
 * @throws BenchError: unavailable when this machine or this user cannot trace; usage for stacks that nobody samples
 */
export function checkExplain(how: RunPlan['explain'], { output }: Session): void {
  if (output.explainStacks !== null && how !== 'full') {
    throw usageError(
      'explain-stacks has nothing to write: only --explain=full samples',
      'give --explain=full',
    );
  }
  if (how !== 'trace' && how !== 'full') return;
  const { possible, missing } = tracing.probe();
  if (possible) return;
  throw new BenchError(`explain=${how} is impossible here: ${missing}`, {
    kind: 'unavailable',
    stage: 'explain',
    hint: '--explain=basic shows what needs no rights',
  });
}

/** Pixels. */
const IMAGE_WIDTH = 1200;

/** A flame graph of folded stacks. */
async function imageOf(text: string, { commandLine }: Session): Promise<string> {
  const { flameGraph } = await import('../report/html/flame.ts');
  return flameGraph(unfolded(text), { width: IMAGE_WIDTH, title: commandLine.join(' ') });
}

/** Writes the stacks of all variants to the file that was named for them, if one was. @throws BenchError (failed) */
export async function deliverStacks(stacks: readonly FoldedStacks[], session: Session): Promise<void> {
  const path = session.output.explainStacks;
  if (path === null) return;
  const text = stacks.map((one) => one.text).join('');
  const isImage = path.toLowerCase().endsWith('.svg');
  writeReportFile(path, isImage ? await imageOf(text, session) : text);
  await session.say(`Stacks: ${path}`);
}
