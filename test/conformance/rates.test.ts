/** Open loops: every backend is given the same arrivals, a standstill shows in responses alone, and a rate that was missed is told. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { mergeLatencies } from '../../src/results/histogram.ts';
import type { Latency, OpResult, Trial } from '../../src/results/schema.ts';
import { bench, benchFails, benchResult, REPORT, resultOf, startBench, trialOf } from '../support/bench.ts';
import { dataFile, diskFolder, noDisk } from '../support/disk.ts';
import { opsOf } from '../support/ops.ts';
import { jobsAtWork } from '../support/proc-watch.ts';
import { near } from '../support/result.ts';
import { scratchFolder } from '../support/scratch.ts';
import { has, list, plainOf, realVariantsFor, variantsFor } from '../support/variants.ts';

const NULL = ['--backend=null', '--size=1m', '--trials=1'];

/** What was due in a trial: done or not. */
function dueIn({ total_ios, rate }: Pick<Trial, 'total_ios' | 'rate'>): number {
  return total_ios + (rate?.unsent ?? Number.NaN);
}

function quantile(latency: Latency | undefined, percentile: number): number {
  assert.ok(latency, 'it was measured');
  return mergeLatencies([latency], [percentile]).percentile[`${percentile.toFixed(6)}`] ?? Number.NaN;
}

function serviceOf({ service_ns: service }: OpResult): Latency {
  return service ?? assert.fail('no service');
}

const rated = variantsFor('read').filter((variant) => !has(variant, 'eventfd') && !has(variant, 'min_wait'));

for (const [process, most] of [
  ['linear', 320],
  ['poisson', 400],
] as const) {
  test(`${process} arrivals are the same for all`, { skip: noDisk }, async (t) => {
    const args = ['--rate-iops=800', `--rate-process=${process}`, '--numjobs=2', '--iodepth=16', '--size=4m'];
    const length = ['--runtime=200ms', '--trials=1'];
    const result = await benchResult(diskFolder(t), ['--backend', list(rated), ...args, ...length]);
    const due = new Set<number>();
    for (const { label } of rated) {
      await t.test(label, () => {
        const trial = trialOf(result, label);
        const { read } = opsOf(trial);
        assert.equal(trial.rate?.asked_iops, 1600);
        due.add(dueIn(trial));
        const service = serviceOf(read);
        assert.equal(read.lat_ns.N, trial.total_ios);
        assert.equal(service.N, trial.total_ios);
        assert.ok(read.lat_ns.mean >= service.mean && read.lat_ns.max >= service.max);
      });
    }
    assert.equal(due.size, 1, `${[...due]} were due`);
    const [one = 0] = due;
    assert.ok(one >= 640 - most && one <= most, `${one} of 320 on average`);
  });
}

test('another seed has other poisson arrivals', async (t) => {
  const args = [...NULL, '--rate-iops=3000', '--rate-process=poisson', '--runtime=300ms'];
  const folder = scratchFolder(t);
  const due = async (seed: number): Promise<number> =>
    dueIn(trialOf(await benchResult(folder, [...args, `--randseed=${seed}`])));
  assert.equal(await due(1), await due(1));
  assert.notEqual(await due(1), await due(2));
});

describe('SIGSTOP of 100 ms', () => {
  for (const { label } of plainOf(realVariantsFor('read'))) {
    test(`${label}: it is in the response, not in the service`, async (t) => {
      const folder = scratchFolder(t);
      dataFile(join(folder, 'data'), 2 ** 20);
      const workload = ['--filename=data', '--buffered', '--iodepth=2', '--rate-iops=2000', '--runtime=2'];
      const running = startBench(folder, [`--backend=${label}`, ...workload, '--trials=1', ...REPORT]);
      await jobsAtWork(running.pid);
      await setTimeout(300);
      running.kill('SIGSTOP');
      await setTimeout(100);
      running.kill('SIGCONT');
      const { read } = opsOf(trialOf(resultOf(await running.ended), label));
      const [response, service] = [quantile(read.lat_ns, 99.9), quantile(read.service_ns, 99.9)];
      assert.ok(response >= 80e6, `the response's p99.9 is ${response / 1e6} ms`);
      assert.ok(service < 60e6, `the service's p99.9 is ${service / 1e6} ms`);
      // Of 4000 at most two were in flight, and 200 were due meanwhile: without them nothing would be seen here.
      assert.ok(quantile(read.lat_ns, 98) >= 30e6, 'all of them are late');
    });
  }
});

test('null sends 100,000 a second', async (t) => {
  const args = [...NULL, '--rate-iops=100000', '--runtime=1', '--iodepth=64'];
  const trial = trialOf(await benchResult(scratchFolder(t), args));
  near(dueIn(trial), 100_000, 0.001, 'due');
  near(trial.iops, 100_000, 0.02, 'iops');
});

test('bytes a second are those of all operations of a job', async (t) => {
  const args = [...NULL, '--rate=3m', '--rw=randrw', '--rwmixread=50', '--bs=4k,8k', '--runtime=500ms'];
  const trial = trialOf(await benchResult(scratchFolder(t), args));
  assert.equal(trial.rate?.asked_iops, 512);
  near(trial.bw_bytes, 3 * 2 ** 20, 0.15, 'bw_bytes');
});

test('a rate that was not held is told, with what was left over', async (t) => {
  const args = [...NULL, '--null-delay=2ms', '--rate-iops=1000', '--runtime=300ms'];
  const { code, stdout, stderr } = await bench(scratchFolder(t), [...args, ...REPORT]);
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout) as ReturnType<typeof resultOf>;
  const { rate, total_ios: ios } = trialOf(result);
  assert.ok(ios <= 151, 'one takes 2 ms');
  assert.equal(ios + (rate?.unsent ?? 0), 300);
  const told = result.warnings.filter((warning) => warning.code === 'rate-missed');
  assert.match(
    told[0]?.message ?? '',
    /^null: the rate was not held: [\d,]+ of 1,000 I\/Os a second, \d+ were due and not sent when it ended$/,
  );
  assert.deepEqual(
    result.warnings.filter((warning) => warning.code === 'low-depth'),
    [],
  );
});

test('a rate is of its group of jobs alone', async (t) => {
  const jobs = ['--job', 'name=paced rate-iops=500 numjobs=2', '--job', 'name=free'];
  const trial = trialOf(await benchResult(scratchFolder(t), [...NULL, ...jobs, '--runtime=300ms']));
  assert.equal(trial.rate, undefined);
  const [paced, free] = trial.groups;
  assert.equal(paced?.rate?.asked_iops, 1000);
  assert.equal(paced && dueIn(paced), 300);
  assert.equal(free?.rate, undefined);
  assert.ok((free?.iops ?? 0) > 10 * (paced?.iops ?? 0));
  assert.equal(free?.ops.read?.service_ns, undefined);
  assert.equal(trial.ops.read?.service_ns?.N, trial.total_ios);
});

test('a table has the rate that was held, and both latencies', async (t) => {
  const args = [...NULL, '--rate-iops=1000', '--runtime=200ms', '--no-save', '--quiet', '--warmup-trials=0'];
  const { code, stdout, stderr } = await bench(scratchFolder(t), args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /rate-iops=1000/);
  assert.match(stdout, /% of.*\n.*rate/, stdout);
  assert.match(stdout, /Lat quantile=0\.999 .*\n(.*\n)*Service quantile=0\.999 /, stdout);
  assert.match(stdout, /Lat counts from when an I\/O was due, Service from when it was sent/);
});

test('a job below the least rate fails', async (t) => {
  const args = [...NULL, '--null-delay=2ms', '--runtime=200ms', '--rate-iops-min=5000'];
  const { code, stderr } = await bench(scratchFolder(t), [...args, ...REPORT]);
  assert.equal(code, 3);
  assert.match(stderr, /did \d+ I\/Os a second: at least 5,000 were asked for/);
});

describe('what makes no sense with a rate is refused', () => {
  for (const [args, line] of [
    [['--rate=1m', '--rate-iops=10'], /rate and rate-iops say the same in two ways/],
    [['--rate-process=poisson'], /rate-process=poisson needs a rate/],
    [['--rate-iops=10', '--thinktime=1ms'], /rate-iops and thinktime both say when I\/Os are sent/],
    [['--rate-iops=10', '--rw=create'], /rate-iops: rw=create is done as fast as it can/],
    [['--rate=10t', '--bs=512'], /rate is \d+ I\/Os a second .*at most 1000000000/],
    [['--rate-iops=10', '--backend=linux-aio+eventfd'], /eventfd cannot be combined with a rate/],
  ] as const) {
    test(args.join(' '), async (t) => {
      const backend = args.some((arg) => arg.startsWith('--backend')) ? [] : ['--backend=sync'];
      const stderr = await benchFails(scratchFolder(t), [...backend, '--size=1m', ...args], 2);
      assert.match(stderr, line);
    });
  }
});
