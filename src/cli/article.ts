/** `uring-bench article table1|table2|table3|all`: the article's experiments on this machine. */
import { usageError } from '../errors.ts';
import { type ArticleJob, articleJob, articleTables } from '../experiments/article.ts';
import type { Progress } from '../jobs/progress.ts';
import type { RunOutcome } from '../jobs/runner.ts';
import { readOptions } from '../options/option-reader.ts';
import { checkCache } from '../report/article/article-checks.ts';
import { formats, renderAll } from '../report/formats/index.ts';
import { readMachine } from '../resolve/cpus.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { checkMaxTrials } from '../resolve/trial-options.ts';
import { articleOf } from '../results/document.ts';
import type { ResultWarning } from '../results/schema.ts';
import type { ArticleTable } from '../results/schema-report.ts';
import { formatBytes, formatDuration, plural } from '../values/format.ts';
import { didYouMean } from '../values/nearest.ts';
import { checkFlagsOf } from './article-flags.ts';
import { Clearing } from './clean.ts';
import { checkExplain, deliverStacks, tracing } from './explaining.ts';
import { Stopped } from './failure.ts';
import type { Invocation } from './program.ts';
import { Session } from './session.ts';
import { writeOut } from './terminal.ts';
import { tellFailures } from './troubles.ts';

/** Experiments that are no table of the article's. */
const ALONE = [
  { name: 'metadata', load: async () => (await import('../experiments/metadata.ts')).metadata },
  { name: 'durability', load: async () => (await import('../experiments/durability.ts')).durability },
] as const;

/** The tables that were asked for, each once. @throws BenchError (usage) for an unknown one */
function tablesOf(operands: readonly string[]): ArticleTable[] {
  const names = new Set<ArticleTable>();
  for (const operand of operands) {
    const known = articleTables.find((table) => table === operand);
    if (known === undefined && operand !== 'all') {
      const all = [...articleTables, 'all', ...ALONE.map(({ name }) => name), 'cache'];
      throw usageError(
        `unknown table '${operand}'${didYouMean(operand, all)}`,
        `there are: ${all.join(', ')}`,
      );
    }
    for (const table of known === undefined ? articleTables : [known]) names.add(table);
  }
  return [...names];
}

/** Its path is null when it is not stored as it was run. */
type Done = RunOutcome;

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
function codeOf(done: readonly Done[], session: Session): number {
  const failed = done.some(({ result }) => {
    const report = articleOf(result);
    const missed = report?.table === 'table2' && checkCache(report).cached === false;
    return result.status !== 'complete' || missed;
  });
  return session.exitCode(!failed);
}

/** Each report as soon as it is there, unless all are one document. */
class Reports {
  readonly #session: Session;
  readonly #live: boolean;
  #shown = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#live = session.live && formats[session.output.outputFormat].between !== null;
  }

  async add({ result, path }: Done): Promise<void> {
    if (this.#live) {
      const { outputFormat } = this.#session.output;
      const between = this.#shown > 0 ? (formats[outputFormat].between ?? '') : '';
      const stored = outputFormat === 'table' && path !== null ? `\nResult: ${path}\n` : '';
      await writeOut(
        process.stdout,
        `${between}${renderAll([result], outputFormat, this.#session.rendering)}${stored}`,
      );
    }
    this.#shown++;
  }

  async end(done: readonly Done[]): Promise<void> {
    const session = this.#session;
    const { outputFormat } = session.output;
    const results = done.map(({ result }) => result);
    if (!this.#live && results.length > 0) {
      await session.deliver(renderAll(results, outputFormat, session.rendering));
    }
    if (results.length > 0)
      await session.deliverMore((format, rendering) => renderAll(results, format, rendering));
    if (outputFormat !== 'table') await tellFailures(done);
    await session.sayReport();
    if (this.#live && outputFormat === 'table') return;
    for (const { path } of done) if (path !== null) await session.say(`Result: ${path}`);
  }
}

async function runAll(
  articles: readonly ArticleJob[],
  session: Session,
  warnings: readonly ResultWarning[],
): Promise<number> {
  const { runArticle } = await import('../experiments/article-run.ts');
  const { ManyRunsProgress } = await import('../experiments/many-runs-progress.ts');
  const reports = new Reports(session);
  const done: Done[] = [];
  try {
    await session.during(async (work) => {
      await announce(articles, work.progress);
      // One bar for all tables.
      const points = articles.map(({ table, plan }) => ({ values: { table }, plan, warnings: [] }));
      const progress = new ManyRunsProgress(work.progress, points, true);
      progress.startAll();
      for (const article of articles) {
        if (work.signal.aborted) break;
        const own = { ...article, warnings: [...warnings, ...article.warnings] };
        const at = progress.at({ table: article.table });
        const outcome = await runArticle(own, { ...work, progress: at, warnings: own.warnings, tracing });
        const ended = outcome.unsaved === null ? outcome : { ...outcome, path: null };
        done.push(ended);
        await reports.add(ended);
      }
    });
  } catch (error) {
    // Stopped while the files of a later table were laid out: the earlier ones stand.
    if (!(error instanceof Stopped) || done.length === 0) throw error;
  }
  await reports.end(done);
  await deliverStacks(
    done.flatMap(({ stacks }) => stacks),
    session,
  );
  for (const { unsaved } of done) if (unsaved !== null) throw unsaved;
  return codeOf(done, session);
}

export async function articleCommand({ options, operands, argv }: Invocation): Promise<number> {
  const { raw, warnings } = readOptions(options);
  if (operands.includes('cache')) {
    if (operands.length > 1) throw usageError("cache is no table of the article's", 'run it by itself');
    checkFlagsOf('article cache', raw);
    return (await import('./cache.ts')).cacheCommand(raw, warnings, argv);
  }
  const alone = ALONE.find(({ name }) => operands.includes(name));
  if (alone !== undefined) {
    if (operands.length > 1)
      throw usageError(`${alone.name} is no table of the article's`, 'run it by itself');
    checkFlagsOf(`article ${alone.name}`, raw);
    const { phasesCommand } = await import('./phases.ts');
    return phasesCommand(await alone.load(), raw, warnings, argv);
  }
  checkFlagsOf("the article's tables", raw);
  const tables = tablesOf(operands);
  const session = await Session.open(raw, argv);
  checkMaxTrials(raw);
  const clearing = new Clearing(session);
  const host = { machine: readMachine(), target: clearing.target };
  const articles = tables.map((table) => articleJob(table, raw, host));
  session.checkApart(articles.flatMap(({ plan }) => pathsOf(plan)));
  for (const { plan } of articles) checkExplain(plan.explain, session);
  return runAll(articles, session, [...warnings, ...clearing.warnings]);
}
