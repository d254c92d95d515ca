/** Where people run it: in containers as their runtimes make them, and as a user who owns nothing but a folder. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../src/errors.ts';
import type { RunResult } from '../src/results/schema.ts';
import { bench, type Ended } from './support/bench.ts';
import { root } from './support/cli.ts';
import { unavailable } from './support/features.ts';
import { parseResult } from './support/result.ts';
import { asNobody, hasCommand, mount, run, scratchFolder, skipUnless } from './support/scratch.ts';

const support = (name: string): string => fileURLToPath(new URL(`support/${name}`, import.meta.url));
const DOCKER = ['python3', support('docker.py')];
const PODMAN = [
  'python3',
  support('seccomp.py'),
  'io_uring_setup=ENOSYS,io_uring_enter=ENOSYS,io_uring_register=ENOSYS',
];
const SHORT = ['--size=1m', '--runtime=100ms', '--trials=1', '--warmup-trials=0', '--no-save'];
const JSON_REPORT = ['--quiet', '--output-format=json'];
const BACKENDS = ['sync', 'posix-aio', 'threadpool', 'linux-aio', 'io_uring', 'null'];

const ring = unavailable('io_uring');
const skip = hasCommand('python3') ? ring : 'needs python3';

/** The outcome of each backend of a run that must have succeeded. */
function outcomes({ code, stdout, stderr }: Ended): { result: RunResult; of: Record<string, string> } {
  assert.equal(code, EXIT.ok, stderr);
  const result = parseResult(stdout);
  return { result, of: Object.fromEntries(result.backends.map(({ label, status }) => [label, status])) };
}

describe("under Docker's default profile", { skip }, () => {
  it('the default comparison measures what is allowed, and says what is not and its mend', async (t) => {
    const folder = scratchFolder(t);
    const { result, of } = outcomes(await bench(folder, [...SHORT, ...JSON_REPORT], { under: DOCKER }));
    assert.deepEqual(of, {
      sync: 'complete',
      'posix-aio': 'complete',
      threadpool: 'complete',
      'linux-aio': 'complete',
      io_uring: 'skipped',
      'io_uring+enhanced': 'skipped',
    });
    for (const { reason } of result.backends.filter(({ status }) => status === 'skipped')) {
      assert.match(
        reason ?? '',
        /^io_uring_setup: .*EPERM.*seccomp.*docker run --security-opt seccomp=.*io_uring_register.*docs\/CONTAINERS\.md/,
      );
      assert.ok(readFileSync(join(root, 'docs', 'CONTAINERS.md'), 'utf8').includes(`\n${reason}\n`));
    }
    assert.equal(result.warnings.filter(({ code }) => code === 'shared-descriptors').length, 1);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('io_uring alone is exit code 4, one line', async (t) => {
    const { code, stdout, stderr } = await bench(
      scratchFolder(t),
      ['--backend=io_uring', ...SHORT, '--quiet'],
      {
        under: DOCKER,
      },
    );
    assert.equal(code, EXIT.unavailable);
    assert.equal(stdout, '');
    assert.match(stderr, /^uring-bench: io_uring: unavailable here: [^\n]*EPERM[^\n]*seccomp=[^\n]*\n$/);
  });

  for (const isolation of ['process', 'worker']) {
    it(`--isolation ${isolation} works`, async (t) => {
      const args = ['--backend=linux-aio', `--isolation=${isolation}`, ...SHORT, ...JSON_REPORT];
      outcomes(await bench(scratchFolder(t), args, { under: DOCKER }));
    });
  }

  it('with the three calls allowed, io_uring is measured', async (t) => {
    const under = [...DOCKER, '--allow', 'io_uring_setup,io_uring_enter,io_uring_register'];
    const { of } = outcomes(
      await bench(scratchFolder(t), ['--backend=io_uring', ...SHORT, ...JSON_REPORT], { under }),
    );
    assert.deepEqual(of, { io_uring: 'complete' });
  });

  it('doctor names the filter', async (t) => {
    const { code, stdout } = await bench(scratchFolder(t), ['doctor', '.'], { under: DOCKER });
    assert.equal(code, EXIT.ok);
    assert.match(
      stdout,
      /io_uring_setup +the seccomp filter of this process refuses it \(io_uring_setup: EPERM\)/,
    );
  });
});

it("a filter that says ENOSYS, as Podman's does, is not taken for an old kernel", { skip }, async (t) => {
  const { code, stderr } = await bench(scratchFolder(t), ['--backend=io_uring', ...SHORT], { under: PODMAN });
  assert.equal(code, EXIT.unavailable);
  assert.match(stderr, /ENOSYS.*a seccomp filter refuses it/);
});

it('on an overlay, O_DIRECT works as below it', { skip: skipUnless('root') }, async (t) => {
  const below = scratchFolder(t);
  for (const name of ['lower', 'upper', 'work']) mkdirSync(join(below, name));
  const layers = `lowerdir=${below}/lower,upperdir=${below}/upper,workdir=${below}/work`;
  const folder = mount(t, '-t', 'overlay', '-o', layers, 'none');
  const direct = async (where: string): Promise<Ended> =>
    bench(where, ['--backend=sync', '--rw=randrw', ...SHORT, ...JSON_REPORT]);
  const [here, there] = [await direct(below), await direct(folder)];
  assert.deepEqual([there.code, there.stderr], [here.code, here.stderr]);
  if (here.code !== EXIT.ok) return;
  assert.equal(parseResult(there.stdout).environment.files[0]?.file_system, 'overlay');
});

/** A folder that nobody (65534) owns; what node runs must be readable to others. */
function ownFolder(t: TestContext): string {
  const folder = join(scratchFolder(t), 'home');
  mkdirSync(folder);
  chmodSync(join(folder, '..'), 0o755);
  chownSync(folder, 65534, 65534);
  return folder;
}

/** false, or why another user cannot run what this repository holds. */
function closed(): string | false {
  const needed = skipUnless('root', 'nobody') || (hasCommand('setpriv') ? false : 'needs setpriv');
  if (needed) return needed;
  return asNobody(() => {
    try {
      run(process.execPath, join(root, 'bin', 'uring-bench.mjs'), '--version');
      return false;
    } catch {
      return `others may not read ${root}`;
    }
  });
}

describe('as an ordinary user', { skip: closed() }, () => {
  const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

  it('the default comparison, stored in the current folder, works', async (t) => {
    const folder = ownFolder(t);
    const args = ['--size=1m', '--runtime=100ms', '--trials=1', '--warmup-trials=0'];
    const { code, stdout, stderr } = await bench(folder, args, { under: NOBODY, env: { HOME: folder } });
    assert.equal(code, EXIT.ok, stderr);
    assert.match(stdout, /^sync /m);
    assert.match(stdout + stderr, /\nResult: +results\//);
    assert.equal(readdirSync(folder).filter((name) => name.startsWith('uring-bench.')).length, 0);
  });

  for (const backend of BACKENDS) {
    it(`${backend} works, or says why`, async (t) => {
      const folder = ownFolder(t);
      const args = [`--backend=${backend}`, '--rw=randrw', '--numjobs=2', ...SHORT, ...JSON_REPORT];
      const ended = await bench(folder, args, { under: NOBODY, env: { HOME: folder } });
      if (backend === 'io_uring' && ended.code === EXIT.unavailable) {
        assert.match(ended.stderr, /io_uring_disabled|seccomp/);
        return;
      }
      const { of } = outcomes(ended);
      assert.deepEqual(of, { [backend]: 'complete' });
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it("a folder of somebody else's is refused in a line", async (t) => {
    const folder = scratchFolder(t);
    chmodSync(folder, 0o755);
    const { code, stderr } = await bench(folder, ['--backend=sync', ...SHORT], { under: NOBODY });
    assert.equal(code, EXIT.usage);
    assert.match(stderr, /^uring-bench: [^\n]*permission denied[^\n]*\n$/m);
    assert.deepEqual(readdirSync(folder), []);
  });
});
