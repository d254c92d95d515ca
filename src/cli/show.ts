/** `uring-bench show FILE...`: reports from stored results alone, without native code. */
import { parseMetrics } from '../compare/metrics.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import type { OutputFormat } from '../options/output.ts';
import type { RenderOptions } from '../report/formats/format-spec.ts';
import { formats, renderAll, renderSweep } from '../report/formats/index.ts';
import { reportSettings, sweepView } from '../report/sweep/sweep-view.ts';
import { isSweep, type Stored } from '../results/document.ts';
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
  const runs = stored.flatMap((one) => (isSweep(one) ? [] : [one]));
  const texts = stored.filter(isSweep).map((sweep) => {
    const view = sweepView(reportSettings(raw, sweep.report));
    return renderSweep(sweep, view, format, options);
  });
  if (runs.length > 0) texts.unshift(renderAll(runs, format, options));
  return texts.join(formats[format].between ?? '\n');
}

export async function showCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = Session.open(raw);
  session.checkApart(operands);
  const budget = new ReadBudget();
  const results = operands.map((path) => readStored(path, budget));
  const percentiles = raw['percentile-list'];
  const format = session.output.outputFormat;
  const rendering: RenderOptions = {
    ...session.rendering,
    ...(percentiles ? { percentiles } : {}),
    ...(raw.metric ? { metrics: parseMetrics('metric', raw.metric) } : {}),
  };
  await session.deliver(renderAllStored(results, format, rendering, raw));
  return 0;
}
