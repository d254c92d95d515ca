/** What the checks look at: everything that takes more than reading a file of /proc or /sys, collected once. */
import { constants, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { linuxAio } from '../backends/linux-aio.ts';
import { probeVariant } from '../backends/probe.ts';
import {
  type BlockDevice,
  blockDeviceBelow,
  blockDeviceByName,
  blockDeviceByNumber,
  nvmeBlockDevice,
} from '../host/block-device.ts';
import { type CgroupLimits, cgroupLimits } from '../host/cgroup.ts';
import { describePaths, nearestFacts } from '../host/device-info.ts';
import { type Host, type PathFacts, pathFacts, readLine, realPath } from '../host/host-files.ts';
import { type Mount, mountOf, readMounts } from '../host/mounts.ts';
import { type ProcessStatus, processStatus } from '../host/process.ts';
import { chainBelowDevice, chainBelowFile, type Layer } from '../host/storage-chain.ts';
import { holeSeeker, type Refusal, targetHost } from '../native/library.ts';
import {
  dontcacheErrno,
  type FileLimits,
  fileLimits,
  type IoUringLook,
  lookAtIoUring,
} from '../native/look.ts';
import type { DeviceInfo } from '../results/schema.ts';
import type { Conditions, IdleLook } from '../results/schema-statistics.ts';
import { openingError, unnamedFileError } from '../targets/target-access.ts';
import { contentUse } from '../targets/target-guard.ts';

/** What the kernel says when it is asked to open or to use a file. */
interface FileLook {
  limits: FileLimits | null;
  /** Code of the error of opening it with O_DIRECT, null when it opens; undefined when it could not be tried. */
  directError: string | null | undefined;
  /** Of a read with RWF_DONTCACHE: 0 or an errno; undefined when it could not be tried. */
  dontcacheErrno: number | undefined;
  /** Where its first hole begins; its size when it has none; null for what has no holes, or could not be asked. */
  firstHole: number | null;
}

/** The file, folder or device that was asked about. */
export interface SeenPlace {
  /** As it was given. */
  path: string;
  /** 'new': nothing is there, the folder that will hold it was looked at. */
  kind: PathFacts['kind'] | 'new';
  info: DeviceInfo;
  mount: Mount | null;
  /** The block device that serves it; of a partition, the partition. */
  device: BlockDevice | null;
  /** From the file system, or the device, down to the drives. */
  chain: readonly Layer[];
  file: FileLook;
  /** "holds an XFS file system", of a device; null when nothing was found, or nobody looked. */
  content: string | null;
  /** For unprivileged users, in the file system that holds it; null of a device. */
  freeBytes: number | null;
}

export interface Seen {
  host: Host;
  mounts: readonly Mount[];
  kernel: string;
  process: ProcessStatus;
  cgroup: CgroupLimits;
  ioUring: IoUringLook;
  /** Bytes of all buffers of the run that is about to begin; null: no run is. */
  bufferBytes: number | null;
  /** Why io_setup of linux-aio fails; null when it works, or was not tried. */
  aio: Refusal | null;
  /** What others do now, of a moment in which it was watched; null when nobody watched. */
  now: { conditions: Conditions; idle: IdleLook } | null;
  place: SeenPlace | null;
}

function errorCode(error: NodeJS.ErrnoException | null): string | null {
  return error === null ? null : (error.code ?? 'unknown');
}

/** A file that exists, or a device. */
function lookAtFile(path: string, { kind, sizeBytes }: PathFacts): FileLook {
  const readable = openingError(path, constants.O_RDONLY) === null;
  const firstHole = kind === 'file' && sizeBytes > 0 && readable ? holeSeeker.seekHole(path, 0) : null;
  return {
    limits: fileLimits(path),
    directError: readable
      ? errorCode(openingError(path, constants.O_RDONLY | constants.O_DIRECT))
      : undefined,
    dontcacheErrno: readable ? dontcacheErrno(path) : undefined,
    firstHole,
  };
}

/** A file that would be made in a folder: an unnamed one is asked, where the file system has such. */
function lookAtNewFile(folder: string): FileLook {
  const look: FileLook = { limits: null, directError: undefined, dontcacheErrno: undefined, firstHole: null };
  const plain = unnamedFileError(folder, 0, (path) => {
    look.limits = fileLimits(path);
    look.dontcacheErrno = dontcacheErrno(path);
  });
  if (plain === null) look.directError = errorCode(unnamedFileError(folder, constants.O_DIRECT));
  return look;
}

function freeBytesOf(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Through the block device: an NVMe generic device takes commands only. */
function contentOf({ path, kind, device, file }: SeenPlace): string | null {
  const block = kind === 'block' ? path : `/dev/${device?.name}`;
  const readable = file.directError !== undefined && openingError(block, constants.O_RDONLY) === null;
  return readable ? contentUse(block, targetHost) : null;
}

function lookAtDevice(
  path: string,
  facts: PathFacts,
  mounts: readonly Mount[],
  host: Host,
): SeenPlace | null {
  const device =
    facts.kind === 'block' ? blockDeviceByNumber(facts.rdev, host) : nvmeBlockDevice(facts.rdev, host);
  const [info] = describePaths([path], host);
  if (info === undefined) return null;
  return {
    path,
    kind: facts.kind,
    info,
    mount: null,
    device,
    chain: device === null ? [] : chainBelowDevice(device, mounts, host),
    file: lookAtFile(path, facts),
    content: null,
    freeBytes: null,
  };
}

/** Looks at a path; null when not even a folder above it is there. @throws BenchError (failed) when holes can't be asked for */
export function lookAtPlace(
  path: string,
  mounts: readonly Mount[],
  host: Host,
  thorough = false,
): SeenPlace | null {
  const absolute = resolve(path);
  const facts = pathFacts(absolute, host);
  if (facts?.kind === 'block' || facts?.kind === 'char') {
    const place = lookAtDevice(path, facts, mounts, host);
    return place !== null && thorough ? { ...place, content: contentOf(place) } : place;
  }
  const nearest =
    facts === null ? nearestFacts(dirname(absolute), host) : { path: realPath(absolute), facts };
  const [info] = describePaths([path], host);
  if (nearest === null || info === undefined) return null;
  const { dev } = nearest.facts;
  return {
    path,
    kind: facts?.kind ?? 'new',
    info,
    mount: mountOf(mounts, nearest.path, dev),
    device: blockDeviceBelow(nearest.path, dev, mounts, host) ?? diskOf(info, host),
    chain: chainBelowFile(nearest.path, dev, mounts, host),
    file: facts?.kind === 'file' ? lookAtFile(absolute, facts) : lookAtNewFile(nearest.path),
    content: null,
    freeBytes: freeBytesOf(nearest.path),
  };
}

function diskOf({ device }: DeviceInfo, host: Host): BlockDevice | null {
  return device === null ? null : blockDeviceByName(device, host);
}

interface Looking {
  /** What others do, when that was watched. */
  now?: Seen['now'];
  bufferBytes?: number;
  /**
   * Whether what takes longer is looked at as well: io_setup, the end of whose context waits until no CPU can see it
   * any more, 30 ms (fs/aio.c); what is on a device, which is read for it.
   */
  thorough?: boolean;
}

/**
 * Looks at this machine. A few milliseconds, of which none goes to a device, unless it is to be thorough.
 * @param path a file, folder or device, or where a file is going to be; null: the machine alone
 */
export function lookAround(
  path: string | null,
  { now = null, bufferBytes, thorough = false }: Looking = {},
): Seen {
  const host: Host = {};
  const mounts = readMounts(host);
  return {
    host,
    mounts,
    kernel: readLine('/proc/sys/kernel/osrelease', host) ?? '',
    process: processStatus(host),
    cgroup: cgroupLimits(host),
    ioUring: lookAtIoUring(),
    aio: thorough ? probeVariant(linuxAio, []) : null,
    now,
    bufferBytes: bufferBytes ?? null,
    place: path === null ? null : lookAtPlace(path, mounts, host, thorough),
  };
}
