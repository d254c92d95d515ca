/**
 * Help as it was rendered when dist/ was built. To load commander, the option table and the backends takes as long as Node's own
 * start; the text is the same each time, but for the terminal's width.
 */
import { readFileSync } from 'node:fs';

/** Columns of the pages: what a pipe gets, and a terminal of the usual width. */
export const PAGE_COLUMNS = 80;

const HELP: readonly string[] = ['--help', '-h'];

/** The command whose help is asked for by nothing but that, '' for the program's own; undefined for any other line. */
export function helpAskedFor(argv: readonly string[]): string | undefined {
  const [first = '', second = '', third] = argv;
  if (third !== undefined) return undefined;
  if (argv.length === 1) return HELP.includes(first) || first === 'help' ? '' : undefined;
  if (first === 'help') return second;
  return HELP.includes(second) ? first : undefined;
}

/** The file of a command's page, whether there is one or not. */
export function pageOf(command: string): URL {
  return new URL(`../help/${command === '' ? 'run' : command}.txt`, import.meta.url);
}

/** The page that a command line asks for; undefined when it asks for something else, or has to be rendered. */
export function helpPage(argv: readonly string[], columns: number): string | undefined {
  const command = helpAskedFor(argv);
  if (command === undefined || columns !== PAGE_COLUMNS || !/^[a-z]*$/.test(command)) return undefined;
  try {
    return readFileSync(pageOf(command), 'utf8');
  } catch {
    // Not built, or no such command: the program itself answers.
    return undefined;
  }
}
