/** The run itself: options -> plan -> runner -> report. */
import type { RunContext } from '../jobs/context.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { render } from '../report/formats/index.ts';
import { readMachine } from '../resolve/cpus.ts';
import { type Resolved, type ResolveHost, resolve } from '../resolve/resolve.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { RunResult } from '../results/schema.ts';
import { Clearing } from './clean.ts';
import { checkExplain, deliverStacks, tracing } from './explaining.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';
import { tellFailures } from './troubles.ts';

/** What makes a run of options: the comparison, or something built on it. */
export interface RunKind {
  resolve: (raw: RawOptions, host: ResolveHost) => Resolved;
  /** What the runner is told beside the job. @param signal is aborted when the run is to stop */
  context?: (signal: AbortSignal) => Promise<Pick<RunContext, 'report' | 'choose'>>;
}

export async function runCommand(invocation: Invocation): Promise<number> {
  // A search compares, whatever the number of backends: short trials, a queue that is used.
  const kind: RunKind['resolve'] = (raw, host) =>
    resolve(raw, host, raw['latency-target'] === undefined ? undefined : true);
  return performRun(invocation, { resolve: kind });
}

/** Options -> job -> runner -> report. @returns the exit code */
export async function performRun({ options, argv }: Invocation, kind: RunKind): Promise<number> {
  const { raw, warnings: readWarnings } = readOptions(options);
  const session = await Session.open(raw, argv);
  checkMaxTrials(raw);
  const clearing = new Clearing(session);
  const { target } = clearing;
  const { plan, warnings: resolveWarnings } = kind.resolve(raw, { machine: readMachine(), target });
  session.checkApart(pathsOf(plan));
  checkExplain(plan.explain, session);
  const warnings = [...readWarnings, ...clearing.warnings, ...resolveWarnings];
  await sayWhoseJson(session);
  const perform = plan.latencyTarget === undefined ? await singleRun() : await search();
  const { result, path, unsaved, stacks } = await session.during(async (work) => {
    const more = await kind.context?.(work.signal);
    return perform(plan, { ...work, warnings, tracing, ...more });
  });
  await report(result, unsaved === null ? path : null, session);
  await deliverStacks(stacks, session);
  if (unsaved !== null) throw unsaved;
  return session.exitCode(result.status === 'complete');
}

const singleRun = async () => (await import('../jobs/runner.ts')).runPlan;

/** Many runs in one result. */
const search = async () => (await import('../experiments/latency-target.ts')).searchTargets;

/** fio's --output-format=json is another document: told to a person who types it, not to a script. */
async function sayWhoseJson(session: Session): Promise<void> {
  if (session.output.outputFormat !== 'json' || !process.stderr.isTTY) return;
  await session.say(
    "note: this JSON has uring-bench's own schema, schema/result.schema.json: fio's readers do not know it",
  );
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
  await session.deliverMore((format, rendering) => render(result, format, rendering));
  await session.sayReport();
  if (!table && stored !== null) await session.say(stored);
}

async function sayTroubles(result: RunResult, session: Session): Promise<void> {
  await tellFailures([{ result }]);
  for (const { message } of result.warnings) await session.say(`warning: ${message}`);
}
