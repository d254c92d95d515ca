import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { syntheticTrial } from '../../test/support/synthetic-run.ts';
import { backends } from '../backends/registry.ts';
import type { RunResult, Trial } from '../results/schema.ts';
import type { CpuChange } from '../stats/calibration.ts';
import { type Explained, explainedBy, explainedText, isPartly, likely, SPINNING } from './machine-speed.ts';
import { parseMetric } from './metrics.ts';

type Job = RunResult['jobs'][number];

const change = (syscall: number, loop: number): CpuChange => ({
  syscall: { log: Math.log(syscall), half: 0.01 },
  null: { log: Math.log(loop), half: 0.02 },
  beyondDoubt: true,
});

/** A trial of a second whose jobs computed for a share of it, some of that in user mode. */
function busy(share: number, user = 0.3): Trial {
  const ns = share * 1e9;
  return syntheticTrial(1, 10_000, {
    cpu: { usr_ns: ns * user, sys_ns: ns * (1 - user), helpers_ns: 0 },
  });
}

interface Asked {
  share?: number;
  variant?: string;
  options?: Job['options'];
  numjobs?: number;
}

function explain(
  name: string,
  of: CpuChange,
  { share = 1, variant = 'io_uring', options = {}, numjobs = 1 }: Asked = {},
): Explained | null {
  const jobs: Job[] = [{ name: 'job', numjobs, files: [], options }];
  const trials = [busy(share * numjobs)];
  return explainedBy(of, parseMetric('metric', name), { variant, jobs, before: trials, after: trials });
}

function range(explained: Explained | null): [number, number] {
  assert.ok(explained);
  return [Math.exp(explained.low), Math.exp(explained.high)].map((value) => Number(value.toFixed(4))) as [
    number,
    number,
  ];
}

describe('what another speed of the CPUs explains', () => {
  it('is all of CPU time, where both calibrations agree', () => {
    assert.deepEqual(range(explain('cpu_per_io', change(1.2, 1.2))), [1.2, 1.2]);
    assert.deepEqual(range(explain('cpu_per_io', change(0.8, 0.8))), [0.8, 0.8]);
  });

  it('is between user mode and system calls for the part that is in the kernel', () => {
    // 30 % in user mode: 0.3 x 1 + 0.7 x (1 to 1.5)
    assert.deepEqual(range(explain('cpu_per_io', change(1.5, 1))), [1, 1.35]);
    assert.deepEqual(range(explain('cpu_per_io', change(1, 1.5))), [1.15, 1.5]);
  });

  it('is the same of IOPS, the other way round, where jobs do nothing but compute', () => {
    assert.deepEqual(range(explain('iops', change(1.25, 1.25))), [0.8, 0.8]);
    assert.deepEqual(range(explain('lat_p50', change(1.25, 1.25))), [1.25, 1.25]);
    assert.deepEqual(range(explain('lat_mean', change(1.25, 1.25), { numjobs: 4 })), [1.25, 1.25]);
  });

  it('is at most the part that CPUs had in the time, where jobs wait for a device, and nothing at the least', () => {
    const waiting = { share: 0.2 };
    assert.deepEqual(range(explain('lat_p50', change(1.5, 1.5), waiting)), [1, 1.1]);
    assert.deepEqual(range(explain('iops', change(1.5, 1.5), waiting)), [0.9091, 1]);
    assert.ok(isPartly(explain('lat_p50', change(1.5, 1.5), waiting) as Explained));
    assert.deepEqual(range(explain('cpu_per_io', change(1.5, 1.5), waiting)), [1.5, 1.5]);
  });

  it('is not known of tails', () => {
    assert.deepEqual(range(explain('lat_p99', change(1.5, 1.5))), [1, 1.5]);
    assert.deepEqual(range(explain('lat_max', change(0.5, 0.5))), [0.5, 1]);
  });

  it('is not known where CPUs turn while they wait', () => {
    for (const variant of ['io_uring+iopoll+registerfiles', 'io_uring+sqpoll: job', 'sync+hipri']) {
      assert.deepEqual(range(explain('cpu_per_io', change(1.5, 1.5), { variant })), [1, 1.5], variant);
      assert.deepEqual(range(explain('iops', change(1.5, 1.5), { variant })), [0.6667, 1], variant);
    }
    const polling = { options: { 'iodepth-batch-complete-min': 0 } };
    assert.deepEqual(range(explain('cpu_per_io', change(1.5, 1.5), polling)), [1, 1.5]);
  });

  it('is nothing of the delay of the null backend, which ends by the clock', () => {
    // 0.1 ms of CPU time an I/O
    const late = (ns: number) =>
      explain('lat_p50', change(1.5, 1.5), { variant: 'null', options: { 'null-delay': ns } });
    assert.deepEqual(range(late(2000)), [1, 1.49]);
    assert.deepEqual(range(late(100_000)), [1, 1]);
    assert.equal(late(100_000)?.half, 0);
  });

  it('is nothing of counts', () => {
    assert.equal(explain('syscalls_per_io', change(1.5, 1.5)), null);
    assert.equal(explain('ctx_per_io', change(1.5, 1.5)), null);
  });

  it('has features that exist', () => {
    const known = backends.flatMap(({ features }) => features.map(({ name }) => name));
    for (const word of SPINNING) assert.ok(known.includes(word), word);
  });

  it('is said with both calibrations, and what came of it', () => {
    const all = explain('cpu_per_io', change(1.12, 1.1)) as Explained;
    assert.match(explainedText(all), /makes a system call in 1\.12x the time.*1\.10x: normalised by 1\.1/);
    const some = explain('lat_p50', change(1.12, 1.1), { share: 0.5 }) as Explained;
    assert.match(explainedText(some), /how much of that is in this figure is not known, 1\.00x\.\.1\.06x/);
  });

  it('is believed the less, the less steady the calibrations are', () => {
    const shown = { low: 0.02, high: 0.03, change: change(1, 1) };
    assert.ok(likely({ ...shown, half: 0.01 }).high > 0.0295);
    assert.ok(likely({ ...shown, half: 0.3 }).high < 0.006);
  });
});
