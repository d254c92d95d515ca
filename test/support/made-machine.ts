/** A made-up machine for the checks of `doctor`. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { diagnose } from '../../src/doctor/checks.ts';
import { lookAtPlace, type Seen } from '../../src/doctor/seen.ts';
import { cgroupLimits } from '../../src/host/cgroup.ts';
import type { Host, PathFacts } from '../../src/host/host-files.ts';
import { readMounts } from '../../src/host/mounts.ts';
import { processStatus } from '../../src/host/process.ts';
import type { IoUringLook } from '../../src/native/look.ts';
import type { Finding } from '../../src/results/schema.ts';
import { blockTree, type HostTree, plantTree, statOf } from './host-tree.ts';
import { scratchFolder } from './scratch.ts';

/** io_uring of that machine. */
export const WORKING: IoUringLook = {
  refusal: null,
  features: (1n << 18n) - 1n,
  setupFlags: (1n << 19n) - 1n,
  refusedFlags: 0n,
  queried: true,
  operations: new Set(Array.from({ length: 63 }, (_, op) => op)),
};

/** A quiet machine of Linux 6.18. */
const QUIET: HostTree = {
  '/proc/sys/kernel/osrelease': '6.18.0',
  '/proc/sys/kernel/io_uring_disabled': '0',
  '/proc/sys/kernel/io_uring_group': '-1',
  '/proc/self/status':
    'Name:\tnode\nGid:\t1000 1000 1000 1000\nGroups:\t4 27\nCapEff:\t0000000000000000\nSeccomp:\t0\nCpus_allowed_list:\t0-7',
  '/proc/self/limits':
    'Limit                     Soft Limit           Hard Limit           Units\n' +
    'Max open files            4096                 4096                 files\n' +
    'Max locked memory         unlimited            unlimited            bytes',
  '/proc/sys/fs/aio-max-nr': '65536',
  '/proc/sys/fs/aio-nr': '0',
  '/proc/sys/fs/file-nr': '1000\t0\t1000000',
  '/proc/stat': 'cpu  10 0 10 1000 0 0 0 0 0 0',
  '/proc/loadavg': '0.10 0.20 0.30 1/100 1234',
  '/proc/meminfo': 'MemTotal: 16777216 kB\nHugePages_Total:       8\nHugePages_Free:        8',
  '/proc/pressure/cpu': 'some avg10=0.50 avg60=0.00 avg300=0.00 total=1',
  '/proc/pressure/io': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1',
  '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc',
  '/sys/devices/system/cpu/cpufreq/policy0/scaling_governor': 'performance',
  '/sys/devices/system/cpu/cpu0/cpuidle/state0/name': 'POLL',
  '/sys/devices/system/cpu/cpu0/cpuidle/state0/latency': '0',
  '/sys/devices/system/cpu/cpu0/cpuidle/state1/name': 'C1',
  '/sys/devices/system/cpu/cpu0/cpuidle/state1/latency': '2',
  '/sys/devices/system/cpu/smt/active': '0',
  '/sys/devices/system/node/node0/cpulist': '0-7',
};

export const NVME = 'pci0000:00/0000:00:01.0/nvme/nvme0/nvme0n1';
/** An NVMe drive with an ext4 on its first partition. */
export const DRIVE: HostTree = {
  ...blockTree('259:0', NVME, {
    device: '->../../nvme0',
    size: '4000000',
    ro: '0',
    inflight: '       0        0',
    'mq/0/nr_tags': '1023',
    'queue/rotational': '0',
    'queue/scheduler': '[none] mq-deadline',
    'queue/nr_requests': '1023',
    'queue/logical_block_size': '512',
    'queue/physical_block_size': '512',
    'queue/max_sectors_kb': '128',
    'queue/write_cache': 'write through',
    'queue/io_poll': '1',
    'queue/nomerges': '0',
    'queue/wbt_lat_usec': '0',
  }),
  ...blockTree('259:1', `${NVME}/nvme0n1p1`, { partition: '1', size: '1000000' }),
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/model': 'INTEL SSDPF21Q400GB',
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/firmware_rev': 'L0310100',
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/transport': 'pcie',
  '/sys/devices/pci0000:00/0000:00:01.0/nvme/nvme0/device': '->../../../0000:00:01.0',
  '/sys/devices/pci0000:00/0000:00:01.0/current_link_speed': '16.0 GT/s PCIe',
  '/sys/devices/pci0000:00/0000:00:01.0/current_link_width': '4',
  '/sys/devices/pci0000:00/0000:00:01.0/numa_node': '0',
  '/sys/module/nvme/parameters/poll_queues': '4',
  '/proc/self/mountinfo': '22 1 259:1 / /data rw,noatime - ext4 /dev/nvme0n1p1 rw',
};

export interface Made {
  tree?: HostTree;
  /** Not there. */
  without?: readonly string[];
  ioUring?: IoUringLook;
  seen?: Partial<Seen>;
  /** A path and what stat says of the paths that are looked at. */
  path?: string;
  stat?: Record<string, Partial<PathFacts>>;
}

/** Everything that the checks look at, of such a machine. */
export function seenOf(
  t: TestContext,
  { tree = {}, without = [], ioUring = WORKING, seen = {}, path, stat = {} }: Made,
): Seen {
  const root = scratchFolder(t);
  const all = Object.entries({ ...QUIET, ...tree }).filter(([name]) => !without.includes(name));
  plantTree(root, Object.fromEntries(all));
  const host: Host = { root, ...(path === undefined ? {} : { stat: statOf(stat) }) };
  const mounts = readMounts(host);
  return {
    host,
    mounts,
    kernel: { ...QUIET, ...tree }['/proc/sys/kernel/osrelease'] ?? '',
    process: processStatus(host),
    cgroup: cgroupLimits(host),
    ioUring,
    aio: null,
    now: null,
    bufferBytes: null,
    place: path === undefined ? null : lookAtPlace(path, mounts, host),
    ...seen,
  };
}

/** What a check says; undefined when it is silent. */
export function findingOf(t: TestContext, id: string, made: Made): Finding | undefined {
  return diagnose(seenOf(t, made)).find((finding) => finding.id === id);
}

/** Asserts what a check says. */
export function expect(
  t: TestContext,
  id: string,
  made: Made,
  state: Finding['state'],
  text: RegExp,
  mend?: RegExp,
): void {
  const finding = findingOf(t, id, made);
  assert.ok(finding, `${id} is silent`);
  assert.equal(finding.state, state, finding.text);
  assert.match(finding.text, text);
  if (mend === undefined) return;
  assert.match(finding.mend ?? '', mend);
}

/** A file of that drive. */
export const ON_DRIVE: Made = {
  tree: DRIVE,
  path: '/data',
  stat: { '/data': { kind: 'directory', dev: '259:1' } },
};

/** The same with some files changed. */
export function onDrive(more: HostTree, without: readonly string[] = []): Made {
  return { ...ON_DRIVE, tree: { ...DRIVE, ...more }, without };
}
