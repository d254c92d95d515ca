/** The host that a result was measured on: everything about it that can change the numbers. */
import { arch, cpus, hostname, machine, release, totalmem } from 'node:os';
import type { Environment } from '../results/schema.ts';
import { describePaths } from './device-info.ts';
import { type Host, listNames, readCount, readLine, readStart, readText, valueAt } from './host-files.ts';
import { processLimit } from './process.ts';

/** What only native code knows. */
export interface NativeFacts {
  /** tsc or clock_gettime */
  clock: string;
  tscHz: number | null;
  /** Version of the library and of its ABI. */
  library: string;
  glibc: string | null;
}

/** Holds the first CPU of /proc/cpuinfo. The kernel works for each further one, milliseconds for hundreds. */
const CPUINFO_BYTES = 8192;

/** How many a kernel list of ranges names: "0-3,8" is 5. Null when it is no such list. */
export function countOfRanges(text: string | null): number | null {
  if (text === null || !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return null;
  let total = 0;
  for (const range of text.split(',')) {
    const [first = 0, last = first] = range.split('-').map(Number);
    total += last - first + 1;
  }
  return total;
}

function cpuModel(cpuinfo: string | null): string {
  const named = valueAt(cpuinfo, 'model name');
  if (named !== null) return named;
  // arm64 gives numbers only (Main ID Register).
  const implementer = valueAt(cpuinfo, 'CPU implementer');
  const part = valueAt(cpuinfo, 'CPU part');
  if (implementer !== null && part !== null) return `CPU implementer ${implementer} part ${part}`;
  return cpus()[0]?.model || 'unknown';
}

/** What hypervisors write into a machine's DMI table, and what they are called. */
const DMI_NAMES: readonly (readonly [RegExp, string])[] = [
  [/VMware/i, 'vmware'],
  [/VirtualBox|innotek/i, 'virtualbox'],
  [/Microsoft/i, 'hyper-v'],
  [/\bXen\b/i, 'xen'],
  [/Parallels/i, 'parallels'],
  [/QEMU|KVM|Amazon EC2|Google|OpenStack|DigitalOcean|Hetzner/i, 'kvm'],
];

/** Clock sources that exist only as a guest of one hypervisor. */
const CLOCK_NAMES: readonly (readonly [RegExp, string])[] = [
  [/kvm-clock/, 'kvm'],
  [/hyperv/, 'hyper-v'],
  [/\bxen\b/, 'xen'],
];

/**
 * The hypervisor's name, "unknown" when the CPU says there is one and nothing says which, null on bare
 * metal. Bare-metal cloud machines carry the cloud's name in DMI too, so on x86 the CPU's flag decides.
 */
function virtualizationOf(cpuinfo: string | null, host: Host): string | null {
  const xen = readLine('/sys/hypervisor/type', host);
  if (xen !== null) return xen;
  const flags = valueAt(cpuinfo, 'flags');
  if (flags !== null && !flags.split(' ').includes('hypervisor')) return null;
  const clocks = readLine('/sys/devices/system/clocksource/clocksource0/available_clocksource', host) ?? '';
  const dmi = ['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor']
    .map((name) => readLine(`/sys/class/dmi/id/${name}`, host) ?? '')
    .join(' ');
  const tree = readLine('/proc/device-tree/hypervisor/compatible', host);
  const named =
    CLOCK_NAMES.find(([pattern]) => pattern.test(clocks))?.[1] ??
    DMI_NAMES.find(([pattern]) => pattern.test(dmi))?.[1] ??
    tree?.replaceAll('\0', '');
  return named ?? (flags === null ? null : 'unknown');
}

/** Governors in force, each once: "performance", or "performance,powersave" when CPUs differ. */
function governorOf(host: Host): string | null {
  const folder = '/sys/devices/system/cpu/cpufreq';
  const governors = listNames(folder, host)
    .filter((name) => name.startsWith('policy'))
    .flatMap((name) => readLine(`${folder}/${name}/scaling_governor`, host) ?? []);
  return governors.length === 0 ? null : [...new Set(governors)].sort().join(',');
}

/** The CPU's flaws that apply to it, with what the kernel does about each: that is paid per system call. */
function mitigationsOf(host: Host): string | null {
  const folder = '/sys/devices/system/cpu/vulnerabilities';
  const names = listNames(folder, host);
  if (names.length === 0) return null;
  const applying = names
    .map((name) => [name, readLine(`${folder}/${name}`, host)] as const)
    .filter(([, state]) => state !== null && state !== 'Not affected');
  return applying.length === 0
    ? 'none needed'
    : applying.map(([name, state]) => `${name}: ${state}`).join(' | ');
}

function memoryBytes(meminfo: string | null, key: string): number | null {
  const kib = valueAt(meminfo, key)?.match(/^(\d+) kB$/)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/**
 * Everything that a result says of its host and of the files in paths (described in that order; one that
 * doesn't exist yet by its folder). Never fails: what can't be learnt is null.
 */
export async function captureEnvironment(
  paths: readonly string[],
  native: NativeFacts,
  host: Host = {},
): Promise<Environment> {
  const cpu = '/sys/devices/system/cpu';
  const cpuinfo = readStart('/proc/cpuinfo', CPUINFO_BYTES, host);
  const meminfo = readText('/proc/meminfo', host);
  const smt = readCount(`${cpu}/smt/active`, host);
  const cpusOnline = countOfRanges(readLine(`${cpu}/online`, host)) ?? cpus().length;
  const cpusAllowed = valueAt(readText('/proc/self/status', host), 'Cpus_allowed_list');
  const memory = memoryBytes(meminfo, 'MemTotal') ?? totalmem();
  return {
    hostname: readLine('/proc/sys/kernel/hostname', host) ?? hostname(),
    kernel: readLine('/proc/sys/kernel/osrelease', host) ?? release(),
    kernel_version: readLine('/proc/version', host) ?? '',
    arch: machine() || arch(),
    virtualization: virtualizationOf(cpuinfo, host),
    cpu_model: cpuModel(cpuinfo),
    cpus_online: cpusOnline,
    cpus_allowed: countOfRanges(cpusAllowed) ?? cpusOnline,
    numa_nodes: countOfRanges(readLine('/sys/devices/system/node/online', host)) ?? 1,
    smt: smt === null ? null : smt !== 0,
    governor: governorOf(host),
    mitigations: mitigationsOf(host),
    memory_bytes: memory,
    memory_available_bytes: memoryBytes(meminfo, 'MemAvailable') ?? memoryBytes(meminfo, 'MemFree') ?? 0,
    memlock_limit_bytes: processLimit('Max locked memory', host),
    aio_max_nr: readCount('/proc/sys/fs/aio-max-nr', host),
    io_uring_disabled: readCount('/proc/sys/kernel/io_uring_disabled', host),
    clock: native.clock,
    tsc_hz: native.tscHz,
    clocksource: readLine('/sys/devices/system/clocksource/clocksource0/current_clocksource', host),
    node: process.version,
    library: native.library,
    glibc: native.glibc,
    files: describePaths(paths, host),
  };
}
