/** Renders the help of every command into a built dist/; run by the build, from there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { packageVersion } from '../version.ts';
import { commands } from './commands.ts';
import { PAGE_COLUMNS, pageOf } from './help-page.ts';
import { runProgram } from './program.ts';

mkdirSync(new URL('.', pageOf('')), { recursive: true });
for (const { name } of commands) {
  const spec = { name: 'uring-bench', version: packageVersion, commands, columns: PAGE_COLUMNS };
  const { text } = await runProgram(spec, [...(name === '' ? [] : [name]), '--help']);
  writeFileSync(pageOf(name), text);
}
