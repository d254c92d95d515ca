/** The run itself: options -> job -> runner -> report. */
import { EXIT } from '../errors.ts';
import { readMachine } from '../jobs/cpus.ts';
import type { OutputOptions, ResolvedJob } from '../jobs/job.ts';
import { formatOption, readOptions } from '../jobs/option-reader.ts';
import { resolveOutput } from '../jobs/output.ts';
import type { Progress } from '../jobs/progress.ts';
import { resolve } from '../jobs/resolve.ts';
import { dioAlign } from '../native/library.ts';
import { render } from '../report/index.ts';
import type { ResultWarning, RunResult } from '../results/schema.ts';
import type { Invocation } from './program.ts';
import { createProgress } from './progress.ts';
import { checkReport, deliverReport, reportColumns, say } from './report.ts';
import { stopOnSignals } from './signals.ts';
import { takesColor } from './terminal.ts';

export async function runCommand({ options, argv }: Invocation): Promise<number> {
  const { raw, warnings: readWarnings } = readOptions(options);
  const output = resolveOutput(raw, takesColor(process.stdout, process.env));
  checkReport(output);
  const { job, warnings } = resolve(raw, { machine: readMachine(), target: { dioAlign } });
  const progressColor = raw.color ?? takesColor(process.stderr, process.env);
  const progress = createProgress(process.stderr, { quiet: output.quiet, color: progressColor });
  const { result, path, code } = await run(job, output, [...readWarnings, ...warnings], argv, progress);
  await report(result, path, output);
  return code;
}

async function run(
  job: ResolvedJob,
  output: OutputOptions,
  warnings: ResultWarning[],
  argv: readonly string[],
  progress: Progress,
): Promise<{ result: RunResult; path: string | null; code: number }> {
  const { runJob } = await import('../jobs/runner.ts');
  const stop = stopOnSignals((name) => progress.note(`${name}: stopping; once more to end at once`));
  try {
    progress.note(describeWorkload(job));
    const commandLine = ['uring-bench', ...argv];
    const done = await runJob(job, { progress, signal: stop.signal, commandLine, output, warnings });
    return { ...done, code: stop.code() ?? exitCode(done.result) };
  } finally {
    progress.end();
    stop.release();
  }
}

/** The workload in fio's words; how often it runs is what progress says next. */
function describeWorkload(job: ResolvedJob): string {
  return [
    `rw=${job.rw}`,
    `bs=${formatOption('bs', job.bs)}`,
    `iodepth=${job.iodepth}`,
    `numjobs=${job.numjobs}`,
    `direct=${Number(job.direct)}`,
  ].join(' ');
}

function exitCode(result: RunResult): number {
  if (result.backends.every(({ status }) => status === 'skipped')) return EXIT.unavailable;
  return result.status === 'complete' ? EXIT.ok : EXIT.failed;
}

async function report(result: RunResult, path: string | null, output: OutputOptions): Promise<void> {
  const text = render(result, output.outputFormat, { color: output.color, columns: reportColumns(output) });
  const stored = path === null ? '' : `Result: ${path}\n`;
  const table = output.outputFormat === 'table';
  await deliverReport(table && stored !== '' ? `${text}\n${stored}` : text, output);
  if (output.output !== null) await say(`Report: ${output.output}`, output);
  if (table) return;
  // These formats have no place for people's notes.
  for (const { message } of result.warnings) await say(`warning: ${message}`, output);
  if (path !== null) await say(`Result: ${path}`, output);
}
