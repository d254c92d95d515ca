/** Tables of numbers: by themselves, and behind each chart. */
import { escapeHtml } from '../escape.ts';
import type { TableSpec } from './spec.ts';

/** Numbers read best right-aligned: digits, with what stands before and behind them. */
export function isNumeric(text: string): boolean {
  return text === '' || /^[-+±~?<>=]*\s?[-+]?\d/u.test(text);
}

function headRow(head: readonly string[]): string {
  const cells = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`);
  return `<thead><tr>${cells.join('')}</tr></thead>`;
}

/** The first cell names the row; of the others those are right-aligned whose column is of numbers. */
function bodyRow(row: readonly string[], numeric: readonly boolean[]): string {
  const cells = row.map((text, at) => {
    if (at === 0) return `<th scope="row">${escapeHtml(text)}</th>`;
    return `<td${numeric[at] ? ' class="n"' : ''}>${escapeHtml(text)}</td>`;
  });
  return `<tr>${cells.join('')}</tr>`;
}

/** A table with its caption, in a box that scrolls by itself where it is wider than the page. */
export function dataTable({ caption, head, rows }: TableSpec): string {
  return groupedTable({ caption, head, groups: [rows] });
}

/** The same in groups of rows: one of each line of a chart. */
export function groupedTable({
  caption,
  head,
  groups,
}: Omit<TableSpec, 'rows'> & { groups: readonly TableSpec['rows'][] }): string {
  const all = groups.flat();
  const numeric = head.map((_, at) => all.every((row) => isNumeric(row[at] ?? '')));
  const bodies = groups.map(
    (rows) => `<tbody>${rows.map((row) => bodyRow(row, numeric)).join('\n')}</tbody>`,
  );
  const label = escapeHtml(caption);
  return `<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table><caption>${label}</caption>${headRow(head)}${bodies.join('\n')}</table></div>`;
}
