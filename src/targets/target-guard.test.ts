import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { blockTree, plantTree, statOf } from '../../test/support/host-tree.ts';
import { refused } from '../../test/support/refused.ts';
import {
  attach,
  loopDevice,
  mountOn,
  run,
  scratchFolder,
  skipUnless,
  swapOn,
} from '../../test/support/scratch.ts';
import { targetOptions } from '../../test/support/target-options.ts';
import type { Host } from '../host/host-files.ts';
import type { TargetFile } from '../workload/workload.ts';
import { resolveTargets, type TargetOptions } from './target.ts';

const MIB = 2 ** 20;
const LOOPS = { skip: skipUnless('root', 'loop') };
const LOOPS_EXT4 = { skip: skipUnless('root', 'loop', 'ext4') };

/** A random write job with leave to overwrite, but for what is given. */
function targets(path: string, options: Partial<TargetOptions> = {}, host: Host = {}): TargetFile[][] {
  const base = { filenames: [path], rw: 'randwrite', allowOverwrite: true } as const;
  return resolveTargets(targetOptions({ ...base, ...options }), { ...host, dioAlign: () => null });
}

/**
 * Asserts that every mode that changes path is refused although it may overwrite, that nothing of the image
 * changes, that spelling the path out helps, and that reading needs no leave.
 */
function needsSpelling(path: string, image: string, ...patterns: RegExp[]): void {
  const digest = () => createHash('sha256').update(readFileSync(image)).digest('hex');
  const before = digest();
  const size = 4096;
  for (const rw of ['write', 'randwrite', 'rw', 'randrw'] as const) {
    refused(() => targets(path, { rw, size }), ...patterns, new RegExp(`--destroy-device=${path}`));
  }
  refused(() => targets(path, { size, allowOverwrite: false }), ...patterns);
  refused(() => targets(path, { size, destroyDevice: [`${path}x`] }), ...patterns);
  assert.equal(targets(path, { size, destroyDevice: [path] }).length, 1);
  assert.equal(targets(path, { size, rw: 'randread', allowOverwrite: false }).length, 1);
  assert.equal(digest(), before);
}

function writeAt(path: string, position: number, ...bytes: number[]): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.from(bytes), 0, bytes.length, position);
  closeSync(fd);
}

/** An MBR with one partition from 1 MiB to 3 MiB. */
function writeMbr(path: string): void {
  const entry = Buffer.alloc(16);
  entry[4] = 0x83;
  entry.writeUInt32LE(2048, 8);
  entry.writeUInt32LE(4096, 12);
  writeAt(path, 446, ...entry);
  writeAt(path, 510, 0x55, 0xaa);
}

/** A loop device with an empty ext4. */
function ext4(t: TestContext): ReturnType<typeof loopDevice> {
  const loop = loopDevice(t, 8 * MIB);
  run('mkfs.ext4', '-q', loop.device);
  run('sync', loop.device);
  return loop;
}

test('a blank block device needs leave to overwrite, no more', LOOPS, (t) => {
  const { device } = loopDevice(t, 4 * MIB);
  refused(
    () => targets(device, { allowOverwrite: false }),
    /is a block device: rw=randwrite would overwrite it \(use --allow-overwrite/,
  );
  assert.equal(targets(device).length, 1);
  assert.equal(targets(device, { allowOverwrite: false, destroyDevice: [device] }).length, 1);
});

test('a file system on a device', LOOPS_EXT4, (t) => {
  const { device, image } = ext4(t);
  needsSpelling(device, image, /holds an ext2\/3\/4 file system: rw=\w+ would destroy that/);
});

test('a mounted device, also by another name; either name counts as spelled out', LOOPS_EXT4, (t) => {
  const { device, image } = ext4(t);
  const folder = scratchFolder(t);
  mountOn(t, folder, '-o', 'ro,noload', device);
  needsSpelling(device, image, new RegExp(`${device} is mounted on ${folder}`));
  const link = join(scratchFolder(t), 'by-id');
  symlinkSync(device, link);
  needsSpelling(link, image, new RegExp(`${link} is mounted on ${folder}`));
  assert.equal(targets(link, { destroyDevice: [device] }).length, 1);
});

test('a partition table, and a partition of it that is mounted', LOOPS_EXT4, (t) => {
  const folder = scratchFolder(t);
  const table = join(folder, 'image');
  writeFileSync(table, Buffer.alloc(4 * MIB));
  writeMbr(table);
  const plain = attach(t, table);
  needsSpelling(plain.device, table, /holds an MBR partition table/);

  const copy = join(folder, 'copy');
  writeFileSync(copy, readFileSync(table));
  const { device } = attach(t, copy, '--partscan');
  const partition = `${device}p1`;
  // A kernel may be built without the reader of this table, and still take partitions when told.
  if (!existsSync(partition)) run('addpart', device, '1', '2048', '4096');
  if (!existsSync(partition)) return t.diagnostic('nobody makes device nodes here: partitions not tried');
  needsSpelling(device, copy, new RegExp(`has partitions \\(${partition.slice('/dev/'.length)}\\)`));
  assert.equal(targets(partition, { rw: 'read' })[0]?.[0]?.size, 2 * MIB);
  assert.equal(targets(partition)[0]?.[0]?.size, 2 * MIB);
  run('mkfs.ext4', '-q', partition);
  run('sync', partition);
  const mounted = scratchFolder(t);
  mountOn(t, mounted, '-o', 'ro,noload', partition);
  needsSpelling(device, copy, new RegExp(`has a partition, loop\\d+p1, that is mounted on ${mounted}`));
  needsSpelling(partition, copy, new RegExp(`is mounted on ${mounted}`));
});

test('a file in use as swap', { skip: skipUnless('swap') }, (t) => {
  const path = join(scratchFolder(t), 'swap file');
  writeFileSync(path, Buffer.alloc(MIB), { mode: 0o600 });
  try {
    swapOn(t, path);
  } catch (error) {
    return t.skip(
      `cannot swap to a file here: ${(error as Error).message.split('\n').slice(0, 2).join(' ')}`,
    );
  }
  needsSpelling(path, path, /swap file is in use as swap/);
});

test('a file behind a loop device, also by another name', LOOPS, (t) => {
  const { device, image } = loopDevice(t, MIB);
  needsSpelling(image, image, new RegExp(`is in use by ${device}`));
  for (const [name, makeLink] of [
    ['symbolic', symlinkSync],
    ['hard', linkSync],
  ] as const) {
    const link = join(scratchFolder(t), name);
    makeLink(image, link);
    needsSpelling(link, image, new RegExp(`is in use by ${device}`));
  }
});

test('a device that something in the kernel has claimed', LOOPS, (t) => {
  const { device, image } = loopDevice(t, MIB);
  const fd = openSync(device, constants.O_RDONLY | constants.O_EXCL);
  try {
    needsSpelling(device, image, /is in use by the kernel/);
  } finally {
    closeSync(fd);
  }
  assert.equal(targets(device).length, 1);
});

test('a read-only device', LOOPS, (t) => {
  const image = join(scratchFolder(t), 'image');
  writeFileSync(image, Buffer.alloc(MIB));
  const { device } = attach(t, image, '--read-only');
  refused(() => targets(device, { destroyDevice: [device] }), /is read-only/);
  assert.equal(targets(device, { rw: 'read' }).length, 1);
});

test('holders, swap and a btrfs mount, by sysfs and proc alone', (t) => {
  const folder = scratchFolder(t);
  // Stands for the device where the checks open it.
  const path = join(folder, 'device');
  writeFileSync(path, Buffer.alloc(MIB));
  const stat = statOf({ [path]: { kind: 'block', rdev: '8:0' } });
  const disk = 'pci0000:00/ata1/block/sda';
  const tree = {
    ...blockTree('8:0', disk, { size: '2048' }),
    ...blockTree('8:1', `${disk}/sda1`, { partition: '1', size: '1024' }),
  };
  const cases: [string, Record<string, string>, RegExp][] = [
    ['own holder', { [`/sys/devices/${disk}/holders/dm-0/`]: '' }, /device is in use by dm-0:/],
    [
      'holder',
      { [`/sys/devices/${disk}/sda1/holders/md0/`]: '' },
      /has a partition, sda1, that is in use by md0:/,
    ],
    [
      'swap',
      { '/proc/swaps': 'Filename Type Size Used Priority\n/dev/sda1     partition 1000 0 -2' },
      /has a partition, sda1, that is in use as swap:/,
    ],
    [
      'btrfs',
      { '/proc/self/mountinfo': '30 1 0:33 / /data rw - btrfs /dev/sda1 rw' },
      /has a partition, sda1, that is mounted on \/data:/,
    ],
    ['partition', {}, /has partitions \(sda1\):/],
  ];
  for (const [name, more, pattern] of cases) {
    const root = join(folder, name);
    plantTree(root, { ...tree, ...more });
    refused(() => targets(path, {}, { root, stat }), pattern);
    assert.equal(targets(path, { destroyDevice: [path] }, { root, stat }).length, 1);
    assert.equal(targets(path, { rw: 'read' }, { root, stat }).length, 1);
  }
});

test('trim: block devices that can', LOOPS, (t) => {
  const { device, image } = loopDevice(t, MIB);
  const file = join(scratchFolder(t), 'f');
  writeFileSync(file, 'x'.repeat(8192));
  for (const rw of ['trim', 'randtrim'] as const) {
    refused(() => targets(file, { rw }), /f is no block device: only those can be trimmed/);
    refused(() => targets(`${file}-new`, { rw }), /is no block device/);
    refused(
      () => targets(device, { rw, allowOverwrite: false }),
      /is a block device: rw=\w*trim would overwrite/,
    );
    refused(
      () => targets(device, { rw, bs: { read: 512, write: 512, trim: 1000 } }),
      /bs=1000 is not a multiple of 512, the logical block size of .* \(rw=\w*trim\) \(use --bs=1k\)/,
    );
  }
  assert.ok(readFileSync(image).equals(Buffer.alloc(MIB)));
});

test('trim: the queue says whether it can', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'device');
  writeFileSync(path, Buffer.alloc(MIB));
  const stat = statOf({ [path]: { kind: 'block', rdev: '8:0' } });
  for (const [bytes, can] of [
    ['0', false],
    ['4294966784', true],
  ] as const) {
    const root = join(folder, bytes);
    plantTree(root, blockTree('8:0', 'ata1/sda', { size: '2048', 'queue/discard_max_bytes': bytes }));
    const attempt = () => targets(path, { rw: 'randtrim' }, { root, stat });
    if (can) assert.equal(attempt().length, 1);
    else refused(attempt, /cannot trim: its discard_max_bytes is 0/);
  }
});

test('a name to destroy that is no target is a mistake', LOOPS, (t) => {
  const { device } = loopDevice(t, MIB);
  refused(
    () => targets(device, { destroyDevice: ['/dev/nonesuch'] }),
    /destroy-device=\/dev\/nonesuch is not what this job runs on/,
  );
});
