/** CPUs, memory, control groups, and what else the machine does: what moves figures without the storage. */
import { join } from 'node:path';
import type { IoLimit } from '../host/cgroup.ts';
import { listNames, readCount, readLine, readText, valueAt } from '../host/host-files.ts';
import { numaNodeOf } from '../host/storage-chain.ts';
import { formatBytes, formatPct } from '../values/format.ts';
import { type Found, type MachineCheck, ok, warning } from './check.ts';
import type { Seen } from './seen.ts';

const CPU = '/sys/devices/system/cpu';
/** An idle state that takes longer to leave than this is felt by a fast drive. */
const EXIT_USEC = 20;
/** Percent of the time. */
const STEAL_PCT = 1;
const BUSY_PCT = 10;
/** Of one CPU. */
const OTHERS_CPU_PCT = 20;
const DEVICE_BYTES_PER_SECOND = 2 ** 20;
/** Below this many bytes of a limit the page cache of a usual file does not fit. */
const MEMORY_BYTES = 2 ** 30;

function governor({ host }: Seen): Found | null {
  const folder = `${CPU}/cpufreq`;
  const names = listNames(folder, host).flatMap(
    (policy) => readLine(join(folder, policy, 'scaling_governor'), host) ?? [],
  );
  if (names.length === 0) return ok('the clock is not ours to set: the hypervisor or the firmware does');
  const all = [...new Set(names)].sort().join(', ');
  if (all === 'performance') return ok('performance: the CPUs keep their full clock');
  return warning(
    `${all}: the clock follows the load, and a queue that waits for I/O is no load`,
    'sudo cpupower frequency-set -g performance',
  );
}

/** The slowest state that is allowed, of the first CPU (Documentation/admin-guide/pm/cpuidle.rst). */
function idleStates({ host }: Seen): Found | null {
  const folder = `${CPU}/cpu0/cpuidle`;
  const states = listNames(folder, host)
    .filter((state) => readCount(join(folder, state, 'disable'), host) !== 1)
    .map((state) => ({
      name: readLine(join(folder, state, 'name'), host) ?? state,
      usec: readCount(join(folder, state, 'latency'), host) ?? 0,
    }));
  const slowest = states.reduce((a, b) => (b.usec > a.usec ? b : a), { name: '', usec: -1 });
  if (slowest.usec < 0) return ok('none: a waiting CPU wakes up at once');
  const said = `the deepest is ${slowest.name}, left in ${slowest.usec} usec`;
  if (slowest.usec <= EXIT_USEC) return ok(`${said}: waiting costs little`);
  return warning(
    `${said}: each wait of a shallow queue may cost as much`,
    `sudo cpupower idle-set -D ${EXIT_USEC}`,
  );
}

function smt({ host }: Seen): Found | null {
  const active = readCount(`${CPU}/smt/active`, host);
  if (active === null) return null;
  if (active === 0) return ok('off: no job shares its core with another');
  return warning(
    'on: two jobs on one core get less than twice of it',
    `--cpus-allowed with one CPU of each pair in ${CPU}/cpu*/topology/thread_siblings_list`,
  );
}

/** CPUs of a list of ranges. */
function cpusIn(text: string | null): Set<number> {
  const cpus = new Set<number>();
  for (const range of text?.split(',') ?? []) {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return cpus;
}

function numaNode({ host, place, process }: Seen): Found | null {
  const nodes = listNames('/sys/devices/system/node', host).filter((name) => /^node\d+$/.test(name));
  if (nodes.length < 2) return nodes.length === 0 ? null : ok('one node: all CPUs are as near to the device');
  const device = place?.chain.findLast((layer) => layer.device !== null)?.device;
  if (!device) return ok(`${nodes.length} nodes; a path says which one is near to its device`);
  const node = numaNodeOf(device, host);
  if (node === null) return ok(`${nodes.length} nodes; ${device.name} does not say where it is`);
  const list = readLine(`/sys/devices/system/node/node${node}/cpulist`, host);
  const near = cpusIn(list);
  const far = [...cpusIn(process.cpusAllowed)].filter((cpu) => !near.has(cpu));
  if (far.length === 0) return ok(`${device.name} is at node ${node}, and so are the CPUs that may be used`);
  return warning(
    `${device.name} is at node ${node}; ${far.length} of the CPUs that may be used are at others: its memory and interrupts are far from them`,
    `numactl --cpunodebind=${node} --membind=${node} uring-bench ..., or --cpus-allowed=${list}`,
  );
}

/** Steal time: now, or since boot where nobody watched. */
function steal({ host, now }: Seen): Found | null {
  const ticks = readText('/proc/stat', host)
    ?.match(/^cpu +([\d ]+)$/m)?.[1]
    ?.split(' ')
    .slice(0, 8)
    .map(Number);
  if (ticks === undefined) return null;
  const total = ticks.reduce((a, b) => a + b, 0);
  const sinceBoot = total > 0 ? ((ticks[7] ?? 0) / total) * 100 : 0;
  const pct = now?.conditions.steal_pct ?? sinceBoot;
  const when = now === null ? 'since boot' : 'now';
  if (pct < STEAL_PCT) return ok(`${formatPct(pct)} % ${when}: the CPUs are ours`);
  return warning(
    `the hypervisor took ${formatPct(pct)} % of the CPUs' time ${when}: figures move by more than that`,
    'a dedicated instance, or more trials: --until-confident',
  );
}

function clockSource({ host }: Seen): Found | null {
  const folder = '/sys/devices/system/clocksource/clocksource0';
  const current = readLine(`${folder}/current_clocksource`, host);
  if (current === null) return null;
  const others = readLine(`${folder}/available_clocksource`, host)?.split(' ') ?? [];
  // Read in user space, without a system call (vDSO).
  const fast = ['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter'];
  if (fast.includes(current)) return ok(`${current}: reading the time costs some 20 ns`);
  const better = fast.find((name) => others.includes(name));
  return warning(
    `${current}: reading the time is slow, which each I/O pays for`,
    better === undefined
      ? 'boot with tsc=reliable, if the CPUs keep time alike'
      : `echo ${better} | sudo tee ${folder}/current_clocksource`,
  );
}

function hugePages({ host }: Seen): Found | null {
  const meminfo = readText('/proc/meminfo', host);
  const [total, free] = ['HugePages_Total', 'HugePages_Free'].map((key) =>
    Number(valueAt(meminfo, key) ?? 0),
  );
  const modes = readLine('/sys/kernel/mm/transparent_hugepage/enabled', host);
  const mode = modes?.match(/\[(\w+)\]/)?.[1];
  const reserved = `${free} of ${total} huge pages are free`;
  if (mode === undefined) return total ? ok(reserved) : null;
  const said = `transparent huge pages: ${mode}, ${reserved}`;
  if (mode !== 'never') return ok(said);
  return warning(
    `${said}: large buffers take a page table entry each 4 KiB`,
    'echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled',
  );
}

function cgroupCpu({ cgroup }: Seen): Found {
  if (cgroup.cpus === null) return ok('no quota');
  return warning(
    `a quota of ${Number(cgroup.cpus.toFixed(2))} CPUs: when it is used up, all jobs stop until the next period`,
    cgroup.mends.cpu ?? undefined,
  );
}

function cgroupMemory({ cgroup, host }: Seen): Found {
  const limit = cgroup.memoryBytes;
  const all =
    Number(valueAt(readText('/proc/meminfo', host), 'MemTotal')?.match(/^\d+/)?.[0] ?? Number.NaN) * 1024;
  if (limit === null || limit >= all) return ok('no limit below the memory of the machine');
  const said = `${formatBytes(limit)}, the page cache of what is read and written included`;
  if (limit >= MEMORY_BYTES) return ok(said);
  return warning(
    `${said}: buffered I/O on larger files goes to the device`,
    cgroup.mends.memory ?? undefined,
  );
}

function limitText({ rbps, wbps, riops, wiops }: IoLimit): string {
  const bytes = (name: string, value: number | null) =>
    value === null ? [] : [`${name} ${formatBytes(value)}/s`];
  const count = (name: string, value: number | null) => (value === null ? [] : [`${name} ${value} IOPS`]);
  return [
    ...bytes('reads', rbps),
    ...count('reads', riops),
    ...bytes('writes', wbps),
    ...count('writes', wiops),
  ].join(', ');
}

function cgroupIo({ cgroup, place }: Seen): Found {
  const numbers = new Map(
    place?.chain.flatMap(({ device }) => (device ? [[device.number, device.name] as const] : [])),
  );
  const felt = cgroup.io.filter(({ device }) => place === null || numbers.has(device));
  if (felt.length === 0) return ok(place === null ? 'no limit' : 'no limit on the devices of this path');
  const each = felt.map((limit) => `${numbers.get(limit.device) ?? limit.device}: ${limitText(limit)}`);
  return warning(`${each.join('; ')}: the limit is measured, not the device`, cgroup.mends.io ?? undefined);
}

/** avg10 of a line of /proc/pressure, in percent. */
function pressure(kind: 'cpu' | 'io', { host }: Seen): number | null {
  const avg = readText(`/proc/pressure/${kind}`, host)?.match(/^some avg10=([\d.]+)/m)?.[1];
  return avg === undefined ? null : Number(avg);
}

/** Before a run the averages hold the laying out of its files: `idle` and `conditions` say what others did. */
function otherLoad(seen: Seen): Found | null {
  if (seen.bufferBytes !== null) return null;
  const { host, now } = seen;
  const load = readLine('/proc/loadavg', host)?.split(' ')[0];
  const [cpu, io] = [pressure('cpu', seen), pressure('io', seen)];
  const others = now?.conditions.others_cpu_pct ?? null;
  const parts = [
    ...(others !== null && others > OTHERS_CPU_PCT
      ? [`other processes use ${formatPct(others)} % of a CPU`]
      : []),
    ...(cpu !== null && cpu > BUSY_PCT
      ? [`tasks waited for a CPU ${formatPct(cpu)} % of the last 10 s`]
      : []),
    ...(io !== null && io > BUSY_PCT ? [`tasks waited for I/O ${formatPct(io)} % of the last 10 s`] : []),
  ];
  if (parts.length > 0) return warning(parts.join(', '), 'stop what else runs: top -o %CPU, iotop -o');
  return load === undefined
    ? null
    : ok(`load ${load}; no other process uses the CPUs much, none waits for them or for I/O`);
}

function deviceLoad({ host, now, place }: Seen): Found | null {
  const device = place?.chain.findLast((layer) => layer.device !== null)?.device;
  if (!device) return null;
  const inflight = readLine(join(device.diskFolder, 'inflight'), host)?.split(/\s+/).map(Number) ?? [];
  const waiting = inflight.reduce((a, b) => a + b, 0);
  const rate = now?.idle.device_bytes_per_second ?? null;
  const mend = 'find who uses it: iotop -o, lsof';
  if (rate !== null && rate > DEVICE_BYTES_PER_SECOND) {
    return warning(`others move ${formatBytes(Math.round(rate))}/s on ${device.disk} now`, mend);
  }
  if (waiting > 0) return warning(`${waiting} I/Os of others are in flight on ${device.disk} now`, mend);
  return ok(`${device.disk} is idle`);
}

export const machineChecks: readonly MachineCheck[] = [
  { id: 'cpu-governor', group: 'cpu', title: 'governor', look: governor },
  { id: 'idle-states', group: 'cpu', title: 'idle states', look: idleStates },
  { id: 'smt', group: 'cpu', title: 'SMT', look: smt },
  { id: 'numa-node', group: 'cpu', title: 'NUMA', look: numaNode },
  { id: 'steal', group: 'cpu', title: 'steal time', look: steal },
  { id: 'clock-source', group: 'cpu', title: 'clock source', look: clockSource },
  { id: 'huge-pages', group: 'memory', title: 'huge pages', look: hugePages },
  { id: 'cgroup-cpu', group: 'control groups', title: 'CPU quota', look: cgroupCpu },
  { id: 'cgroup-memory', group: 'control groups', title: 'memory limit', look: cgroupMemory },
  { id: 'cgroup-io', group: 'control groups', title: 'I/O limits', look: cgroupIo },
  { id: 'other-load', group: 'load', title: 'other load', look: otherLoad },
  { id: 'device-load', group: 'load', title: 'device load', look: deviceLoad },
];
