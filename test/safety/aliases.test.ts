/** Data that somebody owns, by every name that leads to it: refused, and the same before and after. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import { deviceNumber } from '../../src/host/host-files.ts';
import { bench } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { attach, loopDevice, mountOn, run, scratchFolder, skipUnless } from '../support/scratch.ts';
import { victim } from '../support/victim.ts';

const SHORT = ['--backend=sync', '--trials=1', '--warmup-trials=0', '--no-save'];
const READ = [...SHORT, '--rw=read', '--size=64k', '--number-ios=4'];
const WRITE = [...SHORT, '--rw=write', '--size=64k', '--number-ios=4', '--allow-overwrite'];

interface Alias {
  path: string;
  /** A command that runs the benchmark: one that opens a descriptor first. */
  under?: readonly string[];
}

const opened = (how: string, file: string): readonly string[] => [
  'sh',
  '-c',
  `exec 7${how}"${file}"; exec "$@"`,
  'sh',
];

/** Names of a regular file. */
const names: Record<string, (t: TestContext, file: string) => Alias> = {
  'its own name': (_, path) => ({ path }),
  'another spelling': (t, path) => ({ path: `${scratchFolder(t)}/..//..${path}` }),
  'a hard link': (_, file) => {
    linkSync(file, `${file}.hard`);
    return { path: `${file}.hard` };
  },
  'a link to a link': (t, file) => {
    const folder = scratchFolder(t);
    symlinkSync(file, join(folder, 'one'));
    symlinkSync('one', join(folder, 'two'));
    return { path: join(folder, 'two') };
  },
  'a descriptor that appends': (_, file) => ({ path: '/proc/self/fd/7', under: opened('>>', file) }),
  '/dev/fd': (_, file) => ({ path: '/dev/fd/7', under: opened('<>', file) }),
};

/** Those for which a mount is needed. */
const mounted: Record<string, (t: TestContext, file: string) => Alias> = {
  'its folder, mounted elsewhere': (t, file) => {
    const folder = scratchFolder(t);
    mountOn(t, folder, '--bind', join(file, '..'));
    return { path: join(folder, 'mine') };
  },
  'the file, mounted elsewhere': (t, file) => {
    const other = join(scratchFolder(t), 'other');
    writeFileSync(other, '');
    mountOn(t, other, '--bind', file);
    return { path: other };
  },
};

const fileNames = { ...names, ...(skipUnless('root') ? {} : mounted) };

describe('--output that is the target', { skip: noDisk }, () => {
  for (const [what, alias] of Object.entries(fileNames)) {
    it(`by ${what} is refused`, async (t) => {
      const folder = diskFolder(t);
      const mine = dataFile(join(folder, 'mine'), 2 ** 20);
      const { path, under } = alias(t, mine);
      const kept = victim(mine);
      const args = [...READ, `--filename=${mine}`, '--output', path];
      const { code, stderr } = await bench(folder, args, under ? { under } : {});
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, /^uring-bench: output=\S+ is \S+, which this command uses/);
      kept.untouched();
    });
  }
});

describe('a file behind a loop device', { skip: noDisk || skipUnless('root', 'loop') }, () => {
  for (const [what, alias] of Object.entries(fileNames)) {
    it(`by ${what} is not overwritten`, async (t) => {
      const folder = diskFolder(t);
      const mine = dataFile(join(folder, 'mine'), 2 ** 20);
      const { device } = attach(t, mine);
      const { path, under } = alias(t, mine);
      const kept = victim(mine);
      const { code, stderr } = await bench(folder, [...WRITE, `--filename=${path}`], under ? { under } : {});
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, new RegExp(`is in use by ${device}: rw=write would destroy that`));
      kept.untouched();
    });
  }
});

/** Names of a block device. */
const nodes: Record<string, (t: TestContext, device: string) => string> = {
  'its own name': (_, device) => device,
  'a link, as those in /dev/disk/by-id': (t, device) => {
    const path = join(scratchFolder(t), 'by-id');
    symlinkSync(device, path);
    return path;
  },
  'a node of its number': (t, device) => {
    // /tmp may be mounted so that its nodes do nothing.
    const folder = mkdtempSync('/dev/uring-bench-test-');
    t.after(() => rmSync(folder, { recursive: true }));
    run('mknod', join(folder, 'alias'), 'b', ...deviceNumber(statSync(device).rdev).split(':'));
    return join(folder, 'alias');
  },
};

/** A device that somebody uses, each in another way, and what is said of it. */
const uses: Record<string, { says: RegExp; make: (t: TestContext) => { device: string; image: string } }> = {
  'a mounted file system': {
    says: /is mounted on/,
    make: (t) => {
      const loop = loopDevice(t, 2 ** 23);
      run('mkfs.ext4', '-q', loop.device);
      const folder = join(scratchFolder(t), 'mnt');
      mkdirSync(folder);
      mountOn(t, folder, '-o', 'ro,noload', loop.device);
      return loop;
    },
  },
  'a file system': {
    says: /holds an ext2\/3\/4 file system/,
    make: (t) => {
      const loop = loopDevice(t, 2 ** 23);
      run('mkfs.ext4', '-q', loop.device);
      return loop;
    },
  },
  'another loop device': {
    says: /is in use by/,
    make: (t) => {
      const loop = loopDevice(t, 2 ** 20);
      attach(t, loop.device);
      return loop;
    },
  },
};

describe('a device with', { skip: skipUnless('root', 'loop', 'ext4') }, () => {
  for (const [use, { says, make }] of Object.entries(uses)) {
    for (const [what, alias] of Object.entries(nodes)) {
      it(`${use}, by ${what}, is not overwritten, and takes no report`, async (t) => {
        const { device, image } = make(t);
        const path = alias(t, device);
        const kept = victim(image);
        const folder = scratchFolder(t);
        const { code, stderr } = await bench(folder, [...WRITE, `--filename=${path}`]);
        assert.equal(code, EXIT.usage, stderr);
        assert.match(stderr, says);
        const report = await bench(folder, [
          '--backend=null',
          '--number-ios=1',
          '--no-save',
          '--output',
          path,
        ]);
        assert.equal(report.code, EXIT.usage, report.stderr);
        assert.match(report.stderr, /is a block device/);
        kept.untouched();
      });
    }
  }

  it('a mounted partition is not overwritten as a whole', async (t) => {
    const { image } = loopDevice(t, 2 ** 24);
    // One entry of an MBR: type 83, from sector 2048 on.
    const entry = Buffer.alloc(66);
    entry.set([0x83], 4);
    entry.writeUInt32LE(2048, 8);
    entry.writeUInt32LE(2 ** 15 - 2048, 12);
    entry.set([0x55, 0xaa], 64);
    const fd = openSync(image, 'r+');
    writeSync(fd, entry, 0, entry.length, 446);
    closeSync(fd);
    const { device } = attach(t, image, '--partscan');
    const partition = `${device}p1`;
    const sysfs = `/sys/block/${device.slice(5)}/${partition.slice(5)}`;
    if (!existsSync(sysfs)) return t.skip('this kernel reads no partition tables of loop devices');
    if (statSync(partition, { throwIfNoEntry: false }) === undefined) {
      // No udev in a container: the kernel knows the partition, and nobody makes its node.
      const number = readFileSync(`${sysfs}/dev`, 'utf8').trim();
      run('mknod', partition, 'b', ...number.split(':'));
      t.after(() => rmSync(partition, { force: true }));
    }
    run('mkfs.ext4', '-q', partition);
    const folder = join(scratchFolder(t), 'mnt');
    mkdirSync(folder);
    mountOn(t, folder, '-o', 'ro,noload', partition);
    const kept = victim(image);
    for (const [path, says] of [
      [device, /has a partition, loop\d+p1, that is mounted on/],
      [partition, /is mounted on/],
    ] as const) {
      const { code, stderr } = await bench(scratchFolder(t), [...WRITE, `--filename=${path}`]);
      assert.equal(code, EXIT.usage, stderr);
      assert.match(stderr, says);
      kept.untouched();
    }
  });
});
