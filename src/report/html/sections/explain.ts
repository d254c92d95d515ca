/** What the kernel was seen to do for each backend. */
import type { ExplainView } from '../../text/explain.ts';
import type { ExplainedBackend } from '../../text/explained.ts';
import { listHtml, tableHtml } from './parts.ts';

export function explainHtml(view: ExplainView, _all: readonly ExplainedBackend[], _prefix: string): string {
  const tables = (all: ExplainView['chief']) =>
    all.map(({ title, table }) => tableHtml(table, title)).join('\n');
  return [
    listHtml(view.sentences),
    tables(view.chief),
    tables([...view.details, ...view.side]),
    listHtml(view.lines),
  ].join('\n');
}
