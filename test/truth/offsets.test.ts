/** Where I/O really went: what a loop device was given, as the block layer's trace point tells. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { benchResult, trialOf, turnOf } from '../support/bench.ts';
import { diskFolder, diskLoop, noDisk } from '../support/disk.ts';
import { HASHED_IOS, hashOf, type SeenIo } from '../support/offsets-hash.ts';
import { opsOf } from '../support/ops.ts';
import { skipUnless } from '../support/scratch.ts';
import { noTracefs, traceFor } from '../support/tracefs.ts';
import { has, list, realVariantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const skip = firstReason(noTracefs, noDisk, skipUnless('loop'));
const SECTOR_BYTES = 512;
const MINOR_BITS = 20;

/** The kernel's own form of a device number, which trace filters take. */
function kernelNumber(device: string): number {
  const { rdev } = statSync(device);
  const major = (rdev >> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
  return major * 2 ** MINOR_BITS + minor;
}

/** `7,0 R 2048 + 8 [ub-job-0]` */
function ioOf(line: string): SeenIo {
  const [, kind, sector] = /\d+,\d+ (\w+) (\d+) \+ \d+ \[/.exec(line) ?? [];
  return { op: kind?.startsWith('R') ? 'read' : 'write', file: 0, offset: Number(sector) * SECTOR_BYTES };
}

function sorted(ios: readonly SeenIo[]): string[] {
  return ios.map(({ op, offset }) => `${op} ${offset}`).sort();
}

test('the offsets that a device was given make the hash that is reported', { skip }, async (t) => {
  const ios = 1500;
  const { device } = diskLoop(t, 16 * 2 ** 20);
  const variants = realVariantsFor('read', 'write');
  const trace = traceFor(t, 8192);
  const jobs = 'comm ~ "ub-job-*" || comm ~ "ub-pool-*" || comm ~ "iou-*"';
  trace.watch('block/block_bio_queue', `dev == ${kernelNumber(device)} && (${jobs})`);
  const target = ['--filename', device, '--allow-overwrite', '--trials', '1'];
  const workload = ['--rw', 'randrw', '--iodepth', '8', '--number-ios', String(ios)];
  const result = await benchResult(diskFolder(t), ['--backend', list(variants), ...target, ...workload]);
  // A flush, as +dsync has one after each write, is no I/O of any place: `FWS 0 + 0`.
  const seen = trace
    .lines()
    .filter((line) => !line.includes(' + 0 ['))
    .map(ioOf);
  assert.equal(seen.length, ios * variants.length);
  const ownOf = (label: string) => {
    const turn = turnOf(result, label);
    return seen.slice(turn * ios, (turn + 1) * ios);
  };
  for (const variant of variants) {
    const { label } = variant;
    await t.test(label, () => {
      const trial = trialOf(result, label);
      const own = ownOf(label);
      assert.equal(own.filter(({ op }) => op === 'read').length, opsOf(trial).read.total_ios);
      assert.ok(new Set(own.slice(0, HASHED_IOS).map(({ offset }) => offset)).size > 900, 'random');
      // Workers overtake each other: the same I/Os as the others', in another order.
      const overtaken = has(variant, 'force_async') || variant.backend.name === 'threadpool';
      if (overtaken) assert.deepEqual(sorted(own), sorted(ownOf('sync')));
      else assert.equal(trial.offsets_hash, hashOf(own));
    });
  }
});
