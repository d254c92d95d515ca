import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseVariant } from '../backends/registry.ts';
import type { ResolvedJob } from './job.ts';
import { jobSeed, planRuns, trialNs } from './plan.ts';

const job = (fields: Partial<ResolvedJob>): ResolvedJob =>
  ({
    variants: ['sync', 'linux-aio', 'io_uring'].map(parseVariant),
    trials: 2,
    numjobs: 2,
    randseed: 1n,
    rampTimeNs: 0,
    startdelayNs: 0,
    bounds: { runtimeNs: 0, ios: 0, bytes: 0 },
    ...fields,
  }) as ResolvedJob;

test('trials of several backends are interleaved', () => {
  const order = planRuns(job({})).map((run) => `${run.variant.name} ${run.trial}`);
  assert.deepEqual(order, ['sync 1', 'linux-aio 1', 'io_uring 1', 'sync 2', 'linux-aio 2', 'io_uring 2']);
});

test('all variants of a trial have the same seeds, other trials and jobs have others', () => {
  const runs = planRuns(job({ trials: 3, numjobs: 4 }));
  for (const run of runs) {
    const first = runs.find((other) => other.trial === run.trial);
    assert.deepEqual(run.seeds, first?.seeds);
  }
  assert.equal(new Set(runs.flatMap((run) => run.seeds)).size, 3 * 4);
});

test('a seed is a 64-bit number that depends on all three', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 1, max: 1000 }),
      fc.nat(4095),
      (seed, trial, j) => {
        const own = jobSeed(seed, trial, j);
        assert.ok(own >= 0n && own < 2n ** 64n);
        assert.equal(own, jobSeed(seed, trial, j));
        assert.notEqual(own, jobSeed(seed, trial + 1, j));
        assert.notEqual(own, jobSeed(seed, trial, j + 1));
        assert.notEqual(own, jobSeed(seed ^ 1n, trial, j));
      },
    ),
  );
});

test('the planned length holds ramp and delay, and is unknown without a runtime', () => {
  const bounds = { runtimeNs: 5e9, ios: 0, bytes: 0 };
  assert.equal(trialNs(job({ bounds, rampTimeNs: 1e9, startdelayNs: 2e9 })), 8e9);
  assert.equal(trialNs(job({ bounds: { runtimeNs: 0, ios: 10, bytes: 0 } })), null);
});
