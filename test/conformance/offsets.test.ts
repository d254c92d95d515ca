/** Which I/Os are done depends on the seed and the trial, and on nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchResult, trialOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { list, plainOf, variantsFor } from '../support/variants.ts';

const IOS = ['--number-ios', '1100', '--size', '16m'];

/** The one hash that all backends of a trial have. */
function theHash(result: Awaited<ReturnType<typeof benchResult>>, trial = 1): string {
  const hashes = result.backends.map(
    ({ label }) => [label, trialOf(result, label, trial).offsets_hash] as const,
  );
  const [[, first] = [], ...others] = hashes;
  for (const [label, hash] of others) assert.equal(hash, first, label);
  assert.match(first ?? '', /^[0-9a-f]{16}$/);
  assert.deepEqual(
    result.warnings.filter(({ code }) => code === 'offsets-differ'),
    [],
  );
  return first ?? '';
}

test('the same seed gives every backend the same offsets, each trial its own', {
  skip: noDisk,
}, async (t) => {
  const folder = diskFolder(t);
  const all = ['--backend', list(variantsFor('read'))];
  const result = await benchResult(folder, [...all, ...IOS, '--iodepth', '8', '--trials', '2']);
  assert.notEqual(theHash(result, 1), theHash(result, 2));

  const hashWith = async (...args: string[]): Promise<string> =>
    theHash(await benchResult(folder, ['--backend', 'null', ...IOS, ...args]));
  assert.equal(await hashWith('--iodepth', '1'), theHash(result), 'the depth makes no difference');
  assert.equal(await hashWith('--isolation', 'process'), theHash(result), 'nor does a process');
  assert.equal(await hashWith('--isolation', 'worker'), theHash(result), 'nor does a worker');
  assert.notEqual(await hashWith('--randseed', '138'), theHash(result), 'another seed does');
});

test('mixed operations on several files by several jobs are the same, too', { skip: noDisk }, async (t) => {
  const folder = diskFolder(t);
  const mixed = ['--rw', 'randrw', '--rwmixread', '70', '--bs', '8k,4k', '--numjobs', '2', '--fsync', '32'];
  const files = ['--nrfiles', '3', '--file-service-type', 'random:2', '--trials', '1'];
  const all = ['--backend', list(plainOf(variantsFor('read', 'write'))), ...mixed, ...files, ...IOS];
  const hash = theHash(await benchResult(folder, [...all, '--iodepth', '8']));
  const shallow = ['--backend', 'null', ...mixed, ...files, ...IOS, '--iodepth', '1'];
  assert.equal(theHash(await benchResult(folder, shallow)), hash, 'the depth makes no difference');
});
