import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { refused } from '../../test/support/refused.ts';
import { expandPattern, isPattern } from './glob.ts';

const NAMES = [
  'a.json',
  'b.json',
  'b1.json',
  'c[1].json',
  '.hidden.json',
  'sub/a.json',
  'sub/deep/x.json',
  'x-y.txt',
];
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'uring-bench-glob-'));
  mkdirSync(join(folder, 'sub', 'deep'), { recursive: true });
  for (const name of NAMES) writeFileSync(join(folder, name), '');
  symlinkSync('a.json', join(folder, 'link.json'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What bash makes of a pattern, without folders. */
function bash(pattern: string): string[] {
  const script =
    'shopt -s nullglob globstar; LC_ALL=C; for f in $1; do [ -d "$f" ] || printf "%s\\0" "$f"; done';
  const text = execFileSync('bash', ['-c', script, 'bash', join(folder, pattern)], { encoding: 'utf8' });
  return [...new Set(text.split('\0').filter((path) => path !== ''))].sort();
}

test('a name without *, ? and [ is no pattern', () => {
  assert.equal(isPattern('results/a.json'), false);
  assert.ok(['*.json', 'a?', '[ab]'].every(isPattern));
});

test('patterns match what they match in bash', () => {
  for (const pattern of [
    '*.json',
    '?.json',
    '[ab].json',
    '[!a].json',
    'b*.json',
    '*/a.json',
    '**/*.json',
    '**/deep/*',
    '.h*.json',
    'nothing*',
    'x-?.txt',
    '[a-c]*.json',
    'sub',
    's*/d*/x.json',
  ]) {
    assert.deepEqual(expandPattern(join(folder, pattern)), bash(pattern), pattern);
  }
});

test('any pattern of those characters matches as in bash', () => {
  const piece = fc.constantFrom('*', '?', 'a', 'b', '1', '.', 'json', '[ab]', '[!b]', 'sub/', '-');
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
      const pattern = pieces.join('');
      fc.pre(isPattern(pattern) && !pattern.startsWith('.'));
      assert.deepEqual(expandPattern(join(folder, pattern)), bash(pattern), pattern);
    }),
    { numRuns: 60 },
  );
});

test('** follows no link to a folder, and a pattern that looks at too much is refused', () => {
  const deep = join(folder, 'sub', 'deep');
  symlinkSync('..', join(deep, 'up'));
  symlinkSync('.', join(deep, 'self'));
  assert.deepEqual(expandPattern(join(deep, '**', '*.json')), [join(deep, 'x.json')]);
  assert.deepEqual(expandPattern(join(deep, '**', '**', '**', 'x.json')), [join(deep, 'x.json')]);
  refused(() => expandPattern(join(folder, '**'), 8), /looks at more than 8 names/, /name the folder/);
});
