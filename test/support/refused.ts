import assert from 'node:assert/strict';
import { BenchError } from '../../src/errors.ts';

/** Asserts that an action is refused as the user's to mend, in one line that fits all patterns. */
export function refused(action: () => unknown, ...patterns: RegExp[]): void {
  assert.throws(action, (error) => isRefusal(error, patterns));
}

/** The same for a promise. */
export async function rejected(promise: Promise<unknown>, ...patterns: RegExp[]): Promise<void> {
  await assert.rejects(promise, (error) => isRefusal(error, patterns));
}

function isRefusal(error: unknown, patterns: readonly RegExp[]): boolean {
  assert.ok(error instanceof BenchError, `not a BenchError: ${error}`);
  assert.equal(error.kind, 'usage');
  const line = `${error.message} (${error.hint ?? ''})`;
  assert.doesNotMatch(line, /\n/);
  for (const pattern of patterns) assert.match(line, pattern);
  return true;
}
