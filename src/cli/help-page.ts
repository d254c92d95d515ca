/**
 * Help as it was rendered when dist/ was built. To load commander, the option table and the backends takes as long as Node's own
 * start; the text is the same each time, but for the terminal's width.
 */
import { readFileSync } from 'node:fs';

/** Columns of the pages: what a pipe gets, and a terminal of the usual width. */
export const PAGE_COLUMNS = 80;

const HELP: readonly string[] = ['--help', '-h'];
const ALL = '--all';

/** A page of help: of a command, '' for the program's own, with what is used most or with all. */
export interface Page {
  command: string;
  all: boolean;
}

/** The page that a line asks for and nothing but that; undefined for any other line. */
export function helpAskedFor(argv: readonly string[]): Page | undefined {
  const words = argv.filter((word) => word !== ALL);
  const [first = '', second = ''] = words;
  if (words.length === 0 || words.length > 2 || argv.length - words.length > 1) return undefined;
  const all = words.length < argv.length;
  if (words.length === 1) return HELP.includes(first) || first === 'help' ? { command: '', all } : undefined;
  if (first === 'help') return { command: second, all };
  return HELP.includes(second) ? { command: first, all } : undefined;
}

/** The file of a page, whether there is one or not. */
export function fileOf({ command, all }: Page): URL {
  return new URL(`../help/${command === '' ? 'run' : command}${all ? '-all' : ''}.txt`, import.meta.url);
}

/** The page that a command line asks for; undefined when it asks for something else, or has to be rendered. */
export function helpPage(argv: readonly string[], columns: number): string | undefined {
  const page = helpAskedFor(argv);
  if (page === undefined || columns !== PAGE_COLUMNS || !/^[a-z]*$/.test(page.command)) return undefined;
  try {
    return readFileSync(fileOf(page), 'utf8');
  } catch {
    // Not built, or no such command: the program itself answers.
    return undefined;
  }
}
