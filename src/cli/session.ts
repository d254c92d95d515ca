/**
 * What a command has around its work, built once for all of them: where the report goes, progress, signals, the exit
 * code. Opened before anything is done, at work in during(), and done with when that has ended: then come the reports.
 */
import { EXIT, usageError } from '../errors.ts';
import type { RunContext } from '../jobs/context.ts';
import type { Progress } from '../jobs/progress.ts';
import type { RawOptions } from '../options/options.ts';
import { type OutputFormat, type OutputOptions, resolveOutput } from '../options/output.ts';
import type { RenderOptions } from '../report/view/format-spec.ts';
import { createProgress, terminalOf } from './progress.ts';
import { checkApart, checkReportFile, writeReportFile } from './report-file.ts';
import { type Stop, stopOnSignals } from './signals.ts';
import { columnsOf, takesColor, takesUtf8, tell, writeOut } from './terminal.ts';

/** Columns of a report that does not go to a terminal. */
const PLAIN_COLUMNS = 100;

/** What work is given while it goes on; the runner takes it as it is. */
export type Work = Pick<RunContext, 'progress' | 'signal' | 'commandLine' | 'output'>;

/** How reports look where they go. */
type Rendering = Pick<RenderOptions, 'color' | 'columns' | 'advise' | 'plot' | 'ascii'>;

/** Nobody else waits for what only HTML is made of. */
async function loadParts(formats: readonly OutputFormat[]): Promise<void> {
  if (!formats.includes('html')) return;
  const { loadFormats } = await import('../report/formats/index.ts');
  await loadFormats(['html']);
}

export class Session {
  readonly output: OutputOptions;
  readonly commandLine: readonly string[];
  readonly #progressColor: boolean;
  #stop: Stop | null = null;

  private constructor(raw: RawOptions, argv: readonly string[]) {
    this.output = resolveOutput(raw, takesColor(process.stdout, process.env));
    this.commandLine = ['uring-bench', ...argv];
    this.#progressColor = raw.color ?? takesColor(process.stderr, process.env);
  }

  /**
   * To be called before the work whose report it is; creates nothing.
   * @param argv as typed, for the record
   * @throws BenchError (usage) when --output cannot be written
   */
  static async open(raw: RawOptions, argv: readonly string[] = []): Promise<Session> {
    const session = new Session(raw, argv);
    const { output, outputFormat, reports, explainStacks } = session.output;
    if (output !== null) checkReportFile(output);
    if (explainStacks !== null) checkReportFile(explainStacks, 'stacks');
    for (const { path } of reports) checkReportFile(path);
    await loadParts([outputFormat, ...reports.map(({ format }) => format)]);
    return session;
  }

  /** That the report does not go where the command's own data comes from or goes to. @throws BenchError (usage) */
  checkApart(used: readonly string[]): void {
    if (this.output.output !== null) checkApart('output', this.output.output, used);
    for (const { path } of this.output.reports) checkApart('report', path, used);
    const { explainStacks } = this.output;
    if (explainStacks !== null) checkApart('explain-stacks', explainStacks, used);
  }

  /** That a command has all formats that it was asked for. @throws BenchError (usage) */
  checkFormats(command: string, known: readonly OutputFormat[]): void {
    const { outputFormat, reports } = this.output;
    const asked = [
      ['output-format', outputFormat] as const,
      ...reports.map(({ format }) => ['report', format] as const),
    ];
    for (const [option, format] of asked) {
      if (!known.includes(format)) {
        throw usageError(`${command} has no ${option}=${format}`, `one of: ${known.join(', ')}`);
      }
    }
  }

  /** Where it is shown as it comes: on stdout. */
  get live(): boolean {
    return this.output.output === null;
  }

  /** How reports look where they go. */
  get rendering(): Rendering {
    const columns = this.live ? columnsOf(process.stdout, PLAIN_COLUMNS) : PLAIN_COLUMNS;
    const { color, advise, plot } = this.output;
    return { color, columns, advise, plot, ascii: !takesUtf8(process.env) };
  }

  /** Shows progress and takes the signals for as long as the work goes on, however it ends. */
  async during<T>(work: (work: Work) => Promise<T>): Promise<T> {
    const { output, commandLine } = this;
    const progress: Progress = createProgress(process.stderr, {
      quiet: output.quiet,
      color: this.#progressColor,
      ...terminalOf(process.env),
    });
    const stop = stopOnSignals((name) => progress.note(`${name}: stopping; once more to end at once`));
    this.#stop = stop;
    try {
      return await work({ progress, signal: stop.signal, commandLine, output });
    } finally {
      progress.end();
      stop.release();
    }
  }

  /** Exit code of the signal that stopped the work; null when none did. */
  get stopped(): number | null {
    return this.#stop?.code() ?? null;
  }

  /** A signal's, else what became of the work. */
  exitCode(complete: boolean): number {
    return this.stopped ?? (complete ? EXIT.ok : EXIT.failed);
  }

  /** Writes the report to --output or stdout. @throws BenchError (failed) */
  async deliver(text: string): Promise<void> {
    if (this.output.output !== null) writeReportFile(this.output.output, text);
    else await writeOut(process.stdout, text);
  }

  /** Writes what --report asks for beside it. @throws BenchError (failed) */
  async deliverMore(render: (format: OutputFormat, rendering: Rendering) => string): Promise<void> {
    const rendering = { ...this.rendering, color: false, columns: PLAIN_COLUMNS };
    for (const { format, path } of this.output.reports) {
      writeReportFile(path, render(format, rendering));
      await this.say(`Report: ${path}`);
    }
  }

  /** A line beside the report, for people: on stderr, unless --quiet. */
  async say(line: string): Promise<void> {
    if (!this.output.quiet) await tell(`${line}\n`);
  }

  /** Where the report is, when it is not what people have before them. */
  async sayReport(): Promise<void> {
    if (this.output.output !== null) await this.say(`Report: ${this.output.output}`);
  }
}
