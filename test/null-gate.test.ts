/** The gate on the tool's own floor, as CI calls it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './support/cli.ts';

function nullGate(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ['--import', 'tsx', join(root, 'bench', 'null-gate.ts'), ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
}

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('uring-bench-null-gate-'));
const noHistory =
  spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root }).status === 0 ? false : 'needs the git history';

test('builds the other commit, measures in pairs and says what came of it', { skip: noHistory }, () => {
  const before = leftovers();
  const { status, stdout, stderr } = nullGate(
    '--base=HEAD',
    '--blocks=1',
    '--max-blocks=1',
    '--runtime=50ms',
  );
  assert.equal(status, 0, stderr);
  // One block can prove nothing.
  assert.match(
    stdout,
    /^null backend of this tree against [0-9a-f]+ .*\ninconclusive: cpu_per_io>\+10%: [\d.]+ -> [\d.]+ ns\/io, .*\n$/,
  );
  assert.deepEqual(leftovers(), before, 'nothing is left behind');
});

test('a commit that is not there and a rule that is none are told in a line', { skip: noHistory }, () => {
  for (const [args, message] of [
    [['--base=0123456789abcdef'], /^null-gate: commit 0123456789abcdef is not in this clone \(.*\)\n$/],
    [['--fail-on=cpu_per_io<5%'], /^null-gate: fail-on=cpu_per_io<5%: a fall has a minus sign\n$/],
  ] as const) {
    const { status, stdout, stderr } = nullGate(...args);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});
