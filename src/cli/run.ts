/** The run itself: options -> plan -> runner -> report. */
import { EXIT } from '../errors.ts';
import type { RunContext } from '../jobs/context.ts';
import type { Progress } from '../jobs/progress.ts';
import { dioAlign } from '../native/library.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import type { OutputOptions } from '../options/output.ts';
import { resolveOutput } from '../options/output.ts';
import { render } from '../report/formats/index.ts';
import { readMachine } from '../resolve/cpus.ts';
import { type Resolved, type ResolveHost, resolve } from '../resolve/resolve.ts';
import { pathsOf, type RunPlan } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { ResultWarning, RunResult } from '../results/schema.ts';
import type { Invocation } from './program.ts';
import { createProgress } from './progress.ts';
import { checkReport, checkReportApart, deliverReport, reportColumns, say } from './report.ts';
import { stopOnSignals } from './signals.ts';
import { takesColor, writeOut } from './terminal.ts';

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
  const output = resolveOutput(raw, takesColor(process.stdout, process.env));
  checkReport(output);
  checkMaxTrials(raw);
  const { plan, warnings } = kind.resolve(raw, { machine: readMachine(), target: { dioAlign } });
  checkReportApart(output, pathsOf(plan));
  const progressColor = raw.color ?? takesColor(process.stderr, process.env);
  const progress = createProgress(process.stderr, { quiet: output.quiet, color: progressColor });
  const known = [...readWarnings, ...warnings];
  const { result, path, code } = await run(plan, kind, output, known, argv, progress);
  await report(result, path, output);
  return code;
}

async function run(
  plan: RunPlan,
  kind: RunKind,
  output: OutputOptions,
  warnings: ResultWarning[],
  argv: readonly string[],
  progress: Progress,
): Promise<{ result: RunResult; path: string | null; code: number }> {
  const { runPlan } = await import('../jobs/runner.ts');
  const stop = stopOnSignals((name) => progress.note(`${name}: stopping; once more to end at once`));
  try {
    const commandLine = ['uring-bench', ...argv];
    const { signal } = stop;
    const more = await kind.context?.(signal);
    const done = await runPlan(plan, { progress, signal, commandLine, output, warnings, ...more });
    return { ...done, code: stop.code() ?? (done.result.status === 'complete' ? EXIT.ok : EXIT.failed) };
  } finally {
    progress.end();
    stop.release();
  }
}

/** The report, and beside it what people want to know but a format has no place for. */
async function report(result: RunResult, path: string | null, output: OutputOptions): Promise<void> {
  const text = render(result, output.outputFormat, { color: output.color, columns: reportColumns(output) });
  const table = output.outputFormat === 'table';
  const stored = path === null ? null : `Result: ${path}`;
  try {
    await deliverReport(table && stored !== null ? `${text}\n${stored}\n` : text, output);
  } catch (error) {
    if (stored !== null) await say(stored, output);
    throw error;
  }
  if (!table) await sayTroubles(result, output);
  if (output.output !== null) await say(`Report: ${output.output}`, output);
  if (!table && stored !== null) await say(stored, output);
}

async function sayTroubles({ backends, warnings }: RunResult, output: OutputOptions): Promise<void> {
  for (const { label, status, reason } of backends) {
    if (status === 'failed') await writeOut(process.stderr, `uring-bench: ${label} failed: ${reason}\n`);
  }
  for (const { message } of warnings) await say(`warning: ${message}`, output);
}
