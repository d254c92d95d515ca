/** A sample of `npm run faults`: whatever system call fails, a run ends as it promises. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nameOf, tryCase } from './cases.ts';
import { allCases, tryCases } from './sample.ts';

/** About a second each on one CPU; `npm run faults` tries more of them. */
const CASES = 80;
const SEED = 1;
const LANES = 2;

const launcher = fileURLToPath(new URL('../support/fault.py', import.meta.url));

/** false, or why calls cannot be made to fail here: seccomp's listener came with Linux 5.0, its "go on" with 5.5. */
function refused(): string | false {
  const { status, stderr } = spawnSync('python3', [launcher, '/dev/null', 'fsync', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 ? false : `no listener for system calls here: ${stderr.trim().split('\n').at(-1)}`;
}

const skip = refused();

test('a run in which a system call fails ends as it promises', { skip }, async () => {
  const cases = (await allCases(SEED, LANES)).slice(0, CASES);
  assert.equal(cases.length, CASES);
  const tried = await tryCases(cases, LANES);
  const wrong = tried.filter(({ wrong: what }) => what.length > 0);
  assert.deepEqual(
    wrong.map(({ fault, outcome, wrong: what }) => `${nameOf(fault)}: ${what.join('; ')}\n${outcome.stderr}`),
    [],
  );
  const met = tried.filter(({ outcome }) => outcome.failed !== null);
  assert.ok(met.length > CASES * 0.9, `only ${met.length} of ${CASES} faults were met`);
});

test('what could not be removed is said', { skip }, async () => {
  for (const [when, code] of [
    ['always', 2],
    [1, 2],
    [3, 0],
  ] as const) {
    const { stderr, left, ...outcome } = await tryCase({
      run: 'sync',
      call: 'unlink',
      error: 'EACCES',
      when,
    });
    assert.equal(outcome.code, code, stderr);
    assert.equal(outcome.failed, 'file');
    assert.deepEqual(
      left.filter(
        (name) =>
          !name.endsWith('.run') &&
          !stderr.includes(`warning: could not remove ${name}: permission denied; remove it by hand\n`),
      ),
      [],
    );
    assert.equal(left.length > 0, when === 'always');
  }
});
