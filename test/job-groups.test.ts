/** Several groups of jobs in a run: side by side and one after another, with what is compared or with their own. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EXIT } from '../src/errors.ts';
import type { RunResult } from '../src/results/schema.ts';
import { backendOf, bench, benchFails, benchResult, trialOf } from './support/bench.ts';
import { diskFolder, noDisk } from './support/disk.ts';
import { opsOf } from './support/ops.ts';
import { countCalls, jobThreads, noStrace, straced } from './support/strace.ts';

const LOG = 'name=log rw=write bs=8k iodepth=1 fdatasync=1';
const DATA = 'name=data rw=randread bs=16k iodepth=8 numjobs=2';
const SMALL = ['--size', '4m', '--runtime', '300ms', '--trials', '1'];

describe('groups of jobs', { skip: noDisk }, () => {
  it('run at the same time, each with its own workload and files', async (t) => {
    const folder = diskFolder(t);
    for (const isolation of ['thread', 'process']) {
      const args = ['--job', LOG, '--job', DATA, '--backend', 'sync,io_uring', '--isolation', isolation];
      const result = await benchResult(folder, [...args, ...SMALL]);
      assert.deepEqual(
        result.jobs.map(({ name, numjobs, options }) => [name, numjobs, options.rw, options.bs]),
        [
          ['log', 1, 'write', 8192],
          ['data', 2, 'randread', 16384],
        ],
      );
      for (const { label } of result.backends) {
        const trial = trialOf(result, label);
        const { runtime_ns: runtimeNs, syscalls } = trial;
        const { read, write, sync } = opsOf(trial);
        assert.ok(read.total_ios > 0 && write.total_ios > 0, label);
        assert.equal(read.io_bytes, read.total_ios * 16384);
        assert.equal(write.io_bytes, write.total_ios * 8192);
        // One fdatasync for each write, but perhaps the last one.
        assert.ok(write.total_ios - sync.total_ios <= 1, `${write.total_ios} ${sync.total_ios}`);
        assert.ok(runtimeNs < 900e6, `at the same time: ${runtimeNs}`);
        assert.ok(syscalls.total > 0);
      }
    }
  });

  it('start when the one that they come after has ended', async (t) => {
    const args = ['--job', 'name=a rw=read', '--job', 'name=b rw=randread after=a', '--backend', 'sync'];
    const result = await benchResult(diskFolder(t), [...args, ...SMALL]);
    assert.equal(result.jobs[1]?.after, 'a');
    const { runtime_ns: runtimeNs, effective_depth: depth } = trialOf(result);
    assert.ok(runtimeNs >= 600e6, `${runtimeNs}`);
    assert.ok(depth < 1.1, `never both: ${depth}`);
  });

  it('use their own backend whatever is compared, as strace sees', { skip: noStrace }, async (t) => {
    const args = ['--job', 'name=log rw=write backend=sync', '--job', 'name=data rw=randread iodepth=4'];
    const traced = await straced(diskFolder(t), [
      ...args,
      ...['--backend', 'io_uring', '--number-ios', '50', '--size', '1m', '--trials', '1'],
    ]);
    const { syscalls } = trialOf(traced.result);
    const { read, write } = opsOf(trialOf(traced.result));
    assert.deepEqual([write.total_ios, read.total_ios], [50, 50]);
    const seen = countCalls(jobThreads(traced).flatMap(({ calls }) => calls));
    assert.equal(seen.pwrite64, 50);
    assert.equal(seen.pread64, undefined);
    assert.equal(seen.io_uring_enter, syscalls.by_name.io_uring_enter);
    assert.equal(syscalls.by_name.pwrite64, 50);
  });

  it('are told in one line when they cannot be, and leave nothing behind', async (t) => {
    const folder = diskFolder(t);
    const usage = (args: string[]) => benchFails(folder, args, EXIT.usage);
    assert.match(await usage(['--job', 'rw=read after=x']), /job job1: after=x names no job/);
    assert.match(await usage(['--job', 'rw=sideways']), /rw=sideways/);
    assert.match(await usage(['--job', 'rw=read bs=1000', '--size', '1m']), /bs=1000 is not a multiple/);
  });

  it('show what is whose in the table', async (t) => {
    const args = ['--job', LOG, '--job', `${DATA} after=log`, '--backend', 'null', ...SMALL, '--no-save'];
    const { stdout, code } = await bench(diskFolder(t), args);
    assert.equal(code, EXIT.ok);
    assert.match(stdout, /^workload {2}log: rw=write bs=8k iodepth=1/m);
    assert.match(stdout, /^workload {2}data: after=log rw=randread bs=16k iodepth=8/m);
  });

  it('are rows of their own, whose sum is the backend, in every format and in comparisons', async (t) => {
    const folder = diskFolder(t);
    const args = [
      '--job',
      LOG,
      '--job',
      DATA,
      '--backend',
      'sync,io_uring',
      ...SMALL.slice(0, 4),
      '--trials',
      '4',
    ];
    const run = await bench(folder, [...args, '--quiet', '--output-format', 'json', '--results-dir', 'r']);
    assert.equal(run.code, EXIT.ok, run.stderr);
    const result = JSON.parse(run.stdout) as RunResult;
    for (const { trials, groups = [] } of result.backends) {
      assert.deepEqual(
        groups.map(({ name }) => name),
        ['log', 'data'],
      );
      for (const trial of trials) {
        const sum = (of: (part: RunResult['backends'][0]['trials'][0]['groups'][0]) => number) =>
          trial.groups.reduce((total, group) => total + of(group), 0);
        assert.equal(
          sum((group) => group.total_ios),
          trial.total_ios,
        );
        assert.equal(
          sum((group) => group.syscalls.total),
          trial.syscalls.total,
        );
        assert.equal(sum((group) => group.ctx.total) + trial.ctx.helpers, trial.ctx.total);
        assert.deepEqual(Object.keys(trial.groups[0]?.ops ?? {}), ['write', 'sync']);
        assert.deepEqual(Object.keys(trial.groups[1]?.ops ?? {}), ['read']);
      }
      const [log, data] = groups.map(({ summary }) => summary);
      assert.ok((log?.iops.median ?? 0) > 0 && (data?.iops.median ?? 0) > (log?.iops.median ?? 0));
    }
    const [reference, other] = ['io_uring', 'sync'].map((label) => backendOf(result, label));
    assert.equal(reference?.groups?.[0]?.summary?.vs_reference, null);
    const change = (other?.groups?.[1]?.summary?.iops_vs_reference_pct ?? 0) / 100;
    const medians = [other, reference].map((one) => one?.groups?.[1]?.summary?.iops.median ?? 0);
    assert.ok(Math.abs(change - ((medians[0] ?? 0) / (medians[1] ?? 1) - 1)) < 1e-9);

    const [file = ''] = readdirSync(join(folder, 'r')).map((name) => join('r', name));
    const show = async (...more: string[]) => (await bench(folder, ['show', file, ...more])).stdout;
    const table = await show();
    for (const name of ['sync', 'sync: log', 'sync: data', 'io_uring', 'io_uring: log', 'io_uring: data']) {
      assert.match(table, new RegExp(`^${name} +[\\d,.]+ `, 'm'), name);
    }
    const csv = (await show('--output-format', 'csv')).trim().split('\n');
    assert.equal(csv.length, 1 + 2 * 3 * 4);
    assert.match(await show('--output-format', 'openmetrics'), /io_uring: log/);
    const compared = await bench(folder, ['compare', file, file, '--fail-on', 'iops<-5%']);
    assert.equal(compared.code, EXIT.ok, compared.stderr);
    assert.match(compared.stdout, /io_uring: data/);
    assert.match(compared.stdout, /6 checks passed/);
  });
});
