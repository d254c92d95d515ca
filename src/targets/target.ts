/**
 * What a workload runs on: which files, which part of each, and whether that is allowed. Nothing is created
 * or changed here: layout.ts does that, once every check has passed.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isSystemError, systemReason, usageError } from '../errors.ts';
import { blockDeviceBelow, blockDeviceByNumber, nvmeBlockDevice, sizeBytesOf } from '../host/block-device.ts';
import { identityOf } from '../host/file-identity.ts';
import {
  deviceNumber,
  type Host,
  isSymbolicLink,
  type PathFacts,
  pathFacts,
  realPath,
} from '../host/host-files.ts';
import { type Mount, mountOf, readMounts } from '../host/mounts.ts';
import { pseudoFileSystem } from '../host/pseudo-file-systems.ts';
import { formatSize } from '../values/units.ts';
import type { FileIdentity, TargetFile } from '../workload/workload.ts';
import { checkAccess } from './target-access.ts';
import { checkDirect, checkTrimAlignment } from './target-direct.ts';
import { checkOverwrite, checkTrim } from './target-guard.ts';
import {
  blockSizesInUse,
  type Candidate,
  changeOf,
  type Target,
  type TargetHost,
  type TargetOptions,
} from './target-options.ts';
import { checkSpace } from './target-space.ts';

export type { TargetHost, TargetOptions } from './target-options.ts';

/** Of all jobs together: each takes memory here and in the arena, long before its first I/O. */
const FILES_MAX = 2 ** 18;

/** All new files of one job together, when no size is given. */
const DEFAULT_NEW_BYTES = 256 * 2 ** 20;

/**
 * Splits a value of --filename at `:`; `\:` stands for a colon in a name, as in fio. Any other backslash
 * is itself. A name that exists is not split.
 * @throws BenchError (usage) for an empty name.
 */
export function splitFilenames(text: string): string[] {
  // As it is: /dev/disk/by-path/pci-0000:00:04.0 is one device.
  if (text.includes(':') && existsSync(text)) return [text];
  const names = [''];
  for (let i = 0; i < text.length; i++) {
    const escaped = text.startsWith('\\:', i);
    if (escaped) i++;
    if (text[i] === ':' && !escaped) names.push('');
    else names.push(`${names.pop()}${text[i]}`);
  }
  if (names.includes('')) {
    throw usageError(
      `filename='${text}' has an empty name`,
      'names are separated by one :, and \\: is a colon',
    );
  }
  return names;
}

/** Paths by job: the named ones for all, or NAME.JOB.FILE for each (both from 0, as fio's). */
function pathsOf(options: TargetOptions): string[][] {
  const { filenames, numjobs } = options;
  const folder = options.directory ?? '';
  const nrfiles = options.nrfiles ?? (filenames.length || 1);
  if (nrfiles * numjobs > FILES_MAX) {
    const hint = `at most ${FILES_MAX} files of all jobs together`;
    throw usageError(`nrfiles=${nrfiles} x numjobs=${numjobs} are ${nrfiles * numjobs} files`, hint);
  }
  if (filenames.length > 0) {
    if (nrfiles !== filenames.length) {
      throw usageError(
        `nrfiles=${nrfiles}, but filename has ${filenames.length}`,
        'nrfiles is for files that have no names: leave it out',
      );
    }
    const shared = filenames.map((name) => (isAbsolute(name) ? name : join(folder, name)));
    return Array.from({ length: numjobs }, () => shared);
  }
  // A slash in a job's name isn't a folder.
  const stem = options.name.replaceAll('/', '_');
  return Array.from({ length: numjobs }, (_, job) =>
    Array.from({ length: nrfiles }, (_, file) => join(folder, `${stem}.${job}.${file}`)),
  );
}

/** What was asked for each file, null when nothing was. */
function requestedBytes(options: TargetOptions, files: number): number | null {
  const { size, filesize } = options;
  if (filesize !== null && size !== null && size !== filesize * files) {
    throw usageError(
      `size=${formatSize(size)} contradicts ${files} x filesize=${formatSize(filesize)}`,
      'give one of them',
    );
  }
  return filesize ?? (size === null ? null : Math.floor(size / files));
}

/** Of what facts were just read. @throws BenchError (usage) when it is something else by now */
function identityAt(path: string, facts: PathFacts, host: Host): FileIdentity | undefined {
  if (host.stat) return undefined;
  const stats = statSync(path, { bigint: true });
  const same = Number(stats.ino) === facts.inode && deviceNumber(Number(stats.rdev)) === facts.rdev;
  if (!same) throw usageError(`${path} was replaced while it was checked`);
  return identityOf(stats, host);
}

/** Files of pseudo file systems hold no data: a write there sets something, and a new one in /dev is memory. */
function checkData(path: string, real: string, mount: Mount | null): void {
  const pseudo = pseudoFileSystem(real, mount);
  if (pseudo === null) return;
  throw usageError(`${path} would be a file in ${pseudo}`, 'a workload needs files for data, or devices');
}

/** What is at a path. @throws BenchError (usage) when that can't be a target or can't be looked at. */
function look(path: string, mounts: readonly Mount[], host: Host): Candidate {
  try {
    const facts = pathFacts(path, host);
    if (facts === null && isSymbolicLink(path)) throw usageError(`${path} is a symbolic link to nothing`);
    if (facts?.kind === 'directory') {
      throw usageError(`${path} is a directory`, `use --directory=${path} for files in it`);
    }
    if (facts?.kind === 'other') throw usageError(`${path} is no file and no block device`);
    const real = realPath(facts === null ? dirname(path) : path);
    const { dev } = facts ?? folderFacts(dirname(path), host);
    const identity = facts === null ? undefined : identityAt(path, facts, host);
    if (facts?.kind === 'block') {
      return { path, real, facts, identity, dev, mount: null, device: blockDeviceByNumber(facts.rdev, host) };
    }
    if (facts?.kind === 'char') {
      return { path, real, facts, identity, dev, mount: null, device: nvmeBlockDevice(facts.rdev, host) };
    }
    const mount = mountOf(mounts, real, dev);
    checkData(path, real, mount);
    return { path, real, facts, identity, dev, mount, device: blockDeviceBelow(real, dev, mounts, host) };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw usageError(`cannot use ${path}: ${systemReason(error)}`);
  }
}

/** Facts of the folder that a new file goes into. */
function folderFacts(folder: string, host: Host): PathFacts {
  const facts = pathFacts(folder, host);
  if (facts === null) throw usageError(`directory ${folder} does not exist`, 'create it first');
  if (facts.kind !== 'directory') throw usageError(`${folder} is not a directory`);
  return facts;
}

/** Memory devices (major 1): null, zero, full, random, urandom. Opening others can move a tape or reboot. */
const CHARACTER_DEVICES = new Set(['1:3', '1:5', '1:7', '1:8', '1:9']);

/** Whole size of what exists; null where that has no end. @throws BenchError (usage) */
function existingBytes(candidate: Candidate, facts: PathFacts, host: Host): number | null {
  const { path, device } = candidate;
  if (facts.kind === 'file') return facts.sizeBytes;
  if (facts.kind === 'char' && device === null) {
    if (CHARACTER_DEVICES.has(facts.rdev)) return null;
    throw usageError(
      `${path} is a character device`,
      'a workload needs files, block devices or NVMe generic devices',
    );
  }
  const bytes = device === null ? null : sizeBytesOf(device, host);
  if (bytes === null) throw usageError(`the size of ${path} is unknown: it is not in /sys/dev/block`);
  if (bytes === 0) throw usageError(`${path} has no medium: its size is 0`);
  return bytes;
}

interface Wanted {
  /** Asked for by option; null: what is there. */
  requested: number | null;
  /** Size of a new file when nothing was asked for. */
  fallback: number;
}

/** The region of something that exists. @throws BenchError (usage) when it isn't there. */
function existingRegion(
  candidate: Candidate,
  facts: PathFacts,
  wanted: Wanted,
  options: TargetOptions,
  host: Host,
): { size: number; create: boolean } {
  const { path } = candidate;
  const { offset } = options;
  const have = existingBytes(candidate, facts, host);
  if (have === null) {
    if (wanted.requested !== null) return { size: wanted.requested, create: false };
    throw usageError(`${path} has no size of its own`, 'give --size');
  }
  const writes = changeOf(options.rw) === 'write';
  const grows = facts.kind === 'file' && writes;
  const size = wanted.requested ?? (have === 0 && grows ? wanted.fallback : have - offset);
  if (size > 0 && offset + size <= have) return { size, create: false };
  if (size > 0 && grows) return { size, create: true };
  if (have === 0)
    throw usageError(`${path} is empty`, 'name a file that has data, or one that does not exist');
  const start = offset > 0 ? `offset=${formatSize(offset)} and ` : '';
  throw size <= 0
    ? usageError(`offset=${formatSize(offset)} is not inside ${path}, which has ${have} bytes`)
    : usageError(
        `${path} has ${have} bytes, fewer than ${start}size=${formatSize(size)} ask for`,
        facts.kind === 'file' ? 'a smaller --size, or a name that does not exist yet' : 'a smaller --size',
      );
}

/** A look at a device takes some fifty reads of it: once is enough. */
function remembered({ signature }: TargetHost): Pick<TargetHost, 'signature'> {
  if (signature === undefined) return {};
  const known = new Map<string, string | null | undefined>();
  return {
    signature: (path) => {
      if (!known.has(path)) known.set(path, signature(path));
      return known.get(path);
    },
  };
}

/** Whether a library could look for signatures; checkOverwrite has heeded what it found. */
function hasLibrary(path: string, { signature }: TargetHost): boolean {
  return signature === undefined || signature(path) !== undefined;
}

function placeOf(candidate: Candidate, wanted: Wanted, options: TargetOptions, host: TargetHost): TargetFile {
  const { path, facts } = candidate;
  const region =
    facts === null
      ? { size: wanted.requested ?? wanted.fallback, create: true }
      : existingRegion(candidate, facts, wanted, options, host);
  const bs = Math.max(...blockSizesInUse(options.rw, options.bs));
  if (region.size < bs) {
    throw usageError(
      `size=${formatSize(region.size)} of ${path} is smaller than bs=${formatSize(bs)}`,
      'use a smaller --bs or a larger --size (it is shared by all files of a job)',
    );
  }
  const kind = facts === null || facts.kind === 'file' ? 'file' : facts.kind === 'block' ? 'block' : 'char';
  const named = options.filenames.length > 0;
  const remove = facts === null && !named;
  const claimed = options.destroyDevice.some((name) => name === path || name === candidate.real);
  const unchecked = kind === 'block' && !claimed && changeOf(options.rw) !== null && !hasLibrary(path, host);
  return {
    path,
    kind,
    offset: options.offset,
    ...region,
    remove,
    ...(candidate.identity ? { identity: candidate.identity } : {}),
    ...(claimed ? { claimed } : {}),
    ...(unchecked ? { unchecked } : {}),
  };
}

/** A name in --destroy-device that is none of the targets is a mistake, whatever the target turns out to be. */
function checkSpelling({ destroyDevice }: TargetOptions, targets: readonly Target[]): void {
  const stray = destroyDevice.find(
    (name) => !targets.some(({ path, real }) => name === path || name === real),
  );
  if (stray === undefined) return;
  const paths = targets.slice(0, 3).map(({ path }) => path);
  throw usageError(`destroy-device=${stray} is not what this job runs on`, `that is ${paths.join(', ')}`);
}

/**
 * The files of each job (`result[j]`: those of job j), fio's way:
 *
 * - With filenames, all jobs share them, and size is one job's total: each file gets an equal part. Without
 *   sizes an existing file or device is used whole, from offset on. A name that doesn't exist is created,
 *   and kept.
 * - Without, job j has nrfiles files `NAME.j.f` in directory (else the current one). They are created and
 *   removed; one that is there already (fio leaves its own) is used like a named one, and kept.
 * - The region of a file is `[offset, offset + size)`.
 * - A file that exists is never changed by a read workload, not even made longer. A write workload may make
 *   it longer, when it may overwrite it at all: then `create` is true, layout writes what is missing, and it
 *   stays longer.
 *
 * @throws BenchError (usage) when anything is wrong or forbidden; nothing was created or changed.
 */
export function resolveTargets(options: TargetOptions, asked: TargetHost): TargetFile[][] {
  const host = { ...asked, ...remembered(asked) };
  const paths = pathsOf(options);
  const perJob = paths[0]?.length ?? 0;
  const requested = requestedBytes(options, perJob);
  const fallback = Math.floor(DEFAULT_NEW_BYTES / perJob);
  const named = options.filenames.length > 0;
  const wanted: Wanted = { requested: requested ?? (named ? null : fallback), fallback };
  const mounts = readMounts(host);
  const targets = new Map<string, Target>();
  for (const path of new Set(paths.flat())) {
    const candidate = look(path, mounts, host);
    // First what must never happen, then what can't work.
    if (changeOf(options.rw) === 'trim') checkTrim(candidate, host);
    checkOverwrite(candidate, options, mounts, host);
    targets.set(path, { ...candidate, file: placeOf(candidate, wanted, options, host) });
  }
  const all = [...targets.values()];
  checkSpelling(options, all);
  checkAccess(all, options);
  if (changeOf(options.rw) === 'trim') checkTrimAlignment(all, options, host);
  else if (options.direct) checkDirect(all, options, host);
  checkSpace(all);
  return paths.map((job) => job.flatMap((path) => targets.get(path)?.file ?? []));
}
