/** What stands before the program: the executable's checks and choices, and the build. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { executable, root } from './support/cli.ts';
import { scratchFolder } from './support/scratch.ts';

/** Runs a script of the package in a Node that says something else of itself. */
function asIf(property: string, value: unknown, script: string) {
  const lie = `Object.defineProperty(process, '${property}', { value: ${JSON.stringify(value)} })`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(lie)}`, script, '--version'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('a machine that will not do', () => {
  for (const [property, value, line] of [
    ['platform', 'darwin', 'Linux is needed, this is darwin'],
    ['arch', 'ia32', 'x86-64 or arm64 is needed, this Node is for ia32'],
    ['versions', { ...process.versions, node: '18.20.4' }, 'Node 20.19 or newer is needed, this is 18.20.4'],
    ['versions', { ...process.versions, node: '20.18.1' }, 'Node 20.19 or newer is needed, this is 20.18.1'],
  ] as const) {
    it(line, () => {
      const run = asIf(property, value, executable);
      assert.equal(run.status, 2);
      assert.match(run.stderr, /^uring-bench: [^\n]+\n$/);
      assert.ok(run.stderr.includes(line), run.stderr);
      const build = asIf(property, value, join(root, 'scripts', 'prepare.mjs'));
      assert.equal(build.status, 1);
      assert.ok(build.stderr.startsWith(`uring-bench: ${line}`), build.stderr);
    });
  }

  it('a machine without a compiler says what to install', (t) => {
    const PATH = scratchFolder(t);
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'prepare.mjs')], {
      encoding: 'utf8',
      env: { PATH },
    });
    assert.equal(status, 1);
    assert.match(stderr, /^uring-bench: no C compiler: apt-get install build-essential[^\n]*\n$/);
  });
});

/** A package of which only the executable is real; each half says which one it is. */
function packageWith(t: TestContext, files: Record<string, string>): string {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'bin'));
  cpSync(executable, join(folder, 'bin', 'uring-bench.mjs'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function start(folder: string) {
  const script = join(folder, 'bin', 'uring-bench.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const says = (what: string) => `export async function main() { console.log('${what}'); return 0; }\n`;

describe('the executable', () => {
  const compiled = {
    'package.json': '{"type":"module"}',
    'dist/cli/main.js': says('dist'),
    'dist/.built': '',
  };
  const sources = { 'src/cli/main.ts': says('src'), 'src/deep/one.ts': '', 'src/deep/one.test.ts': '' };
  const age = (folder: string, path: string, seconds: number) => {
    const time = Date.now() / 1000 - seconds;
    utimesSync(join(folder, path), time, time);
  };
  const modules = (folder: string) => symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));

  it('runs dist/ where there is no src/', (t) => {
    assert.deepEqual(start(packageWith(t, compiled)), { status: 0, stdout: 'dist\n', stderr: '' });
  });

  it('runs dist/ when it is as new as every source but the tests', (t) => {
    const folder = packageWith(t, { ...compiled, ...sources });
    for (const path of ['src/cli/main.ts', 'src/deep/one.ts']) age(folder, path, 60);
    assert.equal(start(folder).stdout, 'dist\n');
    age(folder, 'dist/.built', 10);
    assert.equal(start(folder).stdout, 'dist\n', 'a newer test changes nothing');
  });

  it('runs src/ when any of it is newer', (t) => {
    const folder = packageWith(t, { ...compiled, ...sources });
    modules(folder);
    age(folder, 'dist/.built', 10);
    assert.equal(start(folder).stdout, 'src\n');
  });

  it('says how to build what is not built', (t) => {
    const { 'dist/.built': _, ...half } = compiled;
    const folder = packageWith(t, { ...half, ...sources });
    const { status, stdout, stderr } = start(folder);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^uring-bench: not built: run 'npm ci'[^\n]*\n$/);
    modules(folder);
    assert.equal(start(folder).stdout, 'src\n');
  });
});
