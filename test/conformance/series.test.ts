/** A trial's series: its intervals add up to the trial, whatever does the I/O, and a standstill is where it was. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { COUNTERS, mergeCounts } from '../../src/results/histogram.ts';
import type { Trial } from '../../src/results/schema.ts';
import type { SeriesInterval } from '../../src/results/schema-series.ts';
import { benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { jobsAtWork } from '../support/proc-watch.ts';
import { scratchFolder } from '../support/scratch.ts';
import { list, plainOf, variantsFor } from '../support/variants.ts';

function intervalsOf({ series }: Trial): SeriesInterval[] {
  assert.ok(series, 'the trial has a series');
  return series.intervals;
}

/** Counts, bytes and every bucket of every operation; times without a gap from the window's begin. */
function addsUp(trial: Trial, label: string): void {
  const intervals = intervalsOf(trial);
  for (const [name, op] of Object.entries(trial.ops)) {
    const own = intervals.flatMap(({ ops }) => ops[name as keyof typeof ops] ?? []);
    const sum = (of: (one: (typeof own)[number]) => number) => own.reduce((all, one) => all + of(one), 0);
    assert.equal(
      sum(({ ios }) => ios),
      op.total_ios,
      `${label}: ${name} I/Os`,
    );
    assert.equal(
      sum(({ bytes }) => bytes),
      op.io_bytes,
      `${label}: ${name} bytes`,
    );
    const [parts, whole] = [mergeCounts(own.map(({ lat }) => lat.hdr)), mergeCounts([op.lat_ns.hdr])];
    for (let i = 0; i < COUNTERS; i++) assert.equal(parts[i], whole[i], `${label}: ${name}, bucket ${i}`);
    assert.equal(Math.max(0, ...own.map(({ lat }) => lat.max)), op.lat_ns.max, `${label}: ${name} maximum`);
  }
  const end = intervals.reduce((at, { start_ns: start, length_ns: length }) => {
    assert.equal(start, at, `${label}: each begins where the one before it ended`);
    return start + length;
  }, 0);
  assert.ok(end >= trial.runtime_ns - 5e6, `${label}: ${end} of ${trial.runtime_ns} ns`);
}

describe('the intervals of a series add up to the trial', () => {
  const mixed = ['--rw=randrw', '--size=1m', '--allow-overwrite', '--trials=1', '--warmup-trials=0'];
  const short = ['--runtime=300ms', '--interval=50ms'];

  test('of every backend', { skip: noDisk }, async (t) => {
    const variants = plainOf(variantsFor('read', 'write'));
    const args = ['--backend', list(variants), '--numjobs=2', '--iodepth=4'];
    const result = await benchResult(diskFolder(t), [...mixed, ...short, ...args]);
    for (const { label } of variants) {
      addsUp(trialOf(result, label), label);
      assert.ok(intervalsOf(trialOf(result, label)).length >= 3, label);
    }
  });

  for (const isolation of ['process', 'worker']) {
    test(`of jobs that are each a ${isolation}, after a ramp, at a rate`, async (t) => {
      const args = ['--backend=null', `--isolation=${isolation}`, '--ramp-time=200ms', '--rate-iops=5000'];
      const result = await benchResult(scratchFolder(t), [...mixed, ...short, ...args, '--numjobs=2']);
      const trial = trialOf(result);
      addsUp(trial, isolation);
      assert.equal(trial.series?.interval_ns, 50e6);
    });
  }

  test('where nothing is done any more at its end', async (t) => {
    const idle = ['--backend=null', '--rate-iops=2', '--runtime=480ms', '--interval=200ms'];
    addsUp(trialOf(await benchResult(scratchFolder(t), [...mixed, ...idle])), 'idle');
  });

  test('of groups of jobs, together; of trees; of whole files', async (t) => {
    const groups = ['--job=name=a rw=read', '--job=name=b rw=randwrite after=a number-ios=50'];
    const backend = ['--backend=null', '--size=1m', '--trials=1', ...short];
    addsUp(trialOf(await benchResult(scratchFolder(t), [...backend, ...groups])), 'groups');
    const files = ['--backend=sync', '--nrfiles=50', '--trials=1', ...short];
    for (const rw of ['stat', 'wholefile']) {
      addsUp(trialOf(await benchResult(scratchFolder(t), [...files, `--rw=${rw}`])), rw);
    }
  });
});

/** Of a process that starts nothing but its jobs. */
function childrenOf(pid: number | undefined): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => {
    const path = `/proc/${id}/stat`;
    return (
      existsSync(path) &&
      readFileSync(path, 'utf8')
        .replace(/^.*\) \S+ /s, '')
        .split(' ')[0] === String(pid)
    );
  });
}

test('jobs that stood still for a while have intervals in which nothing was done', async (t) => {
  const folder = scratchFolder(t);
  dataFile(join(folder, 'data'), 2 ** 20);
  const workload = [
    '--filename=data',
    '--buffered',
    '--isolation=process',
    '--runtime=2',
    '--interval=100ms',
  ];
  const running = startBench(folder, ['--backend=sync', ...workload, '--trials=1', ...REPORT]);
  await jobsAtWork(running.pid);
  const [job = 0] = childrenOf(running.pid);
  await setTimeout(500);
  process.kill(job, 'SIGSTOP');
  await setTimeout(500);
  process.kill(job, 'SIGCONT');
  const trial = trialOf(resultOf(await running.ended), 'sync');
  addsUp(trial, 'sync');
  const done = intervalsOf(trial).map(({ ops }) => ops.read?.ios ?? 0);
  assert.ok(done.includes(0), `${done}`);
  assert.ok((done[0] ?? 0) > 0 && (done.at(-1) ?? 0) > 0, 'before and after it went on');
  const longest = Math.max(...intervalsOf(trial).map(({ ops }) => ops.read?.lat.max ?? 0));
  assert.ok(longest >= 400e6, 'the I/O that waited is in an interval');
});

describe('--steady-state', () => {
  const paced = ['--backend=null', '--size=1m', '--trials=1', '--rate-iops=2000', '--runtime=20'];

  test('ends a trial once its last rounds are alike, and says when', async (t) => {
    const rule = '--steady-state=iops:50%:50%/3x200ms';
    const result = await benchResult(scratchFolder(t), [...paced, rule]);
    const { steady_state: steady, status, runtime_ns: runtime } = trialOf(result);
    assert.ok(steady?.window);
    assert.equal(status, 'complete');
    assert.ok(runtime < 15e9 && runtime >= (steady.at_ns ?? Number.NaN), `${runtime}`);
    assert.ok((steady.at_ns ?? 0) >= 600e6 && steady.rounds >= 3);
    assert.ok(steady.window.range <= 0.5 && Math.abs(steady.window.mean / 2000 - 1) < 0.5);
    assert.deepEqual(
      result.warnings.filter(({ code }) => code === 'never-steady'),
      [],
    );
  });

  test('says that a trial never was', async (t) => {
    const rule = ['--steady-state=lat:0.000001%/3x100ms', '--runtime=1', '--interval=0'];
    const result = await benchResult(scratchFolder(t), [...paced, ...rule]);
    const trial = trialOf(result);
    assert.equal(trial.steady_state?.at_ns, null);
    assert.equal(trial.series, undefined, 'none was asked for');
    assert.ok(trial.runtime_ns >= 1e9);
    assert.equal(result.warnings.find(({ code }) => code === 'never-steady')?.variant, 'null');
    assert.match(result.validity?.text ?? '', /never became steady/);
  });
});
