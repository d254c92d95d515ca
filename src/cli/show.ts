/** `uring-bench show FILE...`: reports from stored results alone, without native code. */
import { type Metric, parseMetric, parseMetrics } from '../compare/metrics.ts';
import { usageError } from '../errors.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import type { OutputFormat } from '../options/output.ts';
import { pointText } from '../options/sweep-grid.ts';
import { renderCommand } from '../report/formats/explanation.ts';
import { formats, renderAll, renderEvaluation, renderStored, renderSweep } from '../report/formats/index.ts';
import { reportSettings, sweepView } from '../report/sweep/sweep-view.ts';
import { printable } from '../report/text/text.ts';
import type { RenderOptions } from '../report/view/format-spec.ts';
import { seriesOf } from '../report/view/series.ts';
import { isBaseline, isEvaluation, isExplanation, isSweep, type Stored } from '../results/document.ts';
import type { RunResult } from '../results/schema.ts';
import { plural } from '../values/format.ts';
import { allStoredFiles } from './operands.ts';

import type { Invocation } from './program.ts';
import { Session } from './session.ts';
import { ReadBudget, readStored } from './stored.ts';

/** Runs are one document where the format has such; a sweep is always one of its own. */
function renderAllStored(
  stored: readonly Stored[],
  format: OutputFormat,
  options: RenderOptions,
  raw: RawOptions,
): string {
  const runs = stored.flatMap((one) => {
    if (isBaseline(one)) return one.runs;
    return isSweep(one) || isExplanation(one) || isEvaluation(one) ? [] : [one];
  });
  const sweeps = stored.filter(isSweep).map((sweep) => ({
    sweep,
    view: sweepView(reportSettings(raw, sweep.report)),
  }));
  const alone = runs.length + sweeps.length === 0;
  const whole = alone ? null : renderStored(runs, sweeps, format, options);
  if (whole !== null) return whole;
  const texts = sweeps.map(({ sweep, view }) => renderSweep(sweep, view, format, { ...options, paths: [] }));
  texts.push(
    ...stored.filter(isExplanation).map((one) => renderCommand(one, format, { ...options, paths: [] })),
  );
  texts.push(...stored.filter(isEvaluation).map((one) => renderEvaluation(one, format, options)));
  if (runs.length > 0) texts.unshift(renderAll(runs, format, options));
  return texts.join(formats[format].between ?? '\n');
}

interface Read {
  path: string;
  stored: Stored;
}

/** Runs, those of sweeps with the point that each is, those of baselines with their number. */
function runsOf({ path, stored }: Read): { path: string; run: RunResult }[] {
  if (isBaseline(stored)) return stored.runs.map((run, at) => ({ path: `${path}#${at + 1}`, run }));
  if (isExplanation(stored) || isEvaluation(stored)) return [];
  if (!isSweep(stored)) return [{ path, run: stored }];
  return stored.points.map(({ values, result }) => ({ path: `${path} (${pointText(values)})`, run: result }));
}

/** The run whose best backend is the best of all; which that is is said beside the report. @throws BenchError (usage) */
async function bestOf(all: readonly Read[], metric: Metric, session: Session): Promise<Read> {
  const sign = metric.better === 'higher' ? 1 : -1;
  const runs = all.flatMap(runsOf);
  const found = runs.flatMap(({ path, run }) =>
    seriesOf([run], [metric]).flatMap(({ label, values: [value] }) =>
      value === undefined ? [] : [{ path, run, label, median: value.estimate.median }],
    ),
  );
  const [first, ...others] = found;
  if (first === undefined)
    throw usageError(`none of ${plural(runs.length, 'result')} has a value of ${metric.name}`);
  const best = others.reduce((most, one) => (one.median * sign > most.median * sign ? one : most), first);
  const value = `${printable(best.label)}, ${metric.format(best.median)}`;
  await session.say(
    `best ${metric.name} of ${plural(runs.length, 'result')}: ${value}: ${printable(best.path)}`,
  );
  return { path: best.path, stored: best.run };
}

export async function showCommand({ options, operands }: Invocation): Promise<number> {
  return showStored(readOptions(options).raw, operands);
}

/** Shows stored results. @returns the exit code @throws BenchError (usage) for what cannot be read or shown so */
export async function showStored(raw: RawOptions, operands: readonly string[]): Promise<number> {
  const session = await Session.open(raw);
  const paths = allStoredFiles(operands);
  session.checkApart(paths);
  const budget = new ReadBudget();
  const all = paths.map((path) => ({ path, stored: readStored(path, budget) }));
  const shown = raw.best === undefined ? all : [await bestOf(all, parseMetric('best', raw.best), session)];
  const results = shown.map(({ stored }) => stored);
  const percentiles = raw['percentile-list'];
  const format = session.output.outputFormat;
  const rendering: RenderOptions = {
    ...session.rendering,
    paths: shown
      .filter(({ stored }) => !isSweep(stored) && !isEvaluation(stored))
      .flatMap((one) => runsOf(one).map(({ path }) => path)),
    ...(percentiles ? { percentiles } : {}),
    ...(raw.metric ? { metrics: parseMetrics('metric', raw.metric) } : {}),
  };
  await session.deliver(renderAllStored(results, format, rendering, raw));
  await session.deliverMore((other, plain) =>
    renderAllStored(results, other, { ...rendering, ...plain }, raw),
  );
  if (format === 'html') await session.sayReport();
  return 0;
}
