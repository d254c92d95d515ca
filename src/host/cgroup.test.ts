import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HostTree, plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { cgroupCounters, cgroupLimits } from './cgroup.ts';

const NONE = { cpus: null, memoryBytes: null, io: [], mends: { cpu: null, memory: null, io: null } };

function v2(folder: string, files: Record<string, string>): HostTree {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/sys/fs/cgroup${folder}/${name}`, text]),
  );
}

test('version 2: the tightest of all groups up to the outermost', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/proc/self/mountinfo': '30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
    '/proc/self/cgroup': '0::/outer/inner',
    ...v2('/outer/inner', {
      'cpu.max': '150000 100000',
      'memory.max': '1073741824',
      'memory.high': 'max',
      'io.max': '259:0 rbps=2097152 wbps=max riops=max wiops=120',
      'cpu.stat': 'usage_usec 10\nnr_periods 20\nnr_throttled 5\nthrottled_usec 700',
      'memory.events.local': 'low 0\nhigh 0\nmax 3\noom 0',
    }),
    ...v2('/outer', {
      'cpu.max': '50000 100000',
      'memory.max': 'max',
      'memory.high': '536870912',
      'io.max': '259:0 rbps=1048576 wbps=max riops=max wiops=max\n8:0 rbps=max wbps=max riops=9 wiops=max',
      'cpu.stat': 'usage_usec 10\nnr_periods 20\nnr_throttled 1\nthrottled_usec 300',
      'memory.events.local': 'max 0',
    }),
  });
  assert.deepEqual(cgroupLimits({ root }), {
    cpus: 0.5,
    memoryBytes: 512 * 2 ** 20,
    io: [
      { device: '259:0', rbps: 2 ** 20, wbps: null, riops: null, wiops: 120 },
      { device: '8:0', rbps: null, wbps: null, riops: 9, wiops: null },
    ],
    mends: {
      cpu: 'echo max | sudo tee /sys/fs/cgroup/outer/cpu.max',
      memory: 'echo max | sudo tee /sys/fs/cgroup/outer/memory.high',
      io: 'echo 259:0 rbps=max wbps=max riops=max wiops=max | sudo tee /sys/fs/cgroup/outer/inner/io.max',
    },
  });
  assert.deepEqual(cgroupCounters({ root }), {
    periods: 40,
    throttledPeriods: 6,
    throttledNs: 1_000_000,
    memoryLimitHits: 3,
  });
});

test('version 1: controllers by name, mounted from a folder of theirs in a container', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/proc/self/mountinfo': [
      '31 22 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct',
      '32 22 0:28 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory',
      '33 22 0:29 / /sys/fs/cgroup/blkio ro - cgroup cgroup rw,blkio',
      '34 22 0:30 / /sys/fs/cgroup/unified ro - cgroup2 cgroup2 rw',
    ].join('\n'),
    '/proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n2:blkio:/docker/abc\n0::/',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '200000',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.stat': 'nr_periods 9\nnr_throttled 2\nthrottled_time 12345',
    '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '67108864',
    '/sys/fs/cgroup/memory/docker/abc/memory.failcnt': '7',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    '/sys/fs/cgroup/blkio/docker/abc/blkio.throttle.read_iops_device': '254:0 1000',
  });
  assert.deepEqual(cgroupLimits({ root }), {
    cpus: 2,
    memoryBytes: 64 * 2 ** 20,
    io: [{ device: '254:0', rbps: null, wbps: null, riops: 1000, wiops: null }],
    mends: {
      cpu: 'echo -1 | sudo tee /sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us',
      memory: 'echo -1 | sudo tee /sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes',
      io: 'echo 254:0 0 | sudo tee /sys/fs/cgroup/blkio/docker/abc/blkio.throttle.read_iops_device',
    },
  });
  assert.deepEqual(cgroupCounters({ root }), {
    periods: 9,
    throttledPeriods: 2,
    throttledNs: 12345,
    memoryLimitHits: 7,
  });
});

test('version 1 says the largest number where there is no limit', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/proc/self/mountinfo': [
      '31 22 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
      '32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    ].join('\n'),
    '/proc/self/cgroup': '2:cpu:/\n1:memory:/',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
  });
  assert.deepEqual(cgroupLimits({ root }), NONE);
});

test('no limits, and no groups at all', (t) => {
  const root = scratchFolder(t);
  plantTree(root, {
    '/proc/self/mountinfo': '30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
    '/proc/self/cgroup': '0::/a',
    ...v2('/a', { 'cpu.max': 'max 100000', 'memory.max': 'max', 'io.max': '' }),
  });
  assert.deepEqual(cgroupLimits({ root }), NONE);
  assert.deepEqual(cgroupLimits({ root: scratchFolder(t) }), NONE);
  assert.deepEqual(cgroupCounters({ root }), {
    periods: null,
    throttledPeriods: null,
    throttledNs: null,
    memoryLimitHits: null,
  });
});
