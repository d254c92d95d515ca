/** How much was read from devices: the witnesses of whether reads came from the page cache. */
import { describePaths } from './device-info.ts';
import { type Host, listNames, readText } from './host-files.ts';

/** The kernel counts sectors of this size, whatever the device's own is. */
const SECTOR_BYTES = 512;

export interface ReadCounters {
  /**
   * Bytes that this process has caused to be read, without those of the threads that it has now: with the threads that
   * have ended and the children that it has waited for, which is what jobs are once they are done. null without
   * /proc/self/io.
   */
  processBytes: number | null;
  /** Of all devices together, by anyone; null when one has no statistics. */
  deviceBytes: number | null;
}

/** Names of the disks that serve some files, each once. */
export function disksOf(paths: readonly string[], host: Host = {}): string[] {
  return [...new Set(describePaths(paths, host).flatMap(({ device }) => device ?? []))];
}

/** Third number of a disk's stat (Documentation/block/stat.rst in the kernel's source): sectors read. */
function diskReadBytes(disk: string, host: Host): number | null {
  const sectors = readText(`/sys/block/${disk}/stat`, host)?.trim().split(/\s+/)[2];
  return sectors !== undefined && /^\d+$/.test(sectors) ? Number(sectors) * SECTOR_BYTES : null;
}

/** read_bytes of an io file of /proc (Documentation/filesystems/proc.rst in the kernel's source). */
function readBytesOf(path: string, host: Host): number | null {
  const bytes = /^read_bytes: (\d+)$/m.exec(readText(path, host) ?? '')?.[1];
  return bytes === undefined ? null : Number(bytes);
}

/** Pages of the runtime itself may be loaded at any time, by its own threads: they are no job's. */
function endedReadBytes(host: Host): number | null {
  const all = readBytesOf('/proc/self/io', host);
  if (all === null) return null;
  const threads = listNames('/proc/self/task', host);
  const alive = threads.map((id) => readBytesOf(`/proc/self/task/${id}/io`, host) ?? 0);
  return all - alive.reduce((a, b) => a + b, 0);
}

/** The counters as they are now. */
export function readDiskCounters(disks: readonly string[], host: Host = {}): ReadCounters {
  const each = disks.map((disk) => diskReadBytes(disk, host));
  const known = each.filter((bytes) => bytes !== null);
  return {
    processBytes: endedReadBytes(host),
    deviceBytes: known.length === 0 || known.length < each.length ? null : known.reduce((a, b) => a + b, 0),
  };
}

/**
 * Bytes that jobs at work have caused to be read so far: loading their program, preloading their files.
 * @param ids of threads of this process, or of processes that it started
 */
export function readByJobs(ids: readonly number[], host: Host = {}): number {
  const each = ids.map(
    (id) => readBytesOf(`/proc/self/task/${id}/io`, host) ?? readBytesOf(`/proc/${id}/io`, host),
  );
  return each.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

/** What came to the counters since before. */
export function readSince(before: ReadCounters, now: ReadCounters): ReadCounters {
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : Math.max(0, a - b));
  return {
    processBytes: less(now.processBytes, before.processBytes),
    deviceBytes: less(now.deviceBytes, before.deviceBytes),
  };
}
