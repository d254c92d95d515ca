/** `--explain` and `uring-bench explain` as people type them: what is refused and why, whose output and exit code it is. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Comparison } from '../src/compare/schema.ts';
import type { Explanation } from '../src/results/schema-explain.ts';
import { startUringBench, uringBench } from './support/cli.ts';
import { parseResult } from './support/result.ts';
import { scratchFolder } from './support/scratch.ts';

const SMALL = ['--size=1m', '--trials=1', '--warmup-trials=0', '--runtime=200ms', '--no-save'];
const NOBODY = 65534;
const asRoot = process.getuid?.() === 0;

interface CommandReport {
  command: string[];
  exit_code: number;
  explain: Explanation;
}

/** A folder that an ordinary user may write to. */
function openFolder(t: Parameters<typeof scratchFolder>[0]): string {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o777);
  return folder;
}

function reportOf(path: string): CommandReport {
  return JSON.parse(readFileSync(path, 'utf8'));
}

describe('--explain', () => {
  const ordinary = asRoot ? { uid: NOBODY } : {};

  it('shows an ordinary user what needs no rights, and says what is missing', (t) => {
    const cwd = openFolder(t);
    const args = [...SMALL, '--backend=sync,io_uring', '--explain=basic'];
    const { code, stdout, stderr } = uringBench(args, { cwd, ...ordinary });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /waiting for/);
    assert.match(stdout, /\nsync +jobs +\d/);
    assert.match(stdout, /not traced: needs root or CAP_BPF and CAP_PERFMON/);
    assert.match(stderr, /2 backends x 1 trial x 200 ms, and one of each to explain it/);
  });

  it('is stored with the result, and no trial', (t) => {
    const args = [...SMALL, '--backend=null', '--explain=basic', '--output-format=json'];
    const result = parseResult(uringBench(args, { cwd: scratchFolder(t) }).stdout);
    const [backend] = result.backends;
    assert.equal(backend?.trials.length, 1);
    assert.equal(backend?.explain?.tier, 'basic');
    assert.ok((backend?.explain?.pass?.total_ios ?? 0) > 0);
    assert.ok((backend?.explain?.basic?.threads.length ?? 0) > 0);
  });

  it('is exit code 4 before anything is created where the kernel cannot be looked into', (t) => {
    const cwd = openFolder(t);
    for (const how of ['--explain', '--explain=trace', '--explain=full']) {
      const { code, stdout, stderr } = uringBench([...SMALL, '--backend=sync', how], { cwd, ...ordinary });
      assert.equal(code, 4, stderr);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /^uring-bench: explain=\w+ is impossible here: needs root or CAP_BPF and CAP_PERFMON/,
      );
      assert.match(stderr, /--explain=basic shows what needs no rights\)\n$/);
    }
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('samples stacks in full alone, into a file that can be written', (t) => {
    const cwd = scratchFolder(t);
    const refused = (args: string[]): string => {
      const { code, stderr } = uringBench([...SMALL, '--backend=null', ...args], { cwd });
      assert.equal(code, 2, stderr);
      return stderr;
    };
    assert.match(refused(['--explain=basic', '--explain-stacks=s']), /only --explain=full samples/);
    assert.match(refused(['--explain-stacks=s']), /only --explain=full samples/);
    assert.match(refused(['--explain=full', '--explain-stacks=no/s']), /cannot write the stacks to no\/s/);
    assert.match(refused(['--explain=full', '--explain-stacks=-']), /explain-stacks=- is no file/);
    assert.match(
      refused(['--explain=full', '--explain-stacks=s', '--output=s']),
      /explain-stacks: s would take a report, too/,
    );
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('is of a sweep where its curves bend', (t) => {
    const args = [...SMALL, '--backend=null', '--runtime=60ms', '--null-delay=100us', '--explain=basic'];
    const cwd = scratchFolder(t);
    const { code, stdout, stderr } = uringBench(
      ['sweep', ...args, '--iodepth=1,2,4', '--output-format=json', '--report=markdown=sweep.md'],
      { cwd },
    );
    assert.equal(code, 0, stderr);
    const explained = (JSON.parse(stdout).points as { result: { backends: { explain?: unknown }[] } }[])
      .map(({ result }) => result.backends.filter(({ explain }) => explain !== undefined).length)
      .reduce((sum, count) => sum + count, 0);
    assert.equal(explained, 1);
    assert.match(stderr, /explaining null at iodepth=\d/);
    const page = readFileSync(join(cwd, 'sweep.md'), 'utf8');
    assert.match(page, /where the threads' time went[\s\S]*\n\| null iodepth=\d \| jobs/);
    const words = uringBench(['sweep', ...args, '--rw=read,randread'], { cwd });
    assert.equal(words.code, 2);
    assert.match(words.stderr, /a sweep is explained at its knee, and this one has no axis of numbers/);
  });

  it('is of each step of a ladder and of each backend of a table', (t) => {
    const cwd = scratchFolder(t);
    const ladder = uringBench(['ladder', ...SMALL, '--explain=basic', '--output-format=json'], { cwd });
    const steps = parseResult(ladder.stdout).backends.filter(({ status }) => status === 'complete');
    assert.ok(steps.length > 3);
    assert.ok(steps.every(({ explain }) => explain?.tier === 'basic'));
    const table = ['article', 'table1', '--filesize=64k', '--trials=1', '--runtime=200ms', '--no-save'];
    const article = uringBench([...table, '--explain=basic', '--output-format=json'], { cwd });
    const { backends, report } = parseResult(article.stdout);
    assert.ok(backends.length > 2);
    for (const { explain, label } of backends) {
      const jobs = explain?.basic?.threads.find(({ kind }) => kind === 'job');
      assert.ok((jobs?.threads ?? 0) > 1, `${label}: jobs that are processes are seen`);
    }
    assert.equal(
      report?.kind === 'article' && report.device_reads.length,
      backends.length,
      'of trials alone',
    );
  });

  it('is refused by name where nothing could be explained', (t) => {
    const cwd = scratchFolder(t);
    const refused = (args: string[], why: RegExp): void => {
      const { code, stderr } = uringBench(args, { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, why);
    };
    refused(['article', 'metadata', '--explain'], /explain is of the article's tables alone/);
    refused(
      ['article', 'durability', '--explain-stacks=s'],
      /explain-stacks is of the article's tables alone/,
    );
    refused(['gate', '--ab', 'a', 'b', '--', '--explain'], /gate --ab explains nothing/);
    refused(['gate', '--baseline=b', '--explain'], /options of the run stand behind --/);
    refused(['compare', '--explain', 'a', 'b'], /compare has no option '--explain'/);
    refused(['echo', '--explain'], /echo has no option '--explain'/);
    refused(['--explain=ful'], /explain=ful.*full/);
  });
});

it('gate explains a regression, with one more trial of what got worse', (t) => {
  const cwd = scratchFolder(t);
  const job = ['--backend=null,sync', '--size=1m', '--runtime=50ms', '--warmup-trials=0'];
  const slow = '--null-delay=200us';
  const base = uringBench(
    ['gate', '--baseline=b', '--update', '--disturbed=count', '--', ...job, '--null-delay=20us'],
    { cwd },
  );
  assert.equal(base.code, 0, base.stderr);
  const judged = uringBench(
    [
      ...['gate', '--baseline=b', '--disturbed=count', '--fail-on=iops<-40%'],
      ...['--report=json=judged.json', '--report=markdown=judged.md', '--', ...job, slow],
      '--explain=basic',
    ],
    { cwd },
  );
  assert.match(judged.stdout, /where the threads' time went/);
  assert.equal(judged.code, 1, judged.stdout + judged.stderr);
  const path = /Explained: (.*)/.exec(judged.stderr)?.[1] ?? '';
  const { backends } = parseResult(readFileSync(join(cwd, path), 'utf8'));
  assert.ok(backends.some(({ backend }) => backend === 'null'));
  assert.ok(backends.every(({ explain }) => explain?.tier === 'basic'));
  const { explained } = JSON.parse(readFileSync(join(cwd, 'judged.json'), 'utf8')) as Comparison;
  assert.deepEqual(
    explained?.map(({ variant, explain }) => [variant, explain]),
    backends.map(({ variant, explain }) => [variant, explain]),
  );
  assert.match(readFileSync(join(cwd, 'judged.md'), 'utf8'), /\*\*where the threads' time went/);
  for (const [, stored = ''] of judged.stderr.matchAll(/^Result: (.*)$/gm)) {
    const round = parseResult(readFileSync(join(cwd, stored), 'utf8'));
    assert.ok(round.backends.every(({ explain }) => explain === undefined));
  }
});

describe('uring-bench explain', () => {
  const basic = [
    'explain',
    '--explain=basic',
    '--no-save',
    '--output-format=json',
    '--output=why.json',
    '--',
  ];

  it('leaves a command its output, its input, and its exit code', (t) => {
    const cwd = scratchFolder(t);
    const command = ['sh', '-c', 'cat; echo err >&2; sleep 0.1; exit 7'];
    const { code, stdout, stderr } = uringBench([...basic, ...command], { cwd, input: 'in' });
    assert.equal(code, 7);
    assert.equal(stdout, 'in');
    assert.equal(stderr, 'err\n');
    const { command: stored, exit_code: stored_code, explain } = reportOf(join(cwd, 'why.json'));
    assert.deepEqual(stored, command);
    assert.equal(stored_code, 7);
    assert.equal(explain.pass, null);
    const [all] = explain.basic?.threads ?? [];
    assert.equal(all?.kind, 'other');
    assert.ok((all?.threads ?? 0) >= 2, 'what it started is seen, too');
  });

  it('hands signals on, and says which one ended it', async (t) => {
    const cwd = scratchFolder(t);
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
      ['SIGUSR1', 138],
    ] as const) {
      const { child, ended } = startUringBench([...basic, 'sh', '-c', 'echo on; exec sleep 30'], { cwd });
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      child.kill(signal);
      assert.equal((await ended).code, code, signal);
      assert.equal(reportOf(join(cwd, 'why.json')).exit_code, code);
    }
  });

  it('lets a command that takes a signal have it, and ends with its code', async (t) => {
    const cwd = scratchFolder(t);
    const script = "trap 'echo taken; exit 5' TERM; echo on; while :; do sleep 0.05; done";
    const { child, ended } = startUringBench([...basic, 'sh', '-c', script], { cwd });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    assert.deepEqual([code, stdout], [5, 'on\ntaken\n']);
  });

  it('reports on standard error, in words', (t) => {
    const { code, stdout, stderr } = uringBench(
      ['explain', '--explain=basic', '--no-save', '--', 'sleep', '0.2'],
      {
        cwd: scratchFolder(t),
      },
    );
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /\nall +\d/);
  });

  it('says what cannot be run as a shell does, and what is no command', (t) => {
    const cwd = scratchFolder(t);
    writeFileSync(join(cwd, 'data'), '');
    for (const [command, code, why] of [
      ['./none', 127, 'not found'],
      ['none-of-this-name', 127, 'not found'],
      ['./data', 126, 'it is not executable'],
      ['/', 126, 'it is a folder'],
    ] as const) {
      const failed = uringBench(['explain', '--explain=basic', '--', command], { cwd });
      assert.deepEqual(failed, { code, stdout: '', stderr: `uring-bench: cannot run ${command}: ${why}\n` });
    }
    assert.deepEqual(readdirSync(cwd), ['data']);
    const refused = (args: string[], why: RegExp): void => {
      const { code, stderr } = uringBench(args, { cwd });
      assert.equal(code, 2);
      assert.match(stderr, why);
    };
    refused(['explain'], /missing required argument 'COMMAND'/);
    refused(['explain', 'fio', '--rw=read'], /explain has no option '--rw' \(the command stands behind --\)/);
    refused(['explain', '--explain=none', '--', 'true'], /explain=none explains nothing/);
    refused(['explain', '--output-format=csv', '--', 'true'], /explain has no output-format=csv/);
    refused(['explain', '--output=no/why', '--', 'touch', 'ran'], /cannot write the report to no\/why/);
    assert.ok(!readdirSync(cwd).includes('ran'));
  });

  it('stores what it saw, and show prints it again', (t) => {
    const cwd = scratchFolder(t);
    const { code, stderr } = uringBench(['explain', '--explain=basic', '--', 'sleep', '0.2'], { cwd });
    assert.equal(code, 0, stderr);
    const [, report, path = ''] =
      /^([\s\S]*)Result: (results\/\S+-explain-sleep\.json)\n$/.exec(stderr) ?? [];
    const show = (...args: string[]) => uringBench(['show', path, ...args], { cwd });
    assert.equal(show().stdout, report);
    const document = JSON.parse(readFileSync(join(cwd, path), 'utf8'));
    assert.deepEqual(JSON.parse(show('--output-format=json').stdout), document);
    assert.deepEqual([document.command, document.exit_code], [['sleep', '0.2'], 0]);
    assert.match(show('--output-format=markdown').stdout, /^sleep 0\.2: exit code 0, [\s\S]*\n\| threads \|/);
    const none = show('--output-format=csv');
    assert.equal(none.code, 2);
    assert.match(none.stderr, /an explained command has no output-format=csv/);
    for (const [command, why] of [
      [['compare', path, path], /explains a command \(compare reads results of runs\)/],
      [['ls'], /explains a command: uring-bench show prints it/],
    ] as const)
      assert.match(uringBench(command, { cwd }).stderr, why);
  });

  it('never begins a command that it was killed before', async (t) => {
    const cwd = scratchFolder(t);
    const { child, ended } = startUringBench([...basic, 'touch', 'ran'], { cwd });
    // The shell that holds it is there before the command is.
    for (let tries = 0; tries < 400 && !heldBy(child.pid); tries++) await setTimeout(1);
    child.kill('SIGKILL');
    await ended;
    await setTimeout(200);
    assert.ok(!heldBy(child.pid), 'nothing waits for it');
  });
});

/** Whether a shell of this process's waits for its line. */
function heldBy(pid: number | undefined): boolean {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children.some((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('read -r go'));
  } catch {
    return false;
  }
}

it('backends says whether the kernel can be looked into', (t) => {
  const cwd = openFolder(t);
  const { stdout } = uringBench(['backends'], { cwd, ...(asRoot ? { uid: NOBODY } : {}) });
  assert.match(stdout, /\ntracing \(--explain\): not possible here: needs root or CAP_BPF and\s+CAP_PERFMON/);
  const { tracing } = JSON.parse(uringBench(['backends', '--output-format=json'], { cwd }).stdout);
  assert.equal(tracing.available, tracing.reason === null);
});
