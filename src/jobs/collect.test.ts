/** Collecting a trial is a function of plain values: no native code here. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseVariant } from '../backends/registry.ts';
import { UB } from '../native/abi.ts';
import type { MergedLatency } from '../native/arena.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Workload } from '../workload/workload.ts';
import { collectTrial } from './collect.ts';
import type { RawJob, RawLatencies, RawTrial } from './raw-trial.ts';

const USAGE = { voluntary: 2, involuntary: 1, usrNs: 1000, sysNs: 3000, minorFaults: 2, majorFaults: 3 };

/** A job that did so many 4 KiB I/Os of an operation between two times. */
function rawJob(op: number, ios: number, beginNs: number, endNs: number, more: Partial<RawJob> = {}): RawJob {
  const ops = Array.from({ length: UB.OPS }, (_, at) =>
    at === op ? { ios, bytes: ios * 4096, shortIos: 0 } : { ios: 0, bytes: 0, shortIos: 0 },
  );
  return {
    state: UB.STATE_FINISHED,
    errno: 0,
    stage: '',
    errorFile: null,
    errorNs: 0,
    lost: 0,
    sharedFds: false,
    beginNs,
    endNs,
    offsetsHash: BigInt(ios),
    hashedIos: UB.HASHED_IOS,
    carriedNs: 0,
    stalledNs: 0,
    unsent: 0,
    usage: USAGE,
    counted: 0,
    uncounted: 0,
    syscalls: { pread64: ios },
    ops,
    errors: [],
    ...more,
  };
}

/** So many samples of the same latency below 2048 ns, where each has a bucket of its own. */
function latency(count: number, ns: number): MergedLatency {
  const counts = new BigUint64Array(UB.HIST_COUNTS);
  counts[ns] = BigInt(count);
  const extremes =
    count > 0 ? { minNs: BigInt(ns), maxNs: BigInt(ns) } : { minNs: 2n ** 64n - 1n, maxNs: 0n };
  return { counts, count, ...extremes, sumNs: BigInt(count * ns), over: 0 };
}

const latencies = (op: number, count: number, ns: number): (RawLatencies | null)[] =>
  Array.from({ length: UB.OPS }, (_, at) =>
    at === op
      ? {
          total: latency(count, ns),
          submit: latency(count, 1),
          done: latency(count, ns - 1),
          response: latency(0, 0),
        }
      : null,
  );

function group(name: string, fields: Partial<Workload>, own: string | null = null) {
  const workload = {
    name,
    rw: 'randread',
    numjobs: 1,
    rateIops: 0,
    rateIopsMin: 0,
    fsync: 0,
    fdatasync: 0,
    bounds: { runtimeNs: 1, ios: 0, bytes: 0 },
    nativeOptions: {},
    ...fields,
  };
  const files = Array.from({ length: workload.numjobs }, (_, j) => [{ path: `/data/${name}.${j}` }]);
  return { workload, variant: own === null ? null : parseVariant(own), files, startAfter: null };
}

const plan = (groups: object[]): RunPlan =>
  ({ groups, isolation: 'thread', percentileList: [50] }) as unknown as RunPlan;
const run = { variant: parseVariant('linux-aio'), trial: 3, position: 2 };

describe('a trial of one group', () => {
  const one = plan([group('a', { numjobs: 2 })]);
  const raw: RawTrial = {
    jobs: [rawJob(UB.OP_READ, 100, 1000, 2000), rawJob(UB.OP_READ, 300, 1000, 3000)],
    helpers: [{ voluntary: 7, involuntary: 0, usrNs: 10, sysNs: 20, minorFaults: 0, majorFaults: 0 }],
    latencies: [latencies(UB.OP_READ, 400, 1500)],
  };

  it('is the sum of its jobs, with what their processes used beside them', () => {
    const trial = collectTrial(raw, one, run, false);
    assert.equal(trial.status, 'complete');
    assert.deepEqual([trial.trial, trial.position, trial.runtime_ns, trial.total_ios], [3, 2, 2000, 400]);
    assert.equal(trial.iops, 400 / 2e-6);
    assert.deepEqual(trial.ctx, { total: 13, voluntary: 11, involuntary: 2, helpers: 7 });
    assert.deepEqual(trial.cpu, { usr_ns: 2010, sys_ns: 6020, helpers_ns: 30 });
    assert.deepEqual(trial.page_faults, { minor: 4, major: 6 });
    assert.deepEqual(trial.syscalls.by_name, { pread64: 400 });
    assert.equal(trial.effective_depth, (400 * 1500) / 2000);
    assert.equal(trial.offsets_hash, ((100n * 0x100000001b3n) ^ 300n).toString(16).padStart(16, '0'));
  });

  it('has the instructions of all its jobs, or none', () => {
    const counting = plan([group('a', { numjobs: 2, nativeOptions: { 'count-instructions': true } })]);
    const counted = (uncounted: number) => {
      const jobs = raw.jobs.map((job, at) => ({ ...job, counted: 5000, uncounted: at * uncounted }));
      return collectTrial({ ...raw, jobs }, counting, run, false).instructions;
    };
    assert.equal(counted(0), 10_000);
    assert.equal(counted(2), null);
    assert.ok(!('instructions' in collectTrial(raw, one, run, false)));
  });

  it('has a hash of jobs in their order: equal ones do not cancel each other', () => {
    const [first] = raw.jobs as [RawJob, RawJob];
    const hash = (jobs: readonly RawJob[]) => collectTrial({ ...raw, jobs }, one, run, false).offsets_hash;
    assert.ok(Number.parseInt(hash([first, first]) ?? '0', 16) > 0);
    assert.notEqual(hash([...raw.jobs]), hash([...raw.jobs].reverse()));
  });

  it('has no hash when a job that time bounds did too few I/Os for it', () => {
    const jobs = [raw.jobs[0] as RawJob, { ...(raw.jobs[1] as RawJob), hashedIos: 5 }];
    assert.ok(!('offsets_hash' in collectTrial({ ...raw, jobs }, one, run, false)));
  });

  it('names the file and the offset of the I/O that ended a job', () => {
    const errors = [{ op: UB.OP_READ, errno: 5, count: 1, firstFile: 0, firstOffset: 8192 }];
    const failed = rawJob(UB.OP_READ, 1, 1000, 1001, { errno: 5, stage: 'read', errorFile: 0, errors });
    const trial = collectTrial({ ...raw, jobs: [raw.jobs[0] as RawJob, failed] }, one, run, false);
    assert.equal(trial.status, 'failed');
    assert.match(trial.failure?.message ?? '', /^read \/data\/a\.1 at offset 8192: .*\(EIO\)$/);
    assert.deepEqual(
      trial.errors.map(({ op, first_file, count }) => [op, first_file, count]),
      [['read', '/data/a.1', 1]],
    );
  });

  it('names the item of a tree', () => {
    const tree = { items: 50, itemBytes: 1, itemBytesMost: 1, itemStepBytes: 1, dirs: 2, levels: 1 };
    const files = plan([group('a', { numjobs: 2, rw: 'wholefile', tree })]);
    for (const [stage, errno, said] of [
      ['wholefile', 2, /^wholefile \/data\/a\.1\/d1\/f\.1\.17: .*\(ENOENT\)$/],
      ['checksum', 84, /^checksum \/data\/a\.1\/d1\/f\.1\.17: what was read is not what was laid out/],
      ['submit', 5, /^submit: /],
    ] as const) {
      const errors = [{ op: UB.OP_WHOLEFILE, errno, count: 1, firstFile: 0, firstOffset: 17 }];
      const failed = rawJob(UB.OP_WHOLEFILE, 1, 1000, 1001, { errno, stage, errors });
      const trial = collectTrial({ ...raw, jobs: [raw.jobs[0] as RawJob, failed] }, files, run, false);
      assert.match(trial.failure?.message ?? '', said);
      assert.deepEqual(trial.errors[0]?.first_file, '/data/a.1/d1/f.1.17');
    }
  });

  it('tells the error that came first, whichever job had it', () => {
    const at = (errorNs: number, errno: number): RawJob =>
      rawJob(UB.OP_READ, 1, 1000, 1001, { errno, errorNs, stage: 'read' });
    for (const [jobs, code] of [
      [[at(900, 5), at(800, 28)], /ENOSPC/],
      [[at(800, 5), at(900, 28)], /EIO/],
      [[rawJob(UB.OP_READ, 1, 1000, 1001), at(900, 28)], /ENOSPC/],
      [[at(900, 5), at(900, 28)], /EIO/],
    ] as const) {
      assert.match(collectTrial({ ...raw, jobs }, one, run, false).failure?.message ?? '', code);
    }
  });

  it('is empty when no job got as far as its loop', () => {
    const jobs = [0, 1].map(() => rawJob(UB.OP_READ, 0, 0, 0, { errno: 12, stage: 'allocate' }));
    const none = Array.from({ length: UB.OPS }, () => null);
    const trial = collectTrial({ jobs, helpers: [], latencies: [none] }, one, run, false);
    assert.deepEqual([trial.runtime_ns, trial.iops, trial.effective_depth, trial.total_ios], [0, 0, 0, 0]);
    assert.match(trial.failure?.message ?? '', /^allocate: .*ENOMEM/);
  });

  it('counts a histogram against the I/Os that it is of', () => {
    const wrong = [latencies(UB.OP_READ, 400, 1500)];
    const total = wrong[0]?.[UB.OP_READ]?.total;
    assert.ok(total);
    total.count = 399;
    assert.throws(() => collectTrial({ ...raw, latencies: wrong }, one, run, false), /histogram holds 400/);
  });
});
