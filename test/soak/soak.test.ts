/** A minute of `npm run soak`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noDisk } from '../support/disk.ts';
import { strangers } from './values.ts';

const SEED = 137;

test('the soak knows every option of a run', () => {
  assert.deepEqual(strangers(), []);
});

test('random combinations of options keep their promises, in one process', { skip: noDisk }, (t) => {
  const script = fileURLToPath(new URL('run.ts', import.meta.url));
  const args = ['--expose-gc', '--import', 'tsx', script, '--minutes=1', `--seed=${SEED}`];
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.deepEqual([status, signal], [0, null], `${stdout}${stderr}`);
  const [, ran = ''] = /: (\d+) combinations ran/.exec(stdout) ?? [];
  assert.ok(Number(ran) > 5, stdout);
  t.diagnostic(stdout.trim());
});
