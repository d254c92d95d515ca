/** What is easy to let slip: file sizes, leftovers, words that have no place in the repository. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** All files that are tracked or would be. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));

const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const code = files.filter((file) => /\.(ts|mjs|c|h|sh)$/.test(file));

test('files fit a few screens', () => {
  const long = code.filter((file) => text(file).split('\n').length > 400 && file !== 'src/native/abi.ts');
  assert.deepEqual(long, []);
});

test('nothing is left to be done later', () => {
  const marks = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'];
  const left = code.filter((file) => marks.some((mark) => new RegExp(`\\b${mark}\\b`).test(text(file))));
  assert.deepEqual(left, []);
});

test('no test is skipped or singled out for good', () => {
  const tests = files.filter((file) => file.endsWith('.test.ts') && !file.includes('tidy'));
  const marked = tests.filter((file) => /\b(test|it|describe)\.(only|todo)\(/.test(text(file)));
  assert.deepEqual(marked, []);
});

test('a name that files export has one meaning', () => {
  const homes = new Map<string, string[]>();
  for (const file of files) {
    if (!file.startsWith('src/') || !file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const declared =
      /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;
    // A set: overloads of a function are one name.
    for (const name of new Set([...text(file).matchAll(declared)].map(([, word = '']) => word))) {
      homes.set(name, [...(homes.get(name) ?? []), file]);
    }
  }
  assert.ok(homes.size > 500, `only ${homes.size} names were found`);
  const shared = [...homes].filter(([, where]) => where.length > 1);
  assert.deepEqual(shared, []);
});

test('only the command line prints', () => {
  const printing = files.filter(
    (file) =>
      file.startsWith('src/') &&
      !file.startsWith('src/cli/') &&
      !file.endsWith('.test.ts') &&
      /\bconsole\.|process\.(stdout|stderr)\.write/.test(text(file)),
  );
  assert.deepEqual(printing, []);
});

test('only one file knows the FFI package', () => {
  const knowing = files.filter((file) => file.startsWith('src/') && /['"]koffi['"]/.test(text(file)));
  assert.deepEqual(knowing, ['src/native/library.ts']);
});

test('versions are pinned and the lock file names no download address', () => {
  const { dependencies, devDependencies } = JSON.parse(text('package.json')) as Record<
    string,
    Record<string, string>
  >;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
  assert.doesNotMatch(text('package-lock.json'), /"resolved"/);
});

test('the version is the same everywhere', () => {
  const { version } = JSON.parse(text('package.json')) as { version: string };
  assert.match(
    text('native/include/ub_abi.h'),
    new RegExp(`UB_VERSION +"${version.replaceAll('.', '\\.')}"`),
  );
});

test('relative links in the documents lead somewhere', () => {
  const broken: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    for (const [, link = ''] of text(file).matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      if (!existsSync(join(root, file, '..', link))) broken.push(`${file}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});
