/** However a run ends, it ends: with its exit code, one line, what it has measured, and nothing of its own left behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { parseResult } from '../../src/results/read.ts';
import { bench, type Running, startBench } from '../support/bench.ts';
import { attach, mount, run, scratchFolder, skipUnless } from '../support/scratch.ts';

/** false, or why nothing can be injected into system calls here. */
const noStrace: string | false =
  spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']).status === 0
    ? false
    : 'needs strace and the right to trace';

/** Fails fsync(2) of every file, as a failing device does. */
const FSYNC_FAILS = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO'];

const NULL_RUN = ['--backend=null', '--runtime=100ms', '--trials=1', '--warmup-trials=0', '--size=64k'];

describe('leaving', () => {
  it('does not hang when stdout and stderr cannot be flushed', { skip: noStrace }, async (t) => {
    const folder = scratchFolder(t);
    const { code, stdout } = await bench(folder, [...NULL_RUN, '--no-save'], { under: FSYNC_FAILS });
    assert.equal(code, EXIT.ok);
    assert.match(stdout, /^null /m);
  });

  it('has the exit code of what happened when stderr is on a full disk', async (t) => {
    const folder = scratchFolder(t);
    const shell = (rest: string) => ['sh', '-c', `"$@" ${rest}`, 'sh'];
    const ended = await bench(folder, [...NULL_RUN, '--no-save'], { under: shell('2>/dev/full') });
    assert.deepEqual([ended.code, /^null /m.test(ended.stdout)], [EXIT.ok, true]);
    const wrong = await bench(folder, ['--backend=nosuch'], { under: shell('2>/dev/full') });
    assert.equal(wrong.code, EXIT.usage);
    const closed = await bench(folder, [...NULL_RUN, '--no-save'], { under: shell('2>&- >&-') });
    assert.equal(closed.code, EXIT.ok);
  });

  it('is exit code 3 and one line when stdout is full, also when only a part of the report is', {
    skip: skipUnless('root'),
  }, async (t) => {
    const folder = scratchFolder(t);
    const small = mount(t, '-t', 'tmpfs', '-o', 'size=4k', 'none');
    for (const target of ['/dev/full', join(small, 'report')]) {
      const under = ['sh', '-c', `"$@" > ${target}`, 'sh'];
      const args = [...NULL_RUN, '--no-save', '--quiet', '--output-format=json'];
      const { code, stderr } = await bench(folder, args, { under });
      assert.equal(code, EXIT.failed, target);
      assert.match(stderr, /^uring-bench: cannot write the report: no space left on device\n$/);
    }
  });
});

/** A run whose results go to a folder, begun and with a trial or two behind it. */
async function begun(folder: string, results: string, trials: number): Promise<Running> {
  const args = ['--backend=null,sync', '--size=64k', '--runtime=300ms', '--warmup-trials=0'];
  const running = startBench(folder, [...args, `--trials=${trials}`, `--results-dir=${results}`]);
  await running.said(/2 backends/);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return running;
}

/** What must hold once the results could not be stored any more. */
async function checkKept(running: Running, results: string, why: string, trials: number): Promise<void> {
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, EXIT.failed, stderr);
  assert.match(stdout, /^null .*\n/m, 'the report is there');
  assert.match(
    stderr,
    new RegExp(`\\nuring-bench: cannot write [^\\n]*, which stays as it was: ${why}[^\\n]*\\n$`),
  );
  const [name = '', ...others] = readdirSync(results).filter((file) => file.endsWith('.json'));
  assert.deepEqual(others, []);
  const stored = parseResult(readFileSync(join(results, name), 'utf8'), name);
  assert.equal(stored.status, 'interrupted');
  const counts = stored.backends.map((backend) => backend.trials.length);
  assert.ok(
    counts.some((count) => count > 0) && counts.every((count) => count < trials),
    `the last good file is kept: ${counts}`,
  );
}

function results(t: TestContext): string {
  return mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'none');
}

describe('a result that cannot be stored any more', { skip: skipUnless('root') }, () => {
  it('is reported in whole, and stays as it was stored last: read-only', async (t) => {
    const folder = scratchFolder(t);
    const there = results(t);
    const running = await begun(folder, there, 8);
    run('mount', '-o', 'remount,ro', there);
    await checkKept(running, there, 'read-only file system', 8);
  });

  it('is reported in whole, and stays as it was stored last: full', async (t) => {
    const folder = scratchFolder(t);
    const there = results(t);
    const running = await begun(folder, there, 8);
    assert.throws(() => writeFileSync(join(there, 'other'), Buffer.alloc(2 ** 20)), /ENOSPC/);
    await checkKept(running, there, 'no space left on device', 8);
    assert.deepEqual(readdirSync(folder), [], 'no data file is left');
  });
});

describe('written data that the device refuses later', { skip: skipUnless('root', 'loop') }, () => {
  it('is a failed trial, whose line says so', async (t) => {
    const folder = scratchFolder(t);
    const small = mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'none');
    run('truncate', '-s', '16m', join(small, 'image'));
    const { device } = attach(t, join(small, 'image'));
    const args = ['--backend=sync', `--filename=${device}`, '--rw=write', '--buffered', '--number-ios=4096'];
    const end = ['--trials=2', '--warmup-trials=1', '--allow-overwrite', '--output-format=json'];
    const { code, stdout, stderr } = await bench(folder, [...args, ...end]);
    assert.equal(code, EXIT.failed, stderr);
    assert.match(stderr, /\nuring-bench: sync failed: flush \/dev\/loop\d+: [^\n]+ \(E[A-Z]+\)[^\n]*\n/);
    assert.doesNotMatch(stderr, /bug|\n {4}at /);
    const [backend] = parseResult(stdout, 'stdout').backends;
    assert.deepEqual(
      backend?.trials.map(({ status, failure }) => [status, failure?.stage]),
      [['failed', 'flush']],
    );
  });
});

/** Runs it with a limit of open files, in a mount namespace of its own, or with a system call that is refused. */
const SANDBOX: Readonly<Record<string, (command: string) => string[]>> = {
  'few descriptors': (limit) => ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'],
  'nothing mounted': (mounts) => ['unshare', '-m', 'sh', '-c', `${mounts}; exec "$@"`, 'sh'],
};

/** One line that is no stack trace. */
function oneLine(stderr: string, pattern: RegExp): void {
  assert.match(stderr, /^uring-bench: [^\n]+\n$/);
  assert.match(stderr, pattern);
}

describe('a machine that lacks something', () => {
  const command = (name: string, how: string) => SANDBOX[name]?.(how) ?? [];
  const small = [...NULL_RUN, '--no-save', '--quiet'];

  for (const path of ['/proc', '/sys']) {
    it(`${path}: a run says so, other commands work`, { skip: skipUnless('root') }, async (t) => {
      const folder = scratchFolder(t);
      const under = command('nothing mounted', `mount -t tmpfs none ${path}`);
      for (const args of [small, ['sweep', ...small, '--bs=4k,8k'], ['article', 'table3', '--no-save']]) {
        const { code, stderr } = await bench(folder, args, { under });
        assert.equal(code, EXIT.failed);
        oneLine(stderr, new RegExp(`cannot read ${path}/.* \\(a run needs /proc and /sys: mount -t`));
      }
      assert.equal((await bench(folder, ['backends'], { under })).code, EXIT.ok);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('descriptors: whatever cannot be opened is one line', async (t) => {
    const folder = scratchFolder(t);
    const runs = [
      small,
      [...small, '--backend=io_uring,linux-aio'],
      [...small, '--isolation=worker', '--numjobs=4'],
    ];
    for (const limit of ['24', '28', '30', '34', '40']) {
      for (const args of [...runs, ['backends']]) {
        const { code, stderr } = await bench(folder, args, { under: command('few descriptors', limit) });
        if (code === EXIT.ok) continue;
        assert.equal(code, EXIT.failed, stderr);
        oneLine(stderr, /too many open files|EMFILE/);
        oneLine(stderr, /ulimit -n/);
      }
    }
  });

  it('statfs: how much is free is asked of nobody', { skip: noStrace }, async (t) => {
    const folder = scratchFolder(t);
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=statfs:error=EPERM'];
    const args = ['--backend=sync', '--size=64k', '--number-ios=16', '--no-save', '--quiet'];
    const { code, stderr } = await bench(folder, args, { under });
    assert.deepEqual([code, stderr], [EXIT.ok, '']);
  });

  it('room within a quota: the error has its name, also where Node has none for it', {
    skip: noStrace,
  }, async (t) => {
    const folder = scratchFolder(t);
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=pwrite64,pwritev:error=EDQUOT'];
    const { code, stderr } = await bench(folder, ['--backend=sync', '--size=64k', '--quiet', '--no-save'], {
      under,
    });
    assert.equal(code, EXIT.usage);
    oneLine(stderr, /the disk quota is used up: laying out/);
    assert.deepEqual(readdirSync(folder), []);
  });
});
