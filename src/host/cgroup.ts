/**
 * What the control groups allow that this process is in, and how they held it back: of both versions
 * (Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ in the kernel's source). A limit of a group holds for all
 * below it, so all groups up to the outermost that is in sight are looked at.
 */
import { join } from 'node:path';
import { type Host, readLine, readText } from './host-files.ts';
import { type Mount, readMounts } from './mounts.ts';

/** Limits on one device; null where there is none. */
export interface IoLimit {
  /** "MAJOR:MINOR" */
  device: string;
  /** Bytes per second. */
  rbps: number | null;
  wbps: number | null;
  /** Requests per second. */
  riops: number | null;
  wiops: number | null;
}

export interface CgroupLimits {
  /** How many CPUs' time it may use; null: no limit. */
  cpus: number | null;
  /** Of all its memory, the page cache of what it reads included; null: no limit. */
  memoryBytes: number | null;
  io: readonly IoLimit[];
  /** The commands that take each limit away, the tightest of several; null where there is none. */
  mends: Readonly<Record<Controller, string | null>>;
}

/** Counted since the groups were made; null where no group has such a limit. */
export interface CgroupCounters {
  /** Periods of the CPU quota, and those of them in which the group was stopped. */
  periods: number | null;
  throttledPeriods: number | null;
  /** For how long, over all its CPUs. */
  throttledNs: number | null;
  /** How often the limit of memory was reached. */
  memoryLimitHits: number | null;
}

type Controller = 'cpu' | 'memory' | 'io';

/** Version 1 calls it so. */
const V1_NAME: Readonly<Record<Controller, string>> = { cpu: 'cpu', memory: 'memory', io: 'blkio' };

interface Groups {
  version: 1 | 2;
  /** The process's own first, the outermost last. */
  folders: readonly string[];
}

/** The process's group in a hierarchy by /proc/self/cgroup: `3:cpu,cpuacct:/a/b`, `0::/a/b` of version 2. */
function ownPath(controller: string | null, host: Host): string | null {
  for (const line of readText('/proc/self/cgroup', host)?.split('\n') ?? []) {
    const [number, controllers = '', ...path] = line.split(':');
    const found =
      controller === null
        ? number === '0' && controllers === ''
        : controllers.split(',').includes(controller);
    if (found) return path.join(':');
  }
  return null;
}

function foldersIn({ mountPoint, root }: Mount, path: string): string[] {
  // A namespace shows paths from its own root on; "/.." is outside of it.
  const below =
    root !== '/' && (path === root || path.startsWith(`${root}/`)) ? path.slice(root.length) : path;
  const names = below.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, i) =>
    join(mountPoint, ...names.slice(0, names.length - i)),
  );
}

function groupsOf(controller: Controller, host: Host): Groups | null {
  const mounts = readMounts(host);
  const name = V1_NAME[controller];
  const old = mounts.find(({ fileSystem, options }) => fileSystem === 'cgroup' && options.includes(name));
  if (old) return { version: 1, folders: foldersIn(old, ownPath(name, host) ?? '/') };
  const unified = mounts.find(({ fileSystem }) => fileSystem === 'cgroup2');
  return unified ? { version: 2, folders: foldersIn(unified, ownPath(null, host) ?? '/') } : null;
}

/** The groups of the memory controller that this process is in; null where there is none. */
export function memoryGroups(host: Host): Groups | null {
  return groupsOf('memory', host);
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

/** A number; null for "max", for -1, and for what version 1 says when there is no limit (2^63 less a page). */
function limitAt(path: string, host: Host): number | null {
  const line = readLine(path, host);
  return line !== null && /^\d+$/.test(line) && Number(line) < 2 ** 62 ? Number(line) : null;
}

/** A limit, and the file that sets it. */
interface Limit {
  value: number;
  file: string;
}

function tightest(limits: readonly (Limit | null)[]): Limit | null {
  const known = limits.filter((limit) => limit !== null);
  return known.length > 0 ? known.reduce((a, b) => (b.value < a.value ? b : a)) : null;
}

function limitIn(file: string, value: number | null): Limit | null {
  return value === null ? null : { value, file };
}

function cpusOf({ version, folders }: Groups, host: Host): Limit | null {
  return tightest(
    folders.map((folder) => {
      if (version === 2) {
        const file = join(folder, 'cpu.max');
        const [quota, period] = readLine(file, host)?.split(' ') ?? [];
        return quota === undefined || quota === 'max' ? null : limitIn(file, Number(quota) / Number(period));
      }
      const file = join(folder, 'cpu.cfs_quota_us');
      const quota = limitAt(file, host);
      const period = limitAt(join(folder, 'cpu.cfs_period_us'), host);
      return quota === null || !period ? null : limitIn(file, quota / period);
    }),
  );
}

/** Above memory.high a group is slowed down until its memory is taken back: that is a limit too. */
const MEMORY_FILES = { 1: ['memory.limit_in_bytes'], 2: ['memory.max', 'memory.high'] } as const;

function memoryOf({ version, folders }: Groups, host: Host): Limit | null {
  const files = folders.flatMap((folder) => MEMORY_FILES[version].map((name) => join(folder, name)));
  return tightest(files.map((file) => limitIn(file, limitAt(file, host))));
}

type IoKind = Exclude<keyof IoLimit, 'device'>;
const V1_IO: Readonly<Record<IoKind, string>> = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
};
const IO_KINDS = Object.keys(V1_IO) as IoKind[];

/** One limit of a group, and the file that sets it. */
interface IoEntry {
  device: string;
  kind: IoKind;
  value: number;
  file: string;
}

function ioEntries(folder: string, version: 1 | 2, host: Host): IoEntry[] {
  const lines = (file: string) =>
    readText(file, host)
      ?.split('\n')
      .map((line) => line.trim().split(' '))
      .filter((fields) => fields.length > 1) ?? [];
  if (version === 1) {
    return IO_KINDS.flatMap((kind) => {
      const file = join(folder, V1_IO[kind]);
      return lines(file).map(([device = '', value]) => ({ device, kind, value: Number(value), file }));
    });
  }
  const file = join(folder, 'io.max');
  return lines(file).flatMap(([device = '', ...limits]) =>
    limits.flatMap((limit): IoEntry[] => {
      const [name = '', value = 'max'] = limit.split('=');
      const kind = IO_KINDS.find((known) => known === name);
      return kind === undefined || value === 'max' ? [] : [{ device, kind, value: Number(value), file }];
    }),
  );
}

function tightestIo(entries: readonly IoEntry[]): IoLimit[] {
  const byDevice = new Map<string, IoLimit>();
  for (const { device, kind, value } of entries) {
    const limit = byDevice.get(device) ?? { device, rbps: null, wbps: null, riops: null, wiops: null };
    limit[kind] = least([limit[kind], value]);
    byDevice.set(device, limit);
  }
  return [...byDevice.values()];
}

/** What is written to the files to have no limit. */
const NONE = { 1: '-1', 2: 'max' } as const;

function mendOf(groups: Groups | null | undefined, limit: Limit | null): string | null {
  return groups && limit ? `echo ${NONE[groups.version]} | sudo tee ${limit.file}` : null;
}

function ioMend(groups: Groups | null | undefined, entries: readonly IoEntry[]): string | null {
  const [first] = entries;
  if (!groups || first === undefined) return null;
  const none = groups.version === 1 ? '0' : IO_KINDS.map((kind) => `${kind}=max`).join(' ');
  return `echo ${first.device} ${none} | sudo tee ${first.file}`;
}

/** The tightest limits that hold for this process. */
export function cgroupLimits(host: Host = {}): CgroupLimits {
  const [cpu, memory, io] = (['cpu', 'memory', 'io'] as const).map((name) => groupsOf(name, host));
  const cpus = cpu ? cpusOf(cpu, host) : null;
  const bytes = memory ? memoryOf(memory, host) : null;
  const entries = io?.folders.flatMap((folder) => ioEntries(folder, io.version, host)) ?? [];
  return {
    cpus: cpus?.value ?? null,
    memoryBytes: bytes?.value ?? null,
    io: tightestIo(entries),
    mends: { cpu: mendOf(cpu, cpus), memory: mendOf(memory, bytes), io: ioMend(io, entries) },
  };
}

/** "KEY number" in a text of such lines. */
function counterAt(text: string | null, key: string): number | null {
  const value = text?.match(new RegExp(`^${key} (\\d+)$`, 'm'))?.[1];
  return value === undefined ? null : Number(value);
}

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null;
}

/** What the groups have counted. Each counts only what its own limit did, so that all of them add up. */
export function cgroupCounters(host: Host = {}): CgroupCounters {
  const cpu = groupsOf('cpu', host);
  const stats = cpu?.folders.map((folder) => readText(join(folder, 'cpu.stat'), host)) ?? [];
  const usec = sum(stats.map((text) => counterAt(text, 'throttled_usec')));
  const memory = groupsOf('memory', host);
  const hits = memory?.folders.map((folder) =>
    memory.version === 1
      ? limitAt(join(folder, 'memory.failcnt'), host)
      : counterAt(readText(join(folder, 'memory.events.local'), host), 'max'),
  );
  return {
    periods: sum(stats.map((text) => counterAt(text, 'nr_periods'))),
    throttledPeriods: sum(stats.map((text) => counterAt(text, 'nr_throttled'))),
    throttledNs: usec === null ? sum(stats.map((text) => counterAt(text, 'throttled_time'))) : usec * 1000,
    memoryLimitHits: sum(hits ?? []),
  };
}
