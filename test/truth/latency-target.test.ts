/** The highest rate that keeps a latency, of a queue whose answer is known: the null backend serves one I/O after the other, in a time that is given. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EXIT } from '../../src/errors.ts';
import type { RunResult } from '../../src/results/schema.ts';
import type { LatencyTargetReport, RateSearchReport } from '../../src/results/schema-report.ts';
import { randomOf } from '../../src/stats/random.ts';
import { bench, benchFails, benchResult, resultOf } from '../support/bench.ts';
import { scratchFolder } from '../support/scratch.ts';

const SERVICE_NS = 500_000;
const NULL = ['--backend=null', '--null-delay=500us', '--size=1m', '--runtime=200ms', '--iodepth=64'];

function reportOf({ report }: RunResult): LatencyTargetReport {
  assert.ok(report?.kind === 'latency-target');
  return report;
}

function onlySearch(result: RunResult) {
  const [search, ...others] = reportOf(result).searches;
  assert.ok(search && others.length === 0);
  return search;
}

/** Whether the machine gave it the CPU whenever it wanted it: its service takes CPU time, which others may have. */
function isUndisturbed({ closed_iops: closed, rates }: RateSearchReport): boolean {
  const kept = rates.filter(({ verdict }) => verdict === 'undecided').length === 0;
  return kept && (closed ?? 0) > 0.9 * (1e9 / SERVICE_NS);
}

/** The percentile of the response of a queue with random arrivals and one server (Lindley's recursion). */
function modelNs(rate: number, percentile: number): number {
  const random = randomOf(1n);
  let wait = 0;
  const responses = Array.from({ length: 200_000 }, () => {
    const response = wait + SERVICE_NS;
    wait = Math.max(0, response - (-Math.log(1 - random()) * 1e9) / rate);
    return response;
  }).sort((a, b) => a - b);
  return responses[Math.floor((percentile / 100) * responses.length)] ?? 0;
}

describe('--latency-target', () => {
  test('holds no more than a queue of that service time can, and most of it', async (t) => {
    const limit = 3 * SERVICE_NS;
    const args = [...NULL, '--rate-process=poisson', `--latency-target=p75:${limit / 1000}us`];
    const result = await benchResult(scratchFolder(t), args);
    const search = onlySearch(result);
    const low = search.low_iops ?? 0;
    // Other load takes time from it, but nothing gives it more: a tenth is for the noise of short trials.
    if (low > 0) assert.ok(modelNs(low / 1.1, 75) <= limit, `${low} IOPS would take ${modelNs(low, 75)} ns`);
    if (isUndisturbed(search)) {
      assert.equal(search.outcome, 'bracket', JSON.stringify(search));
      assert.ok(low > 0.2 * (search.closed_iops ?? 0), JSON.stringify(search));
    }
    for (const { verdict, trials } of search.rates) {
      const kept = trials.filter(({ lat_ns: ns, behind }) => ns <= limit && !behind).length;
      if (verdict === 'held') assert.ok(kept > trials.length / 2);
      if (verdict === 'missed') assert.ok(kept < trials.length / 2);
    }
    if (low === 0) return;
    // The stored trials are those at the rate that was held.
    const [backend] = result.backends;
    for (const { rate } of backend?.trials ?? [])
      assert.ok(Math.abs((rate?.asked_iops ?? 0) - low) < 1, `${rate?.asked_iops} and ${low}`);
    assert.equal(backend?.trials.length, search.rates.find(({ iops }) => iops === low)?.trials.length);
  });

  test('says when it is kept at all that the interface can do, and is stored, shown and listed again', async (t) => {
    const folder = scratchFolder(t);
    const run = await bench(folder, [...NULL, '--latency-target=p50:100ms', '--results-dir=r']);
    assert.equal(run.code, EXIT.ok, run.stderr);
    assert.match(run.stdout, /^verdict +null (holds|keeps|cannot be told) .*p50 <= 100,000 usec/);
    const [name] = readdirSync(join(folder, 'r'));
    assert.match(name ?? '', /latency-target-randread\.json$/);
    const file = join('r', name ?? '');
    const shown = await bench(folder, ['show', file]);
    assert.ok(run.stdout.startsWith(shown.stdout.trimEnd()), shown.stdout);
    const stored = resultOf(await bench(folder, ['show', file, '--output-format=json']));
    if (isUndisturbed(onlySearch(stored))) {
      assert.equal(onlySearch(stored).outcome, 'full');
      assert.match(run.stdout.replace(/\s+/g, ' '), /as much as it can do at all/);
    }
    const csv = await bench(folder, ['show', file, '--output-format=csv']);
    assert.match(csv.stdout, /^started_at,.*,rate_iops,verdict,/);
    assert.equal(csv.stdout.trimEnd().split('\n').length, 1 + onlySearch(stored).rates.length);
    assert.match((await bench(folder, ['ls', 'r'])).stdout, /null/);
  });

  test('says when it is kept at no rate, of reads and writes alike', async (t) => {
    const args = [...NULL, '--rw=randrw', '--numjobs=2', '--latency-target=p50:100us'];
    const result = await benchResult(scratchFolder(t), args);
    const search = onlySearch(result);
    assert.deepEqual([search.outcome, search.low_iops], ['never', null]);
    const ops = Object.keys(result.backends[0]?.trials[0]?.ops ?? {});
    assert.deepEqual(ops.sort(), ['read', 'write']);
  });

  test('names what excludes it', async (t) => {
    const folder = scratchFolder(t);
    const target = '--latency-target=p99:500us';
    for (const [more, said] of [
      [['--rate-iops=100'], /latency-target finds the rate, and rate-iops says one/],
      [['--thinktime=1ms'], /latency-target and thinktime/],
      [['--rw=create'], /latency-target: rw=create/],
      [['--number-ios=10'], /number-ios ends them/],
      [['--trials=3'], /latency-target and trials exclude each other/],
      [['--until-confident=5'], /latency-target and until-confident/],
      [['--explain=basic'], /latency-target and explain exclude each other/],
      [['--job=name=a rw=read'], /latency-target and job exclude each other/],
      [['--backend=io_uring+min_wait'], /min_wait cannot be combined with a rate/],
      [['--backend=linux-aio+eventfd'], /eventfd cannot be combined with a rate/],
    ] as const) {
      const stderr = await benchFails(folder, [target, '--size=1m', ...more], EXIT.usage);
      assert.match(stderr, said);
    }
    for (const text of ['500us', 'p99', 'p100:1ms', 'p99:0', 'mean:1ms']) {
      const stderr = await benchFails(folder, [`--latency-target=${text}`], EXIT.usage);
      assert.match(stderr, /latency-target=/, text);
    }
    const gate = ['gate', '--baseline=b.json', '--update', '--', '--backend=null', target];
    assert.match(await benchFails(folder, gate, EXIT.usage), /latency-target/);
    assert.match(await benchFails(folder, ['--latency-percentile=99'], EXIT.usage), /--latency-target/);
    assert.deepEqual(readdirSync(folder), []);
  });
});
