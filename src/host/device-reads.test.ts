import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { readByJobs, readDiskCounters, readSince } from './device-reads.ts';

const io = (bytes: number) => `rchar: 9\nwchar: 9\nsyscr: 1\nsyscw: 1\nread_bytes: ${bytes}\nwrite_bytes: 7`;

describe('counters of device reads', () => {
  it('are of the devices together, and of jobs that have ended', (t) => {
    const root = scratchFolder(t);
    plantTree(root, {
      '/sys/block/vda/stat': '  100 1 2000 4 5 6 7 8 9 10 11',
      '/sys/block/vdb/stat': ' 1 0 48 0 0 0 0 0 0 0 0',
      '/proc/self/io': io(10_000),
      '/proc/self/task/10/io': io(4000),
      '/proc/self/task/11/io': io(1000),
    });
    assert.deepEqual(readDiskCounters(['vda', 'vdb'], { root }), {
      processBytes: 5000,
      deviceBytes: 2048 * 512,
    });
    assert.equal(readDiskCounters(['vda', 'vdz'], { root }).deviceBytes, null, 'one has no statistics');
    assert.equal(readDiskCounters([], { root }).deviceBytes, null, 'tmpfs has no device');
  });

  it('are of jobs at work, threads or processes', (t) => {
    const root = scratchFolder(t);
    plantTree(root, { '/proc/self/task/10/io': io(4000), '/proc/20/io': io(500) });
    assert.equal(readByJobs([10, 20, 30], { root }), 4500, 'one has gone');
  });

  it('are unknown where the kernel does not say', (t) => {
    const root = scratchFolder(t);
    plantTree(root, { '/sys/block/vda/stat': 'nonsense' });
    assert.deepEqual(readDiskCounters(['vda'], { root }), { processBytes: null, deviceBytes: null });
  });

  it('are compared, never below zero', () => {
    const before = { processBytes: 10, deviceBytes: null };
    assert.deepEqual(readSince(before, { processBytes: 15, deviceBytes: 4 }), {
      processBytes: 5,
      deviceBytes: null,
    });
    assert.deepEqual(readSince(before, { processBytes: 3, deviceBytes: 4 }), {
      processBytes: 0,
      deviceBytes: null,
    });
  });
});
