/** A run that searched the highest rate within a limit, on a model of a device. */
import type { RunResult } from '../../src/results/schema.ts';
import type { LatencyTargetReport, RateSearchReport } from '../../src/results/schema-report.ts';
import { RateSearch } from '../../src/stats/latency-target.ts';
import { randomOf } from '../../src/stats/random.ts';
import { fixture } from '../fixtures/load.ts';

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
export function targetResult(): RunResult {
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
