/**
 * What the machine does beside the benchmark, by the kernel's own counters: two samples around a trial tell. Every
 * counter is read from /proc or /sys; one that isn't there is null.
 */
import { join } from 'node:path';
import type { CgroupConditions, Conditions, IdleLook } from '../results/schema-statistics.ts';
import { blockDeviceByName } from './block-device.ts';
import { type CgroupCounters, cgroupCounters, cgroupLimits } from './cgroup.ts';
import { type Host, listNames, readCount, readLine, readText } from './host-files.ts';

/** Unit of /proc/stat and of times in /proc/PID/stat: USER_HZ is 100 on all architectures that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Sectors of /sys/block/DISK/stat, whatever the device's own are (Documentation/block/stat.rst). */
const STAT_SECTOR_BYTES = 512;
/** When the devices' counters hold less than this share of our own I/O, they do not count it (queue/iostats=0). */
const COUNTED_SHARE = 0.5;

/** Amounts moved since boot, over all devices of a workload. */
interface DeviceCounters {
  readBytes: number;
  writtenBytes: number;
  /** Requests that ended and those that were merged into them. */
  reads: number;
  writes: number;
}

export interface LoadSample {
  /** Milliseconds, monotonic. */
  atMs: number;
  /** Ticks of all CPUs together. */
  cpu: { total: number; user: number; steal: number } | null;
  /** User-mode ticks of this process and of its children that have ended. */
  ownUser: number | null;
  mhz: number | null;
  throttled: number | null;
  /** Microseconds in which some task waited. */
  pressure: { cpu: number | null; io: number | null };
  devices: DeviceCounters | null;
  cgroup: CgroupCounters;
}

/** First line of /proc/stat: user nice system idle iowait irq softirq steal (man 5 proc). */
function cpuTicks(host: Host): LoadSample['cpu'] {
  const line = readText('/proc/stat', host)?.match(/^cpu +([\d ]+)$/m)?.[1];
  if (line === undefined) return null;
  const ticks = line.trim().split(' ').slice(0, 8).map(Number);
  const [user = 0, nice = 0, , , , , , steal = 0] = ticks;
  return { total: ticks.reduce((sum, part) => sum + part, 0), user: user + nice, steal };
}

/** utime and cutime of /proc/self/stat: the 14th and 16th field, counted behind the name in brackets. */
function ownUserTicks(host: Host): number | null {
  const fields = readText('/proc/self/stat', host)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  const [user, children] = [Number(fields?.[11]), Number(fields?.[13])];
  return Number.isFinite(user + children) ? user + children : null;
}

/** Clock of the fastest CPU in MHz, as the frequency driver says it. */
function fastestMhz(host: Host): number | null {
  const folder = '/sys/devices/system/cpu/cpufreq';
  const khz = listNames(folder, host).flatMap((name) =>
    name.startsWith('policy') ? (readCount(`${folder}/${name}/scaling_cur_freq`, host) ?? []) : [],
  );
  return khz.length > 0 ? Math.max(...khz) / 1000 : null;
}

/** How often CPUs were throttled since boot (x86's thermal interrupts): of all cores, and of the packages. */
function throttleCount(host: Host): number | null {
  const folder = '/sys/devices/system/cpu';
  if (listNames(`${folder}/cpu0/thermal_throttle`, host).length === 0) return null;
  const cpus = listNames(folder, host).filter((name) => /^cpu\d+$/.test(name));
  const of = (kind: string) =>
    cpus.map((cpu) => readCount(`${folder}/${cpu}/thermal_throttle/${kind}_throttle_count`, host) ?? 0);
  // Each CPU of a package repeats its package's count.
  return of('core').reduce((sum, count) => sum + count, 0) + Math.max(0, ...of('package'));
}

/** `some ... total=N` (Documentation/accounting/psi.rst). */
function pressureUsec(kind: 'cpu' | 'io', host: Host): number | null {
  const total = readText(`/proc/pressure/${kind}`, host)?.match(/^some .*total=(\d+)/m)?.[1];
  return total === undefined ? null : Number(total);
}

function deviceCounters(disks: readonly string[], host: Host): DeviceCounters | null {
  if (disks.length === 0) return null;
  const sum: DeviceCounters = { readBytes: 0, writtenBytes: 0, reads: 0, writes: 0 };
  for (const disk of disks) {
    const device = blockDeviceByName(disk, host);
    const counts = device !== null && readCount(join(device.diskFolder, 'queue/iostats'), host) !== 0;
    const line = counts ? readLine(join(device.folder, 'stat'), host) : null;
    if (line === null) return null;
    const [reads = 0, readMerges = 0, readSectors = 0, , writes = 0, writeMerges = 0, writeSectors = 0] = line
      .split(/ +/)
      .map(Number);
    sum.reads += reads + readMerges;
    sum.writes += writes + writeMerges;
    sum.readBytes += readSectors * STAT_SECTOR_BYTES;
    sum.writtenBytes += writeSectors * STAT_SECTOR_BYTES;
  }
  return sum;
}

/** @param disks kernel names of the devices below the workload: nvme0n1 */
export function sampleLoad(disks: readonly string[], host: Host = {}): LoadSample {
  return {
    atMs: performance.now(),
    cpu: cpuTicks(host),
    ownUser: ownUserTicks(host),
    mhz: fastestMhz(host),
    throttled: throttleCount(host),
    pressure: { cpu: pressureUsec('cpu', host), io: pressureUsec('io', host) },
    devices: deviceCounters(disks, host),
    cgroup: cgroupCounters(host),
  };
}

/** What a trial itself moved between two samples, as far as its devices should have counted it. */
export interface OwnTraffic extends DeviceCounters {
  /** Whether writes of the devices can be told from what a file system writes for us. */
  writesComparable: boolean;
  /** Whether each of our I/Os is one request to the device: none is larger than it takes. */
  unsplit: boolean;
}

function minus(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : Math.max(0, after - before);
}

function stealPct(before: LoadSample['cpu'], after: LoadSample['cpu']): number | null {
  if (before === null || after === null || after.total <= before.total) return null;
  return (Math.max(0, after.steal - before.steal) / (after.total - before.total)) * 100;
}

/**
 * CPU time of other processes: all user-mode time less our own. System time is left out, since what the kernel does
 * in its own threads and interrupts may be for us.
 */
function othersCpuPct(before: LoadSample, after: LoadSample): number | null {
  const all = minus(after.cpu?.user ?? null, before.cpu?.user ?? null);
  const own = minus(after.ownUser, before.ownUser);
  const seconds = (after.atMs - before.atMs) / 1000;
  if (all === null || own === null || seconds <= 0) return null;
  return (Math.max(0, all - own) / TICKS_PER_SECOND / seconds) * 100;
}

type OthersOnDevice = Pick<Conditions, 'others_device_bytes' | 'others_device_ios'>;

function othersOnDevice(before: LoadSample, after: LoadSample, own: OwnTraffic | null): OthersOnDevice {
  const unknown = { others_device_bytes: null, others_device_ios: null };
  if (own === null || before.devices === null || after.devices === null) return unknown;
  const [from, to] = [before.devices, after.devices];
  const moved = to.readBytes - from.readBytes + to.writtenBytes - from.writtenBytes;
  if (moved < (own.readBytes + own.writtenBytes) * COUNTED_SHARE) return unknown;
  const beyond = (key: keyof DeviceCounters) => Math.max(0, to[key] - from[key] - own[key]);
  const writes = own.writesComparable;
  return {
    others_device_bytes: beyond('readBytes') + (writes ? beyond('writtenBytes') : 0),
    others_device_ios: own.unsplit ? beyond('reads') + (writes ? beyond('writes') : 0) : null,
  };
}

/**
 * The limits that the control groups set on the workload, and what they did between two samples; null when they set
 * none. @param disks as sampleLoad takes them
 */
export function cgroupBetween(
  before: LoadSample,
  after: LoadSample,
  disks: readonly string[],
  host: Host = {},
): CgroupConditions | null {
  const { cpus, memoryBytes, io } = cgroupLimits(host);
  const names = new Map(disks.map((disk) => [blockDeviceByName(disk, host)?.number, disk]));
  const ioMax = io.flatMap(({ device, ...limits }) => {
    const name = names.get(device);
    return name === undefined ? [] : [{ device: name, ...limits }];
  });
  if (cpus === null && memoryBytes === null && ioMax.length === 0) return null;
  const since = (key: keyof CgroupCounters) => minus(after.cgroup[key], before.cgroup[key]);
  const [periods, throttled] = [since('periods'), since('throttledPeriods')];
  return {
    cpu_max: cpus,
    throttled_pct: throttled !== null && periods ? (throttled / periods) * 100 : null,
    throttled_ns: since('throttledNs'),
    memory_max_bytes: memoryBytes,
    memory_limit_hits: since('memoryLimitHits'),
    io_max: ioMax,
  };
}

/** What happened beside a trial. @param own null when the devices' counters can't be compared with it */
export function conditionsBetween(before: LoadSample, after: LoadSample, own: OwnTraffic | null): Conditions {
  return {
    steal_pct: stealPct(before.cpu, after.cpu),
    others_cpu_pct: othersCpuPct(before, after),
    cpu_mhz: after.mhz,
    throttled: minus(after.throttled, before.throttled),
    ...othersOnDevice(before, after, own),
    device_read_bytes: minus(after.devices?.readBytes ?? null, before.devices?.readBytes ?? null),
  };
}

/** What happened while the benchmark did nothing: all of it is others'. @param trial the block that follows */
export function idleBetween(before: LoadSample, after: LoadSample, trial: number): IdleLook {
  const usec = Math.max(1, (after.atMs - before.atMs) * 1000);
  const share = (kind: 'cpu' | 'io') => {
    const waited = minus(after.pressure[kind], before.pressure[kind]);
    return waited === null ? null : Math.min(100, (waited / usec) * 100);
  };
  const bytes = (counters: DeviceCounters | null) =>
    counters === null ? null : counters.readBytes + counters.writtenBytes;
  const moved = minus(bytes(after.devices), bytes(before.devices));
  return {
    trial,
    pressure_cpu_pct: share('cpu'),
    pressure_io_pct: share('io'),
    device_bytes_per_second: moved === null ? null : (moved / usec) * 1e6,
  };
}
