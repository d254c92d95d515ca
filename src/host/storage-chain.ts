/**
 * What stands between a file and the drives that hold it: partitions, device mapper, RAID, loop devices with the files
 * behind them. From sysfs (Documentation/ABI/testing/sysfs-block-dm, sysfs-block-loop; Documentation/admin-guide/md.rst).
 */
import { dirname, join } from 'node:path';
import {
  type BlockDevice,
  backingFileOf,
  blockDeviceBelow,
  blockDeviceByName,
  slavesOf,
} from './block-device.ts';
import { type Host, type PathFacts, pathFacts, readCount, readLine, realPath } from './host-files.ts';
import { type Mount, mountOf } from './mounts.ts';

/** One step down. */
export interface Layer {
  /** For people: "ext4 on /data", "partition nvme0n1p2", "LVM vg-data (dm-0)". */
  text: string;
  /** The block device of this step; null of a file system. */
  device: BlockDevice | null;
  /** Whether what is written here stays in memory. */
  ram: boolean;
  /** Whether nothing stands below: a drive, or memory. */
  bottom: boolean;
}

/** How far down is looked: an image on a loop device on LVM on RAID on disks is eight. */
const DEPTH_MAX = 16;

/** File systems that are memory. */
const RAM_FILE_SYSTEMS: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'hugetlbfs']);

/** "nvme/pcie", "sata", "virtio"; null when sysfs does not show it. */
export function transportOf(device: BlockDevice, host: Host): string | null {
  const { diskFolder, disk } = device;
  if (disk.startsWith('nvme')) {
    const transport = readLine(join(diskFolder, 'device/transport'), host);
    return transport === null ? 'nvme' : `nvme/${transport}`;
  }
  if (/\/usb\d/.test(diskFolder)) return 'usb';
  if (/\/ata\d/.test(diskFolder)) return 'sata';
  if (/\/virtio\d/.test(diskFolder)) return disk.startsWith('vd') ? 'virtio' : 'virtio-scsi';
  if (disk.startsWith('mmcblk')) return 'mmc';
  if (disk.startsWith('xvd')) return 'xen';
  return readLine(join(diskFolder, 'device/model'), host) !== null ? 'scsi' : null;
}

/** Bits that carry data, of those that a lane moves: 8b/10b up to 5 GT/s, then 128b/130b (PCI Express base specification). */
const lanesBytes = (gigatransfers: number, lanes: number): number =>
  ((gigatransfers * 1e9 * (gigatransfers <= 5 ? 8 / 10 : 128 / 130)) / 8) * lanes;

/** Transfers per second and lane of each generation of PCI Express, in thousands of millions. */
const PCIE_GENERATIONS: Readonly<Record<number, string>> = {
  2.5: '1.0',
  5: '2.0',
  8: '3.0',
  16: '4.0',
  32: '5.0',
  64: '6.0',
};

interface PcieLink {
  gigatransfers: number;
  lanes: number;
}

/**
 * The PCIe link of an NVMe controller as it runs now, or at its best; null when sysfs does not say
 * (Documentation/ABI/testing/sysfs-bus-pci).
 */
function pcieLink({ diskFolder, disk }: BlockDevice, when: 'current' | 'max', host: Host): PcieLink | null {
  const controller = join(diskFolder, 'device/device');
  const speed = readLine(join(controller, `${when}_link_speed`), host)?.match(/^([\d.]+) GT\/s/)?.[1];
  const lanes = readCount(join(controller, `${when}_link_width`), host);
  return disk.startsWith('nvme') && speed !== undefined && lanes
    ? { gigatransfers: Number(speed), lanes }
    : null;
}

/** Gb/s of a SATA link; null when there is none, or sysfs does not say. */
function sataGigabits({ diskFolder }: BlockDevice, host: Host): number | null {
  const port = /\/ata(\d+)\//.exec(diskFolder)?.[1];
  const speed =
    port && readLine(`/sys/class/ata_link/link${port}/sata_spd`, host)?.match(/^([\d.]+) Gbps/)?.[1];
  return speed ? Number(speed) : null;
}

/**
 * Bytes per second that the link to a drive carries in one direction, before what its protocol takes; null when sysfs
 * does not say: PCIe of an NVMe controller, SATA.
 */
export function linkBytesPerSecond(device: BlockDevice, host: Host): number | null {
  const link = pcieLink(device, 'current', host);
  if (link !== null) return lanesBytes(link.gigatransfers, link.lanes);
  const gigabits = sataGigabits(device, host);
  return gigabits === null ? null : (gigabits * 1e9) / 10;
}

function pcieText({ gigatransfers, lanes }: PcieLink): string {
  const generation = PCIE_GENERATIONS[gigatransfers];
  return `${generation ?? `${gigatransfers} GT/s`} x${lanes}`;
}

/** "PCIe 4.0 x4", "PCIe 3.0 x2 (could be 4.0 x4)", "SATA 6.0 Gb/s"; null when sysfs does not say. */
export function linkText(device: BlockDevice, host: Host): string | null {
  const link = pcieLink(device, 'current', host);
  if (link === null) {
    const gigabits = sataGigabits(device, host);
    return gigabits === null ? null : `SATA ${gigabits.toFixed(1)} Gb/s`;
  }
  const best = pcieLink(device, 'max', host);
  const slower =
    best !== null && lanesBytes(link.gigatransfers, link.lanes) < lanesBytes(best.gigatransfers, best.lanes);
  return `PCIe ${pcieText(link)}${slower ? ` (could be ${pcieText(best)})` : ''}`;
}

function bottomText(device: BlockDevice, host: Host): string {
  const transport = transportOf(device, host);
  return transport === null ? device.name : `${device.name} (${transport})`;
}

/** Device mapper names its users in the uuid: "LVM-...", "CRYPT-LUKS2-...", "mpath-...". */
function mappedText(device: BlockDevice, host: Host): string {
  const name = readLine(join(device.folder, 'dm/name'), host) ?? device.name;
  const kind = readLine(join(device.folder, 'dm/uuid'), host)?.split('-', 1)[0] ?? '';
  const words: Readonly<Record<string, string>> = { LVM: 'LVM', CRYPT: 'dm-crypt', mpath: 'multipath' };
  return `${words[kind] ?? 'device mapper'} ${name} (${device.name})`;
}

/** Whether a loop device reads its file through the page cache: such a drive is memory in part. */
export function cachedLoop(device: BlockDevice, host: Host): boolean {
  return readCount(join(device.diskFolder, 'loop/dio'), host) === 0;
}

function layerOf(device: BlockDevice, host: Host): Omit<Layer, 'bottom'> {
  const { name, disk } = device;
  const at = { device, ram: false };
  if (name !== disk) return { ...at, text: `partition ${name}` };
  const file = backingFileOf(device, host);
  if (file !== null)
    return {
      ...at,
      text: `${name} on the file ${file}${cachedLoop(device, host) ? ', through its page cache' : ''}`,
    };
  if (disk.startsWith('zram')) return { ...at, text: `${name}, compressed memory`, ram: true };
  if (/^ram\d/.test(disk)) return { ...at, text: `${name}, memory (brd)`, ram: true };
  if (disk.startsWith('nullb')) return { ...at, text: `${name}, which keeps nothing (null_blk)`, ram: true };
  if (disk.startsWith('pmem')) return { ...at, text: `${name}, persistent memory` };
  if (disk.startsWith('dm-')) return { ...at, text: mappedText(device, host) };
  const level = readLine(join(device.folder, 'md/level'), host);
  if (level !== null) return { ...at, text: `${name} (${level})` };
  return { ...at, text: bottomText(device, host) };
}

function factsOf(path: string, host: Host): PathFacts | null {
  try {
    return pathFacts(path, host);
  } catch {
    return null;
  }
}

function devicesBelow(device: BlockDevice, mounts: readonly Mount[], host: Host, depth: number): Layer[] {
  const layer = layerOf(device, host);
  if (depth === 0) return [{ ...layer, bottom: true }];
  if (device.name !== device.disk) {
    const whole = blockDeviceByName(device.disk, host);
    return [
      { ...layer, bottom: whole === null },
      ...(whole ? devicesBelow(whole, mounts, host, depth - 1) : []),
    ];
  }
  const file = backingFileOf(device, host);
  const facts = file === null ? null : factsOf(file, host);
  const below =
    file !== null && facts !== null
      ? fileLayers(file, facts.dev, mounts, host, depth - 1)
      : slavesOf(device, host).flatMap((slave) => devicesBelow(slave, mounts, host, depth - 1));
  return [{ ...layer, bottom: below.length === 0 }, ...below];
}

function deviceLayers(
  path: string,
  dev: string,
  mounts: readonly Mount[],
  host: Host,
  depth: number,
): Layer[] {
  const device = blockDeviceBelow(path, dev, mounts, host);
  return device === null ? [] : devicesBelow(device, mounts, host, depth);
}

/** Below an overlay is the file system of its upper folder; null when it is none, or that is out of sight. */
function upperLayers(
  mount: Mount | null,
  dev: string,
  mounts: readonly Mount[],
  host: Host,
  depth: number,
): Layer[] | null {
  const upper =
    mount?.fileSystem === 'overlay' && mount.options.find((option) => option.startsWith('upperdir=/'));
  if (!upper || depth === 0) return null;
  const path = upper.slice('upperdir='.length);
  const facts = factsOf(path, host);
  return facts === null || facts.dev === dev
    ? null
    : fileLayers(realPath(path), facts.dev, mounts, host, depth - 1);
}

/** @param path that exists, without symbolic links @param dev its st_dev */
function fileLayers(path: string, dev: string, mounts: readonly Mount[], host: Host, depth: number): Layer[] {
  const mount = mountOf(mounts, path, dev);
  const below = upperLayers(mount, dev, mounts, host, depth) ?? deviceLayers(path, dev, mounts, host, depth);
  if (mount === null) return below;
  const ram = RAM_FILE_SYSTEMS.has(mount.fileSystem);
  const text = `${mount.fileSystem} on ${mount.mountPoint}`;
  return [{ text, device: null, ram, bottom: below.length === 0 }, ...below];
}

/** From a file, or a folder for files that are not there yet, down to the drives; each step once. */
export function chainBelowFile(path: string, dev: string, mounts: readonly Mount[], host: Host): Layer[] {
  return once(fileLayers(realPath(path), dev, mounts, host, DEPTH_MAX));
}

/** The same from a block device, which comes first. */
export function chainBelowDevice(device: BlockDevice, mounts: readonly Mount[], host: Host): Layer[] {
  return once(devicesBelow(device, mounts, host, DEPTH_MAX));
}

/** The two disks of a mirror may be partitions of drives that are below twice. */
function once(layers: readonly Layer[]): Layer[] {
  return [...new Map(layers.map((layer) => [layer.text, layer])).values()];
}

/** NUMA node that a device hangs at: the nearest folder above it in sysfs that says so; null when none does. */
export function numaNodeOf({ diskFolder }: BlockDevice, host: Host): number | null {
  for (let at = diskFolder; at.startsWith('/sys/devices/') && at !== '/sys/devices'; at = dirname(at)) {
    const node = readCount(join(at, 'numa_node'), host) ?? readCount(join(at, 'device/numa_node'), host);
    if (node !== null) return node;
  }
  return null;
}
