/** A run whose trials have long series, as an evaluation of hours has them. */
import { countsFromSparse, countsIndex, encodeCounts } from '../../src/results/histogram.ts';
import type { RunResult } from '../../src/results/schema.ts';
import type { TrialSeries } from '../../src/results/schema-series.ts';
import { fixture } from '../fixtures/load.ts';

/** Latencies about a level that falls in the first third: a drive that settles. */
function seriesOf(intervals: number, round: number): TrialSeries {
  const second = 1_000_000_000;
  const hdrOf = (levelNs: number): string =>
    encodeCounts(
      countsFromSparse(
        Array.from({ length: 40 }, (_, at) => [
          countsIndex(Math.round(levelNs * 1.12 ** (at - 12))),
          Math.round(2000 * Math.exp(-((at - 12) ** 2) / 60)) + 1,
        ]),
      ),
    );
  const texts = [60_000, 80_000, 110_000].map(hdrOf);
  return {
    interval_ns: second,
    intervals: Array.from({ length: intervals }, (_, at) => {
      const settled = at > intervals / 3;
      const ios = Math.round((settled ? 52_000 : 90_000) * (1 + 0.04 * Math.sin(at / 3 + round)));
      const lat = {
        mean: settled ? 110_000 : 60_000,
        max: 5_000_000,
        percentile: { '50.000000': 60_000, '99.000000': settled ? 400_000 : 180_000, '99.900000': 900_000 },
        hdr: texts[settled ? 2 : at % 2] ?? '',
      };
      return {
        start_ns: at * second,
        length_ns: second,
        ops: { read: { ios, bytes: ios * 4096, lat } },
        conditions: { cpu_busy_pct: 40 + (at % 7), steal_pct: 0, temperature_c: 40 + at / 60 },
      };
    }),
  };
}

/** So many trials of one backend, each with so many intervals. */
export function longRun(rounds: number, intervals: number): RunResult {
  const result = fixture('comparison');
  const [backend] = result.backends;
  const [trial] = backend?.trials ?? [];
  if (backend === undefined || trial === undefined) throw new Error('the fixture has a trial');
  backend.trials = Array.from({ length: rounds }, (_, at) => ({
    ...structuredClone(trial),
    trial: at + 1,
    series: seriesOf(intervals, at),
  }));
  result.backends = [backend];
  return result;
}
