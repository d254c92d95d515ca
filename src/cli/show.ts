/** `uring-bench show FILE...`: reports from stored results alone, without native code. */
import { readFileSync } from 'node:fs';
import { usageError } from '../errors.ts';
import type { OutputFormat } from '../jobs/job.ts';
import { readOptions } from '../jobs/option-reader.ts';
import { resolveOutput } from '../jobs/output.ts';
import { type RenderOptions, render } from '../report/index.ts';
import { isSystemError, systemReason } from '../results/host-files.ts';
import { parseResult } from '../results/read.ts';
import type { RunResult } from '../results/schema.ts';
import type { Invocation } from './program.ts';
import { checkReport, deliverReport, reportColumns } from './report.ts';
import { takesColor } from './terminal.ts';

function readStored(path: string): RunResult {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot read ${path}: ${systemReason(error)}`);
  }
  return parseResult(text, path === '-' ? 'standard input' : path);
}

/** Reports one after the other; CSV stays one table, with one heading. */
function renderAll(results: readonly RunResult[], format: OutputFormat, options: RenderOptions): string {
  const texts = results.map((result) => render(result, format, options));
  if (format !== 'csv') return texts.join(format === 'json' ? '' : '\n');
  const heading = texts[0]?.split('\n', 1)[0];
  return texts
    .map((text, i) =>
      i > 0 && text.startsWith(`${heading}\n`) ? text.slice((heading?.length ?? 0) + 1) : text,
    )
    .join('');
}

export async function showCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const output = resolveOutput(raw, takesColor(process.stdout, process.env));
  checkReport(output);
  const results = operands.map(readStored);
  const percentiles = raw['percentile-list'];
  const text = renderAll(results, output.outputFormat, {
    color: output.color,
    columns: reportColumns(output),
    ...(percentiles ? { percentiles } : {}),
  });
  await deliverReport(text, output);
  return 0;
}
