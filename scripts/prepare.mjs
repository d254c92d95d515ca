/*
 * Builds both halves: the native library with make, TypeScript into dist/. npm runs it after `npm ci` (prepare)
 * and for `npm run build`; it can be repeated at any time. An installed package has dist/ and no src/: there,
 * and with --native (npm's install), only the native half is built, by the machine that it is for.
 */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { cpus } from 'os';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function fail(message) {
  process.stderr.write('uring-bench: ' + message + '\n');
  process.exit(1);
}

function checkNode() {
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

/** Why nothing native can be built here; undefined when it can. */
function obstacle() {
  if (process.platform !== 'linux') return 'Linux is needed, this is ' + process.platform;
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    return 'x86-64 or arm64 is needed, this Node is for ' + process.arch;
  }
  const mend = 'apt-get install build-essential (or gcc, make and libc headers of your distribution)';
  if (!has(process.env.CC || 'cc')) return 'no C compiler: ' + mend;
  if (!has('make')) return 'no make: ' + mend;
  return undefined;
}

/**
 * Stored results are read, listed and compared without native code: npm's install does not fail for want of it, only what
 * asks for it by name does.
 */
function buildNative() {
  const asked = !['install', 'prepare'].includes(process.env.npm_lifecycle_event);
  const missing = obstacle();
  const without = ' (show, ls and compare work without it; npm run build in ' + root + ' tries again)';
  const tell = (why) =>
    process.stderr.write('uring-bench: the native library is not built: ' + why + without + '\n');
  if (missing !== undefined) return asked ? fail(missing) : tell(missing);
  // Unless a make that called this one says how many at a time.
  const lanes = process.env.MAKEFLAGS ? [] : ['-j' + cpus().length];
  const make = ['--no-print-directory', '-s', '-C', 'native', ...lanes];
  // A package that is installed has no sources to be mended; in a checkout an error is to be seen.
  if (asked || existsSync(join(root, 'src'))) return run('building the native library', 'make', make);
  const { status } = spawnSync('make', make, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) tell('see above');
}

checkNode();
buildNative();
if (existsSync(join(root, 'src')) && !process.argv.includes('--native')) {
  const tsc = compiler();
  if (tsc !== undefined) buildDist(tsc);
  else if (!existsSync(join(root, 'dist', '.built'))) {
    fail("TypeScript is not installed and dist/ is not built: run 'npm ci' with its devDependencies");
  }
}
