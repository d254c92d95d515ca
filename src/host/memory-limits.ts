/** How much memory this process may still take: by each limit that the kernel tells of. A limit that it does not tell is none. */
import { join } from 'node:path';
import { type Host, readCount, readText } from './host-files.ts';
import { readMounts } from './mounts.ts';

/** memory.limit_in_bytes of a group without limit: the largest number of pages (mm/page_counter.c), in bytes. */
const NO_LIMIT = 2 ** 60;

export interface MemoryLimit {
  bytes: number;
  /** What sets it: "MemAvailable", the path of a control group's file. */
  what: string;
  /** resident: pages that are in use; mapped: address space of one process. */
  of: 'resident' | 'mapped';
}

/** The number at the start of a line `KEY N` or `KEY: N`; 0 when there is none. */
function valueAt(text: string | null, key: string): number | null {
  const found = text?.match(new RegExp(`^${key}:?\\s+(\\d+)`, 'm'))?.[1];
  return found === undefined ? null : Number(found);
}

/** Files of a memory controller: version 2's and version 1's (admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst). */
const CONTROLLERS = {
  cgroup2: { line: /^0::(.*)$/m, limit: 'memory.max', usage: 'memory.current', stat: '' },
  cgroup: {
    line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m,
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    stat: 'total_',
  },
} as const;

/** A group's own folder and those above it, as far as they are to be seen: in a container its own may be the root. */
function foldersOf(mountPoint: string, group: string): string[] {
  const names = group.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, count) => join(mountPoint, ...names.slice(0, count)));
}

/** Bytes that programs can have without swapping; null when the kernel does not say. */
export function availableMemory(host: Host = {}): number | null {
  const available = valueAt(readText('/proc/meminfo', host), 'MemAvailable');
  return available === null ? null : available * 1024;
}

/** What each control group of this process leaves. Pages of files count as free: the kernel takes them back first. */
function groupLimits(host: Host): MemoryLimit[] {
  const groups = readText('/proc/self/cgroup', host) ?? '';
  return readMounts(host).flatMap(({ fileSystem, mountPoint, options }) => {
    if (fileSystem !== 'cgroup2' && !(fileSystem === 'cgroup' && options.includes('memory'))) return [];
    const { line, limit, usage, stat } = CONTROLLERS[fileSystem];
    return foldersOf(mountPoint, line.exec(groups)?.[1] ?? '').flatMap((folder): MemoryLimit[] => {
      const most = readCount(join(folder, limit), host);
      const used = readCount(join(folder, usage), host);
      if (most === null || used === null || most >= NO_LIMIT) return [];
      const stats = readText(join(folder, 'memory.stat'), host);
      const files = ['inactive_file', 'active_file'].map((key) => valueAt(stats, `${stat}${key}`) ?? 0);
      const bytes = Math.max(0, most - used + files.reduce((sum, part) => sum + part, 0));
      return [{ bytes, what: join(folder, limit), of: 'resident' }];
    });
  });
}

/** RLIMIT_AS less what is mapped already. */
function addressSpace(host: Host): MemoryLimit[] {
  const limit = valueAt(readText('/proc/self/limits', host), 'Max address space');
  const mapped = valueAt(readText('/proc/self/status', host), 'VmSize');
  if (limit === null || mapped === null) return [];
  return [{ bytes: Math.max(0, limit - mapped * 1024), what: 'RLIMIT_AS (ulimit -v)', of: 'mapped' }];
}

/** In no order; none where nothing is known. */
export function memoryLimits(host: Host = {}): MemoryLimit[] {
  const available = valueAt(readText('/proc/meminfo', host), 'MemAvailable');
  const machine: MemoryLimit[] =
    available === null
      ? []
      : [{ bytes: available * 1024, what: 'MemAvailable of this machine', of: 'resident' }];
  return [...machine, ...groupLimits(host), ...addressSpace(host)];
}
