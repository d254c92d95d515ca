/** A kernel that refuses io_uring, as strace's fault injection plays it: nothing else may run in its place. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseResult } from '../src/results/read.ts';
import { executable, type Finished } from './support/cli.ts';
import { scratchFolder } from './support/scratch.ts';

const TRACE = [
  '-f',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  'trace=io_uring_setup,io_uring_enter,io_uring_register,io_submit,io_getevents',
];

/** Runs the command under a kernel that fails as strace's inject= says. */
function withFault(fault: string, cwd: string, args: readonly string[]): Finished {
  const command = [...TRACE, '-e', `inject=${fault}`, process.execPath, executable, ...args];
  const { status, signal, stdout, stderr } = spawnSync('strace', command, { cwd, encoding: 'utf8' });
  return { code: status ?? signal, stdout, stderr };
}

function withoutIoUring(cwd: string, args: readonly string[]): Finished {
  return withFault('io_uring_setup:error=EPERM', cwd, args);
}

/** false, or why these tests cannot be run here. */
function noStrace(): string | false {
  try {
    execFileSync('strace', [...TRACE, 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs strace and the right to trace';
  }
}

describe('a backend that the kernel refuses', { skip: noStrace() }, () => {
  const small = ['--size=1m', '--runtime=100ms', '--trials=1'];

  it('is exit code 4 and one line when it was the only one asked for', (t) => {
    const cwd = scratchFolder(t);
    const { code, stdout, stderr } = withoutIoUring(cwd, [...small, '--backend=io_uring', '--quiet']);
    assert.equal(code, 4, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^uring-bench: io_uring[^\n]*unavailable[^\n]*\n$/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('is skipped with its reason among others', (t) => {
    const cwd = scratchFolder(t);
    const args = [...small, '--backend=sync,io_uring', '--output-format=json'];
    const { code, stdout, stderr } = withoutIoUring(cwd, args);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\nio_uring is skipped: /);
    const [sync, ioUring] = parseResult(stdout, 'stdout').backends;
    assert.equal(sync?.status, 'complete');
    assert.equal(ioUring?.status, 'skipped');
    assert.match(ioUring?.reason ?? '', /EPERM|not permitted/);
    assert.deepEqual(ioUring?.trials, []);
  });

  it('is listed as missing, with the reason', (t) => {
    const { code, stdout } = withoutIoUring(scratchFolder(t), ['backends']);
    assert.equal(code, 0);
    assert.match(stdout, /\nio_uring +no /);
    assert.match(stdout, /\n {2}\+enhanced +no /);
    assert.match(stdout, /\nsync +yes|^sync +yes/m);
    assert.match(stdout, /\nnot available here: io_uring: io_uring_setup: EPERM/);
  });

  it('is listed with what holds for any call, as a run says it', (t) => {
    const args = ['backends', '--output-format=json'];
    const { code, stdout } = withFault('io_uring_setup:error=EMFILE', scratchFolder(t), args);
    assert.equal(code, 0);
    const list = JSON.parse(stdout).backends as { name: string; reason: string | null }[];
    const reason = list.find(({ name }) => name === 'io_uring')?.reason ?? '';
    assert.match(reason, /^io_uring_setup: EMFILE, too many open files: .*raise ulimit -n/);
  });
});

describe('a call that a filter refuses alone', { skip: noStrace() }, () => {
  const cases = [
    ['io_uring_enter:error=EPERM', 'io_uring', /io_uring_enter: .*EPERM.*seccomp filter/],
    ['io_uring_register:error=EACCES', 'io_uring', /io_uring_register: .*EACCES.*seccomp filter/],
    ['io_submit:error=EPERM', 'linux-aio', /io_submit: .*EPERM.*seccomp filter/],
    ['io_getevents:error=EPERM', 'linux-aio', /io_getevents: .*EPERM.*seccomp filter/],
  ] as const;
  for (const [fault, backend, reason] of cases) {
    it(`${fault} makes ${backend} unavailable, before a file is laid out`, (t) => {
      const cwd = scratchFolder(t);
      const args = ['--size=1m', '--runtime=100ms', '--trials=1', `--backend=${backend}`, '--quiet'];
      const { code, stdout, stderr } = withFault(fault, cwd, args);
      assert.equal(code, 4, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, reason);
      assert.deepEqual(readdirSync(cwd), []);
    });
  }
});

describe('a backend that fails in the middle of its run', { skip: noStrace() }, () => {
  it('is exit code 3 with the reason, and the others have run', (t) => {
    const cwd = scratchFolder(t);
    const args = [
      '--size=1m',
      '--runtime=100ms',
      '--trials=1',
      '--backend=io_uring,sync',
      '--output-format=json',
    ];
    const { code, stdout, stderr } = withFault('io_uring_enter:error=EINVAL:when=50+', cwd, args);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /\nuring-bench: io_uring failed: [^\n]+\n/);
    const result = parseResult(stdout, 'stdout');
    assert.equal(result.status, 'failed');
    assert.deepEqual(
      result.backends.map(({ status }) => status),
      ['failed', 'complete'],
    );
    assert.deepEqual(readdirSync(cwd), ['results'], 'no data file is left');
  });
});
