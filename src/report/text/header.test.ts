import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import type { RunResult } from '../../results/schema.ts';
import { headerLines } from './header.ts';

function items(result: RunResult, name: string): string[] {
  return headerLines(result)
    .filter((line) => line.name === name)
    .flatMap((line) => line.items);
}

function workload(options: Record<string, unknown>): string {
  const result = fixture('single');
  result.jobs = result.jobs.map((job) => ({ ...job, options }));
  return items(result, 'workload').join(' ');
}

test('options are written as on a fio command line', () => {
  const usual = {
    rw: 'randread',
    bs: 4096,
    iodepth: 8,
    numjobs: 1,
    direct: true,
    runtime: 10,
    fsync: 0,
    'io-size': null,
  };
  assert.equal(workload(usual), 'rw=randread bs=4k iodepth=8 numjobs=1 direct=1 runtime=10s');
  assert.equal(workload({ rw: 'randrw', rwmixread: 70, direct: false }), 'rw=randrw rwmixread=70 direct=0');
  assert.equal(workload({ rw: 'randread', rwmixread: 70 }), 'rw=randread');
  assert.equal(
    workload({ runtime: null, 'io-size': 2 ** 30, 'number-ios': 500 }),
    'number-ios=500 io-size=1g',
  );
  assert.equal(
    workload({ 'iodepth-batch-submit': 8, isolation: 'process', loops: 1 }),
    'iodepth-batch-submit=8 isolation=process',
  );
});

test('block sizes are as many as differ', () => {
  assert.equal(workload({ bs: 4096 }), 'bs=4k');
  assert.equal(workload({ bs: '4096,8192,8192' }), 'bs=4k,8k');
  assert.equal(workload({ bs: '4096,8192,512' }), 'bs=4k,8k,512');
});

test('a job that stores no known option is named', () => {
  assert.equal(workload({}), 'job1');
});

test('many files are counted, sizes given once when they are equal', () => {
  const result = fixture('comparison');
  const [job] = result.jobs;
  assert.ok(job);
  assert.equal(items(result, 'files').at(-1), 'each 1 GiB');
  job.files = Array.from({ length: 9 }, (_, i) => `/f${i}`);
  assert.deepEqual(items(result, 'files'), ['/f0', '/f1', '/f2', 'and 6 more']);
  const [first] = result.environment.files;
  assert.ok(first);
  job.files = ['/a', '/b'];
  result.environment.files = [
    { ...first, path: '/a', size_bytes: 4096 },
    { ...first, path: '/b', size_bytes: 8192, device: 'sda', model: null, rotational: true },
  ];
  assert.deepEqual(items(result, 'files'), ['/a (4 KiB)', '/b (8 KiB)']);
  assert.deepEqual(
    items(result, 'storage').filter((item) => /nvme|sda|rotational/.test(item)),
    ['nvme0n1 INTEL SSDPE21D280GA', 'sda', 'rotational'],
  );
});

test('the system line leaves out what is not known and says when CPUs are held back', () => {
  const result = fixture('single');
  Object.assign(result.environment, {
    governor: null,
    cpus_online: 16,
    cpus_allowed: 4,
    virtualization: 'kvm',
  });
  assert.deepEqual(items(result, 'system'), [
    'Linux 6.8.0-45-generic x86_64',
    '16 CPUs (4 allowed): Intel(R) Xeon(R) Gold 6334 CPU @ 3.60GHz',
    'kvm',
    '126 GiB memory',
  ]);
});

test('the run line gives the trials that were asked for and the time in UTC', () => {
  assert.deepEqual(items(fixture('interrupted'), 'run'), [
    '3 trials of each backend in shuffled blocks',
    'after a warm-up',
    'started 2026-11-22 13:05:09 UTC on bench01',
    'uring-bench 0.1.0',
  ]);
  assert.equal(items(fixture('single'), 'run')[0], '1 trial');
});

test('how long a system call takes is said of the machine, where it was measured', () => {
  const result = fixture('single');
  assert.ok(!items(result, 'system').some((item) => item.endsWith('a system call')));
  for (const trial of result.backends.flatMap(({ trials }) => trials)) {
    if (trial.conditions) trial.conditions.calibration = { syscall_ns: 116.4, null_ns: 12.5 };
  }
  assert.equal(items(result, 'system').at(-1), '116 ns a system call');
});
