import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { blockTree, type HostTree, plantTree } from '../../test/support/host-tree.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import {
  cgroupBetween,
  conditionsBetween,
  idleBetween,
  type LoadSample,
  type OwnTraffic,
  sampleLoad,
} from './host-load.ts';

/** What a made-up machine's counters say. */
interface Counters {
  user?: number;
  nice?: number;
  system?: number;
  idle?: number;
  steal?: number;
  ownUser?: number;
  ownChildren?: number;
  khz?: readonly number[];
  core?: readonly number[];
  package?: number;
  cpuUsec?: number;
  ioUsec?: number;
  /** reads, merged, sectors, ms, writes, merged, sectors, ... */
  disk?: string;
}

function treeOf(c: Counters): HostTree {
  const tree: HostTree = {
    '/proc/stat': `cpu  ${c.user ?? 0} ${c.nice ?? 0} ${c.system ?? 0} ${c.idle ?? 0} 0 0 0 ${c.steal ?? 0} 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5`,
    '/proc/self/stat': `77 (node) (x) S 1 ${'2 '.repeat(9)}${c.ownUser ?? 0} 99 ${c.ownChildren ?? 0} 99 20 0`,
  };
  for (const [i, khz] of (c.khz ?? []).entries()) {
    tree[`/sys/devices/system/cpu/cpufreq/policy${i}/scaling_cur_freq`] = String(khz);
  }
  for (const [i, count] of (c.core ?? []).entries()) {
    const folder = `/sys/devices/system/cpu/cpu${i}/thermal_throttle`;
    tree[`${folder}/core_throttle_count`] = String(count);
    tree[`${folder}/package_throttle_count`] = String(c.package ?? 0);
  }
  const pressure = (usec: number) =>
    `some avg10=9.99 avg60=0.00 avg300=0.00 total=${usec}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1`;
  if (c.cpuUsec !== undefined) tree['/proc/pressure/cpu'] = pressure(c.cpuUsec);
  if (c.ioUsec !== undefined) tree['/proc/pressure/io'] = pressure(c.ioUsec);
  if (c.disk !== undefined)
    Object.assign(tree, blockTree('259:0', 'virtual/block/nvme9n1', { stat: c.disk }));
  return tree;
}

/** A sample of such a machine at a moment. */
function at(t: TestContext, seconds: number, counters: Counters): LoadSample {
  const root = scratchFolder(t);
  plantTree(root, treeOf(counters));
  const disks = counters.disk === undefined ? [] : ['nvme9n1'];
  return { ...sampleLoad(disks, { root }), atMs: seconds * 1000 };
}

const NOTHING: OwnTraffic = {
  readBytes: 0,
  writtenBytes: 0,
  reads: 0,
  writes: 0,
  writesComparable: true,
  unsplit: true,
};

describe('conditions of a trial', () => {
  it('steal is a share of all CPUs', (t) => {
    const before = at(t, 0, { user: 100, system: 50, idle: 800, steal: 50 });
    const after = at(t, 1, { user: 150, system: 60, idle: 920, steal: 70 });
    assert.equal(conditionsBetween(before, after, null).steal_pct, 10);
  });

  it("others' CPU time is all user time, nice included, less our own and our children's", (t) => {
    const before = at(t, 10, { user: 1000, nice: 10, ownUser: 100, ownChildren: 10 });
    const after = at(t, 12, { user: 1250, nice: 60, ownUser: 180, ownChildren: 30 });
    // 300 ticks of 10 ms, 100 of them ours, in 2 s.
    assert.equal(conditionsBetween(before, after, null).others_cpu_pct, 100);
    const alone = at(t, 12, { user: 1075, nice: 10, ownUser: 180, ownChildren: 10 });
    assert.equal(conditionsBetween(before, alone, null).others_cpu_pct, 0, 'ticks are rounded apart');
  });

  it('the clock is that of the fastest CPU', (t) => {
    const before = at(t, 0, { khz: [800_000, 800_000] });
    const after = at(t, 1, { khz: [800_000, 3_412_000] });
    assert.equal(conditionsBetween(before, after, null).cpu_mhz, 3412);
  });

  it('throttling adds up over cores, and counts a package once', (t) => {
    const before = at(t, 0, { core: [1, 0, 5], package: 7 });
    const after = at(t, 1, { core: [2, 0, 6], package: 8 });
    assert.equal(conditionsBetween(before, after, null).throttled, 3);
  });

  it('is null where the kernel does not say', (t) => {
    const root = scratchFolder(t);
    const nothing = sampleLoad(['nvme9n1'], { root });
    const { atMs: _, ...facts } = nothing;
    assert.deepEqual(facts, {
      cpu: null,
      ownUser: null,
      mhz: null,
      throttled: null,
      pressure: { cpu: null, io: null },
      devices: null,
      cgroup: { periods: null, throttledPeriods: null, throttledNs: null, memoryLimitHits: null },
    });
    assert.deepEqual(new Set(Object.values(conditionsBetween(nothing, nothing, NOTHING))), new Set([null]));
  });

  it('reads this machine', () => {
    const { cpu, ownUser } = sampleLoad([]);
    assert.ok(cpu && cpu.total > 0 && cpu.user > 0);
    assert.ok(ownUser !== null && ownUser >= 0 && ownUser < cpu.user);
  });
});

describe('others on the device', () => {
  const before = '1000 0 8000 5 500 0 4000 5 0 0 0';
  /** 300 reads (10 of them merged) of 4 KiB and 100 writes later. */
  const after = '1290 10 10400 9 600 0 4800 9 0 0 0';
  const own = { ...NOTHING, readBytes: 200 * 4096, reads: 200 };
  const between = (t: TestContext, traffic: OwnTraffic | null) => {
    const { others_device_bytes: bytes, others_device_ios: ios } = conditionsBetween(
      at(t, 0, { disk: before }),
      at(t, 1, { disk: after }),
      traffic,
    );
    return [bytes, ios];
  };

  it('are what is beyond our own I/O, merged requests counted apart', (t) => {
    assert.deepEqual(between(t, own), [200 * 4096, 200]);
  });

  it('are told by reads alone where a file system writes for us', (t) => {
    assert.deepEqual(between(t, { ...own, writesComparable: false }), [100 * 4096, 100]);
  });

  it('are not counted where our I/Os are split', (t) => {
    assert.deepEqual(between(t, { ...own, unsplit: false }), [200 * 4096, null]);
  });

  it('are not known where the counters do not hold our own', (t) => {
    assert.deepEqual(between(t, null), [null, null]);
    assert.deepEqual(between(t, { ...own, readBytes: 2000 * 4096, reads: 2000 }), [null, null]);
  });

  it('are none when the counters agree', (t) => {
    const all = { ...own, readBytes: 300 * 4096, reads: 300, writtenBytes: 100 * 4096, writes: 100 };
    assert.deepEqual(between(t, all), [0, 0]);
  });
});

describe('a look at the idle machine', () => {
  it('is the share of time in which tasks waited, and what devices moved', (t) => {
    const before = at(t, 5, { cpuUsec: 1_000_000, ioUsec: 2_000_000, disk: '0 0 0 0 0 0 0 0' });
    const after = at(t, 5.1, { cpuUsec: 1_025_000, ioUsec: 2_090_000, disk: '1 0 2048 0 0 0 2048 0' });
    const { pressure_cpu_pct: cpu, pressure_io_pct: io, ...rest } = idleBetween(before, after, 3);
    assert.ok(Math.abs((cpu ?? 0) - 25) < 0.01 && Math.abs((io ?? 0) - 90) < 0.01);
    assert.equal(rest.trial, 3);
    assert.ok(Math.abs((rest.device_bytes_per_second ?? 0) - 20 * 2 ** 20) < 1000);
  });

  it('is null where the kernel has no PSI', (t) => {
    const { pressure_cpu_pct, pressure_io_pct, device_bytes_per_second } = idleBetween(
      at(t, 0, {}),
      at(t, 1, {}),
      1,
    );
    assert.deepEqual([pressure_cpu_pct, pressure_io_pct, device_bytes_per_second], [null, null, null]);
  });
});

describe('control groups beside a trial', () => {
  const tree = (stat: string, quota: string): HostTree => ({
    ...treeOf({ disk: '0 0 0 0 0 0 0 0' }),
    '/proc/self/mountinfo': '30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
    '/proc/self/cgroup': '0::/',
    '/sys/fs/cgroup/cpu.max': quota,
    '/sys/fs/cgroup/io.max': '259:0 rbps=max wbps=max riops=500 wiops=max\n8:0 rbps=1 wbps=1 riops=1 wiops=1',
    '/sys/fs/cgroup/cpu.stat': stat,
  });
  const sampled = (t: TestContext, stat: string, quota: string) => {
    const root = scratchFolder(t);
    plantTree(root, tree(stat, quota));
    return { root, load: sampleLoad(['nvme9n1'], { root }) };
  };

  it('are told when they limit something, with what they did meanwhile', (t) => {
    const before = sampled(t, 'nr_periods 10\nnr_throttled 1\nthrottled_usec 5', '50000 100000');
    const after = sampled(t, 'nr_periods 20\nnr_throttled 6\nthrottled_usec 25', '50000 100000');
    assert.deepEqual(cgroupBetween(before.load, after.load, ['nvme9n1'], { root: after.root }), {
      cpu_max: 0.5,
      throttled_pct: 50,
      throttled_ns: 20_000,
      memory_max_bytes: null,
      memory_limit_hits: null,
      io_max: [{ device: 'nvme9n1', rbps: null, wbps: null, riops: 500, wiops: null }],
    });
  });

  it('are null when they limit neither CPU and memory nor the devices in use', (t) => {
    const { root, load } = sampled(t, 'nr_periods 0', 'max 100000');
    assert.equal(cgroupBetween(load, load, [], { root }), null);
  });
});
