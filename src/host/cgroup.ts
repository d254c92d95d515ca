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

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

/** A number; null for "max", for -1, and for what version 1 says when there is no limit (2^63 less a page). */
function limitAt(path: string, host: Host): number | null {
  const line = readLine(path, host);
  return line !== null && /^\d+$/.test(line) && Number(line) < 2 ** 62 ? Number(line) : null;
}

function cpusOf({ version, folders }: Groups, host: Host): number | null {
  return least(
    folders.map((folder) => {
      if (version === 2) {
        const [quota, period] = readLine(join(folder, 'cpu.max'), host)?.split(' ') ?? [];
        return quota === undefined || quota === 'max' ? null : Number(quota) / Number(period);
      }
      const quota = limitAt(join(folder, 'cpu.cfs_quota_us'), host);
      const period = limitAt(join(folder, 'cpu.cfs_period_us'), host);
      return quota === null || !period ? null : quota / period;
    }),
  );
}

/** Above memory.high a group is slowed down until its memory is taken back: that is a limit too. */
const MEMORY_FILES = { 1: ['memory.limit_in_bytes'], 2: ['memory.max', 'memory.high'] } as const;

function memoryOf({ version, folders }: Groups, host: Host): number | null {
  return least(
    folders.flatMap((folder) => MEMORY_FILES[version].map((name) => limitAt(join(folder, name), host))),
  );
}

type IoKind = Exclude<keyof IoLimit, 'device'>;
const V1_IO: Readonly<Record<IoKind, string>> = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
};
const IO_KINDS = Object.keys(V1_IO) as IoKind[];

/** Limits of one group as (device, kind, value). */
function ioEntries(folder: string, version: 1 | 2, host: Host): [string, IoKind, number][] {
  const lines = (name: string) =>
    readText(join(folder, name), host)
      ?.split('\n')
      .map((line) => line.trim().split(' '))
      .filter((fields) => fields.length > 1) ?? [];
  if (version === 1) {
    return IO_KINDS.flatMap((kind) =>
      lines(V1_IO[kind]).map(([device = '', value]): [string, IoKind, number] => [
        device,
        kind,
        Number(value),
      ]),
    );
  }
  return lines('io.max').flatMap(([device = '', ...limits]) =>
    limits.flatMap((limit): [string, IoKind, number][] => {
      const [kind = '', value = 'max'] = limit.split('=');
      const known = IO_KINDS.find((name) => name === kind);
      return known === undefined || value === 'max' ? [] : [[device, known, Number(value)]];
    }),
  );
}

function ioOf({ version, folders }: Groups, host: Host): IoLimit[] {
  const byDevice = new Map<string, IoLimit>();
  for (const [device, kind, value] of folders.flatMap((folder) => ioEntries(folder, version, host))) {
    const limit = byDevice.get(device) ?? { device, rbps: null, wbps: null, riops: null, wiops: null };
    limit[kind] = least([limit[kind], value]);
    byDevice.set(device, limit);
  }
  return [...byDevice.values()];
}

/** The tightest limits that hold for this process. */
export function cgroupLimits(host: Host = {}): CgroupLimits {
  const [cpu, memory, io] = (['cpu', 'memory', 'io'] as const).map((name) => groupsOf(name, host));
  return {
    cpus: cpu ? cpusOf(cpu, host) : null,
    memoryBytes: memory ? memoryOf(memory, host) : null,
    io: io ? ioOf(io, host) : [],
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
