/** The run itself: options -> plan -> runner -> report. */
import type { RunContext } from '../jobs/context.ts';
import { targetHost } from '../native/library.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { render } from '../report/formats/index.ts';
import { readMachine } from '../resolve/cpus.ts';
import { type Resolved, type ResolveHost, resolve } from '../resolve/resolve.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { RunResult } from '../results/schema.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';
import { tell } from './terminal.ts';

/** What makes a run of options: the comparison, or something built on it. */
export interface RunKind {
  resolve: (raw: RawOptions, host: ResolveHost) => Resolved;
  /** What the runner is told beside the job. @param signal is aborted when the run is to stop */
  context?: (signal: AbortSignal) => Promise<Pick<RunContext, 'report' | 'choose'>>;
}

export async function runCommand(invocation: Invocation): Promise<number> {
  return performRun(invocation, { resolve });
}

/** Options -> job -> runner -> report. @returns the exit code */
export async function performRun({ options, argv }: Invocation, kind: RunKind): Promise<number> {
  const { raw, warnings: readWarnings } = readOptions(options);
  const session = Session.open(raw, argv);
  checkMaxTrials(raw);
  const { plan, warnings: resolveWarnings } = kind.resolve(raw, {
    machine: readMachine(),
    target: targetHost,
  });
  session.checkApart(pathsOf(plan));
  const warnings = [...readWarnings, ...resolveWarnings];
  const { runPlan } = await import('../jobs/runner.ts');
  const { result, path, unsaved } = await session.during(async (work) => {
    const more = await kind.context?.(work.signal);
    return runPlan(plan, { ...work, warnings, ...more });
  });
  await report(result, unsaved === null ? path : null, session);
  if (unsaved !== null) throw unsaved;
  return session.exitCode(result.status === 'complete');
}

/** The report, and beside it what people want to know but a format has no place for. */
async function report(result: RunResult, path: string | null, session: Session): Promise<void> {
  const { outputFormat } = session.output;
  const text = render(result, outputFormat, session.rendering);
  const table = outputFormat === 'table';
  const stored = path === null ? null : `Result: ${path}`;
  try {
    await session.deliver(table && stored !== null ? `${text}\n${stored}\n` : text);
  } catch (error) {
    if (stored !== null) await session.say(stored);
    throw error;
  }
  if (!table) await sayTroubles(result, session);
  await session.sayReport();
  if (!table && stored !== null) await session.say(stored);
}

async function sayTroubles({ backends, warnings }: RunResult, session: Session): Promise<void> {
  for (const { label, status, reason } of backends) {
    if (status === 'failed') await tell(`uring-bench: ${label} failed: ${reason}\n`);
  }
  for (const { message } of warnings) await session.say(`warning: ${message}`);
}
