/** Which of several files each I/O goes to, and how random offsets are spread, as strace sees them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { trialOf, turnOf } from '../support/bench.ts';
import { diskFolder, noDisk } from '../support/disk.ts';
import { hashOf, type SeenIo } from '../support/offsets-hash.ts';
import { near } from '../support/result.ts';
import { iosOf, jobThreads, noStrace, straced } from '../support/strace.ts';
import { list, plainOf, variantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noStrace, noDisk);
const BLOCK_BYTES = 4096;
const FILES = ['job.0.0', 'job.0.1', 'job.0.2', 'job.0.3'];

/**
 * The reads of a job: strace sees those of sync. All other backends must report the hash that these make, which
 * holds for the first 1024 I/Os.
 */
async function readsOf(
  t: TestContext,
  args: readonly string[],
  files = FILES.slice(0, 1),
): Promise<SeenIo[]> {
  const variants = plainOf(variantsFor('read'));
  assert.equal(variants[0]?.label, 'sync');
  const run = ['--backend', list(variants), '--trials', '1', '--name', 'job'];
  const traced = await straced(diskFolder(t), [...run, ...args]);
  const job = jobThreads(traced)[turnOf(traced.result, 'sync')];
  const ios = (job?.calls ?? []).flatMap((call) => iosOf(call, files)).filter(({ file }) => file >= 0);
  for (const { label } of variants) {
    const { total_ios, offsets_hash } = trialOf(traced.result, label);
    assert.equal(total_ios, ios.length, label);
    assert.equal(offsets_hash, hashOf(ios), label);
  }
  return ios;
}

function countByFile(ios: readonly SeenIo[]): number[] {
  return FILES.map((_, index) => ios.filter(({ file }) => file === index).length);
}

/** How long each stretch of I/Os to one file is. */
function stretches(ios: readonly SeenIo[]): number[] {
  const lengths: number[] = [];
  for (const [index, { file }] of ios.entries()) {
    if (index > 0 && ios[index - 1]?.file === file) lengths.push((lengths.pop() ?? 0) + 1);
    else lengths.push(1);
  }
  return lengths;
}

test('several files', { skip }, async (t) => {
  // 4 files of 64 blocks: a pass is 256 I/Os.
  const workload = ['--nrfiles', '4', '--size', '1m'];
  await t.test('roundrobin', async (t) => {
    const ios = await readsOf(t, [...workload, '--number-ios', '256'], FILES);
    assert.deepEqual(countByFile(ios), [64, 64, 64, 64]);
    assert.deepEqual(new Set(stretches(ios)), new Set([1]));
  });
  await t.test('roundrobin:8', async (t) => {
    const ios = await readsOf(
      t,
      [...workload, '--number-ios', '256', '--file-service-type', 'roundrobin:8'],
      FILES,
    );
    assert.deepEqual(countByFile(ios), [64, 64, 64, 64]);
    assert.deepEqual(new Set(stretches(ios)), new Set([8]));
  });
  await t.test('random', async (t) => {
    const ios = await readsOf(t, [...workload, '--loops', '4', '--file-service-type', 'random'], FILES);
    assert.equal(ios.length, 1024);
    for (const count of countByFile(ios)) assert.ok(count > 200 && count < 312, `${count} of 1024`);
    assert.ok(
      stretches(ios).some((length) => length > 2),
      'no fixed order',
    );
  });
  await t.test('sequential', async (t) => {
    const ios = await readsOf(
      t,
      [...workload, '--rw', 'read', '--loops', '1', '--file-service-type', 'sequential'],
      FILES,
    );
    assert.deepEqual(stretches(ios), [64, 64, 64, 64]);
    assert.deepEqual(
      ios.map(({ file, offset }) => [file, offset]),
      Array.from({ length: 256 }, (_, i) => [Math.floor(i / 64), (i % 64) * BLOCK_BYTES]),
    );
  });
});

/** Counts of I/Os by block, the highest first. */
function ranked(ios: readonly SeenIo[]): number[] {
  const counts = new Map<number, number>();
  for (const { offset } of ios) counts.set(offset, (counts.get(offset) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

function share(counts: readonly number[], blocks: number): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.slice(0, blocks).reduce((sum, count) => sum + count, 0) / all;
}

test('random offsets', { skip }, async (t) => {
  const blocks = 1000;
  const workload = ['--size', String(blocks * BLOCK_BYTES), '--number-ios'];
  await t.test('each block once in a pass', async (t) => {
    const ios = await readsOf(t, [...workload, String(blocks)]);
    const offsets = ios.map(({ offset }) => offset);
    const sorted = [...offsets].sort((a, b) => a - b);
    assert.deepEqual(
      sorted,
      Array.from({ length: blocks }, (_, i) => i * BLOCK_BYTES),
    );
    assert.notDeepEqual(offsets, sorted);
    // A random order has half of its steps forward, and hardly any to the next block.
    const steps = offsets.slice(1).map((offset, i) => offset - (offsets[i] ?? 0));
    near(steps.filter((step) => step > 0).length, blocks / 2, 0.15, 'steps forward');
    assert.ok(steps.filter((step) => step === BLOCK_BYTES).length < 15);
  });
  await t.test('a second pass has another order', async (t) => {
    const ios = await readsOf(t, ['--size', String(300 * BLOCK_BYTES), '--loops', '2']);
    const passes = [ios.slice(0, 300), ios.slice(300)].map((pass) => pass.map(({ offset }) => offset));
    for (const pass of passes) assert.equal(new Set(pass).size, 300);
    assert.notDeepEqual(passes[0], passes[1]);
  });
  await t.test('norandommap: some twice, some never', async (t) => {
    const ios = await readsOf(t, [...workload, '1000', '--norandommap']);
    // 1 - 1/e of the blocks.
    near(ranked(ios).length, blocks * 0.632, 0.08, 'blocks visited');
  });
  // Few blocks and many I/Os, so that the blocks seen most are those meant most.
  const skewed = ['--size', String(100 * BLOCK_BYTES), '--loops', '15', '--random-distribution'];
  await t.test('zipf:1.2', async (t) => {
    const counts = ranked(await readsOf(t, [...skewed, 'zipf:1.2']));
    const weights = Array.from({ length: 100 }, (_, i) => 1 / (i + 1) ** 1.2);
    for (const first of [1, 10, 50])
      near(share(counts, first), share(weights, first), 0.1, `share of ${first}`);
  });
  await t.test('pareto:0.2', async (t) => {
    const counts = ranked(await readsOf(t, [...skewed, 'pareto:0.2']));
    near(share(counts, 20), 0.8, 0.05, 'share of a fifth of the blocks');
  });
  await t.test('normal:10', async (t) => {
    const ios = await readsOf(t, [...workload, '1000', '--random-distribution', 'normal:10']);
    const places = ios.map(({ offset }) => offset / BLOCK_BYTES);
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    const variance = places.reduce((sum, place) => sum + (place - mean) ** 2, 0) / places.length;
    near(mean, blocks / 2, 0.03, 'mean');
    near(Math.sqrt(variance), blocks / 10, 0.1, 'deviation');
  });
});
