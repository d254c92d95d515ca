/**
 * A control group of memory that a run makes for its jobs: the page cache of what they read counts as theirs and has no more
 * room than its limit (Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst in the kernel's source).
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError, quietly, systemReason } from '../errors.ts';
import { memoryGroups } from './cgroup.ts';
import { type Host, readCount, readText } from './host-files.ts';

/** What is counted of memory; pages of the kernel's size. */
export interface MemoryCounts {
  /** Cached pages of files, in bytes. */
  cacheBytes: number;
  /** All memory; null where nobody counts it for these jobs alone. */
  allBytes: number | null;
  /** The most that allBytes has been; null: not known (before Linux 5.19). */
  peakBytes: number | null;
  /** Pages that were taken away to make room; null: not counted. */
  pagesOut: number | null;
  /** Pages that were read again soon after they had been taken away. */
  refaults: number;
}

export interface MemoryGroup {
  version: 1 | 2;
  folder: string;
  limitBytes: number;
  /** A process that writes 0 there is in the group from then on. */
  joinFile: string;
  counts(): MemoryCounts;
  /** Removes it once its processes have ended. Synchronous and quiet, for exit handlers; any number of times. */
  remove(): void;
}

/** In a container numbers of processes are its own: a group's name says of which. */
const PREFIX = 'uring-bench-cache-';
const NAME = /^uring-bench-cache-(\d+)-(\d+)$/;

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM';
  }
}

/** Removes the groups of runs that were killed. A group with processes in it cannot be removed. */
function removeLeft(folder: string): void {
  const here = pidNamespace();
  quietly(() => {
    for (const name of readdirSync(folder)) {
      const [, namespace, pid] = NAME.exec(name) ?? [];
      if (namespace !== here || isAlive(Number(pid))) continue;
      quietly(() => rmdirSync(join(folder, name)));
    }
  });
}

/** Of each version: the limit's file, what it holds at the moment, and its greatest so far. */
const FILES = {
  1: {
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    peak: 'memory.max_usage_in_bytes',
  },
  2: { limit: 'memory.max', usage: 'memory.current', peak: 'memory.peak' },
} as const;

/** The number beside a key in a text of lines "KEY number". */
function at(text: string, key: string): number | null {
  const found = new RegExp(`^${key}:? +(\\d+)`, 'm').exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function sum(...counts: (number | null)[]): number | null {
  return counts.some((count) => count === null)
    ? null
    : counts.reduce((a: number, count) => a + (count ?? 0), 0);
}

/** AT_PAGESZ of the auxiliary vector (getauxval(3)): pairs of 64-bit words. */
const PAGE_SIZE_TAG = 6n;
let knownPageBytes = 0;

/** Bytes of a page of memory. */
export function pageBytes(): number {
  if (knownPageBytes > 0) return knownPageBytes;
  const words = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
  const tag = words.findIndex((word, index) => index % 2 === 0 && word === PAGE_SIZE_TAG);
  knownPageBytes = Number(words[tag + 1] ?? 4096n);
  return knownPageBytes;
}

/**
 * What a group has counted. Version 2 counts the pages that were taken from it (pgsteal). Version 1's pgpgin and pgpgout
 * are no pages: a folio is one event, however large (memcg1_charge_statistics in mm/memcontrol-v1.c), and reading in order
 * brings large ones.
 */
export function groupCounts(folder: string, version: 1 | 2, host: Host = {}): MemoryCounts {
  const stat = readText(join(folder, 'memory.stat'), host) ?? '';
  const cacheBytes = at(stat, version === 1 ? 'cache' : 'file') ?? 0;
  return {
    cacheBytes,
    allBytes: readCount(join(folder, FILES[version].usage), host),
    peakBytes: readCount(join(folder, FILES[version].peak), host),
    pagesOut: version === 1 ? null : at(stat, 'pgsteal'),
    refaults: at(stat, 'workingset_refault_file') ?? at(stat, 'workingset_refault') ?? 0,
  };
}

/** The same of the whole machine, where there is no group: everybody's. */
export function machineCounts(host: Host = {}): MemoryCounts {
  const vm = readText('/proc/vmstat', host) ?? '';
  const cachedKib = at(readText('/proc/meminfo', host) ?? '', 'Cached') ?? 0;
  return {
    cacheBytes: cachedKib * 1024,
    allBytes: null,
    peakBytes: null,
    pagesOut: at(vm, 'pgsteal_file') ?? sum(at(vm, 'pgsteal_kswapd'), at(vm, 'pgsteal_direct')),
    refaults: at(vm, 'workingset_refault_file') ?? 0,
  };
}

function makeIn(folder: string, version: 1 | 2, limitBytes: number): MemoryGroup {
  const own = join(folder, `${PREFIX}${pidNamespace()}-${process.pid}`);
  mkdirSync(own);
  const remove = (): void => quietly(() => rmdirSync(own));
  try {
    writeFileSync(join(own, FILES[version].limit), String(limitBytes));
  } catch (error) {
    remove();
    throw error;
  }
  return {
    version,
    folder: own,
    limitBytes,
    joinFile: join(own, 'cgroup.procs'),
    counts: () => groupCounts(own, version),
    remove,
  };
}

/** Whether groups can be made in a folder that have the controller: of version 2 it must be enabled for them. */
function givesMemory(folder: string, version: 1 | 2): boolean {
  if (version === 1) return true;
  return readText(join(folder, 'cgroup.subtree_control'), {})?.split(/\s+/).includes('memory') ?? false;
}

/**
 * Makes one with a limit, below the group that this process is in, or, of version 2, where a group with processes has none
 * with controllers below it, beside it. Groups that killed runs left there are removed.
 * @returns why there can be none, for people
 */
export function makeMemoryGroup(limitBytes: number): MemoryGroup | string {
  const groups = memoryGroups({});
  if (groups === null) return 'no control groups with a memory controller are mounted';
  const { version } = groups;
  const folders = groups.folders.filter((folder) => givesMemory(folder, version));
  if (folders.length === 0) {
    return `the memory controller is not enabled in ${dirname(groups.folders[0] ?? '/')} (cgroup.subtree_control)`;
  }
  let why = '';
  for (const folder of folders) {
    removeLeft(folder);
    try {
      return makeIn(folder, version, limitBytes);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      why ||= `${folder}: ${systemReason(error)}`;
      if (version === 1) break;
    }
  }
  return why;
}
