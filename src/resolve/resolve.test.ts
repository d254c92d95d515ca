import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type FlatPlan, flatPlan } from '../../test/support/plan.ts';
import { refused } from '../../test/support/refused.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { knownOptions, parseOption } from '../options/option-reader.ts';
import type { Flag, RawOptions } from '../options/options.ts';
import { defaultWorkload, type Resolved, resolve } from './resolve.ts';
import { checkMaxTrials } from './trial-options.ts';

const machine = { cpusOnline: [0, 1, 2, 3], cpusAllowed: [0, 1, 2] };
const host = { machine, target: { dioAlign: () => 512 } };

/** Resolves options given as text; files go to a folder of the test. */
function job(t: TestContext, given: Partial<Record<Flag, string>>): Resolved & { job: FlatPlan } {
  const all = { directory: scratchFolder(t), size: '1m', ...given };
  const values = Object.entries(all).map(([flag, text]) => [flag, parseOption(flag as Flag, text)]);
  const resolved = resolve(Object.fromEntries(values) as RawOptions, host);
  return { ...resolved, job: flatPlan(resolved.plan) };
}

const codes = ({ warnings }: Resolved) => warnings.map(({ code }) => code);

describe('backends of a run', () => {
  it('compares six with depth 8, five trials of 1.2 s each, when none is named', (t) => {
    const { job: run, warnings } = job(t, {});
    const labels = run.variants.map((variant) => variant.label);
    assert.deepEqual(labels, [
      'sync',
      'posix-aio',
      'threadpool',
      'linux-aio',
      'io_uring',
      'io_uring+enhanced',
    ]);
    assert.equal(run.iodepth, 8);
    assert.deepEqual([run.trials, run.warmupTrials, run.untilConfident], [5, 1, null]);
    assert.equal(run.reference, 'io_uring');
    assert.deepEqual(run.bounds, { runtimeNs: 1.2e9, ios: 0, bytes: 0 });
    assert.deepEqual(warnings, []);
  });

  it('runs one named backend once, with depth 1, for 10 s', (t) => {
    const { job: run } = job(t, { backend: 'io_uring' });
    assert.deepEqual([run.iodepth, run.trials, run.warmupTrials, run.reference], [1, 1, 0, null]);
    assert.equal(run.bounds.runtimeNs, 10e9);
  });

  it('goes on until it is confident, within the most trials', (t) => {
    const { job: run } = job(t, { 'until-confident': '2.5%' });
    assert.deepEqual([run.trials, run.untilConfident], [5, { pct: 2.5, maxTrials: 30 }]);
    assert.deepEqual([run.options['until-confident'], run.options['max-trials']], [2.5, 30]);
    const few = job(t, { backend: 'sync', 'until-confident': '5', 'max-trials': '8' }).job;
    assert.deepEqual([few.trials, few.untilConfident], [1, { pct: 5, maxTrials: 8 }]);
    assert.equal(job(t, { 'max-trials': '8' }).job.untilConfident, null);
    refused(() => job(t, { 'until-confident': '0' }), /until-confident=0 is not a percentage/, /2\.5/);
    refused(
      () => job(t, { 'until-confident': '5', 'max-trials': '5' }),
      /max-trials=5 is too few/,
      /takes 6/,
    );
    refused(
      () => job(t, { 'until-confident': '5', trials: '40' }),
      /trials=40 is more than max-trials=30/,
      /fewest/,
    );
  });

  it('refuses max-trials where nothing makes more of them', () => {
    refused(() => checkMaxTrials({ 'max-trials': 9 }), /max-trials=9 has no effect/, /--trials/);
    checkMaxTrials({ 'max-trials': 9, 'until-confident': 5 });
    checkMaxTrials({});
  });

  it('delays the null backend alone', (t) => {
    assert.equal(job(t, { backend: 'null', 'null-delay': '250' }).job.nativeOptions['null-delay'], 250);
    assert.equal(job(t, { backend: 'null', 'null-delay': '2us' }).job.options['null-delay'], 2000);
    refused(() => job(t, { backend: 'sync', 'null-delay': '250' }), /null-delay has no effect on sync/);
  });

  it('chooses the reference', (t) => {
    assert.equal(job(t, { backend: 'sync,libaio' }).job.reference, 'sync');
    assert.equal(job(t, { backend: 'sync,io_uring' }).job.reference, 'io_uring');
    assert.equal(job(t, { backend: 'psync,libaio', reference: 'libaio' }).job.reference, 'linux-aio');
    const fixed = { backend: 'sync,io_uring+enhanced', reference: 'io_uring+fixedbufs+registerfiles' };
    assert.equal(job(t, fixed).job.reference, 'io_uring+enhanced');
    refused(
      () => job(t, { backend: 'sync', reference: 'io_uring' }),
      /reference=io_uring is not among/,
      /sync/,
    );
    refused(() => job(t, { reference: 'io_urin' }), /unknown backend 'io_urin'/);
  });

  it('refuses the same backend twice, under whatever name', (t) => {
    refused(() => job(t, { backend: 'sync,psync' }), /backend sync is given twice/, /--trials/);
    const twice = 'io_uring+enhanced,io_uring+fixedbufs+registerfiles';
    refused(() => job(t, { backend: twice }), /given twice \(as io_uring\+enhanced and/);
  });

  it('refuses options that no chosen backend knows', (t) => {
    refused(
      () => job(t, { backend: 'io_uring,sync', 'aio-threads': '4' }),
      /^aio-threads has no effect on io_uring, sync \(only on posix-aio\)/,
    );
    assert.equal(
      job(t, { backend: 'io_uring,posixaio', 'aio-threads': '4' }).job.nativeOptions['aio-threads'],
      4,
    );
    assert.equal(job(t, { 'aio-threads': '4' }).job.nativeOptions['aio-threads'], 4);
  });

  it('refuses trim where a backend cannot', (t) => {
    refused(
      () => job(t, { backend: 'io_uring,posix-aio', rw: 'randtrim' }),
      /posix-aio cannot trim/,
      /these can:.*io_uring/,
    );
  });

  it('warns of a depth that synchronous backends cannot have', (t) => {
    assert.deepEqual(codes(job(t, { backend: 'sync', iodepth: '8' })), ['sync-depth']);
    assert.deepEqual(codes(job(t, { backend: 'sync', iodepth: '1' })), []);
    assert.deepEqual(codes(job(t, { backend: 'sync,io_uring', iodepth: '8' })), []);
    assert.deepEqual(codes(job(t, { backend: 'sync' })), []);
  });
});

describe('the end of a run', () => {
  const bounds = (t: TestContext, given: Partial<Record<Flag, string>>) => {
    const { runtimeNs, ios, bytes } = job(t, { backend: 'io_uring', ...given }).job.bounds;
    return [runtimeNs, ios, bytes];
  };

  it('is the runtime when nothing else is given', (t) => {
    assert.deepEqual(bounds(t, { runtime: '2' }), [2e9, 0, 0]);
    assert.deepEqual(bounds(t, { 'time-based': '1' }), [10e9, 0, 0]);
    assert.deepEqual(bounds(t, { runtime: '2', 'time-based': '1' }), [2e9, 0, 0]);
  });

  it('is an amount when one is given, or the runtime if that is sooner', (t) => {
    assert.deepEqual(bounds(t, { 'number-ios': '100' }), [0, 100, 2 ** 20]);
    assert.deepEqual(bounds(t, { 'io-size': '8m' }), [0, 0, 8 * 2 ** 20]);
    assert.deepEqual(bounds(t, { 'io-size': '8m', runtime: '2' }), [2e9, 0, 8 * 2 ** 20]);
    assert.deepEqual(bounds(t, { 'number-ios': '100', runtime: '2', 'io-size': '8m' }), [
      2e9,
      100,
      8 * 2 ** 20,
    ]);
    assert.deepEqual(bounds(t, { loops: '3' }), [0, 0, 3 * 2 ** 20]);
  });

  it("is fio's with --no-time-based: size x loops, or the runtime", (t) => {
    assert.deepEqual(bounds(t, { 'time-based': '0' }), [0, 0, 2 ** 20]);
    assert.deepEqual(bounds(t, { 'time-based': '0', runtime: '2', loops: '2' }), [2e9, 0, 2 * 2 ** 20]);
  });

  it('is never silently another than asked for', (t) => {
    refused(
      () => bounds(t, { 'time-based': '1', 'number-ios': '5', loops: '2' }),
      /^number-ios and loops would have no effect with time-based/,
    );
    refused(() => bounds(t, { 'io-size': '4p', loops: '4' }), /too many bytes/);
    const pass = { backend: 'io_uring', 'number-ios': '257' };
    assert.deepEqual(codes(job(t, pass)), ['number-ios-unreached']);
    assert.match(job(t, pass).warnings[0]?.message ?? '', /ends a job after 256 I\/Os/);
    assert.deepEqual(codes(job(t, { ...pass, 'number-ios': '256' })), []);
    assert.deepEqual(codes(job(t, { ...pass, 'io-size': '8m' })), []);
  });

  it('counts the size of all files of a job', (t) => {
    assert.deepEqual(bounds(t, { 'time-based': '0', nrfiles: '4' }), [0, 0, 2 ** 20]);
  });
});

describe("fio's rules across options", () => {
  const resolved = (t: TestContext, given: Partial<Record<Flag, string>>) => job(t, given).job;

  it('keeps batches within iodepth, and max at least min', (t) => {
    const batches = (given: Partial<Record<Flag, string>>) => {
      const run = resolved(t, { backend: 'io_uring', iodepth: '8', ...given });
      return [run.iodepthBatchSubmit, run.iodepthBatchCompleteMin, run.iodepthBatchCompleteMax];
    };
    assert.deepEqual(batches({}), [1, 1, 1]);
    assert.deepEqual(batches({ 'iodepth-batch-submit': '0' }), [8, 1, 1]);
    assert.deepEqual(batches({ 'iodepth-batch-submit': '16' }), [8, 1, 1]);
    assert.deepEqual(batches({ 'iodepth-batch-complete-min': '4' }), [1, 4, 4]);
    assert.deepEqual(
      batches({ 'iodepth-batch-complete-min': '4', 'iodepth-batch-complete-max': '2' }),
      [1, 4, 4],
    );
    assert.deepEqual(batches({ 'iodepth-batch-complete-max': '6' }), [1, 1, 6]);
    assert.deepEqual(batches({ 'iodepth-batch-complete-min': '0' }), [1, 0, 1]);
    assert.deepEqual(
      batches({ 'iodepth-batch-complete-min': '9', 'iodepth-batch-complete-max': '99' }),
      [1, 8, 8],
    );
  });

  it('takes buffered as the opposite of direct', (t) => {
    assert.equal(resolved(t, {}).direct, true);
    assert.equal(resolved(t, { buffered: '1' }).direct, false);
    assert.equal(resolved(t, { buffered: '0' }).direct, true);
    assert.equal(resolved(t, { buffered: '1', direct: '0' }).direct, false);
    refused(() => resolved(t, { buffered: '1', direct: '1' }), /direct=1 and buffered=1 contradict/);
    refused(() => resolved(t, { buffered: '0', direct: '0' }), /contradict/);
  });

  it('does not drop what it has just read', (t) => {
    assert.equal(resolved(t, {}).invalidate, true);
    assert.equal(resolved(t, { invalidate: '0' }).invalidate, false);
    assert.equal(resolved(t, { 'pre-read': '1', invalidate: '1' }).invalidate, false);
  });

  it('has no map with a skewed distribution', (t) => {
    assert.equal(resolved(t, {}).norandommap, false);
    assert.equal(resolved(t, { 'random-distribution': 'zipf:1.2' }).norandommap, true);
    refused(
      () => resolved(t, { 'random-distribution': 'zipf', norandommap: '0' }),
      /norandommap=0 cannot be kept/,
    );
  });

  it('fills buffers as asked', (t) => {
    const buffers = (given: Partial<Record<Flag, string>>) => {
      const run = resolved(t, { rw: 'write', ...given });
      return [run.refillBuffers, run.bufferCompressPercentage, run.zeroBuffers];
    };
    assert.deepEqual(buffers({}), [false, 0, false]);
    assert.deepEqual(buffers({ 'buffer-compress-percentage': '50' }), [true, 50, false]);
    assert.deepEqual(buffers({ 'buffer-compress-percentage': '50', 'refill-buffers': '0' }), [
      false,
      50,
      false,
    ]);
    assert.deepEqual(buffers({ 'buffer-compress-percentage': '100' }), [false, 0, true]);
    assert.deepEqual(buffers({ 'zero-buffers': '1' }), [false, 0, true]);
    refused(() => buffers({ 'zero-buffers': '1', 'buffer-compress-percentage': '50' }), /contradict/);
  });

  it('takes bs by operation', (t) => {
    assert.deepEqual(resolved(t, { bs: '8k,16k' }).bs, { read: 8192, write: 16384, trim: 16384 });
    assert.deepEqual(resolved(t, { bs: ',16k' }).bs, { read: 4096, write: 16384, trim: 16384 });
    assert.equal(resolved(t, { bs: '8k' }).options.bs, 8192);
    assert.equal(resolved(t, { bs: '8k,16k' }).options.bs, '8192,16384,16384');
  });

  it('checks CPUs against the machine and the affinity', (t) => {
    assert.deepEqual(resolved(t, { 'cpus-allowed': '0-2' }).cpusAllowed, [0, 1, 2]);
    assert.deepEqual(resolved(t, {}).cpusAllowed, []);
    refused(() => resolved(t, { 'cpus-allowed': '2-5' }), /CPUs 4-5 do not exist/, /online here: 0-3/);
    refused(() => resolved(t, { 'cpus-allowed': '3' }), /may not use CPU 3/, /allows: 0-2/);
    refused(() => resolved(t, { 'cpus-allowed-policy': 'split' }), /give --cpus-allowed/);
  });

  it('says which given options do nothing', (t) => {
    assert.deepEqual(codes(job(t, { rwmixread: '70' })), ['option-ignored']);
    assert.match(
      job(t, { depth: '8' }).warnings[0]?.message ?? '',
      /no tree of files \(I\/Os in flight are --iodepth\)$/,
    );
    assert.match(
      job(t, { rwmixread: '70' }).warnings[0]?.message ?? '',
      /rwmixread=70 has no effect: rw=randread/,
    );
    assert.deepEqual(codes(job(t, { rw: 'randrw', rwmixread: '70' })), []);
    assert.deepEqual(codes(job(t, { fsync: '1' })), ['option-ignored']);
    assert.deepEqual(codes(job(t, { fsync: '0' })), []);
    assert.deepEqual(codes(job(t, { rw: 'read', 'random-distribution': 'zipf' })), ['option-ignored']);
  });

  it('refuses names that would break lines', (t) => {
    refused(() => resolved(t, { name: 'a\nb' }), /control character/);
  });
});

describe('the stored description', () => {
  it('has every option but those of the output, in plain JSON', (t) => {
    const { options } = job(t, { thinktime: '20', runtime: '1500ms' }).job;
    const expected = knownOptions
      .filter(({ scope, flag }) => (scope === 'workload' || scope === 'run') && flag !== 'job')
      .map(({ flag }) => flag);
    assert.deepEqual(Object.keys(options).sort(), expected.sort());
    assert.deepEqual(JSON.parse(JSON.stringify(options)), options);
    assert.equal(options.runtime, 1.5);
    assert.equal(options.thinktime, 20);
    assert.equal(options.size, 2 ** 20);
    assert.equal(options['io-size'], null);
  });

  it('shows what is in force, not what was typed', (t) => {
    const { options } = job(t, { buffered: '1', nrfiles: '4', 'iodepth-batch-submit': '0' }).job;
    assert.equal(options.direct, false);
    assert.equal(options.filesize, 2 ** 18);
    assert.equal(options['iodepth-batch-submit'], 8);
    assert.deepEqual(options.backend, [
      'sync',
      'posix-aio',
      'threadpool',
      'linux-aio',
      'io_uring',
      'io_uring+enhanced',
    ]);
  });
});

describe('defaultWorkload', () => {
  it('is the default comparison', (t) => {
    const { bounds, ...workload } = defaultWorkload();
    const run = job(t, {}).job as unknown as Record<string, unknown>;
    for (const [key, value] of Object.entries(workload)) assert.deepEqual(run[key], value, key);
    assert.deepEqual(bounds, run.bounds);
  });
});
