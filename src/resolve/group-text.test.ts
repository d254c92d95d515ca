import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { refused } from '../../test/support/refused.ts';
import { scratchFolder } from '../../test/support/scratch.ts';
import { readOptions } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { readGroups } from './group-text.ts';
import { resolve } from './resolve.ts';

const host = { machine: { cpusOnline: [0], cpusAllowed: [0] }, target: { dioAlign: () => 512 } };

/** Resolves --job texts beside other options. */
function resolved(t: TestContext, jobs: readonly string[], given: Partial<Record<Flag, string>> = {}) {
  const run = { directory: scratchFolder(t), size: '1m', ...given };
  const written = Object.entries(run).map(([flag, text]) => ({ flag: flag as Flag, text }));
  const groups = jobs.map((text) => ({ flag: 'job' as const, text }));
  return resolve(readOptions([...written, ...groups]).raw, host);
}

describe('the words of --job', () => {
  it('are options of a job, with or without dashes, bare and quoted', () => {
    const [one] = readGroups(["name='a b' --rw=write direct=0 fsync=2"]);
    assert.deepEqual(one?.own, { name: 'a b', rw: 'write', direct: false, fsync: 2 });
    assert.equal(one?.name, 'a b');
    const [two, three] = readGroups(['direct', 'after=job1 bs="8k"']);
    assert.deepEqual([two?.name, two?.own.direct, two?.startAfter], ['job1', true, null]);
    assert.deepEqual([three?.name, three?.startAfter, three?.own.bs?.read], ['job2', 'job1', 8192]);
  });

  it('say what is wrong with them', () => {
    refused(() => readGroups(['iodpeth=2']), /unknown option 'iodpeth': did you mean 'iodepth'/);
    refused(() => readGroups(['iodepth']), /iodepth needs a value/, /iodepth=VALUE/);
    refused(() => readGroups(["name='a"]), /a quote is not closed/);
    refused(() => readGroups(['trials=3']), /trials holds for all jobs of a run/, /--trials beside --job/);
    refused(() => readGroups(['isolation=process']), /isolation holds for all jobs/);
    refused(() => readGroups(['allow-overwrite']), /allow-overwrite holds for all jobs/);
    refused(() => readGroups(['name=a', 'name=a']), /two jobs have the name 'a'/);
    refused(() => readGroups(['name=a after=b', 'name=b']), /after=b names no job before it/, /put the one/);
    refused(() => readGroups(['name=logs', 'after=log']), /after=log names no job: did you mean 'logs'/);
    refused(() => readGroups(['name=a after=a']), /after=a names no job before it/);
    refused(() => readGroups(['backend=sync,io_uring']), /is not one backend/, /--backend/);
  });
});

describe('groups of jobs', () => {
  it('take the options of the run as their defaults, each with its own files', (t) => {
    const jobs = ['name=log rw=write bs=8k fdatasync=1', 'name=data rw=randread iodepth=16 numjobs=2'];
    const { plan, warnings } = resolved(t, jobs, { backend: 'sync,io_uring', iodepth: '4', runtime: '2' });
    assert.deepEqual(
      plan.groups.map(({ workload: { name, rw, iodepth, numjobs, bounds } }) => [
        name,
        rw,
        iodepth,
        numjobs,
        bounds.runtimeNs,
      ]),
      [
        ['log', 'write', 4, 1, 2e9],
        ['data', 'randread', 16, 2, 2e9],
      ],
    );
    const names = plan.groups.map(({ files }) => files.flat().map(({ path }) => path.replace(/.*\//, '')));
    assert.deepEqual(names, [['log.0.0'], ['data.0.0', 'data.1.0']]);
    assert.deepEqual(
      plan.variants.map(({ label }) => label),
      ['sync', 'io_uring'],
    );
    assert.deepEqual(
      plan.groups.map(({ options }) => options.trials),
      [5, 5],
    );
    assert.deepEqual(warnings, []);
  });

  it('may have a backend of their own, which only what is compared leaves out', (t) => {
    const { plan } = resolved(t, ['name=log rw=write backend=sync', 'name=data rw=randread'], {
      backend: 'libaio,io_uring',
    });
    assert.deepEqual(
      plan.groups.map(({ variant }) => variant?.name ?? null),
      ['sync', null],
    );
    assert.deepEqual(
      plan.variants.map(({ name }) => name),
      ['linux-aio', 'io_uring'],
    );
    assert.deepEqual(plan.groups[0]?.options.backend, ['sync']);
    const fixed = resolved(t, ['backend=sync', 'backend=io_uring']).plan;
    assert.deepEqual(
      fixed.variants.map(({ label }) => label),
      ['sync with io_uring'],
    );
    assert.deepEqual([fixed.trials, fixed.groups[1]?.workload.iodepth], [1, 1], 'not a comparison');
    refused(
      () => resolved(t, ['backend=sync', 'backend=io_uring'], { backend: 'null' }),
      /backend=null has no effect: each job has a backend of its own/,
    );
  });

  it('refuse what a backend cannot do for any of them', (t) => {
    refused(
      () => resolved(t, ['rw=read', 'rw=trim'], { backend: 'libaio' }),
      /rw=trim: linux-aio cannot trim/,
    );
    refused(() => resolved(t, ['rw=read', 'rw=trim backend=libaio']), /rw=trim: linux-aio cannot trim/);
    refused(
      () => resolved(t, ['rw=read null-delay=5 backend=sync', 'rw=read']),
      /null-delay has no effect on sync/,
    );
    const { plan } = resolved(t, ['rw=read', 'rw=trim filename=/dev/zero'].slice(0, 1));
    assert.equal(plan.variants.length, 6);
  });

  it('say of which job a warning is, and of the run only what no job makes use of', (t) => {
    const given = { backend: 'sync' };
    const own = resolved(t, ['name=a rw=read fsync=3', 'name=b rw=write'], given);
    assert.deepEqual(
      own.warnings.map(({ message }) => message),
      ['job a: fsync=3 has no effect: rw=read has no writes'],
    );
    const shared = resolved(t, ['name=a rw=read', 'name=b rw=write'], { ...given, fsync: '3' });
    assert.deepEqual(shared.warnings, []);
    const none = resolved(t, ['name=a rw=read', 'name=b rw=randread'], { ...given, fsync: '3' });
    assert.deepEqual(
      none.warnings.map(({ code }) => code),
      ['option-ignored'],
    );
  });
});
