/** How an experiment of several runs ends: one report of all, where each is stored, one exit code. */
import type { RunOutcome } from '../jobs/runner.ts';
import type { OutputFormat } from '../options/output.ts';
import { renderAll } from '../report/formats/index.ts';
import type { RunResult } from '../results/schema.ts';
import type { Session } from './session.ts';
import { tellFailures } from './troubles.ts';

/**
 * @param planned how many runs there were to be
 * @param renderForPeople all of them as one table; other formats have each by itself
 * @returns the exit code
 * @throws BenchError when a result could not be stored
 */
export async function reportRuns(
  done: readonly RunOutcome[],
  planned: number,
  session: Session,
  renderForPeople: (
    results: readonly RunResult[],
    format: 'table' | 'markdown',
    rendering: Session['rendering'],
  ) => string,
): Promise<number> {
  const results = done.map(({ result }) => result);
  const render = (format: OutputFormat, rendering: Session['rendering']) =>
    format === 'table' || format === 'markdown'
      ? renderForPeople(results, format, rendering)
      : renderAll(results, format, rendering);
  await session.deliver(render(session.output.outputFormat, session.rendering));
  await session.deliverMore(render);
  await tellFailures(done);
  await session.sayReport();
  for (const { path, unsaved } of done)
    if (path !== null && unsaved === null) await session.say(`Result: ${path}`);
  for (const { unsaved } of done) if (unsaved !== null) throw unsaved;
  const complete = results.length === planned && results.every(({ status }) => status === 'complete');
  return session.exitCode(complete);
}
