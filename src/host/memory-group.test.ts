import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { groupCounts, machineCounts } from './memory-group.ts';

test('version 1 counts folios that come and go, which say nothing of pages', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/g/memory.stat':
      'cache 8388608\nrss 4096\nworkingset_refault_anon 1\nworkingset_refault_file 7\npgpgin 3000\npgpgout 900\ntotal_cache 1',
    '/g/memory.usage_in_bytes': '9000000',
    '/g/memory.max_usage_in_bytes': '16777216',
  });
  assert.deepEqual(groupCounts('/g', 1, { root }), {
    cacheBytes: 8_388_608,
    allBytes: 9_000_000,
    peakBytes: 16_777_216,
    pagesOut: null,
    refaults: 7,
  });
});

test('version 2 counts the pages that are taken', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/g/memory.stat':
      'anon 5\nfile 409600\nworkingset_refault_file 3\npgscan 500\npgsteal 400\npgsteal_kswapd 1',
    '/g/memory.current': '9000000',
  });
  const { cacheBytes, pagesOut, peakBytes } = groupCounts('/g', 2, { root });
  assert.deepEqual([cacheBytes, pagesOut, peakBytes], [409_600, 400, null]); // no memory.peak before 5.19
});

test('without a group it is the machine that counts', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/proc/meminfo': 'MemTotal: 9 kB\nCached:   2048 kB\nSwapCached: 1 kB',
    '/proc/vmstat': 'pgsteal_kswapd 5\npgsteal_direct 6\nworkingset_refault_file 9',
  });
  assert.deepEqual(machineCounts({ root }), {
    cacheBytes: 2 * 2 ** 20,
    allBytes: null,
    peakBytes: null,
    pagesOut: 11,
    refaults: 9,
  });
});
