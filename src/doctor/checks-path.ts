/** The file system of a path, what it lets I/O do, and what stands below it. */
import { constants } from 'node:os';
import { cachedLoop } from '../host/storage-chain.ts';
import { formatBytes } from '../values/format.ts';
import { type Found, type MachineCheck, missing, ok, warning } from './check.ts';
import type { Seen, SeenPlace } from './seen.ts';

/** Below that free, the default run's 256 MiB and whatever else writes there may meet the end. */
const FREE_BYTES = 2 ** 30;

/** Where each block that is written is also written elsewhere, compressed or kept: what is measured is that too. */
const REWRITING: Readonly<Record<string, string>> = {
  btrfs: 'it writes each block to a new place, and its checksum elsewhere',
  zfs: 'it writes each block to a new place, and caches by itself',
  bcachefs: 'it writes each block to a new place',
  overlay: 'a file of a lower layer is copied whole before its first write',
  nfs: 'each I/O goes over the network',
  nfs4: 'each I/O goes over the network',
  cifs: 'each I/O goes over the network',
  ceph: 'each I/O goes over the network',
  '9p': 'each I/O goes to another system',
  virtiofs: 'each I/O goes to the host',
  fuseblk: 'each I/O goes through a process (FUSE)',
  fuse: 'each I/O goes through a process (FUSE)',
};

/** Options that change what an I/O costs, each with what it does. */
const COSTLY: readonly (readonly [test: RegExp, what: string])[] = [
  [/^sync$/, 'sync: every write waits for the medium'],
  [/^dirsync$/, 'dirsync: changes of folders wait for the medium'],
  [/^discard/, 'discard: deleted blocks are trimmed at once, beside other I/O'],
  [/^data=journal$/, 'data=journal: data is written twice'],
  [/^compress/, 'compress: what is written is smaller than what was asked'],
  [/^strictatime$/, 'strictatime: each read writes a time'],
  [/^(nobarrier|barrier=0)$/, 'nobarrier: fsync does not reach the medium'],
  [/^dax/, 'dax: no page cache, no block layer'],
  [/^ro$/, 'ro: nothing can be written'],
];

type Look = (place: SeenPlace, seen: Seen) => Found | null;

function onPlace(look: Look): MachineCheck['look'] {
  return (seen) => (seen.place === null ? null : look(seen.place, seen));
}

function isFile({ kind }: SeenPlace): boolean {
  return kind === 'file' || kind === 'directory' || kind === 'new';
}

const fileSystem: Look = (place) => {
  const { mount, kind } = place;
  if (!isFile(place))
    return ok(
      `${place.path} is a ${kind === 'block' ? 'block' : 'character'} device: no file system is between`,
    );
  if (mount === null) return null;
  const where = `${mount.fileSystem} on ${mount.mountPoint}${kind === 'new' ? ', where the file is not yet' : ''}`;
  const name = mount.fileSystem.startsWith('fuse.') ? 'fuse' : mount.fileSystem;
  const costs = REWRITING[name];
  return costs === undefined
    ? ok(where)
    : warning(`${where}: ${costs}`, '--filename on ext4 or XFS, or on the device itself');
};

const mountOptions: Look = ({ mount }) => {
  if (mount === null) return null;
  const costs = COSTLY.flatMap(([test, what]) =>
    mount.options.some((option) => test.test(option)) ? [what] : [],
  );
  if (costs.length === 0) return ok(mount.options.join(','));
  const opposite = mount.options.includes('discard') ? 'nodiscard' : 'defaults';
  return warning(costs.join('; '), `sudo mount -o remount,${opposite} ${mount.mountPoint}`);
};

const directIo: Look = ({ file, mount, info }) => {
  if (file.directError === undefined) return null;
  if (file.directError !== null) {
    const whose = mount === null ? 'the device' : mount.fileSystem;
    return missing(
      `${whose} takes no O_DIRECT (${file.directError}): I/O goes through the page cache`,
      '--buffered',
    );
  }
  const align = file.limits?.direct ?? null;
  if (align === null) {
    const block = info.logical_block_size;
    return ok(
      `O_DIRECT opens; the kernel does not say its alignment${block === null ? '' : `, the device's block is ${block} bytes`}`,
    );
  }
  const { memory, offset, readOffset } = align;
  const reads = readOffset === offset ? '' : `, of reads alone of ${readOffset}`;
  const said = `bs and offset a multiple of ${offset} bytes${reads}, buffers of ${memory}`;
  return offset <= 4096
    ? ok(said)
    : warning(`${said}: smaller blocks are refused`, `--bs=${offset} or a multiple`);
};

const atomicWrites: Look = ({ file }) => {
  const { limits } = file;
  if (limits === null) return null;
  if (limits.atomic === null)
    return ok('none: +atomic will be refused (it takes a device that writes blocks untorn, and Linux 6.11)');
  const { min, max, fastMax } = limits.atomic;
  const slow = fastMax > 0 && fastMax < max ? `, slowly above ${formatBytes(fastMax)}` : '';
  return ok(`${formatBytes(min)} to ${formatBytes(max)}${slow}: --bs in between for +atomic`);
};

const dontcache: Look = ({ file, mount }) => {
  switch (file.dontcacheErrno) {
    case undefined:
      return null;
    case 0:
      return ok('RWF_DONTCACHE works: +uncached reads and writes without filling the page cache');
    case constants.errno.ENOSYS:
      return ok('none: +uncached needs Linux 6.14');
    default:
      return ok(
        `none: ${mount === null ? 'the device' : mount.fileSystem} lacks it, +uncached will be refused`,
      );
  }
};

const holes: Look = ({ file, info, path }) => {
  if (file.firstHole === null || info.size_bytes === null) return null;
  if (file.firstHole >= info.size_bytes) return ok('none: every block of the file is on the medium');
  return warning(
    `the first is at ${formatBytes(file.firstHole)} of ${formatBytes(info.size_bytes)}: reads there are zeroes, made without the device`,
    `fallocate does not help: dd if=/dev/urandom of=${path} bs=1M conv=notrunc oflag=direct, or let uring-bench make a file`,
  );
};

const freeSpace: Look = ({ freeBytes, mount }) => {
  if (freeBytes === null || mount === null) return null;
  const said = `${formatBytes(freeBytes)} for files to be made`;
  return freeBytes >= FREE_BYTES
    ? ok(said)
    : warning(
        `${said}: few, and a full file system is slow`,
        `--size, or another --directory; du -x ${mount.mountPoint}`,
      );
};

const chain: Look = ({ chain: layers }, seen) => {
  if (layers.length === 0) return null;
  const text = layers.map((layer) => layer.text).join(' > ');
  const loop = layers.find(({ device }) => device?.disk.startsWith('loop'))?.device;
  if (loop) {
    const mend = cachedLoop(loop, seen.host)
      ? `sudo losetup --direct-io=on /dev/${loop.disk}`
      : '--filename on the drive itself';
    return warning(`${text}: a loop device sends I/O through a kernel thread and a second file system`, mend);
  }
  const bottom = layers.at(-1);
  if (bottom?.device === null && !bottom.ram) return ok(`${text}; no block device is known below it`);
  return ok(text);
};

const ram: Look = ({ chain: layers }) => {
  if (layers.length === 0) return null;
  const memory = layers.find((layer) => layer.ram);
  if (memory === undefined) return ok('no step down to the drive is memory');
  return warning(
    `${memory.text}: this is memory, no drive is measured`,
    '--directory on a drive: lsblk, findmnt -D',
  );
};

export const pathChecks: readonly MachineCheck[] = [
  { id: 'file-system', group: 'path', title: 'file system', look: onPlace(fileSystem) },
  { id: 'mount-options', group: 'path', title: 'mount options', look: onPlace(mountOptions) },
  { id: 'direct-io', group: 'path', title: 'O_DIRECT', look: onPlace(directIo) },
  { id: 'atomic-writes', group: 'path', title: 'untorn writes', look: onPlace(atomicWrites) },
  { id: 'dontcache', group: 'path', title: 'DONTCACHE', look: onPlace(dontcache) },
  { id: 'holes', group: 'path', title: 'holes', look: onPlace(holes) },
  { id: 'free-space', group: 'path', title: 'free space', look: onPlace(freeSpace) },
  { id: 'device-chain', group: 'path', title: 'down to the drive', look: onPlace(chain) },
  { id: 'memory-backed', group: 'path', title: 'memory', look: onPlace(ram) },
];
