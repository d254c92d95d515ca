/** What a result says of each file that a workload ran on: its file system, and the device below. */
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { isSystemError } from '../errors.ts';
import type { DeviceInfo } from '../results/schema.ts';
import {
  type BlockDevice,
  backingFileOf,
  blockDeviceBelow,
  blockDeviceByNumber,
  nvmeBlockDevice,
  queueCount,
  sizeBytesOf,
  slavesOf,
} from './block-device.ts';
import { type Host, type PathFacts, pathFacts, readLine, readText, realPath } from './host-files.ts';
import { type Mount, mountOf, readMounts } from './mounts.ts';
import { linkBytesPerSecond, linkText, transportOf } from './storage-chain.ts';

/** How far slaves are followed: a file system on LVM on dm-crypt on RAID on disks is four. */
const STACK_DEPTH_MAX = 6;

function readAny(folder: string, names: readonly string[], host: Host): string | null {
  for (const name of names) {
    const line = readLine(join(folder, name), host);
    if (line !== null) return line;
  }
  return null;
}

/** "VENDOR MODEL" of SCSI, the model of NVMe and MMC, null of what has no hardware of its own (virtio). */
function ownModel(device: BlockDevice, host: Host): string | null {
  const folder = join(device.diskFolder, 'device');
  const model = readAny(folder, ['model', 'name'], host);
  const vendor = readLine(join(folder, 'vendor'), host);
  // libata puts "ATA" where SCSI has the maker; virtio has a PCI number there, and no model.
  return model !== null && vendor !== null && !/^(ATA|0x.*)$/.test(vendor) ? `${vendor} ${model}` : model;
}

/** NVMe, SCSI and MMC each have a name of their own for it. */
function ownFirmware(device: BlockDevice, host: Host): string | null {
  return readAny(join(device.diskFolder, 'device'), ['firmware_rev', 'rev', 'fwrev'], host);
}

/** NVMe and MMC say it in words (device/serial), virtio-blk beside the queue, SCSI in a page of its vital product data. */
function ownSerial(device: BlockDevice, host: Host): string | null {
  const { diskFolder } = device;
  const line =
    readLine(join(diskFolder, 'device/serial'), host) ?? readLine(join(diskFolder, 'serial'), host);
  if (line !== null) return line;
  // SPC: four bytes of header, then the number in ASCII.
  const page = readText(join(diskFolder, 'device/vpd_pg80'), host)?.slice(4).trim();
  return page ? page : null;
}

/** The disks at the bottom of a stack of devices; a disk itself is its own bottom. */
function bottomsOf(device: BlockDevice, host: Host, depthMax = STACK_DEPTH_MAX): BlockDevice[] {
  const slaves = depthMax > 0 ? slavesOf(device, host) : [];
  if (slaves.length === 0) return [device];
  const bottoms = slaves.flatMap((slave) => bottomsOf(slave, host, depthMax - 1));
  return [...new Map(bottoms.map((b) => [b.disk, b])).values()];
}

type Hardware = Pick<DeviceInfo, 'model' | 'firmware' | 'serial' | 'link'>;

/** What hardware it is; of a stacked device each disk's facts with its name before them, of a loop device its file. */
function hardwareOf(device: BlockDevice, host: Host): Hardware {
  const file = backingFileOf(device, host);
  if (file !== null) return { model: `loop: ${file}`, firmware: null, serial: null, link: null };
  const bottoms = bottomsOf(device, host);
  const own = bottoms.length === 1 && bottoms[0] === device;
  const fact = (of: (bottom: BlockDevice, host: Host) => string | null): string | null => {
    if (own) return of(device, host);
    const each = bottoms.map((bottom) => [bottom.disk, of(bottom, host)] as const);
    const told = each.filter(([, text]) => text !== null);
    return told.length === 0 ? null : told.map(([disk, text]) => `${disk}: ${text}`).join(', ');
  };
  const disks = bottoms.map((bottom) => {
    const model = ownModel(bottom, host);
    return model === null ? bottom.disk : `${bottom.disk}: ${model}`;
  });
  return {
    model: own ? ownModel(device, host) : disks.join(', '),
    firmware: fact(ownFirmware),
    serial: fact(ownSerial),
    link: fact(linkText),
  };
}

/** A device with a hash in place of its serial number: equal ones stay equal, and nobody reads a number. */
export function withHashedSerial(device: DeviceInfo): DeviceInfo {
  const { serial } = device;
  if (!serial) return device;
  return { ...device, serial: `sha256:${createHash('sha256').update(serial).digest('hex').slice(0, 16)}` };
}

/** The scheduler in force: the kernel lists all, with that one in brackets; "none" alone has no brackets. */
function schedulerOf(device: BlockDevice, host: Host): string | null {
  const line = readLine(join(device.diskFolder, 'queue/scheduler'), host);
  return line?.match(/\[(.+?)\]/)?.[1] ?? line;
}

type DeviceFacts = Omit<
  DeviceInfo,
  'path' | 'kind' | 'size_bytes' | 'file_system' | 'mount_point' | 'mount_options'
>;

function deviceFacts(device: BlockDevice | null, host: Host): DeviceFacts {
  const count = (name: string) => (device === null ? null : queueCount(device, name, host));
  const flag = (name: string) => {
    const value = count(name);
    return value === null ? null : value !== 0;
  };
  return {
    device: device?.disk ?? null,
    ...(device === null
      ? { model: null, firmware: null, serial: null, link: null }
      : hardwareOf(device, host)),
    rotational: flag('rotational'),
    scheduler: device === null ? null : schedulerOf(device, host),
    nr_requests: count('nr_requests'),
    logical_block_size: count('logical_block_size'),
    physical_block_size: count('physical_block_size'),
    max_sectors_kb: count('max_sectors_kb'),
    write_cache: device === null ? null : readLine(join(device.diskFolder, 'queue/write_cache'), host),
    io_poll: flag('io_poll'),
    nomerges: count('nomerges'),
    rq_affinity: count('rq_affinity'),
    wbt_lat_usec: count('wbt_lat_usec'),
    transport: device === null ? null : transportOf(device, host),
    link_bytes_per_second: device === null ? null : linkBytesPerSecond(device, host),
  };
}

function factsOrNull(path: string, host: Host): PathFacts | null {
  try {
    return pathFacts(path, host);
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

/** The nearest that exists of an absolute path and the folders above it. */
export function nearestFacts(path: string, host: Host): { path: string; facts: PathFacts } | null {
  for (let at = path; ; at = dirname(at)) {
    const facts = factsOrNull(at, host);
    if (facts !== null) return { path: realPath(at), facts };
    if (at === dirname(at)) return null;
  }
}

/** Reads each device's facts once: hundreds of files on one disk are common. */
class DeviceReader {
  readonly mounts: readonly Mount[];
  readonly #host: Host;
  readonly #byNumber = new Map<string, BlockDevice | null>();
  readonly #byFolder = new Map<string, DeviceFacts>();

  constructor(host: Host) {
    this.mounts = readMounts(host);
    this.#host = host;
  }

  /** The device that serves a file of this st_dev. */
  below(path: string, dev: string): BlockDevice | null {
    // An anonymous number says nothing: the mount of the path decides.
    if (dev.startsWith('0:')) return blockDeviceBelow(path, dev, this.mounts, this.#host);
    const known = this.#byNumber.get(dev);
    if (known !== undefined) return known;
    const device = blockDeviceBelow(path, dev, this.mounts, this.#host);
    this.#byNumber.set(dev, device);
    return device;
  }

  factsOf(device: BlockDevice | null): DeviceFacts {
    const key = device?.diskFolder ?? '';
    const facts = this.#byFolder.get(key) ?? deviceFacts(device, this.#host);
    this.#byFolder.set(key, facts);
    return facts;
  }
}

function describeDevice(
  path: string,
  own: PathFacts & { kind: 'block' | 'char' },
  reader: DeviceReader,
  host: Host,
): DeviceInfo {
  const find = own.kind === 'block' ? blockDeviceByNumber : nvmeBlockDevice;
  const device = find(own.rdev, host);
  return {
    path,
    kind: own.kind,
    size_bytes: device === null ? null : sizeBytesOf(device, host),
    // What is mounted from a device doesn't matter to I/O on the device itself.
    file_system: null,
    mount_point: null,
    mount_options: null,
    ...reader.factsOf(device),
  };
}

function describeFile(path: string, own: PathFacts | null, reader: DeviceReader, host: Host): DeviceInfo {
  const nearest =
    own === null ? nearestFacts(dirname(resolve(path)), host) : { path: realPath(resolve(path)), facts: own };
  const mount = nearest === null ? null : mountOf(reader.mounts, nearest.path, nearest.facts.dev);
  const device = nearest === null ? null : reader.below(nearest.path, nearest.facts.dev);
  return {
    path,
    kind: 'file',
    size_bytes: own?.kind === 'file' ? own.sizeBytes : null,
    file_system: mount?.fileSystem ?? null,
    mount_point: mount?.mountPoint ?? null,
    mount_options: mount?.options.join(',') ?? null,
    ...reader.factsOf(device),
  };
}

/**
 * Describes files and devices, in the order given. A file that doesn't exist yet is described by the
 * folder it will be in, without a size.
 */
export function describePaths(paths: readonly string[], host: Host = {}): DeviceInfo[] {
  const reader = new DeviceReader(host);
  return paths.map((path) => {
    const own = factsOrNull(resolve(path), host);
    return own?.kind === 'block' || own?.kind === 'char'
      ? describeDevice(path, { ...own, kind: own.kind }, reader, host)
      : describeFile(path, own, reader, host);
  });
}
