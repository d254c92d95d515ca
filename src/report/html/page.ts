/** A whole report in one file, which asks for nothing from anywhere. */
import { createHash } from 'node:crypto';
import { escapeHtml, idOf } from './escape.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** A part of the page below a heading of its own. */
export interface PageSection {
  title: string;
  /** HTML, made of escaped text. '': the section is left out. */
  html: string;
}

export interface PageSpec {
  title: string;
  /** Below the title: whose numbers these are. */
  subtitle: string;
  /** HTML before the first section: the verdict. */
  lead: string;
  sections: readonly PageSection[];
  /** What made it: in the foot. */
  version: string;
}

/** Nothing is loaded and nothing is sent, and no script runs but the page's own, by its hash. */
function policy(): string {
  const hash = createHash('sha256').update(SCRIPT).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}

/** Ids of sections, each once. */
function idsOf(sections: readonly PageSection[]): string[] {
  const taken = new Map<string, number>();
  return sections.map(({ title }) => {
    const id = `section-${idOf(title)}`;
    const count = (taken.get(id) ?? 0) + 1;
    taken.set(id, count);
    return count === 1 ? id : `${id}-${count}`;
  });
}

function contents(sections: readonly PageSection[], ids: readonly string[]): string {
  if (sections.length < 2) return '';
  const items = sections.map(({ title }, at) => `<li><a href="#${ids[at]}">${escapeHtml(title)}</a></li>`);
  return `<nav aria-label="Contents"><ul>${items.join('')}</ul></nav>`;
}

/** The page as text that ends in a newline. */
export function page({ title, subtitle, lead, sections, version }: PageSpec): string {
  const shown = sections.filter(({ html }) => html !== '');
  const ids = idsOf(shown);
  const bodies = shown.map(
    (section, at) =>
      `<section aria-labelledby="${ids[at]}"><h2 id="${ids[at]}">${escapeHtml(section.title)}</h2>\n${section.html}\n</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="uring-bench ${escapeHtml(version)}">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1>
<p class="sub">${escapeHtml(subtitle)}</p>
${contents(shown, ids)}</header>
<main>
${lead}
${bodies.join('\n')}
</main>
<footer><p>Made by uring-bench ${escapeHtml(version)}. This file needs no network.</p></footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
