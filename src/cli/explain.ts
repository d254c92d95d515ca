/** `uring-bench explain -- COMMAND`: where the time of any program's I/O goes. */
import { basename } from 'node:path';
import { usageError } from '../errors.ts';
import { basicFigures, basicOnly } from '../explain/basic.ts';
import { explain } from '../explain/explain.ts';
import { foldedStacks } from '../explain/stacks.ts';
import { type JobLook, lookAtTree } from '../host/job-look.ts';
import { noteMachine } from '../host/machine-note.ts';
import type { Tracer } from '../native/explain.ts';
import { readOptions } from '../options/option-reader.ts';
import { EXPLANATION_FORMATS, renderCommand } from '../report/formats/explanation.ts';
import { printable } from '../report/text/text.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ExplainedCommand } from '../results/explained-schema.ts';
import type { Explanation } from '../results/schema-explain.ts';
import { openResultFile, type ResultFile } from '../results/store.ts';
import { EXPLANATION_VERSION } from '../results/versions.ts';
import { packageVersion } from '../version.ts';
import { checkExplain, deliverStacks, tracing } from './explaining.ts';
import { unrunnable } from './find-program.ts';
import { type HeldCommand, holdCommand } from './held-command.ts';
import type { Invocation } from './program.ts';
import { writeReportFile } from './report-file.ts';
import { Session } from './session.ts';
import { columnsOf, takesColor, tell } from './terminal.ts';

const LOOK_MS = 25;
/** Columns of the report where nobody says how wide it may be. */
const REPORT_COLUMNS = 100;

interface Seen {
  code: number;
  explanation: Explanation;
  stacks: string;
}

/** Looks at a process tree until it is told to stop. */
function lookOn(pid: number): () => JobLook[] {
  const looks: JobLook[] = [];
  const look = (): void => {
    const seen = lookAtTree(pid);
    if (seen.threads.length > 0) looks.push(seen);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    return looks;
  };
}

/** What figures of a program that is not ours are made with: nothing is known of its jobs. */
const PROGRAM = {
  ...{ trial: null, backend: 'command', variant: 'command', async: true, direct: false },
  ...{ iodepth: 1, rw: '', measured_iops: null },
};

/** The tracer of a command that is held; the command never begins when there is none. @throws BenchError (unavailable) */
function attach(held: HeldCommand, how: RunPlan['explain']): Tracer | null {
  if (how === 'basic') return null;
  let tracer: Tracer | null = null;
  try {
    tracer = tracing.open({ full: how === 'full', pid: held.pid });
    tracer.start();
    return tracer;
  } catch (error) {
    held.drop();
    tracer?.close();
    throw error;
  }
}

/** Runs the command that is held, with everybody looking on. */
async function watch(held: HeldCommand, how: RunPlan['explain']): Promise<Seen> {
  const tracer = attach(held, how);
  const stop = lookOn(held.pid);
  try {
    const code = await held.run();
    tracer?.stop();
    const basic = basicFigures(stop());
    const raw = tracer?.read() ?? null;
    const said =
      raw === null
        ? basicOnly(null, tracing.probe().missing)
        : explain(raw, { ...PROGRAM, full: how === 'full' });
    return {
      code,
      explanation: basic === null ? said : { ...said, basic },
      stacks: raw === null ? '' : foldedStacks('command', raw.samples),
    };
  } finally {
    stop();
    tracer?.close();
  }
}

/** What is kept of it. */
function documentOf(
  { code, explanation }: Seen,
  command: readonly string[],
  startedAt: Date,
  { commandLine }: Session,
): ExplainedCommand {
  return {
    schema_version: EXPLANATION_VERSION,
    kind: 'explanation',
    tool: { name: 'uring-bench', version: packageVersion() },
    started_at: startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    command_line: [...commandLine],
    environment: noteMachine(),
    command: [...command],
    exit_code: code,
    explain: explanation,
  };
}

/** The command under everybody's eyes. @throws BenchError before it begins: then no result is left */
async function seenOf(
  command: readonly string[],
  how: RunPlan['explain'],
  file: ResultFile | null,
): Promise<Seen> {
  try {
    return await watch(await holdCommand(command), how);
  } catch (error) {
    file?.discard();
    throw error;
  }
}

/** To --output, else to stderr: stdout is the command's. @throws BenchError (failed) */
async function deliver(text: string, { output }: Session): Promise<void> {
  if (output.output === null) await tell(text);
  else writeReportFile(output.output, text);
}

/** Opens where it is stored, named after the command; null with --no-save. @throws BenchError (usage) */
async function openFile(name: string, startedAt: Date, { output }: Session): Promise<ResultFile | null> {
  return output.save ? openResultFile(output.resultsDir, startedAt, `explain-${basename(name)}`) : null;
}

/** @returns the command's exit code @throws BenchError before it begins, and where its report cannot be written */
export async function explainCommand({ options, operands, argv }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = await Session.open(raw, argv);
  session.checkFormats('explain', EXPLANATION_FORMATS);
  const how = raw.explain ?? 'trace';
  if (how === 'none') throw usageError('explain=none explains nothing', 'trace, full or basic');
  checkExplain(how, session);
  const [name = ''] = operands;
  const refused = unrunnable(name, process.env.PATH ?? '');
  if (refused !== null) {
    await tell(`uring-bench: cannot run ${printable(name)}: ${refused.why}\n`);
    return refused.code;
  }
  const startedAt = new Date();
  const file = await openFile(name, startedAt, session);
  const seen = await seenOf(operands, how, file);
  const document = documentOf(seen, operands, startedAt, session);
  const { outputFormat, output } = session.output;
  const text = renderCommand(document, outputFormat, {
    color: raw.color ?? (output === null && takesColor(process.stderr, process.env)),
    columns: columnsOf(process.stderr, REPORT_COLUMNS),
  });
  await deliver(text, session);
  await deliverStacks([{ name: 'command', text: seen.stacks }], session);
  file?.write(document);
  if (file !== null) await session.say(`Result: ${file.path}`);
  return seen.code;
}
