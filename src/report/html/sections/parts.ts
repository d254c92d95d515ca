/** What sections are made of: tables, facts, lists and notes of the reports for people, as HTML. */
import type { HeaderLine } from '../../text/header.ts';
import type { Column, TableView, Tone } from '../../text/table-view.ts';
import type { Note } from '../../text/warnings.ts';
import { escapeHtml } from '../escape.ts';

/** One section of a document: what it is called, whether there is anything to say, and what it says. */
export interface Section<Subject> {
  title: string;
  applies: (subject: Subject) => boolean;
  /** HTML; '' when there turned out to be nothing. */
  render: (subject: Subject) => string;
}

/** The sections that apply, rendered. */
export function sectionsOf<Subject>(
  all: readonly Section<Subject>[],
  subject: Subject,
): { title: string; html: string }[] {
  return all
    .filter(({ applies }) => applies(subject))
    .map(({ title, render }) => ({ title, html: render(subject) }));
}

const CLASSES: Readonly<Record<Tone, string>> = {
  best: 'best',
  good: 'tg',
  bad: 'tb',
  unclear: 'tu',
  warning: 'tw',
  error: 'tb',
};

function cellOf({ align, cells }: Column, row: number, at: number): string {
  const { text = '', tone } = cells[row] ?? {};
  const classes = [...(align === 'right' ? ['n'] : []), ...(tone === undefined ? [] : [CLASSES[tone]])];
  const attribute = classes.length === 0 ? '' : ` class="${classes.join(' ')}"`;
  const name = at === 0 ? 'th scope="row"' : 'td';
  return `<${name}${attribute}>${escapeHtml(text)}</${name.slice(0, 2)}>`;
}

/** A table of the reports for people, with what its marks mean below. '' without rows. */
export function tableHtml(table: TableView, caption = ''): string {
  const rows = Math.max(0, ...table.map(({ cells }) => cells.length));
  if (rows === 0) return '';
  const head = table.map(
    ({ head, align }) =>
      `<th scope="col"${align === 'right' ? ' class="n"' : ''}>${escapeHtml(head.join(' ').replaceAll(' +', '+'))}</th>`,
  );
  const body = Array.from(
    { length: rows },
    (_, row) => `<tr>${table.map((column, at) => cellOf(column, row, at)).join('')}</tr>`,
  );
  const legend = table
    .flatMap((column) => column.legend ?? [])
    .map((line) => `<p class="legendline">${escapeHtml(line)}</p>`);
  const named = caption === '' ? '' : `<caption>${escapeHtml(caption)}</caption>`;
  const label = escapeHtml(caption === '' ? (table[0]?.head.join(' ') ?? '') : caption);
  return `<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>${named}<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>${legend.join('')}`;
}

/** Names with what is said of each. */
export function factsHtml(facts: readonly (readonly [name: string, text: string])[]): string {
  if (facts.length === 0) return '';
  const rows = facts.map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`);
  return `<dl class="facts">${rows.join('\n')}</dl>`;
}

/** The first lines of a report, as facts. */
export function headerFacts(lines: readonly HeaderLine[]): [string, string][] {
  return lines.map(({ name, items, separator }) => [name, items.join(`${separator} `)]);
}

export function paragraph(text: string, kind = ''): string {
  return `<p${kind === '' ? '' : ` class="${kind}"`}>${escapeHtml(text)}</p>`;
}

/** Lines as a list; '' of none. */
export function listHtml(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<ul class="notes">${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('\n')}</ul>`;
}

/** Notes, each with its level as a word before it: colour is never alone. */
export function notesHtml(notes: readonly Note[]): string {
  if (notes.length === 0) return '';
  const items = notes.map(({ level, subject, text }) => {
    const kind = level === 'error' ? 'bad' : 'warn';
    const about = subject === null ? '' : `${escapeHtml(subject)}: `;
    return `<li class="${kind}"><b>${level}</b> ${about}${escapeHtml(text)}</li>`;
  });
  return `<ul class="notes">${items.join('\n')}</ul>`;
}

/** What a reader wants to know first, in a box. @param look of the box's edge */
export function leadHtml(
  lines: readonly string[],
  look: 'plain' | 'good' | 'warn' | 'bad' = 'plain',
): string {
  if (lines.length === 0) return '';
  const kind = look === 'plain' ? 'verdict' : `verdict ${look}`;
  return `<div class="${kind}" role="note" aria-label="Verdict">${lines.map((line) => paragraph(line)).join('')}</div>`;
}

/** What only some readers want, behind a click. */
export function folded(summary: string, html: string): string {
  return html === '' ? '' : `<details><summary>${escapeHtml(summary)}</summary>${html}</details>`;
}

export function heading(text: string): string {
  return `<h3>${escapeHtml(text)}</h3>`;
}
