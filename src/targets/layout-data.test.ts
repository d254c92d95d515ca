import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_BYTES, FillData } from './layout-data.ts';

test('chunks go up to the next multiple of their size, and not past the end', () => {
  const data = new FillData();
  fc.assert(
    fc.property(fc.nat(10 * CHUNK_BYTES), fc.integer({ min: 1, max: 2 * CHUNK_BYTES }), (position, bytes) => {
      const { length } = data.chunkAt(position, position + bytes);
      assert.ok(length > 0 && length <= bytes);
      assert.ok(length === bytes || (position + length) % CHUNK_BYTES === 0);
    }),
  );
});

test('blocks that lie alike in a file never are alike, whatever was asked for before', () => {
  const data = new FillData();
  const seen = new Set<string>();
  let blocks = 0;
  for (const position of [0, 0, CHUNK_BYTES, 4096, 5 * CHUNK_BYTES + 8192]) {
    const chunk = data.chunkAt(position, position + 20 * 4096);
    for (let at = 0; at < chunk.length; at += 4096) {
      seen.add(chunk.toString('latin1', at, at + 4096));
      blocks++;
    }
  }
  assert.equal(seen.size, blocks);
});
