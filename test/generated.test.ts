/** What is generated from sources and kept in the repository. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { knownOptions } from '../src/options/option-reader.ts';
import { root } from './support/cli.ts';

test('generated files are those of the sources', () => {
  const args = ['--import', 'tsx', join(root, 'scripts', 'generate.ts'), '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('docs/OPTIONS.md has every option and alias', () => {
  const text = readFileSync(join(root, 'docs', 'OPTIONS.md'), 'utf8');
  for (const { flag, aliases = [] } of knownOptions) {
    for (const name of [flag, ...aliases]) assert.match(text, new RegExp(`\`--${name}[ \`]`), name);
  }
});
