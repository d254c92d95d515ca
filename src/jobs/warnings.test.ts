import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../test/fixtures/load.ts';
import type { BackendResult } from '../results/schema.ts';
import { offsetWarnings } from './warnings.ts';

/** The fixture's backends, the first trial of each with the hash of its offsets. */
function hashed(...hashes: string[]): BackendResult[] {
  const backends = fixture('comparison').backends.filter(({ trials }) => trials.length > 0);
  for (const [i, hash] of hashes.entries()) {
    const trial = backends[i]?.trials[0];
    assert.ok(trial);
    trial.offsets_hash = hash;
  }
  return backends;
}

test('backends of one trial that were given other offsets are named', () => {
  assert.deepEqual(offsetWarnings(hashed('a', 'a')), []);
  const [warning, ...more] = offsetWarnings(hashed('a', 'b'));
  assert.deepEqual([warning?.code, warning?.trial, more.length], ['offsets-differ', 1, 0]);
  assert.match(warning?.message ?? '', /^trial 1: .+ and .+ were not given the same offsets/);
});

test('a trial that failed may have ended before the I/Os that are hashed', () => {
  const backends = hashed('a', 'b');
  const trial = backends[1]?.trials[0];
  assert.ok(trial);
  trial.failure = { message: 'read: Input/output error (EIO)', errno: 5, stage: 'read', hint: null };
  assert.deepEqual(offsetWarnings(backends), []);
});
