/** What is written is what is then there: read back by other means than the tool's. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { benchResult, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, diskLoop, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { near } from '../support/result.ts';
import { skipUnless } from '../support/scratch.ts';
import { mainOf, plainOf, realVariantsFor } from '../support/variants.ts';
import { firstReason } from '../support/witness.ts';

const MEBIBYTE = 2 ** 20;
/** Each 4 KiB that is written begins with its own offset and the number of its I/O. */
const STAMPED_BYTES = 4096;
const STAMP_BYTES = 16;

interface Block {
  /** Where it says that it belongs. */
  offset: number;
  /** Of the I/O that wrote it, from 1. */
  number: number;
  body: Buffer;
}

function blocksOf(content: Buffer): Block[] {
  return Array.from({ length: content.length / STAMPED_BYTES }, (_, index) => {
    const block = content.subarray(index * STAMPED_BYTES, (index + 1) * STAMPED_BYTES);
    const [offset, number] = [block.readBigUInt64LE(0), block.readBigUInt64LE(8)].map(Number) as [
      number,
      number,
    ];
    return { offset, number, body: block.subarray(STAMP_BYTES) };
  });
}

/** Writes a file of 2 MiB over -> its content. */
async function written(t: TestContext, backend: string, args: readonly string[]): Promise<Buffer> {
  const folder = diskFolder(t);
  const path = dataFile(join(folder, 'data'), 2 * MEBIBYTE);
  const target = ['--backend', backend, '--filename', path, '--allow-overwrite', '--rw', 'randwrite'];
  const trial = trialOf(await benchResult(folder, [...target, '--loops', '1', ...args]));
  assert.equal(opsOf(trial).write.io_bytes, 2 * MEBIBYTE);
  const content = readFileSync(path);
  assert.equal(content.length, 2 * MEBIBYTE);
  return content;
}

for (const variant of realVariantsFor('write')) {
  const { label } = variant;
  test(`${label}: each block lands where it belongs, once`, { skip: noDisk }, async (t) => {
    const blocks = blocksOf(await written(t, label, ['--bs', '8k', '--iodepth', '16']));
    for (const [index, { offset }] of blocks.entries()) assert.equal(offset, index * STAMPED_BYTES);
    // Two stamps have the number of their I/O of 8 KiB; no I/O is missing, none was done twice.
    const numbers = blocks.map(({ number }) => number).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      blocks.map((_, index) => Math.floor(index / 2) + 1),
    );
    for (const { body } of blocks) assert.ok(deflateRawSync(body).length > body.length * 0.98, 'random data');
  });
}

test('each of several files gets its own blocks, of several jobs', { skip: noDisk }, async (t) => {
  for (const { label } of plainOf(realVariantsFor('write'))) {
    await t.test(label, async (t) => {
      const folder = diskFolder(t);
      const names = ['a', 'b', 'c', 'd'].map((name) => dataFile(join(folder, name), MEBIBYTE));
      const target = ['--backend', label, '--filename', names.join(':'), '--allow-overwrite', '--size', '4m'];
      const workload = ['--rw', 'randwrite', '--loops', '1', '--numjobs', '2', '--iodepth', '8'];
      const { total_ios } = trialOf(await benchResult(folder, [...target, ...workload]));
      assert.equal(total_ios, 2 * 1024);
      for (const path of names) {
        const offsets = blocksOf(readFileSync(path)).map(({ offset }) => offset);
        assert.deepEqual(
          offsets,
          offsets.map((_, index) => index * STAMPED_BYTES),
        );
      }
    });
  }
});

/** Whether no two blocks have the same content behind their stamps. */
function allDiffer(content: Buffer): boolean {
  const bodies = blocksOf(content).map(({ body }) => body.toString('latin1'));
  return new Set(bodies).size === bodies.length;
}

for (const { label } of plainOf(realVariantsFor('write'))) {
  test(`${label}: data that compresses to a half, new for each block`, { skip: noDisk }, async (t) => {
    const args = ['--bs', '8k', '--buffer-compress-percentage', '50', '--iodepth', '4'];
    const content = await written(t, label, args);
    near(deflateRawSync(content).length / content.length, 0.5, 0, 'compressed', 0.05);
    assert.ok(allDiffer(content));
  });
}

test('data is zeros, or the same few buffers again, or new for each block', { skip: noDisk }, async (t) => {
  const zeros = await written(t, 'sync', ['--bs', '32k', '--zero-buffers']);
  assert.ok(zeros.equals(Buffer.alloc(zeros.length)));
  assert.ok(!allDiffer(await written(t, 'sync', ['--bs', '8k'])));
  assert.ok(allDiffer(await written(t, 'sync', ['--bs', '8k', '--refill-buffers'])));
});

/** How many bytes a device was told to discard: the 14th field of its stat is in sectors of 512. */
function discardedBytes(device: string): number {
  const text = readFileSync(`/sys/class/block/${basename(device)}/stat`, 'utf8');
  return Number(text.trim().split(/\s+/)[13] ?? 0) * 512;
}

function readDevice(device: string, bytes: number): Buffer {
  execFileSync('blockdev', ['--flushbufs', device]);
  const content = Buffer.alloc(bytes);
  const fd = openSync(device, 'r');
  try {
    assert.equal(readSync(fd, content, 0, bytes, 0), bytes);
  } finally {
    closeSync(fd);
  }
  return content;
}

test('trimmed blocks are gone', { skip: firstReason(noDisk, skipUnless('loop')) }, async (t) => {
  const variants = realVariantsFor('trim');
  for (const [rw, some] of [
    ['trim', plainOf(variants)],
    ['randtrim', mainOf(variants)],
  ] as const) {
    for (const { label } of some) {
      await t.test(`${label} ${rw}`, async (t) => {
        const { device } = diskLoop(t, 2 * MEBIBYTE);
        const before = discardedBytes(device);
        const target = ['--backend', label, '--filename', device, '--allow-overwrite', '--rw', rw];
        // The first half of the device: the other must stay as it is.
        const workload = ['--size', '1m', '--loops', '1', '--bs', '16k', '--iodepth', '4'];
        const done = trialOf(await benchResult(diskFolder(t), [...target, ...workload]));
        const { trim } = opsOf(done);
        assert.equal(trim.total_ios, 64);
        assert.equal(done.total_ios, 64);
        assert.equal(trim.io_bytes, MEBIBYTE);
        assert.equal(discardedBytes(device) - before, MEBIBYTE);
        const content = readDevice(device, 2 * MEBIBYTE);
        assert.ok(content.subarray(0, MEBIBYTE).equals(Buffer.alloc(MEBIBYTE)), 'zeros');
        assert.ok(deflateRawSync(content.subarray(MEBIBYTE)).length > MEBIBYTE * 0.98, 'untouched');
      });
    }
  }
});
