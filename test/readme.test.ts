/** The README's commands, run as they stand there in a copy of the sources where nothing is installed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './support/cli.ts';
import { documentCommands, typed } from './support/documents.ts';

function copySources(to: string): void {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of listed.split('\n').filter((name) => name !== '' && existsSync(join(root, name)))) {
    cpSync(join(root, file), join(to, file), { recursive: true });
  }
}

test('the first two commands build, compare and end in the path of the result', { timeout: 400_000 }, () => {
  const [first = '', second = '', last = ''] = documentCommands('README.md');
  assert.equal(first, 'npm ci && npm start');
  assert.equal(last, 'npm ci && npm test');
  const copy = mkdtempSync('/var/tmp/uring-bench-readme-');
  try {
    copySources(copy);
    const run = (command: string) => {
      const { code, stdout, stderr } = typed(command, { cwd: copy });
      assert.equal(code, 0, `${command}\n${stderr}`);
      return stdout;
    };
    const begun = performance.now();
    const table = run(first);
    assert.ok(performance.now() - begun < 120_000, 'the installation and the comparison take too long');
    for (const name of ['sync', 'posix-aio', 'linux-aio', 'io_uring', 'io_uring+enhanced']) {
      assert.match(table, new RegExp(`^ *${name.replace('+', '\\+')} `, 'm'));
    }
    assert.match(table, /Lat quantile=0\.999/);
    const stored = /^Result: (results\/\S+\.json)$/m.exec(table)?.[1] ?? '';
    assert.ok(existsSync(join(copy, stored)), `no result at '${stored}'`);
    assert.match(run(second), /^io_uring +[\d,]+ /m);
    const left = readdirSync(copy).filter((name) => name.startsWith('uring-bench.'));
    assert.deepEqual(left, [], 'temporary files are removed');
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
