/** The table of article cache, byte for byte. */
import { test } from 'node:test';
import { renderCache } from '../src/report/formats/cache.ts';
import type { BackendResult, RunResult, Trial } from '../src/results/schema.ts';
import type { CacheReport } from '../src/results/schema-report.ts';
import { estimate } from '../src/stats/difference.ts';
import { trialRates, withReference } from '../src/stats/summary.ts';
import { matchesGolden } from './support/golden.ts';
import { syntheticRun } from './support/synthetic-run.ts';

const MEBIBYTE = 2 ** 20;

type Counts = readonly [peakMib: number, pagesIn: number, pagesOut: number, faults: number];

/** What the table reads of it. */
function summaryOf({ trials }: BackendResult): BackendResult['summary'] {
  const over = (of: (trial: Trial) => number) => estimate(trials.map(of));
  const [iops, bw_bytes] = [over((trial) => trial.iops), over((trial) => trial.bw_bytes)];
  const cpu_ns_per_io = over((trial) => trialRates(trial).cpu_ns_per_io);
  return { iops, bw_bytes, cpu_ns_per_io } as BackendResult['summary'];
}

function runOf(
  access: CacheReport['access'],
  direct: boolean,
  iops: Record<string, readonly number[]>,
  counts: Record<string, Counts>,
): RunResult {
  const result = syntheticRun(iops, { reference: direct ? null : 'sync' });
  const trials = result.backends.flatMap((backend) =>
    backend.trials.map((trial) => {
      const [peak = 0, pages_in = 0, pages_out = 0, faults = 0] = counts[backend.variant] ?? [];
      trial.page_faults = { minor: 0, major: Math.round(trial.total_ios * faults) };
      const bw_bytes = Array.from({ length: 12 }, (_, at) => trial.bw_bytes * (0.7 + at / 40));
      const seen = { pages_in, pages_out, refaults: 0, bw_bytes };
      return { variant: backend.variant, trial: trial.trial, cache_bytes_peak: peak * MEBIBYTE, ...seen };
    }),
  );
  result.report = {
    kind: 'cache',
    ...{ access, direct, limit_bytes: 128 * MEBIBYTE, group_version: 2, no_group: null, page_bytes: 4096 },
    ...{ interval_ms: 250, memory_bytes_peak: 128 * MEBIBYTE, trials },
  };
  for (const backend of result.backends) backend.summary = summaryOf(backend);
  return { ...result, backends: withReference(result.backends, result.reference) };
}

const rate = (iops: number): number[] => [0.98, 1, 1.01, 0.99, 1.02].map((factor) => iops * factor);

const random = runOf(
  'random',
  false,
  { sync: rate(20_000), 'sync+uncached': rate(15_000), mmap: rate(20_100) },
  {
    sync: [120.4, 15_000, 15_100, 0],
    'sync+uncached': [3, 15_000, 14_990, 0],
    mmap: [121, 15_010, 15_000, 1.2],
  },
);
const uncached = random.backends[1];
if (uncached)
  Object.assign(uncached, { status: 'skipped', reason: 'read: not here', trials: [], summary: null });

const runs = [
  runOf(
    'sequential',
    false,
    { sync: rate(90_000), 'sync+uncached': rate(120_000), mmap: rate(88_000) },
    {
      sync: [120, 90_000, 89_000, 0],
      'sync+uncached': [2, 120_000, 119_000, 0],
      mmap: [121, 88_000, 87_000, 0.07],
    },
  ),
  runOf('sequential', true, { sync: rate(60_000) }, { sync: [0.1, 3, 0, 0] }),
  random,
  runOf('random', true, { sync: rate(16_000) }, { sync: [0.1, 3, 0, 0] }),
];

for (const columns of [100, 60]) {
  test(`golden cache-${columns}.txt`, () => {
    matchesGolden(`cache-${columns}.txt`, renderCache(runs, 'table', { color: false, columns }));
  });
}

test('golden cache.md', () => {
  matchesGolden('cache.md', renderCache(runs, 'markdown', { color: false, columns: 100 }));
});
