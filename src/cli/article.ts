/** `uring-bench article table1|table2|table3|all`: the article's experiments on this machine. */
import { EXIT, usageError } from '../errors.ts';
import { type ArticleJob, articleJob, articleTables } from '../experiments/article.ts';
import type { Progress } from '../jobs/progress.ts';
import { dioAlign } from '../native/library.ts';
import { readOptions } from '../options/option-reader.ts';
import type { OutputOptions } from '../options/output.ts';
import { resolveOutput } from '../options/output.ts';
import { checkCache } from '../report/article/article-checks.ts';
import type { RenderOptions } from '../report/formats/format-spec.ts';
import { formats, renderAll } from '../report/formats/index.ts';
import { readMachine } from '../resolve/cpus.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import type { ResultWarning, RunResult } from '../results/schema.ts';
import type { ArticleTable } from '../results/schema-report.ts';
import { articleOf } from '../results/schema-report.ts';
import { formatBytes, formatDuration, plural } from '../values/format.ts';
import { didYouMean } from '../values/nearest.ts';
import { Stopped } from './failure.ts';
import type { Invocation } from './program.ts';
import { createProgress } from './progress.ts';
import { checkReport, checkReportApart, deliverReport, reportColumns, say } from './report.ts';
import { type Stop, stopOnSignals } from './signals.ts';
import { takesColor, writeOut } from './terminal.ts';

/** The tables that were asked for, each once. @throws BenchError (usage) for an unknown one */
function tablesOf(operands: readonly string[]): ArticleTable[] {
  const names = new Set<ArticleTable>();
  for (const operand of operands) {
    const known = articleTables.find((table) => table === operand);
    if (known === undefined && operand !== 'all') {
      const all = [...articleTables, 'all'];
      throw usageError(
        `unknown table '${operand}'${didYouMean(operand, all)}`,
        `there are: ${all.join(', ')}`,
      );
    }
    for (const table of known === undefined ? articleTables : [known]) names.add(table);
  }
  return [...names];
}

interface Done {
  result: RunResult;
  path: string | null;
}

/** What is going to happen: nobody should have to wonder how long to wait. */
async function announce(articles: readonly ArticleJob[], progress: Progress): Promise<void> {
  const { articleBytes, articleSeconds } = await import('../experiments/article-run.ts');
  const ns = articles.reduce((sum, article) => sum + articleSeconds(article), 0) * 1e9;
  const most = articles.some(({ plan }) => plan.untilConfident !== null) ? 'at most' : 'about';
  const bytes = articles.map(articleBytes).filter((made) => made > 0);
  const files =
    bytes.length === 0
      ? ''
      : `; files of ${bytes.map(formatBytes).join(', ')} are laid out and removed again`;
  progress.note(
    `article: ${plural(articles.length, 'table')}, ${most} ${formatDuration(ns)} of measuring${files}`,
  );
}

/** The exit code of all: a signal's, else that of the worst. */
function codeOf(done: readonly Done[], stop: Stop): number {
  const failed = done.some(({ result }) => {
    const report = articleOf(result);
    const missed = report?.table === 'table2' && checkCache(report).cached === false;
    return result.status !== 'complete' || missed;
  });
  return stop.code() ?? (failed ? EXIT.failed : EXIT.ok);
}

/** Each report as soon as it is there, unless all are one document. */
class Reports {
  readonly #output: OutputOptions;
  readonly #options: RenderOptions;
  readonly #live: boolean;
  #shown = 0;

  constructor(output: OutputOptions) {
    this.#output = output;
    this.#options = { color: output.color, columns: reportColumns(output) };
    this.#live = output.output === null && formats[output.outputFormat].between !== null;
  }

  async add({ result, path }: Done): Promise<void> {
    if (this.#live) {
      const { outputFormat } = this.#output;
      const between = this.#shown > 0 ? (formats[outputFormat].between ?? '') : '';
      const stored = outputFormat === 'table' && path !== null ? `\nResult: ${path}\n` : '';
      await writeOut(
        process.stdout,
        `${between}${renderAll([result], outputFormat, this.#options)}${stored}`,
      );
    }
    this.#shown++;
  }

  async end(done: readonly Done[]): Promise<void> {
    const { outputFormat, output } = this.#output;
    const results = done.map(({ result }) => result);
    if (!this.#live && results.length > 0) {
      await deliverReport(renderAll(results, outputFormat, this.#options), this.#output);
    }
    if (output !== null) await say(`Report: ${output}`, this.#output);
    if (this.#live && outputFormat === 'table') return;
    for (const { path } of done) if (path !== null) await say(`Result: ${path}`, this.#output);
  }
}

async function runAll(
  articles: readonly ArticleJob[],
  output: OutputOptions,
  progress: Progress,
  warnings: ResultWarning[],
  argv: readonly string[],
): Promise<number> {
  const { runArticle } = await import('../experiments/article-run.ts');
  const stop = stopOnSignals((name) => progress.note(`${name}: stopping; once more to end at once`));
  const reports = new Reports(output);
  const done: Done[] = [];
  const commandLine = ['uring-bench', ...argv];
  try {
    for (const article of articles) {
      if (stop.signal.aborted) break;
      const own = { ...article, warnings: [...warnings, ...article.warnings] };
      const ended = await runArticle(own, {
        progress,
        signal: stop.signal,
        commandLine,
        output,
        warnings: own.warnings,
      });
      done.push(ended);
      await reports.add(ended);
    }
  } catch (error) {
    // Stopped while the files of a later table were laid out: the earlier ones stand.
    if (!(error instanceof Stopped) || done.length === 0) throw error;
  } finally {
    progress.end();
    stop.release();
  }
  await reports.end(done);
  return codeOf(done, stop);
}

export async function articleCommand({ options, operands, argv }: Invocation): Promise<number> {
  const { raw, warnings } = readOptions(options);
  const output = resolveOutput(raw, takesColor(process.stdout, process.env));
  const tables = tablesOf(operands);
  checkReport(output);
  checkMaxTrials(raw);
  const host = { machine: readMachine(), target: { dioAlign } };
  const articles = tables.map((table) => articleJob(table, raw, host));
  checkReportApart(
    output,
    articles.flatMap(({ plan }) => pathsOf(plan)),
  );
  const color = raw.color ?? takesColor(process.stderr, process.env);
  const progress = createProgress(process.stderr, { quiet: output.quiet, color });
  await announce(articles, progress);
  return runAll(articles, output, progress, warnings, argv);
}
