/** What a name led to when it was checked, so that what is opened by it later can be held against that. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { BenchError } from '../errors.ts';
import type { FileIdentity } from '../workload/workload.ts';
import { blockDeviceByNumber } from './block-device.ts';
import { deviceNumber, type Host, readCount } from './host-files.ts';

interface Facts {
  dev: bigint;
  ino: bigint;
  rdev: bigint;
  isBlockDevice(): boolean;
}

/** The identity that stat(2) tells, and of a block device sysfs: its medium (Linux 5.15; 0: not known). */
export function identityOf(stats: Facts, host: Host = {}): FileIdentity {
  const { dev, ino: inode, rdev } = stats;
  const device = stats.isBlockDevice() ? blockDeviceByNumber(deviceNumber(Number(rdev)), host) : null;
  const diskseq = device === null ? 0 : (readCount(`${device.diskFolder}/diskseq`, host) ?? 0);
  return { dev, inode, rdev, diskseq };
}

/** Of a device its number and medium count, whatever node leads there. */
export function isSame(a: FileIdentity, b: FileIdentity): boolean {
  if (a.rdev !== 0n || b.rdev !== 0n) return a.rdev === b.rdev && a.diskseq === b.diskseq;
  return a.dev === b.dev && a.inode === b.inode;
}

/** The error for a name that leads elsewhere by now. */
export function replacedError(path: string): BenchError {
  const hint = 'nothing was read or written there';
  return new BenchError(`${path} was replaced since it was checked`, {
    kind: 'failed',
    stage: 'check identity',
    hint,
  });
}

/**
 * Opens what was checked. @param known undefined: whatever is there
 * @returns the descriptor
 * @throws BenchError (failed) when something else has its name by now; the system's error
 */
export function openKnown(path: string, flags: number, known: FileIdentity | undefined): number {
  const fd = openSync(path, flags);
  if (known === undefined || isSame(identityOf(fstatSync(fd, { bigint: true })), known)) return fd;
  closeSync(fd);
  throw replacedError(path);
}
