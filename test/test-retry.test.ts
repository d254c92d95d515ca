/** The rules of scripts/run-tests.mjs: which failed tests get a second chance. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closingLines } from '../scripts/test-notes.mjs';
import { filesToRetry, MEASURING, RETRIES_MOST, retryLine } from '../scripts/test-retry.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [first = '', second = ''] = MEASURING;

test('every file that may run twice is there', () => {
  assert.deepEqual(
    MEASURING.filter((file) => !existsSync(join(root, file))),
    [],
  );
});

test('what measures runs again', () => {
  assert.deepEqual(filesToRetry([]), []);
  assert.deepEqual(filesToRetry([first]), [first]);
  assert.deepEqual(filesToRetry([first, second]), [first, second]);
  assert.deepEqual(filesToRetry(['test/truth/syscalls.test.ts']), ['test/truth/syscalls.test.ts']);
});

test('what is deterministic never runs again, nor what failed beside it', () => {
  for (const file of ['src/stats/normal.test.ts', 'test/tidy.test.ts', 'test/conformance/data.test.ts']) {
    assert.deepEqual(filesToRetry([file]), []);
    assert.deepEqual(filesToRetry([first, file]), []);
  }
});

test('more failures than three are no busy moment', () => {
  assert.equal(RETRIES_MOST, 3);
  assert.deepEqual(filesToRetry(MEASURING.slice(0, 4)), []);
});

test('the closing line counts and names what ran twice', () => {
  assert.equal(retryLine([], []), '# retried 0');
  assert.equal(
    retryLine([first, second], [second]),
    `# retried 2: ${first} (passed), ${second} (failed again); the first failure is above`,
  );
});

test('the end of a log tells the slowest files, and each failure with its reason', () => {
  const notes = {
    failing: ['a'],
    failures: [{ file: 'a', name: 'it holds', message: '1 is not\n2' }],
    took: new Map([
      ['a', 1200],
      ['b', 61_000],
    ]),
  };
  assert.deepEqual(closingLines([notes]).split('\n'), [
    '#    61 s b',
    '#     1 s a',
    '# failed: a: it holds',
    '#   1 is not',
    '#   2',
    '',
  ]);
});
