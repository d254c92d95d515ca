import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixture } from '../../test/fixtures/load.ts';
import type { BackendResult, DeviceInfo, ResultWarning, RunResult } from '../results/schema.ts';
import { gainsNothing, suspicions, sweepSuspicions } from './suspicions.ts';
import { tuningAnchors } from './tuning.ts';
import { validityOf } from './validity.ts';

interface Change {
  options?: Record<string, unknown>;
  device?: Partial<DeviceInfo>;
}

/** Five backends on an NVMe drive, one job of direct random reads in depth 8. */
function run({ options = {}, device = {} }: Change = {}): RunResult {
  const result = fixture('comparison');
  Object.assign(result.jobs[0]?.options ?? {}, { numjobs: 1, iodepth: 8, direct: true }, options);
  result.environment.virtualization = null;
  for (const file of result.environment.files) Object.assign(file, { transport: 'nvme/pcie' }, device);
  return result;
}

function backendOf(result: RunResult, label: string): BackendResult {
  const backend = result.backends.find((one) => one.label === label);
  assert.ok(backend?.summary, label);
  return backend;
}

/** All of a backend's trials and its median at the same IOPS, each a little off by a share. */
function steady(backend: BackendResult, iops: number, off = 0): void {
  for (const [i, trial] of backend.trials.entries()) trial.iops = iops * (1 + (i % 2 ? off : -off));
  if (backend.summary) backend.summary.iops.median = iops;
}

function latencyOf(result: RunResult, label: string, ns: number): void {
  const estimate = backendOf(result, label).summary?.lat_ns_trials['50.000000'];
  if (estimate) estimate.median = ns;
}

function codes(result: RunResult): string[] {
  return suspicions(result).map(({ code }) => code);
}

function only(result: RunResult, code: string): ResultWarning {
  const [first, ...others] = suspicions(result);
  assert.equal(first?.code, code);
  assert.deepEqual(others, []);
  assert.equal(first.see, `docs/TUNING.md#${tuningAnchors[code]}`);
  return first;
}

it('an ordinary run is not suspicious', () => {
  assert.deepEqual(codes(run()), []);
  for (const name of ['single', 'mixed', 'interrupted', 'troubled', 'ladder'] as const) {
    assert.deepEqual(codes(fixture(name)), [], name);
  }
});

describe('iodepth 8 as fast as 1', () => {
  const slow = (result: RunResult): RunResult => {
    const { summary } = backendOf(result, 'sync');
    steady(backendOf(result, 'linux-aio'), (summary?.iops.median ?? 0) * 1.04, 0.02);
    return result;
  };

  it('is said of a backend that hands I/Os over', () => {
    const { message, variant } = only(slow(run()), 'depth-no-gain');
    assert.match(message, /^linux-aio: iodepth=8 is no faster than sync with one I\/O at a time/);
    assert.equal(variant, 'linux-aio');
  });

  it('is not asked of posix-aio, whose threads cost as much', () => {
    const result = run();
    steady(backendOf(result, 'posix-aio'), 1000, 0.02);
    assert.deepEqual(codes(result), []);
  });

  it('is no wonder of many jobs, of buffered I/O, in a shallow queue, or with pauses', () => {
    for (const options of [{ numjobs: 8 }, { direct: false }, { iodepth: 4 }, { thinktime: 1000 }]) {
      assert.deepEqual(codes(slow(run({ options }))), []);
    }
  });

  it('is a gain of less than 5 %', () => {
    assert.ok(gainsNothing(1000, 1050) && gainsNothing(1000, 400));
    assert.ok(!gainsNothing(1000, 1051));
  });
});

describe('a sweep along iodepth', () => {
  const point = (iodepth: number, iops: number, options: Record<string, unknown> = {}) => {
    const result = run({ options: { iodepth, ...options } });
    for (const { label } of result.backends) steady(backendOf(result, label), iops, 0.02);
    return { values: { bs: '4k', iodepth: String(iodepth) }, result };
  };

  it('is told of backends that gain nothing between 1 and 8', () => {
    const warnings = sweepSuspicions([point(1, 1000), point(4, 1100), point(8, 1049), point(16, 4000)]);
    assert.deepEqual(
      warnings.map(({ message }) => message.replace(/:.*/, '')),
      ['linux-aio', 'io_uring', 'io_uring+enhanced'],
    );
    assert.match(warnings[0]?.message ?? '', /iodepth=8 is no faster than iodepth=1/);
    assert.equal(warnings[0]?.see, 'docs/TUNING.md#depth-no-gain');
  });

  it('is not when they do, or when there is nothing to compare', () => {
    assert.deepEqual(sweepSuspicions([point(1, 1000), point(8, 1051)]), []);
    assert.deepEqual(sweepSuspicions([point(2, 1000), point(8, 1000)]), []);
    assert.deepEqual(sweepSuspicions([point(1, 1000), point(4, 1000)]), []);
    const jobs = { numjobs: 16 };
    assert.deepEqual(sweepSuspicions([point(1, 1000, jobs), point(8, 1000, jobs)]), []);
  });
});

describe('faster than the device can be', () => {
  it('one I/O at a time in less time than its transport takes', () => {
    const result = run();
    latencyOf(result, 'sync', 2500);
    latencyOf(result, 'io_uring', 2500);
    const { message } = only(result, 'latency-below-device');
    assert.match(
      message,
      /^sync: half of the I\/Os took less than 2,500 ns: nvme0n1 \(nvme\/pcie\) takes 3,000 ns at least/,
    );
    result.warnings.push(...suspicions(result));
    assert.match(validityOf(result).text, /^it was faster than the device can be/);
    latencyOf(result, 'sync', 3001);
    assert.deepEqual(codes(result), []);
  });

  it('every backend is judged in depth 1', () => {
    const result = run({ options: { iodepth: 1 } });
    latencyOf(result, 'io_uring', 2500);
    assert.match(only(result, 'latency-below-device').message, /^io_uring: /);
  });

  it('a disk that turns, unless its transport is a virtual one', () => {
    const turning = { rotational: true, transport: 'sata' };
    const result = run({ device: turning });
    latencyOf(result, 'sync', 90_000);
    assert.match(only(result, 'latency-below-device').message, /a disk that turns takes 200 usec at least/);
    result.environment.virtualization = 'kvm';
    assert.deepEqual(codes(result), [], 'its platters are made up');
    for (const change of [
      { device: { ...turning, transport: 'virtio' } },
      { device: turning, options: { rw: 'read' } },
      { device: { ...turning, rotational: false } },
    ]) {
      const other = run(change);
      latencyOf(other, 'sync', 90_000);
      assert.deepEqual(codes(other), []);
    }
  });

  it('is not judged through the page cache, or when no device or several are known', () => {
    const fast = (result: RunResult) => {
      latencyOf(result, 'sync', 100);
      return codes(result);
    };
    assert.deepEqual(fast(run({ options: { direct: false } })), []);
    assert.deepEqual(fast(run({ device: { transport: null } })), []);
    const two = run();
    Object.assign(two.environment.files[0] ?? {}, { device: 'sda' });
    assert.deepEqual(fast(two), []);
  });

  it('more bytes than its link carries', () => {
    const [trial] = backendOf(run(), 'io_uring').trials;
    const most = Math.max(
      ...run().backends.flatMap(({ trials }) => trials.map(({ ops }) => ops.read?.bw_bytes ?? 0)),
    );
    assert.ok(trial && most > 0);
    assert.deepEqual(codes(run({ device: { link_bytes_per_second: most } })), []);
    const virtual = run({ device: { link_bytes_per_second: 1 } });
    virtual.environment.virtualization = 'kvm';
    assert.deepEqual(codes(virtual), [], 'its link is made up');
    const found = suspicions(run({ device: { link_bytes_per_second: most * 0.999 } }));
    assert.deepEqual(new Set(found.map(({ code }) => code)), new Set(['above-link']));
    assert.match(found[0]?.message ?? '', /the link to nvme0n1 carries .*\/s, the rest came from a cache/);
  });
});

describe('reads that came from a cache', () => {
  const readBy = (result: RunResult, share: number): RunResult => {
    for (const { conditions, ops } of result.backends.flatMap(({ trials }) => trials)) {
      if (conditions) conditions.device_read_bytes = Math.round((ops.read?.io_bytes ?? 0) * share);
    }
    return result;
  };

  it('are told when the device gave less than half', () => {
    const buffered = readBy(run({ options: { direct: false } }), 0.1);
    assert.match(
      only(buffered, 'reads-from-cache').message,
      /^reads came from the page cache, not from the device, in 25 of 25 trials, at most 90 % of the bytes/,
    );
    assert.match(
      only(readBy(run(), 0.1), 'reads-from-cache').message,
      /^direct reads did not reach the device in 25/,
    );
    assert.deepEqual(codes(readBy(run(), 0.51)), []);
    buffered.warnings.push(...suspicions(buffered));
    assert.match(validityOf(buffered).text, /reads came from a cache/);
  });

  it('are wanted with pre-read, and no wonder of memory; the counters of one of several drives say nothing', () => {
    assert.deepEqual(codes(readBy(run({ options: { 'pre-read': true } }), 0)), []);
    assert.deepEqual(codes(readBy(run({ device: { file_system: 'btrfs' } }), 0)), []);
    const memory = readBy(run(), 0);
    const text = 'tmpfs on /data: this is memory, no drive is measured';
    memory.environment.doctor = [{ id: 'memory-backed', state: 'warning', text, mend: null }];
    const [warning, ...others] = suspicions(memory);
    assert.deepEqual([warning?.code, others.length], ['memory-backed', 0], 'and that is said');
    assert.match(warning?.message ?? '', /^\S+ is on tmpfs on \/data: this is memory, no drive is measured$/);
  });
});

describe('two backends that are equal', () => {
  const equal = (a: string, b: string, share: number, off = 0): RunResult => {
    const result = run();
    steady(backendOf(result, a), 200_000, off);
    steady(backendOf(result, b), 200_000 * (1 + share), off);
    return result;
  };

  it('to 0.1 % in every trial', () => {
    const { message } = only(equal('linux-aio', 'io_uring', 0.0009), 'backends-equal');
    assert.match(message, /^linux-aio and io_uring are equal to 0\.1 % in every trial/);
  });

  it('by chance are not meant, nor variants of one backend', () => {
    assert.deepEqual(codes(equal('linux-aio', 'io_uring', 0.0011)), []);
    assert.deepEqual(codes(equal('linux-aio', 'io_uring', 0, 0.006)), []);
    assert.deepEqual(codes(equal('io_uring', 'io_uring+enhanced', 0)), []);
  });
});
