/** A kernel or container that refuses io_uring: it is never silently replaced. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/errors.ts';
import { backendOf, bench, benchFails, REPORT, trialOf } from '../support/bench.ts';
import { diskFolder, filesIn, noDisk } from '../support/disk.ts';
import { parseResult } from '../support/result.ts';
import { firstReason, needsCommand } from '../support/witness.ts';

const under = [
  'python3',
  fileURLToPath(new URL('../support/seccomp.py', import.meta.url)),
  'io_uring_setup=EPERM',
];

function noFilter(): string | false {
  const { status, stderr } = spawnSync(under[0] ?? '', [...under.slice(1), 'true'], { encoding: 'utf8' });
  return status === 0 ? false : `cannot set a seccomp filter here: ${stderr.trim()}`;
}

const skip = firstReason(noDisk, needsCommand('python3'), noFilter());
const ARGS = ['--size', '1m', '--number-ios', '100'];

test('asked for alone: exit 4, and the reason in one line', { skip }, async (t) => {
  const folder = diskFolder(t);
  for (const backend of ['io_uring', 'io_uring+enhanced', 'io_uring,io_uring+enhanced']) {
    const line = await benchFails(folder, ['--backend', backend, ...ARGS], EXIT.unavailable, { under });
    assert.match(line, /io_uring.*io_uring_setup.*EPERM.*seccomp/);
    assert.deepEqual(filesIn(folder), [], 'nothing is created');
  }
});

test('among others: skipped with its reason, the others run', { skip }, async (t) => {
  const folder = diskFolder(t);
  const args = ['--backend', 'sync,io_uring,linux-aio,io_uring+enhanced', '--trials', '1', ...ARGS];
  const { code, stdout, stderr } = await bench(folder, [...args, ...REPORT], { under });
  assert.equal(code, EXIT.ok, stderr);
  const result = parseResult(stdout);
  assert.equal(result.status, 'complete');
  for (const label of ['io_uring', 'io_uring+enhanced']) {
    const { status, reason, trials, summary } = backendOf(result, label);
    assert.equal(status, 'skipped');
    assert.match(reason ?? '', /io_uring_setup.*EPERM/);
    assert.deepEqual([trials, summary], [[], null]);
  }
  for (const label of ['sync', 'linux-aio']) assert.equal(trialOf(result, label).total_ios, 100);
});

test('the table and the list of backends give the reason, too', { skip }, async (t) => {
  const folder = diskFolder(t);
  const args = ['--backend', 'sync,io_uring', '--trials', '1', '--no-save', ...ARGS];
  const table = await bench(folder, args, { under });
  assert.equal(table.code, EXIT.ok, table.stderr);
  assert.match(table.stdout, /io_uring[^\n]*skipped/);
  assert.match(table.stdout, /EPERM/);
  const listed = await bench(folder, ['backends'], { under });
  assert.equal(listed.code, EXIT.ok);
  assert.match(listed.stdout, /^io_uring +no/m);
  assert.match(listed.stdout, /EPERM/);
});
