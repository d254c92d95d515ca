/*
 * Builds both halves: the native library with make, TypeScript into dist/. npm runs it after `npm ci` (prepare)
 * and for `npm run build`; it can be repeated at any time. An installed package has dist/ and no src/: there,
 * and with --native (npm's install), only the native half is built, by the machine that it is for.
 */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function fail(message) {
  process.stderr.write('uring-bench: ' + message + '\n');
  process.exit(1);
}

function checkMachine() {
  if (process.platform !== 'linux') fail('Linux is needed, this is ' + process.platform);
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    fail('x86-64 or arm64 is needed, this Node is for ' + process.arch);
  }
  const version = process.versions.node.split('.').map(Number);
  if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
    fail(
      'Node 20.19 or newer is needed, this is ' +
        process.versions.node +
        ' (see https://nodejs.org/en/download)',
    );
  }
}

function has(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function checkTools() {
  const mend = 'apt-get install build-essential (or gcc, make and libc headers of your distribution)';
  if (!has(process.env.CC || 'cc')) fail('no C compiler: ' + mend);
  if (!has('make')) fail('no make: ' + mend);
}

function run(what, program, args) {
  const { status, signal, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) fail(what + ' failed: ' + error.message);
  if (status !== 0) fail(what + ' failed: ' + (signal || 'exit code ' + status) + ', see above');
}

/** The compiler's entry; undefined where only dependencies for running were installed. */
function compiler() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  } catch {
    return undefined;
  }
}

/** Scripts that are JavaScript already: tsc leaves them where they are. */
function copyScripts(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (entry.isDirectory()) copyScripts(path, join(to, entry.name));
    else if (entry.name.endsWith('.mjs')) cpSync(path, join(to, entry.name));
  }
}

/** Compiles beside dist/ and then takes its place, so that a dist/ is never a part of one. */
function buildDist(tsc) {
  const dist = join(root, 'dist');
  const fresh = join(root, 'dist.new');
  // Sources that change while they are compiled are newer than this, and so than dist/.
  const begun = new Date();
  rmSync(fresh, { recursive: true, force: true });
  run('compiling TypeScript', process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh]);
  copyScripts(join(root, 'src'), fresh);
  run('rendering help', process.execPath, [join(fresh, 'cli', 'render-help.js')]);
  writeFileSync(join(fresh, '.built'), begun.toISOString() + '\n');
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}

checkMachine();
checkTools();
run('building the native library', 'make', ['--no-print-directory', '-s', '-C', 'native']);
if (existsSync(join(root, 'src')) && !process.argv.includes('--native')) {
  const tsc = compiler();
  if (tsc !== undefined) buildDist(tsc);
  else if (!existsSync(join(root, 'dist', '.built'))) {
    fail("TypeScript is not installed and dist/ is not built: run 'npm ci' with its devDependencies");
  }
}
