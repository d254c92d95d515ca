/** Renders the help of every command into a built dist/; run by the build, from there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { packageVersion } from '../version.ts';
import { commands } from './commands.ts';
import { fileOf, PAGE_COLUMNS, type Page } from './help-page.ts';
import { runProgram } from './program.ts';

const pages: Page[] = commands.flatMap(({ name }) => [false, true].map((all) => ({ command: name, all })));
for (const page of pages) {
  const spec = { name: 'uring-bench', version: packageVersion, commands, columns: PAGE_COLUMNS };
  const line = [...(page.command === '' ? [] : [page.command]), '--help', ...(page.all ? ['--all'] : [])];
  const { text } = await runProgram(spec, line);
  mkdirSync(new URL('.', fileOf(page)), { recursive: true });
  writeFileSync(fileOf(page), text);
}
