import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import type { TargetFile } from '../workload/workload.ts';
import { findHoles, type HoleSeeker, holeWarning } from './holes.ts';

const BLOCK = 4096;

function region(path: string, size: number, create = false): TargetFile {
  return { path, kind: 'file', offset: 0, size, create, remove: false };
}

/** lseek on a file that has these blocks written or not. */
function seekerOf(written: readonly boolean[]): HoleSeeker {
  const seek = (from: number, wanted: boolean) => {
    for (let block = Math.floor(from / BLOCK); block < written.length; block++) {
      if (written[block] === wanted) return Math.max(from, block * BLOCK);
    }
    return written.length * BLOCK;
  };
  return { seekHole: (_, from) => seek(from, false), seekData: (_, from) => seek(from, true) };
}

/** The kernel's own lseek (SEEK_DATA is 3, SEEK_HOLE 4), through perl: Node has none. */
function perlSeek(path: string, from: number, whence: 3 | 4): number {
  const script = 'open(F,"<",$ARGV[0]) or die; print((sysseek(F,$ARGV[1],$ARGV[2]) // -s F) + 0)';
  return Number(
    execFileSync('perl', ['-e', script, path, String(from), String(whence)], { encoding: 'utf8' }),
  );
}
const kernel: HoleSeeker = {
  seekHole: (path, from) => perlSeek(path, from, 4),
  seekData: (path, from) => perlSeek(path, from, 3),
};

test('adds up exactly the holes inside the region, wherever it begins and ends', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
      fc.nat(40 * BLOCK),
      fc.nat(40 * BLOCK),
      (written, a, b) => {
        const whole = written.length * BLOCK;
        const offset = Math.min(a, whole - 1);
        const end = Math.min(whole, offset + 1 + b);
        let holes = 0;
        for (const [block, isWritten] of written.entries()) {
          const overlap = Math.min(end, (block + 1) * BLOCK) - Math.max(offset, block * BLOCK);
          if (!isWritten) holes += Math.max(0, overlap);
        }
        assert.equal(findHoles('/f', offset, end - offset, seekerOf(written)), holes);
      },
    ),
  );
});

test('a file that changes under it ends the search', () => {
  const stuck: HoleSeeker = { seekHole: () => 0, seekData: () => 0 };
  assert.equal(findHoles('/f', 0, 100, stuck), 0);
  const backwards: HoleSeeker = { seekHole: () => 0, seekData: () => 10 };
  assert.equal(findHoles('/f', 0, 100, backwards), 10);
});

test('one warning for all existing files, and what it means for the mode', () => {
  const seeker = seekerOf([true, false, true, false]);
  const files = [
    [region('/a', 4 * BLOCK), region('/new', 4 * BLOCK, true)],
    [region('/a', 4 * BLOCK), region('/b', 4 * BLOCK)],
  ];
  const read = holeWarning(files, 'randread', seeker);
  assert.equal(read?.code, 'file-has-holes');
  assert.match(
    read?.message ?? '',
    /^1 MiB of 1 MiB of \/a \(and parts of 1 more\) .* never reach the device$/,
  );
  assert.match(
    holeWarning(files, 'randwrite', seeker)?.message ?? '',
    /the first write to each part allocates/,
  );
  assert.equal(holeWarning(files, 'read', seekerOf([true, true, true, true])), null);
  assert.equal(holeWarning([[region('/new', 4 * BLOCK, true)]], 'read', seeker), null);
  assert.equal(holeWarning([[{ ...region('/dev/x', 4 * BLOCK), kind: 'block' }]], 'read', seeker), null);
});

test('real files: sparse, fallocated and whole', { skip: skipUnless('perl') }, (t) => {
  const folder = scratchFolder(t);
  const make = (name: string, fill: (fd: number) => void) => {
    const path = join(folder, name);
    const fd = openSync(path, 'w');
    fill(fd);
    fsyncSync(fd);
    closeSync(fd);
    return path;
  };
  const bytes = 2 ** 20;
  const whole = make('whole', (fd) => writeSync(fd, Buffer.alloc(bytes, 7)));
  assert.equal(findHoles(whole, 0, bytes, kernel), 0);

  const sparse = make('sparse', (fd) => {
    writeSync(fd, Buffer.alloc(bytes / 4, 7), 0, bytes / 4, bytes / 2);
    ftruncateSync(fd, bytes);
  });
  assert.equal(findHoles(sparse, 0, bytes, kernel), (3 * bytes) / 4);
  assert.equal(findHoles(sparse, bytes / 2, bytes / 4, kernel), 0);

  const fallocated = make('fallocated', (fd) => writeSync(fd, Buffer.alloc(BLOCK, 7)));
  try {
    execFileSync('fallocate', ['--length', String(4 * BLOCK), fallocated], { stdio: 'ignore' });
  } catch {
    return t.diagnostic('no fallocate here: unwritten extents not tried');
  }
  assert.equal(findHoles(fallocated, 0, 4 * BLOCK, kernel), 3 * BLOCK);
});
