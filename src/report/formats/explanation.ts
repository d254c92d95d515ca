/** What `uring-bench explain` saw of a command, in the formats that have words for it. */
import { usageError } from '../../errors.ts';
import type { OutputFormat } from '../../options/output.ts';
import type { ExplainedCommand } from '../../results/explained-schema.ts';
import { jsonText } from '../text/json.ts';
import { foldWords, printableAll } from '../text/text.ts';
import type { RenderOptions } from '../view/format-spec.ts';
import { explanationMarkdown } from './markdown.ts';
import { renderExplanation } from './table.ts';

/** Formats of an explained command. */
export const EXPLANATION_FORMATS = ['table', 'json', 'markdown'] as const satisfies readonly OutputFormat[];

/** What was run and when. */
function headText({ command, exit_code: code, started_at: at, environment }: ExplainedCommand): string {
  return `${command.join(' ')}: exit code ${code}, ${at}, ${environment.hostname}, Linux ${environment.kernel}`;
}

function head(document: ExplainedCommand, { columns }: RenderOptions): string {
  return foldWords(headText(document), columns, 2).join('\n');
}

/**
 * As text that ends in a newline.
 * @throws BenchError (usage) for a format that has none
 */
export function renderCommand(
  document: ExplainedCommand,
  format: OutputFormat,
  options: RenderOptions,
): string {
  if (format === 'json') return jsonText(document);
  const shown = printableAll(document);
  const all = [{ label: '', explain: shown.explain }];
  if (format === 'table') return `${head(shown, options)}\n\n${renderExplanation(all, options)}`;
  if (format === 'markdown') return explanationMarkdown(headText(shown), all);
  throw usageError(
    `an explained command has no output-format=${format}`,
    `one of: ${EXPLANATION_FORMATS.join(', ')}`,
  );
}
