/** A series for results that have none: all that each trial did in its first half, and then a standstill. */
import type { RunResult, Trial } from '../../src/results/schema.ts';
import type { SeriesInterval } from '../../src/results/schema-series.ts';

function opsOf({ ops }: Trial): SeriesInterval['ops'] {
  return Object.fromEntries(
    Object.entries(ops).map(([name, { total_ios: ios, io_bytes: bytes, lat_ns: lat }]) => {
      const { mean, max, percentile, hdr } = lat;
      return [name, { ios, bytes, lat: { mean, max, percentile, hdr } }];
    }),
  );
}

export function withSeries(result: RunResult): RunResult {
  for (const trial of result.backends.flatMap(({ trials }) => trials)) {
    const half = Math.floor(trial.runtime_ns / 2);
    const conditions = { steal_pct: 1.5, cpu_busy_pct: 60, temperature_c: 41.9 };
    trial.series = {
      interval_ns: half,
      intervals: [
        { start_ns: 0, length_ns: half, ops: opsOf(trial), conditions },
        { start_ns: half, length_ns: trial.runtime_ns - half, ops: {} },
      ],
    };
  }
  return result;
}
