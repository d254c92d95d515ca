/** Block devices as sysfs describes them (Documentation/ABI/stable/sysfs-block in the kernel's source). */
import { basename, dirname, join } from 'node:path';
import {
  type Host,
  listNames,
  pathFacts,
  readCount,
  readLine,
  realHostPath,
  realPath,
} from './host-files.ts';
import { type Mount, mountOf } from './mounts.ts';

/** sysfs counts every size in these, whatever the device's own block is. */
const SYSFS_SECTOR_BYTES = 512;

export interface BlockDevice {
  /** nvme0n1p2 */
  name: string;
  /** "259:2" */
  number: string;
  /** Its folder in sysfs, without symbolic links. */
  folder: string;
  /** The folder of the whole disk: its own, but for a partition. Queue and model are there alone. */
  diskFolder: string;
  /** nvme0n1 */
  disk: string;
}

function fromFolder(folder: string | null, host: Host): BlockDevice | null {
  if (folder === null) return null;
  const number = readLine(join(folder, 'dev'), host);
  if (number === null) return null;
  const isPartition = readLine(join(folder, 'partition'), host) !== null;
  const diskFolder = isPartition ? dirname(folder) : folder;
  return { name: basename(folder), number, folder, diskFolder, disk: basename(diskFolder) };
}

/** The block device of a "MAJOR:MINOR", null when sysfs has none. */
export function blockDeviceByNumber(number: string, host: Host): BlockDevice | null {
  return fromFolder(realHostPath(`/sys/dev/block/${number}`, host), host);
}

/**
 * The block device of the namespace behind an NVMe generic device: /dev/ng0n1 and /dev/nvme0n1 are two faces of one
 * (drivers/nvme/host/multipath.c names both by instance and head). Null for any other character device.
 */
export function nvmeBlockDevice(number: string, host: Host): BlockDevice | null {
  const folder = realHostPath(`/sys/dev/char/${number}`, host);
  const match = folder === null ? null : /^ng(\d+n\d+)$/.exec(basename(folder));
  return match ? blockDeviceByName(`nvme${match[1]}`, host) : null;
}

/** The block device of a kernel name (`sda1`). A slash in a name is `!` in sysfs (`cciss/c0d0`). */
export function blockDeviceByName(name: string, host: Host): BlockDevice | null {
  return fromFolder(realHostPath(`/sys/class/block/${name.replaceAll('/', '!')}`, host), host);
}

/** The block device behind a device path as a mount's source or /proc/swaps has it (/dev/mapper/vg-root). */
export function blockDeviceByPath(path: string, host: Host): BlockDevice | null {
  const facts = path.startsWith('/dev/') ? pathFacts(join(host.root ?? '/', path), host) : null;
  if (facts?.kind === 'block') return blockDeviceByNumber(facts.rdev, host);
  return path.startsWith('/dev/') ? blockDeviceByName(path.slice('/dev/'.length), host) : null;
}

/**
 * The block device that serves a file. btrfs, overlay and the like give files an anonymous device: then
 * the mount's source says it, for an overlay its upper folder. Null when there is none (tmpfs, NFS) or
 * when it isn't one device by name (a ZFS pool).
 */
export function blockDeviceBelow(
  path: string,
  dev: string,
  mounts: readonly Mount[],
  host: Host,
): BlockDevice | null {
  if (!dev.startsWith('0:')) return blockDeviceByNumber(dev, host);
  const mount = mountOf(mounts, path, dev);
  if (mount === null) return null;
  if (mount.fileSystem !== 'overlay') return blockDeviceByPath(mount.source, host);
  const upper = mount.options.find((o) => o.startsWith('upperdir='))?.slice('upperdir='.length);
  const facts = upper === undefined ? null : pathFacts(upper, host);
  // An overlay can't have another as its upper folder, so this goes down once.
  if (upper === undefined || facts === null || facts.dev === dev) return null;
  return blockDeviceBelow(realPath(upper), facts.dev, mounts, host);
}

/** Its size in bytes, null when sysfs doesn't say. */
export function sizeBytesOf(device: BlockDevice, host: Host): number | null {
  const sectors = readCount(join(device.folder, 'size'), host);
  return sectors === null ? null : sectors * SYSFS_SECTOR_BYTES;
}

/** A number from the disk's queue/ folder (logical_block_size, discard_max_bytes). */
export function queueCount(device: BlockDevice, name: string, host: Host): number | null {
  return readCount(join(device.diskFolder, 'queue', name), host);
}

/** Partitions that the kernel has made of a disk. */
export function partitionsOf(device: BlockDevice, host: Host): BlockDevice[] {
  return listNames(device.folder, host)
    .filter((name) => readLine(join(device.folder, name, 'partition'), host) !== null)
    .flatMap((name) => fromFolder(join(device.folder, name), host) ?? []);
}

/** Names of the devices that are built on this one (LVM, RAID, dm-crypt). */
export function holdersOf(device: BlockDevice, host: Host): string[] {
  return listNames(join(device.folder, 'holders'), host);
}

/** The devices that this one is built on. */
export function slavesOf(device: BlockDevice, host: Host): BlockDevice[] {
  return listNames(join(device.folder, 'slaves'), host).flatMap(
    (name) => blockDeviceByName(name, host) ?? [],
  );
}

/** The file behind a loop device, null for any other. A file that was removed ends in " (deleted)". */
export function backingFileOf(device: BlockDevice, host: Host): string | null {
  return readLine(join(device.diskFolder, 'loop', 'backing_file'), host);
}
