import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import type { HostTree } from '../../test/support/host-tree.ts';
import { DRIVE, expect, findingOf, ON_DRIVE, onDrive } from '../../test/support/made-machine.ts';

const { ENOSYS, EAGAIN } = constants.errno;

describe('limits', () => {
  const limits = (memlock: string, files = '4096') => ({
    '/proc/self/limits': `Max open files            ${files}                 4096                 files\nMax locked memory         ${memlock}              65536                bytes`,
  });

  it('locked memory', (t) => {
    expect(
      t,
      'memlock',
      { tree: limits('65536') },
      'warning',
      /^64 KiB: room for 16 registered buffers of 4 KiB; .*32 MiB/,
      /ulimit -l/,
    );
    expect(t, 'memlock', { tree: limits('67108864') }, 'ok', /^64 MiB: room for 16,384/);
    const run = { tree: limits('65536'), seen: { bufferBytes: 32_768 } };
    expect(t, 'memlock', run, 'ok', /^64 KiB/);
    const larger = { tree: limits('65536'), seen: { bufferBytes: 131_072 } };
    expect(t, 'memlock', larger, 'warning', /the buffers of this run needs? 128 KiB/);
    const capable = { ...limits('65536'), '/proc/self/status': 'CapEff:\t0000000000004000' };
    expect(t, 'memlock', { tree: capable }, 'ok', /CAP_IPC_LOCK/);
  });

  it('linux-aio', (t) => {
    expect(
      t,
      'aio-max-nr',
      { tree: { '/proc/sys/fs/aio-nr': '65000' } },
      'warning',
      /more than 536 I\/Os/,
      /sysctl fs\.aio-max-nr/,
    );
    expect(t, 'aio-max-nr', { seen: { aio: { errno: EAGAIN, stage: 'io_setup' } } }, 'missing', /EAGAIN/);
    const none = {
      without: ['/proc/sys/fs/aio-max-nr'],
      seen: { aio: { errno: ENOSYS, stage: 'io_setup' } },
    };
    expect(t, 'aio-max-nr', none, 'missing', /CONFIG_AIO/);
  });

  it('open files', (t) => {
    expect(t, 'file-max', { tree: limits('unlimited', '256') }, 'warning', /256 descriptors/, /ulimit -n/);
    const full = { '/proc/sys/fs/file-nr': '990000\t0\t1000000' };
    expect(t, 'file-max', { tree: full }, 'warning', /990,000 of 1,000,000/, /fs\.file-max=2000000/);
  });
});

describe('the machine', () => {
  const cases: [id: string, tree: HostTree, text: RegExp, mend: RegExp][] = [
    [
      'cpu-governor',
      { '/sys/devices/system/cpu/cpufreq/policy0/scaling_governor': 'powersave' },
      /^powersave: the clock follows/,
      /cpupower frequency-set/,
    ],
    [
      'idle-states',
      { '/sys/devices/system/cpu/cpu0/cpuidle/state1/latency': '133' },
      /C1, left in 133 usec/,
      /cpupower idle-set -D 20/,
    ],
    ['smt', { '/sys/devices/system/cpu/smt/active': '1' }, /^on/, /cpus-allowed/],
    ['steal', { '/proc/stat': 'cpu  10 0 10 900 0 0 0 80 0 0' }, /took 8\.0 % .* since boot/, /instance/],
    [
      'clock-source',
      { '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet' },
      /^hpet/,
      /tsc=reliable/,
    ],
    [
      'huge-pages',
      { '/sys/kernel/mm/transparent_hugepage/enabled': 'always madvise [never]' },
      /never/,
      /echo madvise/,
    ],
    [
      'other-load',
      { '/proc/pressure/cpu': 'some avg10=33.00 avg60=0 avg300=0 total=1' },
      /waited for a CPU 33 %/,
      /top/,
    ],
  ];
  for (const [id, tree, text, mend] of cases) {
    it(id, (t) => expect(t, id, { tree }, 'warning', text, mend));
  }

  it('load is not told of the moment before a run, which laid out its files', (t) => {
    assert.equal(findingOf(t, 'other-load', { seen: { bufferBytes: 4096 } }), undefined);
  });

  it('idle states that are switched off do not count', (t) => {
    const tree = {
      '/sys/devices/system/cpu/cpu0/cpuidle/state1/latency': '133',
      '/sys/devices/system/cpu/cpu0/cpuidle/state1/disable': '1',
    };
    expect(t, 'idle-states', { tree }, 'ok', /POLL/);
  });

  it('what was watched counts more than what was since boot', (t) => {
    const conditions = {
      steal_pct: 12,
      others_cpu_pct: 150,
      cpu_mhz: null,
      throttled: null,
      others_device_bytes: null,
      others_device_ios: null,
    };
    const idle = {
      trial: 1,
      pressure_cpu_pct: null,
      pressure_io_pct: null,
      device_bytes_per_second: 2 ** 30,
    };
    const made = { ...ON_DRIVE, seen: { now: { conditions, idle } } };
    expect(t, 'steal', made, 'warning', /took 12 % .* now/);
    expect(t, 'other-load', made, 'warning', /other processes use 150 % of a CPU/);
    expect(t, 'device-load', made, 'warning', /others move 1 GiB\/s on nvme0n1/);
  });

  it('a device at another node than some of the CPUs', (t) => {
    const nodes = {
      '/sys/devices/system/node/node0/cpulist': '0-3',
      '/sys/devices/system/node/node1/cpulist': '4-7',
    };
    expect(
      t,
      'numa-node',
      onDrive(nodes),
      'warning',
      /nvme0n1 is at node 0; 4 of the CPUs/,
      /cpunodebind=0 .*--cpus-allowed=0-3/,
    );
    const pinned = { '/proc/self/status': 'Cpus_allowed_list:\t1-2' };
    expect(t, 'numa-node', onDrive({ ...nodes, ...pinned }), 'ok', /and so are the CPUs/);
  });
});

describe('control groups', () => {
  const group = (files: HostTree): HostTree => ({
    ...DRIVE,
    '/proc/self/mountinfo': `${DRIVE['/proc/self/mountinfo']}\n30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw`,
    '/proc/self/cgroup': '0::/',
    ...files,
  });

  it('a CPU quota', (t) => {
    const tree = group({ '/sys/fs/cgroup/cpu.max': '150000 100000' });
    expect(
      t,
      'cgroup-cpu',
      { tree },
      'warning',
      /quota of 1\.5 CPUs/,
      /^echo max .*\/sys\/fs\/cgroup\/cpu\.max$/,
    );
  });

  it('a limit of memory, when it is a small one', (t) => {
    const limit = (bytes: number) => ({ tree: group({ '/sys/fs/cgroup/memory.max': String(bytes) }) });
    expect(
      t,
      'cgroup-memory',
      limit(2 ** 28),
      'warning',
      /^256 MiB, the page cache/,
      /^echo max .*memory\.max$/,
    );
    expect(t, 'cgroup-memory', limit(2 ** 32), 'ok', /^4 GiB/);
    expect(t, 'cgroup-memory', limit(2 ** 40), 'ok', /^no limit/);
  });

  it('io.max of the devices below the path', (t) => {
    const tree = group({ '/sys/fs/cgroup/io.max': '259:0 rbps=1048576 wbps=max riops=max wiops=100' });
    expect(t, 'cgroup-io', { ...ON_DRIVE, tree }, 'warning', /^nvme0n1: reads 1 MiB\/s, writes 100 IOPS/);
    const other = group({ '/sys/fs/cgroup/io.max': '8:0 rbps=1048576 wbps=max riops=max wiops=100' });
    expect(t, 'cgroup-io', { ...ON_DRIVE, tree: other }, 'ok', /no limit on the devices of this path/);
    expect(t, 'cgroup-io', { tree: other }, 'warning', /^8:0/);
  });
});
