/**
 * What a workload runs on: which files, which part of each, and whether that is allowed. Nothing is created
 * or changed here: layout.ts does that, once every check has passed.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { BenchError, isSystemError, systemReason, usageError } from '../errors.ts';
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
import { otherRunOf, traceOf } from '../leftovers/clean.ts';
import { formatSize } from '../values/units.ts';
import type { FileIdentity, Portion, TargetFile } from '../workload/workload.ts';
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

/** All of them are open at a time. */
const FILES_OF_JOB_MAX = 4096;

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
  if (nrfiles > FILES_OF_JOB_MAX) {
    throw usageError(
      `nrfiles=${nrfiles} is more than ${FILES_OF_JOB_MAX}`,
      'a tree of more has --rw=open, stat, ...',
    );
  }
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

/** What was asked for each file; null when nothing was. @throws BenchError (usage) */
function requestedBytes(options: TargetOptions, files: number): Portion | null {
  const { size, filesize } = options;
  if (size !== null && typeof size !== 'number') {
    if (filesize === null) return size;
    throw usageError(`size=${size.percent}% and filesize=${formatSize(filesize)}`, 'give one of them');
  }
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

/** Facts of the folder that a new file goes into. @throws BenchError (usage) when there is none */
export function folderFacts(folder: string, host: Host): PathFacts {
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

/** What is asked for of each file. */
interface Wanted {
  /** null: what is there. */
  requested: Portion | null;
  /** Size of a new file when nothing was asked for. */
  fallback: number;
  offset: Portion;
}

/** The same of one file, in bytes. */
interface WantedBytes {
  requested: number | null;
  fallback: number;
  offset: number;
}

/**
 * Percentages are of the whole of what exists, as in fio: an offset is rounded up to whole blocks, a size down, and it ends where
 * the file does (get_start_offset and setup_files in fio's filesetup.c).
 * @throws BenchError (usage) where nothing is that they could be of
 */
function bytesOf(wanted: Wanted, candidate: Candidate, options: TargetOptions, host: Host): WantedBytes {
  const { requested, offset, fallback } = wanted;
  const { path, facts } = candidate;
  const parts = { size: requested, offset };
  const asked = Object.entries(parts).find(([, part]) => part !== null && typeof part !== 'number');
  const have = asked === undefined || facts === null ? null : existingBytes(candidate, facts, host);
  const sizes = blockSizesInUse(options.rw, options.bs);
  const part = (portion: Portion, whole: (bytes: number) => number): number => {
    if (typeof portion === 'number') return portion;
    if (have !== null && have > 0) return whole(Math.floor((have * portion.percent) / 100));
    const what = facts === null ? 'does not exist yet' : have === 0 ? 'is empty' : 'has no size of its own';
    throw usageError(`${asked?.[0]}=${portion.percent}% of ${path}, which ${what}`, 'give a size in bytes');
  };
  const block = Math.max(...sizes);
  const start = part(offset, (bytes) => Math.ceil(bytes / block) * block);
  if (requested === null || typeof requested === 'number') return { requested, fallback, offset: start };
  const least = Math.min(...sizes);
  const size = part(requested, (bytes) => Math.min(bytes, (have ?? 0) - start));
  const whole = size - (size % least);
  if (whole <= 0) {
    throw usageError(
      `size=${requested.percent}% of ${path} is less than a block of ${formatSize(least)}`,
      'use a smaller --bs or a larger part',
    );
  }
  return { requested: whole, fallback, offset: start };
}

/** The region of something that exists. @throws BenchError (usage) when it isn't there. */
function existingRegion(
  candidate: Candidate,
  facts: PathFacts,
  wanted: WantedBytes,
  options: TargetOptions,
  host: Host,
): { size: number; create: boolean } {
  const { path } = candidate;
  const { offset } = wanted;
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

function placeOf(candidate: Candidate, asked: Wanted, options: TargetOptions, host: TargetHost): TargetFile {
  const { path, facts } = candidate;
  const wanted = bytesOf(asked, candidate, options, host);
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
    offset: wanted.offset,
    ...region,
    remove,
    ...(facts === null && options.room !== null ? { room: options.room } : {}),
    ...(candidate.identity ? { identity: candidate.identity } : {}),
    ...(claimed ? { claimed } : {}),
    ...(unchecked ? { unchecked } : {}),
  };
}

/** An error about what is there, which says so if a run has made it. */
function traced(error: unknown, { path, facts }: Candidate): unknown {
  if (!(error instanceof BenchError) || facts?.kind !== 'file') return error;
  const trace = traceOf(path);
  if (trace === null) return error;
  const { kind, hint } = error;
  return new BenchError(error.message, {
    kind,
    hint: `${trace}${hint === undefined ? '' : `; ${hint}`}`,
  });
}

/** The files that another run has made for itself go with it, and may not be whole yet. @throws BenchError (usage) */
function checkNobodys({ path, facts }: Candidate): void {
  const who = facts?.kind === 'file' ? otherRunOf(path) : null;
  if (who === null) return;
  throw usageError(
    `${path} is a file of another run that is at work ${who}`,
    'give this one another --name or --directory',
  );
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
  for (const folder of new Set(paths.flat().map((path) => dirname(path)))) host.clearAway?.(folder);
  const perJob = paths[0]?.length ?? 0;
  const requested = requestedBytes(options, perJob);
  const fallback = Math.floor(DEFAULT_NEW_BYTES / perJob);
  const named = options.filenames.length > 0;
  const { offset } = options;
  const wanted: Wanted = { requested: requested ?? (named ? null : fallback), fallback, offset };
  const mounts = readMounts(host);
  const targets = new Map<string, Target>();
  for (const path of new Set(paths.flat())) {
    const candidate = look(path, mounts, host);
    if (!named) checkNobodys(candidate);
    try {
      // First what must never happen, then what can't work.
      if (changeOf(options.rw) === 'trim') checkTrim(candidate, host);
      checkOverwrite(candidate, options, mounts, host);
      targets.set(path, { ...candidate, file: placeOf(candidate, wanted, options, host) });
    } catch (error) {
      throw traced(error, candidate);
    }
  }
  const all = [...targets.values()];
  checkSpelling(options, all);
  checkAccess(all, options);
  if (changeOf(options.rw) === 'trim') checkTrimAlignment(all, options, host);
  else if (options.direct) checkDirect(all, options, host);
  checkSpace(all);
  return paths.map((job) => job.flatMap((path) => targets.get(path)?.file ?? []));
}
