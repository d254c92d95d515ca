import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blockTree, plantTree, statOf } from '../../test/support/host-tree.ts';
import { refused } from '../../test/support/refused.ts';
import { loopDevice, mount, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { targetOptions } from '../../test/support/target-options.ts';
import type { TargetFile } from '../workload/workload.ts';
import { resolveTargets, type TargetHost, type TargetOptions } from './target.ts';

/** A random read job of 1 MiB with O_DIRECT, but for what is given; alignBytes is what statx says. */
function targets(
  options: Partial<TargetOptions>,
  alignBytes: number | null = null,
  host: Omit<TargetHost, 'dioAlign'> = {},
): TargetFile[][] {
  const asked: TargetHost = { ...host, dioAlign: () => alignBytes };
  return resolveTargets(targetOptions({ direct: true, size: 2 ** 20, ...options }), asked);
}

function bs(read: number, write = read): TargetOptions['bs'] {
  return { read, write, trim: read };
}

test('bs and offset are multiples of what the kernel says of the file', (t) => {
  const directory = scratchFolder(t);
  const path = join(directory, 'f');
  writeFileSync(path, Buffer.alloc(2 ** 21));
  for (const where of [{ directory }, { filenames: [path] }]) {
    refused(
      () => targets({ ...where, bs: bs(1000) }, 512),
      /^bs=1000 is not a multiple of 512, the logical block size of .* \(direct=1\) \(use --bs=1k or --buffered\)$/,
    );
    refused(
      () => targets({ ...where, bs: bs(512) }, 4096),
      /bs=512 is not a multiple of 4096.*use --bs=4k or/,
    );
    refused(
      () => targets({ ...where, offset: 513 }, 512),
      /offset=513 is not a multiple of 512.*--offset=1k or/,
    );
    assert.equal(targets({ ...where, bs: bs(512), offset: 1536 }, 512).length, 1);
    assert.equal(targets({ ...where, bs: bs(1000), offset: 1, direct: false }, 512).length, 1);
  }
  assert.deepEqual(readdirSync(directory), ['f']);
});

test('only the block sizes that the mode uses', (t) => {
  const directory = scratchFolder(t);
  assert.equal(targets({ directory, bs: bs(4096, 1000) }, 512).length, 1);
  assert.equal(targets({ directory, bs: bs(1000, 4096), rw: 'write' }, 512).length, 1);
  for (const rw of ['rw', 'randrw'] as const) {
    refused(() => targets({ directory, bs: bs(4096, 1000), rw }, 512), /bs=1000 is not a multiple/);
  }
});

test('the kernel is asked of an unnamed file in the folder of new ones, once', (t) => {
  const directory = scratchFolder(t);
  const asked: string[] = [];
  const dioAlign = (path: string) => {
    asked.push(path);
    return 512;
  };
  resolveTargets(targetOptions({ directory, direct: true, size: 2 ** 20, numjobs: 8 }), { dioAlign });
  assert.equal(asked.length, 1);
  assert.match(asked[0] ?? '', /^\/proc\/self\/fd\/\d+$/);
});

test('without a word from the kernel: the disk of a partition, else 512', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'device');
  writeFileSync(path, Buffer.alloc(2 ** 20));
  const root = join(folder, 'root');
  plantTree(root, {
    ...blockTree('8:0', 'ata1/sda', { size: '4096', 'queue/logical_block_size': '4096' }),
    ...blockTree('8:1', 'ata1/sda/sda1', { size: '2048', partition: '1' }),
  });
  const stat = statOf({ [path]: { kind: 'block', rdev: '8:1' } });
  refused(
    () => targets({ filenames: [path], bs: bs(512) }, null, { root, stat }),
    /bs=512 is not a multiple of 4096, the logical block size of/,
  );
  const bare = { root: join(folder, 'bare'), stat: statOf({ [path]: { sizeBytes: 2 ** 20 } }) };
  refused(() => targets({ filenames: [path], bs: bs(1000) }, null, bare), /not a multiple of 512/);
});

test('a file that the kernel says can never be opened so', (t) => {
  refused(() => targets({ directory: scratchFolder(t) }, 0), /does not support O_DIRECT \(use --buffered\)/);
});

test('a device with 4 KiB blocks', { skip: skipUnless('root', 'loop') }, (t) => {
  const { device } = loopDevice(t, 2 ** 20, '--sector-size', '4096');
  refused(() => targets({ filenames: [device], bs: bs(512) }), /bs=512 is not a multiple of 4096/);
  assert.equal(targets({ filenames: [device] }).length, 1);
});

test('a file system without O_DIRECT (ramfs)', { skip: skipUnless('root') }, (t) => {
  const directory = mount(t, '-t', 'ramfs', 'none');
  const path = join(directory, 'f');
  writeFileSync(path, Buffer.alloc(2 ** 20));
  const pattern = /^the file system of .* \(ramfs\) does not support O_DIRECT \(use --buffered\)$/;
  refused(() => targets({ directory }), pattern);
  refused(() => targets({ filenames: [path] }), pattern);
  refused(() => targets({ filenames: [path], rw: 'randwrite', allowOverwrite: true }), pattern);
  assert.equal(targets({ directory, direct: false }).length, 1);
  assert.deepEqual(readdirSync(directory), ['f']);
});

test('a memory device', () => {
  refused(() => targets({ filenames: ['/dev/zero'] }), /^\/dev\/zero does not support O_DIRECT/);
});
