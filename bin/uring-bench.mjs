#!/usr/bin/env node
/*
 * Finds the program and runs it: compiled dist/ when it is as new as src/ (or src/ is absent), else src/
 * through tsx. Written so that an old Node can still parse it and say that it is too old.
 */
import { existsSync, readdirSync, statSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What keeps the tool from running on this machine, with the mend; undefined when nothing does. */
function obstacle() {
  const version = process.versions.node.split('.').map(Number);
  if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
    return (
      'Node 20.19 or newer is needed, this is ' +
      process.versions.node +
      ' (see https://nodejs.org/en/download)'
    );
  }
  return undefined;
}

/** Newest modification of a source below a folder, in ms. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) latest = Math.max(latest, newest(path));
    else if (!entry.name.endsWith('.test.ts')) latest = Math.max(latest, statSync(path).mtimeMs);
  }
  return latest;
}

/** Whether dist/ may stand for src/; scripts/prepare.mjs leaves the time of the build in dist/.built. */
function compiledIsFresh() {
  const built = join(root, 'dist', '.built');
  if (!existsSync(join(root, 'src'))) return true;
  return existsSync(built) && statSync(built).mtimeMs >= newest(join(root, 'src'));
}

async function load() {
  if (compiledIsFresh()) return import(pathToFileURL(join(root, 'dist', 'cli', 'main.js')).href);
  let tsx;
  try {
    tsx = await import('tsx/esm/api');
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    fail("not built: run 'npm ci' (or 'npm run build') in " + root);
  }
  tsx.register();
  return import(pathToFileURL(join(root, 'src', 'cli', 'main.ts')).href);
}

function fail(message, code = 2) {
  process.stderr.write('uring-bench: ' + message + '\n');
  process.exit(code);
}

/** What kept the program from being loaded: a system call that failed, or a bug. */
function report(error) {
  if (error && error.syscall) {
    const hint = error.code === 'EMFILE' ? ' (raise ulimit -n)' : '';
    fail('cannot load the program: ' + error.message + hint, 3);
  }
  process.stderr.write((error && error.stack ? error.stack : String(error)) + '\n');
  process.exit(3);
}

// Node's own handler would open a debugger's port, in the middle of a measurement and to everybody on this machine.
process.on('SIGUSR1', () => {});
const missing = obstacle();
if (missing !== undefined) fail(missing);
load()
  .then(({ main }) => main(process.argv.slice(2)))
  .then((code) => process.exit(code), report);
