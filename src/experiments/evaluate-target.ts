/** What is evaluated: a block device, a file that is there, or a folder in which a file is made; and whether it may be. */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, isSystemError, systemReason, usageError } from '../errors.ts';
import { blockDeviceByNumber } from '../host/block-device.ts';
import { describePaths } from '../host/device-info.ts';
import { type PathFacts, pathFacts, readLine } from '../host/host-files.ts';
import type { Evaluation } from '../results/evaluate-schema.ts';
import { deviceAtWork } from '../targets/target-guard.ts';
import type { TargetHost } from '../targets/target-options.ts';
import { formatBytes } from '../values/format.ts';
import type { Profile, ProfileName } from './evaluate-profiles.ts';

const MIB = 2 ** 20;
/** Of the file that is made in a folder: what most caches of drives are smaller than, and little of a disk. */
const FOLDER_BYTES_MAX = 2 ** 30;
/** Sectors of the kernel's counters, whatever the device's own are. */
const STAT_SECTOR_BYTES = 512;

export interface EvaluationTarget {
  path: string;
  kind: Evaluation['target']['kind'];
  /** What the workloads run on: the path itself, or the file that is made in the folder. */
  file: string;
  sizeBytes: number;
  /** By which --resume knows it again. */
  identity: string;
  /** Its folder in sysfs, of a block device with counters of its own. */
  sysfs: string | null;
}

function facts(path: string): PathFacts {
  try {
    const found = pathFacts(path);
    if (found !== null) return found;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot look at ${path}: ${systemReason(error)}`);
  }
  throw usageError(`${path} does not exist`, 'name a device, a file with data, or a folder');
}

const hashOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

function deviceTarget(path: string, { rdev }: PathFacts): EvaluationTarget {
  const [described] = describePaths([path]);
  const bytes = described?.size_bytes ?? 0;
  if (described === undefined || bytes === 0)
    throw usageError(`${path} has no medium, or its size is unknown`);
  const { model, serial, firmware } = described;
  // Numbers of devices change from one boot to the next: they are asked where nothing better is known.
  const who = serial === null || serial === undefined ? [model, rdev] : [model, serial, firmware];
  const partition = readLine(`/sys/dev/block/${rdev}/partition`, {});
  return {
    path,
    kind: 'block',
    file: path,
    sizeBytes: bytes,
    identity: hashOf(['block', bytes, partition, ...who]),
    sysfs: blockDeviceByNumber(rdev, {})?.folder ?? null,
  };
}

function folderTarget(path: string, { dev, inode }: PathFacts): EvaluationTarget {
  const { bavail, bsize } = statfsSync(path);
  const room = Math.floor((bavail * bsize) / 4);
  const sizeBytes = Math.min(FOLDER_BYTES_MAX, room - (room % MIB));
  if (sizeBytes < 16 * MIB)
    throw usageError(`${path} has too little room: ${formatBytes(bavail * bsize)} are free`);
  const file = join(path, 'uring-bench-evaluate.0.0');
  return { path, kind: 'folder', file, sizeBytes, identity: hashOf(['folder', dev, inode]), sysfs: null };
}

/** Looks at what is to be evaluated; opens and changes nothing. @throws BenchError (usage) */
export function lookAtTarget(path: string): EvaluationTarget {
  const found = facts(path);
  if (found.kind === 'block') return deviceTarget(path, found);
  if (found.kind === 'directory') return folderTarget(path, found);
  if (found.kind !== 'file') throw usageError(`${path} is no block device, no file and no folder`);
  const { dev, inode, sizeBytes } = found;
  if (sizeBytes < MIB)
    throw usageError(`${path} has ${sizeBytes} bytes`, 'a file of 1 MiB or more, or its folder');
  return {
    ...{ path, kind: 'file', file: path, sizeBytes },
    ...{ identity: hashOf(['file', dev, inode, sizeBytes]), sysfs: null },
  };
}

/** What is worked on: a share of the target, at most what the profile takes, whole MiB. @throws BenchError (usage) */
export function regionOf({ path, sizeBytes }: EvaluationTarget, scale: number, profile: Profile): number {
  const most = Math.min(sizeBytes * scale, profile.regionBytesMax ?? sizeBytes);
  const bytes = Math.floor(most / MIB) * MIB;
  if (bytes >= MIB) return bytes;
  throw usageError(`${formatBytes(most)} of ${path} are too little to evaluate`, 'a larger --scale');
}

export interface Consent {
  /** Of --destroy-device on this command line. */
  destroyDevice: readonly string[];
  /** Of --yes. */
  yes: boolean;
  readOnly: boolean;
}

/**
 * That a target may be written by this command line: a device is spelled out, and not at work for anybody; a file's data
 * is given up. What is asked on a terminal comes on top.
 * @returns whether somebody who can be asked must say yes before anything is written
 * @throws BenchError (usage)
 */
export function checkConsent(target: EvaluationTarget, consent: Consent, host: TargetHost): boolean {
  const { path, kind } = target;
  const stray = consent.destroyDevice.find((name) => kind !== 'block' || name !== path);
  if (stray !== undefined)
    throw usageError(`destroy-device=${stray} is not what is evaluated`, `that is ${path}`);
  if (consent.readOnly) return false;
  if (kind === 'block') {
    const work = deviceAtWork(path, host);
    if (work !== null)
      throw usageError(`${path} ${work}`, 'what is in use is never evaluated by writing: --read-only');
    if (!consent.destroyDevice.includes(path)) {
      throw usageError(
        `an evaluation of ${path} writes over all that is on it`,
        `if you want that: --destroy-device ${path}; --read-only only reads`,
      );
    }
  }
  return !consent.yes;
}

/** That a profile is for such a target. @throws BenchError (usage) */
export function checkKind(
  target: EvaluationTarget,
  name: ProfileName,
  profile: Profile,
  readOnly: boolean,
): void {
  if (target.kind !== 'folder') return;
  if (!profile.folders)
    throw usageError(`profile=${name} needs a device or a file that is there`, `${target.path} is a folder`);
  if (readOnly)
    throw usageError(`${target.path} is a folder: there is nothing to read`, 'name a device or a file');
}

/**
 * Claims a device for the whole of an evaluation as a mount does (open(2), O_EXCL), also between its runs.
 * @returns what lets go of it
 * @throws BenchError (usage) when somebody else has it
 */
export function claimDevice({ path, kind }: EvaluationTarget, readOnly: boolean): () => void {
  if (kind !== 'block' || readOnly) return () => {};
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_EXCL);
    return () => closeSync(fd);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot claim ${path}: ${systemReason(error)}`, 'what is in use is not evaluated');
  }
}

/** Bytes that the kernel counted for a device since it is there; null where it does not. */
export function kernelCounters({ sysfs }: EvaluationTarget): { read: number; written: number } | null {
  const line = sysfs === null ? null : readLine(join(sysfs, 'stat'), {});
  if (line === null) return null;
  const fields = line.trim().split(/\s+/).map(Number);
  return { read: (fields[2] ?? 0) * STAT_SECTOR_BYTES, written: (fields[6] ?? 0) * STAT_SECTOR_BYTES };
}

/** That it is the target that a stored evaluation began with. @throws BenchError (usage) */
export function checkSameTarget(target: EvaluationTarget, stored: Evaluation, file: string): void {
  if (target.identity === stored.target.identity && target.kind === stored.target.kind) return;
  throw new BenchError(`${target.path} is not what ${file} was measured on`, {
    kind: 'usage',
    hint: 'it was another device, size or file: begin anew',
  });
}
