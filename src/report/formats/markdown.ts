/** The report as GitHub Markdown: the same view as on a terminal, with every column. */
import type { RunResult } from '../../results/schema.ts';
import type { ArticleView } from '../article/article.ts';
import type { Column, TableView } from '../text/table-view.ts';
import { noteLine } from '../text/warnings.ts';
import type { RenderOptions } from './format-spec.ts';
import { viewOf } from './view.ts';

/** Text that must not become markup or end its cell. */
export function escaped(text: string): string {
  return text.replace(/[\\`*<>[\]|~]/g, '\\$&');
}

export function renderMarkdown(result: RunResult, options: RenderOptions): string {
  const view = viewOf(result, options);
  const header = view.header.map(
    ({ name, items, separator }) => `- **${name}**: ${escaped(items.join(`${separator} `))}`,
  );
  const parts = [
    header.join('\n'),
    ...(view.status ? [`**${escaped(noteLine(view.status))}**`] : []),
    ...(view.article === null ? [] : articleParts(view.article)),
    ...[view.main, view.cause, ...(view.differences ? [view.differences] : []), ...view.latency].map(
      tableText,
    ),
    view.notes.map((note) => `- ${escaped(noteLine(note))}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Both sides in one table: a page has room. */
function articleParts({ title, sides, lines }: ArticleView): string[] {
  const [first = [], second = []] = sides;
  return [
    `**${escaped(title)}**`,
    tableText([...first, ...second.slice(1)]),
    lines.map((line) => `- ${escaped(line)}`).join('\n'),
  ];
}

export function tableText(columns: TableView): string {
  const rows = Math.max(...columns.map((column) => column.cells.length));
  const line = (of: (column: Column) => string) => `| ${columns.map(of).join(' | ')} |`;
  const lines = [
    line(({ head }) => escaped(joinedHead(head))),
    line(({ align }) => (align === 'right' ? '---:' : '---')),
    ...Array.from({ length: rows }, (_, row) =>
      line(({ cells }) => {
        const cell = cells[row];
        const text = escaped(cell?.text ?? '');
        return cell?.tone === 'best' ? `**${text}**` : text;
      }),
    ),
  ];
  return [lines.join('\n'), ...columns.flatMap(({ legend = [] }) => legend).map(escaped)].join('\n\n');
}

/** Heading lines as one, a backend's features without a space before them. */
function joinedHead(head: readonly string[]): string {
  return head.join(' ').replaceAll(' +', '+');
}
