/** What stands before the program: the executable's checks and choices, and the build. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
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

/** A copy of the package as npm installs it: built, without sources, without what is for this machine alone. */
function installed(t: TestContext): string {
  const folder = scratchFolder(t);
  for (const part of ['bin', 'dist', 'package.json', 'scripts/prepare.mjs']) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  cpSync(join(root, 'native'), join(folder, 'native'), {
    recursive: true,
    filter: (path) => !path.startsWith(join(root, 'native', 'build')),
  });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'test/fixtures/single.json'), join(folder, 'results', 'single.json'));
  return folder;
}

describe('a machine on which nothing can be run', () => {
  const READS: readonly (readonly string[])[] = [
    ['show', 'results/single.json'],
    ['ls'],
    ['compare', 'results/single.json', 'results/single.json'],
    ['--help'],
    ['help', 'iodepth'],
    ['--version'],
  ];
  const RUNS = [['--backend=null'], ['doctor'], ['sweep', '--iodepth=1,2'], ['backends']];

  it('reads results on macOS, and says in a line what the rest needs', (t) => {
    const folder = installed(t);
    const lie = `Object.defineProperty(process, 'platform', { value: 'darwin' })`;
    const bench = (args: readonly string[]) => {
      const node = ['--import', `data:text/javascript,${encodeURIComponent(lie)}`];
      const script = join(folder, 'bin', 'uring-bench.mjs');
      return spawnSync(process.execPath, [...node, script, ...args], { cwd: folder, encoding: 'utf8' });
    };
    for (const args of READS) {
      const { status, stdout, stderr } = bench(args);
      assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
      assert.notEqual(stdout, '');
    }
    for (const args of RUNS) {
      const { status, stderr } = bench(args);
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, /^uring-bench: Linux is needed for this, and here is darwin \(show, ls .*\)\n$/);
    }
  });

  it('reads results without the native library, and says in a line how it is built', (t) => {
    const folder = installed(t);
    const bench = (args: readonly string[]) =>
      spawnSync(process.execPath, [join(folder, 'bin', 'uring-bench.mjs'), ...args], {
        cwd: folder,
        encoding: 'utf8',
      });
    for (const args of READS) assert.equal(bench(args).status, 0, args.join(' '));
    const { status, stderr } = bench(['--backend=null', '--size=64k']);
    assert.equal(status, 3);
    assert.match(
      stderr,
      /^uring-bench: the native library is missing: .*\(it is built by npm run build in .*\n$/,
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('uring-bench')),
      [],
    );
  });

  for (const event of ['install', 'prepare']) {
    it(`npm's ${event} does not fail for want of a compiler`, (t) => {
      const folder = installed(t);
      const prepare = (env: Record<string, string>) =>
        spawnSync(process.execPath, [join(folder, 'scripts', 'prepare.mjs'), '--native'], {
          encoding: 'utf8',
          env,
        });
      const { status, stderr } = prepare({ PATH: folder, npm_lifecycle_event: event });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /^uring-bench: the native library is not built: no C compiler: [^\n]+\n$/);
      assert.equal(prepare({ PATH: folder }).status, 1);
    });
  }
});

describe('npm link', () => {
  const notRoot = process.getuid?.() === 0 ? false : 'needs root, to be somebody else';

  it('gives an ordinary user the command, as README says', { skip: notRoot }, (t) => {
    const folder = installed(t);
    const home = join(folder, 'home');
    mkdirSync(home);
    spawnSync('chown', ['-R', '65534:65534', folder]);
    const { status, stdout, stderr } = spawnSync(
      'sh',
      [
        '-c',
        'npm config set prefix ~/.local && npm link --ignore-scripts --offline --no-audit --no-fund >&2 && PATH=~/.local/bin:$PATH && uring-bench -v && uring-bench ls',
      ],
      {
        ...{ cwd: folder, encoding: 'utf8', uid: 65534, gid: 65534 },
        env: { HOME: home, PATH: process.env.PATH ?? '' },
      },
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\d+\.\d+\.\d+\ndate +host/);
  });
});

describe('a machine that will not do', () => {
  for (const [property, value, line] of [
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
