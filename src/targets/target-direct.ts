/** Whether the targets take O_DIRECT, and block sizes and offsets that fit it. */
import { constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BenchError, usageError } from '../errors.ts';
import { queueCount } from '../host/block-device.ts';
import { formatSize } from '../values/units.ts';
import type { RwMode } from '../workload/operations.ts';
import type { TargetFile } from '../workload/workload.ts';
import { hasNoUnnamedFiles, openingError, unnamedFileError } from './target-access.ts';
import {
  blockSizesInUse,
  openFlags,
  type Target,
  type TargetHost,
  type TargetOptions,
} from './target-options.ts';

/** The smallest logical block of any disk: what holds where nothing says more. */
const LOGICAL_BLOCK_BYTES_MIN = 512;

/** The error for a file that can't be opened with O_DIRECT; fileSystem null: of a device or an unknown one. */
export function directRefused(path: string, fileSystem: string | null): BenchError {
  const what = fileSystem === null ? path : `the file system of ${path} (${fileSystem})`;
  return usageError(`${what} does not support O_DIRECT`, 'use --buffered');
}

function deviceBlockBytes({ device }: Target, host: TargetHost): number {
  return (device === null ? null : queueCount(device, 'logical_block_size', host)) ?? LOGICAL_BLOCK_BYTES_MIN;
}

/**
 * The alignment that O_DIRECT asks of a target: what the kernel says of the file, else of the device.
 * A new file is asked for through an unnamed one beside it; where there are none, layout finds out whether
 * O_DIRECT works.
 * @throws BenchError (usage) when it takes no O_DIRECT.
 */
function directAlignBytes(target: Target, rw: RwMode, host: TargetHost): number {
  const { path, facts, mount } = target;
  let align: number | null = null;
  if (facts?.kind === 'char' && target.device !== null) return deviceBlockBytes(target, host);
  const error =
    facts === null
      ? unnamedFileError(dirname(path), constants.O_DIRECT, (unnamed) => {
          align = host.dioAlign(unnamed);
        })
      : openingError(
          path,
          (facts.kind === 'block' ? constants.O_RDONLY : openFlags(rw)) | constants.O_DIRECT,
        );
  // checkAccess has opened it, or a file beside it, without O_DIRECT: what remains is that.
  if (error !== null && !hasNoUnnamedFiles(error)) throw directRefused(path, mount?.fileSystem ?? null);
  if (facts !== null) align = host.dioAlign(path);
  if (align === 0) throw directRefused(path, mount?.fileSystem ?? null);
  return align ?? deviceBlockBytes(target, host);
}

/**
 * What O_DIRECT asks of a path, or of a new file where nothing is, as far as the kernel says: null when it doesn't.
 */
export function dioAlignAt(path: string, host: TargetHost): number | null {
  if (existsSync(path)) return host.dioAlign(path) || null;
  let align: number | null = null;
  unnamedFileError(dirname(path), constants.O_DIRECT, (unnamed) => {
    align = host.dioAlign(unnamed);
  });
  return align || null;
}

/** What holds for new files where nobody says more: no disk has larger logical blocks. */
const LOGICAL_BLOCK_BYTES_MAX = 4096;

/**
 * The alignment that O_DIRECT asks of new files in a folder.
 * @throws BenchError (usage) when it takes no O_DIRECT
 */
export function folderAlignBytes(folder: string, fileSystem: string | null, host: TargetHost): number {
  let align: number | null = null;
  const error = unnamedFileError(folder, constants.O_DIRECT, (unnamed) => {
    align = host.dioAlign(unnamed);
  });
  if ((error !== null && !hasNoUnnamedFiles(error)) || align === 0) throw directRefused(folder, fileSystem);
  return align ?? LOGICAL_BLOCK_BYTES_MAX;
}

/** @throws BenchError (usage) for a block size or offset that is no multiple of alignBytes. */
function checkMultiples(
  { path, offset }: Pick<TargetFile, 'path' | 'offset'>,
  alignBytes: number,
  options: TargetOptions,
  why: string,
  mend: string,
): void {
  const rest = `is not a multiple of ${alignBytes}, the logical block size of ${path} (${why})`;
  const roundedUp = (bytes: number) => formatSize(Math.ceil(bytes / alignBytes) * alignBytes);
  for (const bs of blockSizesInUse(options.rw, options.bs)) {
    if (bs % alignBytes !== 0)
      throw usageError(`bs=${formatSize(bs)} ${rest}`, `use --bs=${roundedUp(bs)}${mend}`);
  }
  if (offset % alignBytes !== 0) {
    throw usageError(`offset=${formatSize(offset)} ${rest}`, `use --offset=${roundedUp(offset)}${mend}`);
  }
}

/** @throws BenchError (usage) when a target takes no O_DIRECT or bs or offset don't fit it. */
export function checkDirect(targets: readonly Target[], options: TargetOptions, host: TargetHost): void {
  const alignByFolder = new Map<string, number>();
  for (const target of targets) {
    const { path, facts } = target;
    // New files of one folder are all alike.
    const folder = dirname(path);
    const align =
      (facts === null ? alignByFolder.get(folder) : undefined) ?? directAlignBytes(target, options.rw, host);
    if (facts === null) alignByFolder.set(folder, align);
    checkMultiples(target.file, align, options, 'direct=1', ' or --buffered');
  }
}

/** A device trims whole logical blocks, with or without O_DIRECT. @throws BenchError (usage) */
export function checkTrimAlignment(
  targets: readonly Target[],
  options: TargetOptions,
  host: TargetHost,
): void {
  for (const target of targets) {
    checkMultiples(target.file, deviceBlockBytes(target, host), options, `rw=${options.rw}`, '');
  }
}
