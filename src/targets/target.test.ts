import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockTree, plantTree, statOf } from '../../test/support/host-tree.ts';
import { refused } from '../../test/support/refused.ts';
import { asNobody, loopDevice, mount, run, scratchFolder, skipUnless } from '../../test/support/scratch.ts';
import { targetOptions } from '../../test/support/target-options.ts';
import type { TargetFile } from '../workload/workload.ts';
import { resolveTargets, splitFilenames, type TargetOptions } from './target.ts';

const MIB = 2 ** 20;
const HOST = { dioAlign: () => null };
const sizes = (read: number, write: number) => ({ read, write, trim: write });

/** Without what they are: that differs each time, and test/safety/ looks at it. */
function targets(options: Partial<TargetOptions>): TargetFile[][] {
  return resolveTargets(targetOptions(options), HOST).map((job) => job.map(({ identity, ...file }) => file));
}

/** A file with content in a folder -> its path. */
function fileIn(folder: string, name: string, bytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.alloc(bytes, 'x'));
  return path;
}

/** Asserts refusal, and that the folder's files are as they were. */
function refusedUntouched(folder: string, options: Partial<TargetOptions>, ...patterns: RegExp[]): void {
  const look = () =>
    readdirSync(folder).map((name) => {
      const { size, mtimeNs, ctimeNs } = lstatSync(join(folder, name), { bigint: true });
      return [name, size, mtimeNs, ctimeNs];
    });
  const before = look();
  refused(() => targets(options), ...patterns);
  assert.deepEqual(look(), before);
}

test('splitFilenames takes apart what was put together', () => {
  // A name that ends in a backslash can't stand before a colon, in fio neither.
  const name = fc.string({ minLength: 1, unit: 'binary' }).filter((s) => !s.endsWith('\\'));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), (names) => {
      assert.deepEqual(splitFilenames(names.map((n) => n.replaceAll(':', '\\:')).join(':')), names);
    }),
  );
});

test('splitFilenames: escapes, other backslashes, empty names', () => {
  assert.deepEqual(splitFilenames('/dev/sda:/dev/sdb'), ['/dev/sda', '/dev/sdb']);
  assert.deepEqual(splitFilenames('/dev/disk/by-path/pci-0000\\:00\\:1f'), [
    '/dev/disk/by-path/pci-0000:00:1f',
  ]);
  assert.deepEqual(splitFilenames('a\\b:c\\\\:d'), ['a\\b', 'c\\:d']);
  for (const bad of ['', ':', 'a:', ':a', 'a::b']) refused(() => splitFilenames(bad), /empty name/);
});

test('percentages are of each file that exists, in whole blocks', (t) => {
  const folder = scratchFolder(t);
  const filenames = [fileIn(folder, 'a', 10 * 4096 + 100), fileIn(folder, 'b', 100 * 4096)];
  const regions = (options: Partial<TargetOptions>) =>
    targets({ filenames, ...options })[0]?.map(({ offset, size }) => [offset / 4096, size / 4096]);
  assert.deepEqual(regions({ size: { percent: 50 } }), [
    [0, 5],
    [0, 50],
  ]);
  assert.deepEqual(regions({ size: { percent: 100 }, offset: { percent: 25 } }), [
    [3, 7],
    [25, 75],
  ]);
  assert.deepEqual(regions({ size: { percent: 10 }, offset: { percent: 95 }, bs: sizes(512, 512) }), [
    [9.625, 0.375],
    [95, 5],
  ]);
  refusedUntouched(folder, { filenames, size: { percent: 5 } }, /size=5% of .*a is less than a block of 4k/);
  const fresh = { filenames: [join(folder, 'new')], rw: 'write' } as const;
  refusedUntouched(
    folder,
    { ...fresh, size: { percent: 50 } },
    /size=50% of .*new, which does not exist yet/,
  );
  refusedUntouched(folder, { ...fresh, size: 8192, offset: { percent: 1 } }, /offset=1% of/);
  refusedUntouched(folder, { filenames, size: { percent: 50 }, filesize: 4096 }, /give one of them/);
});

test('splitFilenames: a name with colons that is there is one name', (t) => {
  const path = join(scratchFolder(t), 'pci-0000:00:04.0');
  assert.equal(splitFilenames(path).length, 3);
  writeFileSync(path, '');
  assert.deepEqual(splitFilenames(path), [path]);
});

test('no names: each job has its own files, made and removed', (t) => {
  const directory = scratchFolder(t);
  const files = targets({ directory, numjobs: 2, nrfiles: 2, size: 8 * MIB });
  const file = (name: string): TargetFile => ({
    path: join(directory, name),
    kind: 'file',
    offset: 0,
    size: 4 * MIB,
    create: true,
    remove: true,
  });
  assert.deepEqual(files, [
    [file('job.0.0'), file('job.0.1')],
    [file('job.1.0'), file('job.1.1')],
  ]);
  assert.deepEqual(readdirSync(directory), []);
});

test('sizes of new files: size is shared, filesize is each, 256 MiB a job else', (t) => {
  const directory = scratchFolder(t);
  const size = (options: Partial<TargetOptions>) => targets({ directory, ...options })[0]?.map((f) => f.size);
  assert.deepEqual(size({}), [256 * MIB]);
  assert.deepEqual(size({ nrfiles: 4 }), [64 * MIB, 64 * MIB, 64 * MIB, 64 * MIB]);
  assert.deepEqual(size({ nrfiles: 2, filesize: MIB }), [MIB, MIB]);
  assert.deepEqual(size({ nrfiles: 2, filesize: MIB, size: 2 * MIB }), [MIB, MIB]);
  assert.deepEqual(size({ filenames: ['a', 'b'], size: 3 * MIB }), [1.5 * MIB, 1.5 * MIB]);
  assert.deepEqual(size({ nrfiles: 3, size: MIB, offset: 4096 }), [349525, 349525, 349525]);
  refused(() => size({ nrfiles: 2, filesize: MIB, size: MIB }), /size=1m contradicts 2 x filesize=1m/);
  refused(() => size({ size: 4095 }), /size=4095 of .*job\.0\.0 is smaller than bs=4k/);
  refused(() => size({ size: 8191, nrfiles: 2 }), /size=4095 .* smaller than bs=4k/);
  refused(() => size({ filenames: ['a'], nrfiles: 2 }), /nrfiles=2, but filename has 1/);
});

test('a name with a slash makes no folder', (t) => {
  const directory = scratchFolder(t);
  assert.equal(targets({ directory, name: '../a/b' })[0]?.[0]?.path, join(directory, '.._a_b.0.0'));
});

test('names: all jobs share them; those that exist are used whole and kept', (t) => {
  const folder = scratchFolder(t);
  const path = fileIn(folder, 'f', 100_000);
  const whole = { path, kind: 'file', offset: 0, size: 100_000, create: false, remove: false };
  assert.deepEqual(targets({ filenames: [path], numjobs: 3 }), [[whole], [whole], [whole]]);
  assert.deepEqual(targets({ filenames: ['f'], directory: folder }), [[whole]]);
  assert.deepEqual(targets({ filenames: [path], offset: 8192 }), [
    [{ ...whole, offset: 8192, size: 91_808 }],
  ]);
  const [files] = targets({ filenames: [path, join(folder, 'new')], rw: 'read' });
  assert.deepEqual(files, [
    whole,
    { path: join(folder, 'new'), kind: 'file', offset: 0, size: 128 * MIB, create: true, remove: false },
  ]);
  assert.deepEqual(readdirSync(folder), ['f']);
});

test('a read workload never changes a file that exists', (t) => {
  const folder = scratchFolder(t);
  const path = fileIn(folder, 'f', 8192);
  refusedUntouched(
    folder,
    { filenames: [path], size: 8193 },
    /f has 8192 bytes, fewer than size=8193 ask for/,
  );
  refusedUntouched(folder, { filenames: [path], size: 8192, offset: 4096 }, /offset=4k and size=8k/);
  refusedUntouched(
    folder,
    { filenames: [path], offset: 8192 },
    /offset=8k is not inside .*f, which has 8192 bytes/,
  );
  refusedUntouched(folder, { filenames: [fileIn(folder, 'empty', 0)] }, /empty is empty/);
  // Also when its name is one that this tool gives: fio leaves such files.
  fileIn(folder, 'job.0.0', 8192);
  refusedUntouched(folder, { directory: folder }, /job\.0\.0 has 8192 bytes, fewer than size=256m/);
  assert.deepEqual(targets({ directory: folder, size: 8192 }), [
    [{ path: join(folder, 'job.0.0'), kind: 'file', offset: 0, size: 8192, create: false, remove: false }],
  ]);
});

test('a write workload needs leave to overwrite; with it a file may become longer', (t) => {
  const folder = scratchFolder(t);
  const path = fileIn(folder, 'f', 8192);
  for (const rw of ['write', 'randwrite', 'rw', 'randrw'] as const) {
    const overwrite = new RegExp(
      `f is a file with 8192 bytes: rw=${rw} would overwrite it \\(use --allow-overwrite`,
    );
    refusedUntouched(folder, { filenames: [path], rw }, overwrite);
    assert.equal(targets({ filenames: [path], rw, allowOverwrite: true })[0]?.[0]?.size, 8192);
  }
  const longer = { filenames: [path], rw: 'randwrite', allowOverwrite: true, size: MIB } as const;
  assert.deepEqual(targets(longer), [
    [{ path, kind: 'file', offset: 0, size: MIB, create: true, remove: false }],
  ]);
  const empty = fileIn(folder, 'empty', 0);
  assert.deepEqual(targets({ filenames: [empty], rw: 'write' }), [
    [{ path: empty, kind: 'file', offset: 0, size: 256 * MIB, create: true, remove: false }],
  ]);
  fileIn(folder, 'job.0.0', 10);
  refusedUntouched(folder, { directory: folder, rw: 'write' }, /job\.0\.0 is a file with 10 bytes/);
});

test('what is no target', (t) => {
  const folder = scratchFolder(t);
  const path = fileIn(folder, 'f', 8192);
  symlinkSync('nowhere', join(folder, 'dangling'));
  refusedUntouched(folder, { filenames: [folder] }, /is a directory/, /--directory=/);
  refusedUntouched(folder, { directory: join(folder, 'no') }, /directory .*\/no does not exist/);
  refusedUntouched(folder, { filenames: [join(folder, 'no/f')] }, /directory .*\/no does not exist/);
  refusedUntouched(folder, { directory: path }, /not a directory/);
  refusedUntouched(folder, { filenames: [join(folder, 'dangling')] }, /symbolic link to nothing/);
  refusedUntouched(folder, { filenames: ['x'.repeat(300)] }, /name too long/);
  refused(() => targets({ filenames: ['/dev/tty'] }), /\/dev\/tty is a character device/);
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  refusedUntouched(folder, { filenames: [join(folder, 'fifo')] }, /no file and no block device/);
});

test('memory devices: with a size, without being asked for leave', () => {
  refused(() => targets({ filenames: ['/dev/zero'] }), /no size of its own \(give --size\)/);
  for (const rw of ['randread', 'randwrite'] as const) {
    assert.deepEqual(targets({ filenames: ['/dev/zero'], size: MIB, rw }), [
      [{ path: '/dev/zero', kind: 'char', offset: 0, size: MIB, create: false, remove: false }],
    ]);
  }
});

test('no permission', { skip: skipUnless('nobody') }, (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o755);
  const path = fileIn(folder, 'f', 8192);
  mkdirSync(join(folder, 'closed'), { mode: 0o700 });
  asNobody(() => {
    assert.equal(targets({ filenames: [path] }).length, 1);
    refusedUntouched(
      folder,
      { filenames: [path], rw: 'randwrite', allowOverwrite: true },
      /cannot open .*f for writing: permission denied/,
    );
    refusedUntouched(folder, { directory: folder }, /cannot create files in .*: permission denied/);
    refused(
      () => targets({ filenames: [join(folder, 'closed/f')] }),
      /cannot use .*closed\/f: permission denied/,
    );
  });
  chmodSync(path, 0o600);
  asNobody(() =>
    refusedUntouched(folder, { filenames: [path] }, /cannot open .*f for reading: permission denied/),
  );
});

test('a read-only file system', { skip: skipUnless('root') }, (t) => {
  const folder = mount(t, '-t', 'tmpfs', '-o', 'size=1m', 'none');
  const path = fileIn(folder, 'f', 8192);
  run('mount', '-o', 'remount,ro', folder);
  refused(
    () => targets({ directory: folder, size: 8192 }),
    /cannot create files in .*: read-only file system/,
  );
  refused(
    () => targets({ filenames: [path], rw: 'write', allowOverwrite: true }),
    /cannot open .* for writing: read-only file system/,
  );
  assert.equal(targets({ filenames: [path] }).length, 1);
});

test('room is counted over all files of a file system', { skip: skipUnless('root') }, (t) => {
  const folder = mount(t, '-t', 'tmpfs', '-o', 'size=4m', 'none');
  assert.equal(targets({ directory: folder, numjobs: 2, size: 2 * MIB }).length, 2);
  refusedUntouched(
    folder,
    { directory: folder, numjobs: 3, size: 2 * MIB },
    /not enough space in .*: 3 files need 6 MiB, 4 MiB are free \(use a smaller --size/,
  );
  const path = fileIn(folder, 'f', MIB);
  const grow = { filenames: [path], rw: 'write', allowOverwrite: true } as const;
  assert.equal(targets({ ...grow, size: 4 * MIB })[0]?.[0]?.create, true);
  refusedUntouched(folder, { ...grow, size: 5 * MIB }, /the file needs 4 MiB, 3 MiB are free/);
});

test('a file system that counts no space (ramfs)', { skip: skipUnless('root') }, (t) => {
  const folder = mount(t, '-t', 'ramfs', 'none');
  assert.equal(targets({ directory: folder }).length, 1);
});

test('a block device: its whole size, through symbolic links', { skip: skipUnless('root', 'loop') }, (t) => {
  const { device } = loopDevice(t, 8 * MIB);
  const link = join(scratchFolder(t), 'by-id');
  symlinkSync(device, link);
  for (const path of [device, link]) {
    const disk = { path, kind: 'block', offset: 0, size: 8 * MIB, create: false, remove: false };
    assert.deepEqual(targets({ filenames: [path] }), [[disk]]);
    assert.deepEqual(targets({ filenames: [path], offset: MIB }), [
      [{ ...disk, offset: MIB, size: 7 * MIB }],
    ]);
  }
  refused(() => targets({ filenames: [device], size: 9 * MIB }), /has 8388608 bytes, fewer than size=9m/);
});

test('a device without a medium, and one that sysfs does not know', (t) => {
  const root = scratchFolder(t);
  plantTree(root, blockTree('11:0', 'virtual/block/sr0', { size: '0' }));
  const stat = statOf({
    '/dev/sr0': { kind: 'block', rdev: '11:0' },
    '/dev/odd': { kind: 'block', rdev: '11:1' },
  });
  const host = { ...HOST, root, stat };
  refused(
    () => resolveTargets(targetOptions({ filenames: ['/dev/sr0'] }), host),
    /sr0 has no medium: its size is 0/,
  );
  refused(
    () => resolveTargets(targetOptions({ filenames: ['/dev/odd'] }), host),
    /size of \/dev\/odd is unknown/,
  );
});

test('more files than fit into memory are refused before any is looked at', () => {
  refused(
    () => targets({ nrfiles: 4096, numjobs: 4096 }),
    /nrfiles=4096 x numjobs=4096 are 16777216 files/,
    /at most 262144/,
  );
});
