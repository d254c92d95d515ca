/** The command as users run it: streams, files, formats, signals. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseResult } from '../src/results/read.ts';
import { packageJson, startUringBench, uringBench } from './support/cli.ts';
import { matchesGolden } from './support/golden.ts';
import { scratchFolder } from './support/scratch.ts';

const SMALL = ['--backend=sync', '--size=1m', '--runtime=200ms'];

/** Scripts that a run of the command loads, by Node's own coverage record. */
function loadedScripts(t: TestContext, args: readonly string[]): string[] {
  const folder = scratchFolder(t);
  assert.equal(uringBench(args, { env: { NODE_V8_COVERAGE: folder } }).code, 0);
  return readdirSync(folder).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
}

function storedResult(t: TestContext): { folder: string; path: string } {
  const folder = scratchFolder(t);
  const { code, stderr, stdout } = uringBench([...SMALL, '--quiet'], { cwd: folder });
  assert.equal(code, 0, stderr);
  const path = /\nResult: (results\/\S+\.json)\n$/.exec(stdout)?.[1];
  assert.ok(path, 'the last line of the table is where the result is');
  return { folder, path };
}

describe('--help and --version', () => {
  for (const [name, args] of [
    ['help.txt', ['--help']],
    ['help-all.txt', ['--help', '--all']],
    ['help-ladder.txt', ['ladder', '--help']],
    ['help-show.txt', ['show', '--help']],
    ['help-ls.txt', ['ls', '--help']],
    ['help-history.txt', ['history', '--help']],
    ['help-backends.txt', ['help', 'backends']],
    ['help-doctor.txt', ['doctor', '--help']],
    ['help-clean.txt', ['clean', '--help']],
    ['help-sweep.txt', ['sweep', '--help']],
    ['help-article.txt', ['article', '--help']],
  ] as const) {
    it(`golden ${name}`, () => {
      const { code, stdout, stderr } = uringBench(args);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      matchesGolden(name, stdout);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    });
  }

  it('says the version of the package', () => {
    assert.deepEqual(uringBench(['--version']), {
      code: 0,
      stdout: `${packageJson().version}\n`,
      stderr: '',
    });
  });

  it('needs no native code, no histogram and no runner', (t) => {
    for (const args of [['--help'], ['--version'], ['show', '--help']]) {
      const heavy = loadedScripts(t, args).filter((url) =>
        // native/abi.ts is a table of constants.
        /koffi|hdr-histogram|runner|native\/(?!abi\.)|typebox/.test(url),
      );
      assert.deepEqual(heavy, []);
    }
  });
});

describe('a run', () => {
  it('puts the report on stdout, and where it is stored in its last line', (t) => {
    const { folder, path } = storedResult(t);
    const result = parseResult(readFileSync(join(folder, path), 'utf8'), path);
    assert.equal(result.status, 'complete');
    assert.deepEqual(result.command_line, ['uring-bench', ...SMALL, '--quiet']);
    assert.equal(result.jobs[0]?.options.runtime, 0.2);
    assert.deepEqual(readdirSync(folder), ['results'], 'the file that it made is gone');
  });

  it('tells of its progress on stderr, and of nothing with --quiet', (t) => {
    const cwd = scratchFolder(t);
    const loud = uringBench([...SMALL, '--no-save'], { cwd });
    assert.match(
      loud.stderr,
      /^rw=randread bs=4k iodepth=1 numjobs=1 direct=1\n1 backend x 1 trial x 200 ms: about 330 ms\n/,
    );
    assert.ok(!loud.stderr.includes('\u001b') && !loud.stdout.includes('\u001b'), 'no colours in pipes');
    assert.equal(uringBench([...SMALL, '--no-save', '--quiet'], { cwd }).stderr, '');
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('prints JSON that parses whatever goes on beside it', (t) => {
    const cwd = scratchFolder(t);
    const args = [...SMALL, '--output-format=json', '--iodepth=8', '--size=1MiB', '--bs=4k'];
    const { code, stdout, stderr } = uringBench(args, { cwd });
    assert.equal(code, 0, stderr);
    const { warnings } = parseResult(stdout, 'stdout');
    assert.ok(warnings.some((warning) => warning.code === 'sync-depth'));
    assert.match(stderr, /\nwarning: iodepth=8 has no effect on sync/);
    assert.match(stderr, /\nwarning: size=1MiB is 1000000 bytes/);
    assert.match(stderr, /\nResult: results\/\S+\.json\n$/);
  });

  it('takes colours by force', (t) => {
    const cwd = scratchFolder(t);
    const run = (args: string[], env: Record<string, string>) =>
      uringBench([...SMALL, '--no-save', '--quiet', ...args], { cwd, env }).stdout.includes('\u001b');
    assert.equal(run([], { FORCE_COLOR: '1' }), true);
    assert.equal(run(['--no-color'], { FORCE_COLOR: '1' }), false);
    assert.equal(run(['--color'], {}), true);
  });

  it('writes the report to --output', (t) => {
    const cwd = scratchFolder(t);
    const args = [...SMALL, '--no-save', '--output=report.csv', '--output-format=csv'];
    const { code, stdout, stderr } = uringBench(args, { cwd });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /\nReport: report\.csv\n$/);
    assert.match(readFileSync(join(cwd, 'report.csv'), 'utf8'), /^started_at,/);
    assert.deepEqual(readdirSync(cwd), ['report.csv']);
  });

  it('says when stdout cannot take the report', {
    skip: !statSync('/dev/full').isCharacterDevice(),
  }, async (t) => {
    const cwd = scratchFolder(t);
    const args = [...SMALL, '--no-save', '--quiet', '--output=/dev/full'];
    const { code, stderr } = uringBench(args, { cwd });
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^uring-bench: cannot write the report to \/dev\/full: no space left on device[^\n]*\n$/,
    );
  });

  it('ends quietly when nobody reads the report', async (t) => {
    const cwd = scratchFolder(t);
    const { child, ended } = startUringBench([...SMALL, '--no-save', '--quiet'], { cwd });
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, '']);
  });
});

describe('a signal', () => {
  for (const [signal, code] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGTERM', 143],
  ] as const) {
    it(`${signal} stops the run, which reports what there is`, async (t) => {
      const cwd = scratchFolder(t);
      const args = ['--backend=io_uring,sync', '--size=1m', '--runtime=60', '--output-format=json'];
      const { child, ended } = startUringBench(args, { cwd });
      await untilRunning(child);
      child.kill(signal);
      const begun = performance.now();
      const { stdout, stderr, ...rest } = await ended;
      assert.equal(rest.code, code, stderr);
      assert.ok(performance.now() - begun < 2000, 'at once');
      assert.match(stderr, new RegExp(`\\n${signal}: stopping`));
      assert.equal(parseResult(stdout, 'stdout').status, 'interrupted');
      const [stored = ''] = readdirSync(join(cwd, 'results'));
      assert.deepEqual(JSON.parse(readFileSync(join(cwd, 'results', stored), 'utf8')), JSON.parse(stdout));
      assert.deepEqual(readdirSync(cwd), ['results'], 'the file that it made is gone');
    });
  }

  it('SIGUSR1 opens no port: Node would wait for a debugger there', async (t) => {
    const cwd = scratchFolder(t);
    const { child, ended } = startUringBench(['--backend=null', '--size=64k', '--runtime=1500ms'], { cwd });
    await untilRunning(child);
    child.kill('SIGUSR1');
    await sleep(500);
    // Its ports that listen (state 0A of proc_pid_net(5)), by the inodes of its sockets.
    const sockets = readdirSync(`/proc/${child.pid}/fd`).map((fd) =>
      readlinkSync(`/proc/${child.pid}/fd/${fd}`),
    );
    const listening = readFileSync(`/proc/${child.pid}/net/tcp`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/ +/))
      .filter((fields) => fields[3] === '0A' && sockets.includes(`socket:[${fields[9]}]`));
    assert.deepEqual(listening, []);
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /Debugger/);
  });

  it('given twice ends the process at once, and leaves no file of its own', async (t) => {
    const cwd = scratchFolder(t);
    const { child, ended } = startUringBench(['--backend=io_uring', '--size=1m', '--runtime=60'], { cwd });
    await untilRunning(child);
    child.kill('SIGINT');
    child.kill('SIGTERM');
    const { code } = await ended;
    // By the signal itself, which shells make 130 and 143 of; by that code when the run had just ended.
    assert.ok([143, 130, 'SIGTERM', 'SIGINT'].includes(code ?? 0), `${code}`);
    assert.ok(!readdirSync(cwd).some((name) => name.startsWith('uring-bench.')), 'no data file');
  });
});

/** Until the trials have begun: the plan stands on stderr then. */
async function untilRunning(child: ReturnType<typeof startUringBench>['child']): Promise<void> {
  let text = '';
  child.stderr?.on('data', (data) => {
    text += data;
  });
  for (let waited = 0; !text.includes('trial'); waited += 20) {
    assert.ok(waited < 20_000 && child.exitCode === null, `it does not begin: ${text}`);
    await sleep(20);
  }
  await sleep(300);
}

describe('show', () => {
  it('says what the run said, in any format, without native code', (t) => {
    const { folder, path } = storedResult(t);
    const show = (...args: string[]) => {
      const { code, stdout, stderr } = uringBench(['show', ...args], { cwd: folder });
      assert.deepEqual([code, stderr], [0, '']);
      return stdout;
    };
    const stored = readFileSync(join(folder, path), 'utf8');
    assert.match(show(path), /sync .*\n/);
    assert.deepEqual(JSON.parse(show('--output-format=json', path)), JSON.parse(stored));
    assert.equal(show(path, path), `${show(path)}\n${show(path)}`);
    const csv = show('--output_format', 'csv', path, path).trimEnd().split('\n');
    assert.equal(csv.length, 3, 'one heading');
    assert.equal(csv[1], csv[2]);
    assert.match(show('--percentile-list=25:75', path), /0\.25/);
    const viaPipe = uringBench(['show', '-'], { input: stored });
    assert.equal(viaPipe.stdout, show(path));
    const heavy = loadedScripts(t, ['show', join(folder, path)]).filter((url) =>
      /koffi|native\/library|runner/.test(url),
    );
    assert.deepEqual(heavy, []);
  });
});

describe('backends', () => {
  it('lists the registry, for people and for programs', () => {
    const table = uringBench(['backends']);
    assert.equal(table.code, 0, table.stderr);
    for (const name of [
      'sync',
      'posix-aio',
      'threadpool',
      'linux-aio',
      'io_uring',
      '  +fixedbufs',
      '  +enhanced',
      'mmap',
      'null',
    ]) {
      assert.ok(table.stdout.includes(`\n${name} `), name);
    }
    const { backends } = JSON.parse(uringBench(['backends', '--output-format=json']).stdout);
    const names = backends.map(({ name }: { name: string }) => name);
    assert.deepEqual(names, ['sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring', 'mmap', 'null']);
    const [sync] = backends;
    assert.deepEqual([sync.available, sync.reason, sync.aliases], [true, null, ['psync', 'pvsync2']]);
  });
});

test('an existing result folder is not what a second run overwrites', (t) => {
  const cwd = scratchFolder(t);
  mkdirSync(join(cwd, 'results'));
  for (let run = 0; run < 2; run++) uringBench([...SMALL, '--quiet'], { cwd });
  assert.equal(readdirSync(join(cwd, 'results')).length, 2);
});
