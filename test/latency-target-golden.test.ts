/** What users see of a search of the highest rate, byte for byte. UPDATE_GOLDEN=1 writes the files anew. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { render } from '../src/report/formats/index.ts';
import { targetSentence } from '../src/report/text/latency-target.ts';
import { displayWidth } from '../src/report/text/text.ts';
import type { RunResult } from '../src/results/schema.ts';
import type { LatencyTargetReport, RateSearchReport } from '../src/results/schema-report.ts';
import { RateSearch } from '../src/stats/latency-target.ts';
import { randomOf } from '../src/stats/random.ts';
import { fixture } from './fixtures/load.ts';
import { goldenFiles, matchesGolden } from './support/golden.ts';

const LIMIT_NS = 500_000;

/** A search on a model: latency grows without bound towards the capacity. */
function searched(variant: string, capacity: number, baseNs: number, seed: bigint): RateSearchReport {
  const search = new RateSearch({ limitNs: LIMIT_NS, share: 0.05 }, capacity, 1000);
  const random = randomOf(seed);
  for (let rate = search.next(); rate !== null; rate = search.next()) {
    const latNs = (baseNs / (1 - rate / capacity)) * (1 + 0.1 * (random() - 0.5));
    search.note({ latNs: Math.round(latNs), iops: rate, behind: latNs > 5e6 });
  }
  return {
    variant,
    outcome: search.outcome(),
    closed_iops: capacity,
    low_iops: search.low,
    high_iops: search.high,
    rates: search.tried.map(({ iops, verdict, trials }) => ({
      iops,
      verdict,
      trials: trials.map(({ latNs, iops: done, behind }) => ({ lat_ns: latNs, iops: done, behind })),
    })),
  };
}

/** Of the first backends one holds it in part, one at all, one never, the others were not searched. */
function targetResult(): RunResult {
  const result = fixture('comparison');
  const found = [
    [200_000, 100_000],
    [40_000, 20_000],
    [90_000, 600_000],
  ] as const;
  const searches = result.backends.slice(0, 3).map(({ variant }, at) => {
    const [capacity, baseNs] = found[at] ?? [1, 1];
    return searched(variant, capacity, baseNs, BigInt(at + 1));
  });
  const report: LatencyTargetReport = {
    ...{ kind: 'latency-target', percentile: 99, limit_ns: LIMIT_NS, share: 0.05 },
    searches,
  };
  const [job] = result.jobs;
  if (job) job.options['latency-target'] = 'p99:500us';
  return { ...result, reference: null, backends: result.backends.slice(0, 3), report };
}

const result = targetResult();
const plain = { color: false, columns: 100 };
const wanted = new Map<string, () => string>([
  ['latency-target-100.txt', () => render(result, 'table', plain)],
  ['latency-target-60.txt', () => render(result, 'table', { ...plain, columns: 60 })],
  ['latency-target.md', () => render(result, 'markdown', plain)],
  ['latency-target.csv', () => render(result, 'csv', plain)],
]);
for (const [name, make] of wanted) test(`golden ${name}`, () => matchesGolden(name, make()));

describe('the report of a search', () => {
  it('has no line that is wider than the terminal', () => {
    for (let columns = 40; columns <= 160; columns += 12)
      for (const line of render(result, 'table', { ...plain, columns }).split('\n'))
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
  });

  it('has a golden file for each of its tests', () => {
    const files = goldenFiles().filter((file) => file.startsWith('latency-target'));
    assert.deepEqual(files.sort(), [...wanted.keys()].sort());
  });

  it('says who holds how much, most first', () => {
    const text = targetSentence(result) ?? '';
    assert.match(text, /^\S+ holds 1[56]\d,\d{3} IOPS at p99 <= 500 usec \(missed at 1[56]\d,\d{3}\); /);
    assert.match(text, /holds 3\d,\d{3} IOPS, as much as it can do at all \(40,000 in a closed loop\)|\d/);
    assert.match(text, /keeps it at no rate, not at /);
  });
});
