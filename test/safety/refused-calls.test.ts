/** System calls that are refused, interrupted or answered by "again" for ever: the run ends soon, and says why. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/errors.ts';
import type { RunResult } from '../../src/results/schema.ts';
import { bench, type Ended } from '../support/bench.ts';
import { hasCommand, scratchFolder, skipUnless } from '../support/scratch.ts';
import { noStrace } from '../support/strace.ts';

const SHORT = ['--size=4m', '--runtime=500ms', '--trials=1', '--warmup-trials=0', '--direct=0', '--quiet'];
const launcher = fileURLToPath(new URL('../support/seccomp.py', import.meta.url));

/** With answers of a seccomp filter ("unshare=EPERM"). Nothing may be left, whatever happens. */
async function filtered(t: TestContext, answers: string, ...args: string[]): Promise<Ended> {
  const folder = scratchFolder(t);
  const ended = await bench(folder, [...args, ...SHORT, '--no-save', '--output-format=json'], {
    under: ['python3', '-S', launcher, answers],
  });
  assert.deepEqual(readdirSync(folder), []);
  return ended;
}

/** With strace's errors from the 50th call on. */
async function injected(t: TestContext, call: string, error: string, ...args: string[]): Promise<Ended> {
  const folder = scratchFolder(t);
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=50+`];
  const ended = await bench(folder, [...args, ...SHORT, '--no-save', '--output-format=json'], {
    under: ['strace', '-f', '-qq', '-o', '/dev/null', '--seccomp-bpf', ...inject],
  });
  assert.deepEqual(readdirSync(folder), []);
  return ended;
}

function failureOf({ stdout }: Ended) {
  const { backends }: RunResult = JSON.parse(stdout);
  const [trial] = backends[0]?.trials ?? [];
  assert.ok(trial?.failure, 'a failed trial');
  return { ...trial.failure, lost: trial.lost ?? 0, trial };
}

describe('under a seccomp profile', { skip: hasCommand('python3') ? false : 'needs python3' }, () => {
  for (const backend of ['sync', 'linux-aio', 'io_uring']) {
    it(`${backend} goes on without a descriptor table of its own, and says so once`, async (t) => {
      const ended = await filtered(t, 'unshare=EPERM', `--backend=${backend}`, '--trials=2');
      assert.equal(ended.code, EXIT.ok, ended.stderr);
      const { warnings }: RunResult = JSON.parse(ended.stdout);
      assert.equal(warnings.filter(({ code }) => code === 'shared-descriptors').length, 1);
    });
  }

  it('a job whose thread was killed has failed, and no other waits for it', async (t) => {
    // Calls of jobs alone, as the main thread's end would be the program's: on the way to the barrier, and in the loop.
    for (const [call, ...jobs] of [
      ['unshare=kill', '--backend=sync', '--numjobs=2'],
      ['clock_nanosleep=kill', '--backend=linux-aio', '--numjobs=2', '--thinktime=1ms'],
      ['clock_nanosleep=kill', '--job=backend=sync thinktime=1ms', '--job=backend=null runtime=60'],
    ] as const) {
      const ended = await filtered(t, call, ...jobs);
      assert.equal(ended.code, EXIT.failed, ended.stderr);
      assert.match(failureOf(ended).message, /run the job's thread: owner died \(EOWNERDEAD\)/);
      assert.match(failureOf(ended).hint ?? '', /killed alone, as seccomp profiles do/);
      assert.ok(ended.wallMs < 20_000, `${ended.wallMs} ms`);
    }
  });

  it('usage that cannot be read is a failure, not a number', async (t) => {
    const ended = await filtered(t, 'getrusage=EPERM', '--backend=sync');
    assert.equal(ended.code, EXIT.failed, ended.stderr);
    assert.match(failureOf(ended).message, /read what a thread used \(getrusage\): .*EPERM/);
  });
});

describe('a call that fails for ever', { skip: noStrace }, () => {
  const again: [call: string, error: string, backend: string][] = [
    ['io_uring_enter', 'EAGAIN', 'io_uring'],
    ['io_uring_enter', 'EINTR', 'io_uring'],
    ['io_uring_enter', 'EBUSY', 'io_uring'],
    ['preadv2', 'EINTR', 'sync+vectored'],
    ['io_submit', 'EAGAIN', 'linux-aio'],
    ['io_submit', 'EINTR', 'linux-aio'],
    ['io_getevents', 'EINTR', 'linux-aio'],
  ];
  for (const [call, error, backend] of again) {
    it(`${call}: ${error} ends the job after a while`, async (t) => {
      const ended = await injected(t, call, error, `--backend=${backend}`, '--iodepth=8');
      assert.equal(ended.code, EXIT.failed, ended.stderr);
      const { message, trial } = failureOf(ended);
      assert.match(message, new RegExp(`\\(${error}\\)`));
      assert.ok(ended.wallMs < 40_000, `${ended.wallMs} ms`);
      assert.equal(trial.ops.read?.lat_ns.N, trial.total_ios);
    });
  }

  const hard: [call: string, backend: string, lost: number, more: string[]][] = [
    ['io_uring_enter', 'io_uring', 0, []],
    ['io_submit', 'linux-aio', 0, []],
    ['io_getevents', 'linux-aio', 8, []],
    ['io_uring_enter', 'io_uring+linked', 0, ['--rw=randwrite', '--pair=write-fdatasync']],
  ];
  for (const [call, backend, lost, more] of hard) {
    it(`${call} of ${backend}: EPERM; what was in flight is waited for, or counted as lost`, async (t) => {
      const ended = await injected(t, call, 'EPERM', `--backend=${backend}`, '--iodepth=8', ...more);
      assert.equal(ended.code, EXIT.failed, ended.stderr);
      const failure = failureOf(ended);
      assert.match(failure.message, /^(submit|wait for completions): operation not permitted \(EPERM\)/);
      assert.equal(failure.lost, lost);
      assert.equal(/8 I\/Os were in flight and could not be waited for/.test(failure.message), lost > 0);
    });
  }
});

describe('what one variant needs too much of', { skip: skipUnless('root') }, () => {
  it('leaves the others to be compared', async (t) => {
    const folder = scratchFolder(t);
    // Root may lock what it wants.
    const under = [
      'setpriv',
      '--bounding-set=-ipc_lock',
      '--inh-caps=-ipc_lock',
      'prlimit',
      '--memlock=65536',
    ];
    const args = ['--bs=64k', '--iodepth=32', ...SHORT, '--no-save'];
    const some = await bench(folder, ['--backend=sync,io_uring+fixedbufs', ...args], { under });
    assert.equal(some.code, EXIT.ok, some.stderr);
    assert.match(
      some.stdout.replace(/\s+/g, ' '),
      /skipped: io_uring\+fixedbufs: can't be set up with .*ENOMEM/,
    );
    const none = await bench(folder, ['--backend=io_uring+fixedbufs', ...args], { under });
    assert.equal(none.code, EXIT.usage, none.stderr);
    assert.match(none.stderr, /RLIMIT_MEMLOCK/);
  });
});

it('a block larger than what can be registered is refused before anything is made', async (t) => {
  const folder = scratchFolder(t);
  const big = ['--size=1100m', '--bs=1100m', '--number-ios=1'];
  const ended = await bench(folder, ['--backend=io_uring+enhanced', ...big]);
  assert.equal(ended.code, EXIT.usage, ended.stderr);
  assert.match(ended.stderr, /fixedbufs needs a bs of at most 1g/);
  assert.deepEqual(readdirSync(folder), []);
});

it('null has no file to sync at its end', async (t) => {
  const args = ['--backend=null', '--rw=write', '--end-fsync', '--size=1m', '--runtime=50ms', '--no-save'];
  const { code, stderr } = await bench(scratchFolder(t), args);
  assert.equal(code, EXIT.ok, stderr);
});
