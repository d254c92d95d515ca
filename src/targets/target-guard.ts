/** Keeps a workload that writes or trims from destroying what somebody needs. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import {
  type BlockDevice,
  backingFileOf,
  blockDeviceByName,
  blockDeviceByPath,
  holdersOf,
  partitionsOf,
  queueCount,
  sizeBytesOf,
} from '../host/block-device.ts';
import {
  deviceNumber,
  type Host,
  listNames,
  pathFacts,
  readCount,
  readText,
  realPath,
} from '../host/host-files.ts';
import { type Mount, readMounts, unescapeOctal } from '../host/mounts.ts';
import { farSignature, SIGNATURE_BYTES, signatureIn } from './device-signature.ts';
import { type Candidate, changeOf, type TargetHost, type TargetOptions } from './target-options.ts';

/** Files and devices in use as swap, as /proc/swaps lists them. */
function swapPaths(host: Host): string[] {
  const lines = readText('/proc/swaps', host)?.split('\n').slice(1) ?? [];
  return lines.flatMap((line) => line.match(/^(\S+)\s+(file|partition)\s/)?.[1] ?? []).map(unescapeOctal);
}

/** Loop devices in use, each with the path of the file (or device) behind it, as it was when it was attached. */
function loopDevices(host: Host): { name: string; file: string }[] {
  return listNames('/sys/block', host)
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      const device = blockDeviceByName(name, host);
      const file = device === null ? null : backingFileOf(device, host);
      return file === null ? [] : [{ name, file }];
    });
}

/** Whether a path, as the kernel lists it, is this candidate; by inode, or by device for a device. */
function isSame(listed: string, candidate: Candidate, host: Host): boolean {
  if (listed === candidate.real) return true;
  try {
    const facts = pathFacts(join(host.root ?? '/', listed), host);
    const own = candidate.facts;
    if (facts === null || own === null || facts.kind !== own.kind) return false;
    return own.kind === 'block'
      ? facts.rdev === own.rdev
      : facts.dev === own.dev && facts.inode === own.inode;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/**
 * Whether a loop device works on this candidate. By number where the kernel tells: a path is another file's in another mount namespace,
 * and nobody's once it was removed.
 */
function isBehind({ name, file }: { name: string; file: string }, candidate: Candidate, host: TargetHost) {
  const backing = host.loopBacking?.(`/dev/${name}`) ?? null;
  const { facts } = candidate;
  if (backing === null || facts === null) return isSame(file, candidate, host);
  if (facts.kind === 'block') return facts.rdev === deviceNumber(Number(backing.rdev));
  return facts.dev === deviceNumber(Number(backing.dev)) && BigInt(facts.inode) === backing.inode;
}

/** Why a regular file is more than a file, null when nothing says so. */
function fileUse(candidate: Candidate, host: TargetHost): string | null {
  if (swapPaths(host).some((path) => isSame(path, candidate, host))) return 'is in use as swap';
  const loop = loopDevices(host).find((one) => isBehind(one, candidate, host));
  return loop ? `is in use by /dev/${loop.name}` : null;
}

/** What the kernel's tables say of a device and its partitions: mounted, swap, below another device. */
function tableUse(device: BlockDevice, mounts: readonly Mount[], host: Host): string | null {
  const partitions = partitionsOf(device, host);
  const swaps = swapPaths(host).map((path) => blockDeviceByPath(path, host)?.number);
  for (const part of [device, ...partitions]) {
    const whose = part === device ? '' : `has a partition, ${part.name}, that `;
    const mount = mounts.find(
      // The source matters too: btrfs mounts have an anonymous device number.
      ({ dev, source }) => dev === part.number || blockDeviceByPath(source, host)?.number === part.number,
    );
    if (mount) return `${whose}is mounted on ${mount.mountPoint}`;
    if (swaps.includes(part.number)) return `${whose}is in use as swap`;
    const holders = holdersOf(part, host);
    if (holders.length > 0) return `${whose}is in use by ${holders.join(', ')}`;
  }
  return null;
}

function kernelUse(device: BlockDevice, mounts: readonly Mount[], host: Host): string | null {
  const use = tableUse(device, mounts, host);
  const partitions = partitionsOf(device, host);
  if (use !== null || partitions.length === 0) return use;
  return `has partitions (${partitions.map((p) => p.name).join(', ')})`;
}

/**
 * Why a block device is at work for somebody now, whatever is on it; null when nothing says so. What it holds does not
 * count: that is for its owner to give up.
 */
export function deviceAtWork(path: string, host: TargetHost): string | null {
  const device = blockDeviceByPath(realPath(path), host);
  const byTables = device === null ? null : tableUse(device, readMounts(host), host);
  return byTables ?? (isClaimed(path) ? 'is in use by the kernel' : null);
}

/**
 * What the signatures say that are known here, and what a library finds on it, at its end, too: "holds an XFS file system".
 * @throws BenchError (usage) when it can't be read
 */
export function contentUse(path: string, host: TargetHost): string | null {
  const what = ownUse(path, host) ?? host.signature?.(path) ?? null;
  return what === null ? null : `holds ${what}`;
}

/** A bad sector away from the start holds nothing that could be recognised: the device is as usable as its other sectors. */
function readable(read: (at: number, bytes: number) => Buffer): (at: number, bytes: number) => Buffer {
  return (at, bytes) => {
    try {
      return read(at, bytes);
    } catch (error) {
      if (isSystemError(error) && (error.code === 'EIO' || error.code === 'ENODATA')) return Buffer.alloc(0);
      throw error;
    }
  };
}

function ownUse(path: string, host: Host): string | null {
  const device = blockDeviceByPath(path, host);
  const size = (device === null ? null : sizeBytesOf(device, host)) ?? 0;
  try {
    const fd = openSync(path, constants.O_RDONLY);
    try {
      const read = (at: number, bytes: number): Buffer => {
        const buffer = Buffer.alloc(bytes);
        return buffer.subarray(0, readSync(fd, buffer, 0, bytes, at));
      };
      return signatureIn(read(0, SIGNATURE_BYTES)) ?? farSignature(size, readable(read));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const rights = error.code === 'EACCES' || error.code === 'EPERM' ? 'run as root' : 'see dmesg';
    throw usageError(`cannot see what is on ${path}: ${systemReason(error)}`, rights);
  }
}

/**
 * Whether something in the kernel has claimed the device: an exclusive open without O_CREAT fails then
 * (open(2)). It finds what the tables don't: other mount namespaces, ZFS, a second disk of a btrfs.
 */
function isClaimed(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_EXCL));
    return false;
  } catch (error) {
    // Any other error is one of opening it at all: checkAccess names those.
    if (isSystemError(error)) return error.code === 'EBUSY';
    throw error;
  }
}

/** Why a block device isn't free to be overwritten, null when nothing says so. */
function deviceUse(candidate: Candidate, mounts: readonly Mount[], host: TargetHost): string | null {
  const { device } = candidate;
  // An NVMe generic device answers commands only: what is on it is seen through its block device.
  const path = candidate.facts?.kind === 'char' && device ? `/dev/${device.name}` : candidate.path;
  const byKernel = device === null ? null : kernelUse(device, mounts, host);
  return (
    byKernel ??
    fileUse(candidate, host) ??
    contentUse(path, host) ??
    (isClaimed(path) ? 'is in use by the kernel' : null)
  );
}

/**
 * Lets a workload that writes or trims have only what its user gave up: an existing file with data and any
 * block device need --allow-overwrite; one that is in use, or has a partition table or a file system on it,
 * must be spelled out in --destroy-device. Read workloads may have everything.
 * @throws BenchError (usage)
 */
export function checkOverwrite(
  candidate: Candidate,
  options: TargetOptions,
  mounts: readonly Mount[],
  host: TargetHost,
): void {
  const { path, real, facts, device } = candidate;
  if (changeOf(options.rw) === null || facts === null) return;
  if (facts.kind === 'char' && device === null) return;
  const isBlock = facts.kind !== 'file';
  if (isBlock && device !== null && readCount(join(device.folder, 'ro'), host) === 1) {
    throw usageError(`${path} is read-only`, `rw=${options.rw} needs a device that can be written`);
  }
  if (options.destroyDevice.some((name) => name === path || name === real)) return;
  const use = isBlock ? deviceUse(candidate, mounts, host) : fileUse(candidate, host);
  if (use !== null) {
    throw usageError(
      `${path} ${use}: rw=${options.rw} would destroy that`,
      `if you want that: --destroy-device=${path}`,
    );
  }
  if (options.allowOverwrite || (!isBlock && facts.sizeBytes === 0)) return;
  const deviceKind = facts.kind === 'char' ? 'an NVMe device' : 'a block device';
  const what = isBlock ? deviceKind : `a file with ${facts.sizeBytes} bytes`;
  throw usageError(
    `${path} is ${what}: rw=${options.rw} would overwrite it`,
    'use --allow-overwrite if you want that',
  );
}

/** @throws BenchError (usage) for a target of a trim workload that can't be trimmed. */
export function checkTrim(candidate: Candidate, host: Host): void {
  const { path, facts, device } = candidate;
  if (facts?.kind !== 'block') {
    throw usageError(`${path} is no block device: only those can be trimmed`, 'use --rw=randwrite for files');
  }
  if (device !== null && (queueCount(device, 'discard_max_bytes', host) ?? 0) === 0) {
    throw usageError(`${path} cannot trim: its discard_max_bytes is 0`);
  }
}
