/** The rules of scripts/run-tests.mjs: which failed tests get a second chance. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
});

test('what is deterministic never runs again, nor what failed beside it', () => {
  for (const file of ['src/stats/normal.test.ts', 'test/tidy.test.ts', 'test/conformance/data.test.ts']) {
    assert.deepEqual(filesToRetry([file]), []);
    assert.deepEqual(filesToRetry([first, file]), []);
  }
});

test('more failures than two are no busy moment', () => {
  assert.equal(RETRIES_MOST, 2);
  assert.deepEqual(filesToRetry(MEASURING.slice(0, 3)), []);
});

test('the closing line counts and names what ran twice', () => {
  assert.equal(retryLine([], []), '# retried 0');
  assert.equal(
    retryLine([first, second], [second]),
    `# retried 2: ${first} (passed), ${second} (failed again); the first failure is above`,
  );
});
