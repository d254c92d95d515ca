/** Comparisons for tests of reports. */
import { compareRuns } from '../../src/compare/compare.ts';
import { parseMetrics } from '../../src/compare/metrics.ts';
import { parseRules } from '../../src/compare/rules.ts';
import { defaultOf } from '../../src/options/option-reader.ts';
import type { ComparisonReport } from '../../src/report/view/format-spec.ts';
import { countedOps } from '../../src/results/ops.ts';
import type { RunResult } from '../../src/results/schema.ts';

export interface ComparisonSpec {
  baseline: readonly RunResult[];
  candidate: readonly RunResult[];
  rules?: readonly string[];
  metrics?: readonly string[];
  inconclusive?: 'pass' | 'fail';
}

/** Compares results as the command does. */
export function comparisonReport(spec: ComparisonSpec): ComparisonReport {
  const side = (name: string, results: readonly RunResult[]) =>
    results.map((result, at) => ({ path: `${name}/${at + 1}.json`, result }));
  const [baseline, candidate] = [side('baseline', spec.baseline), side('candidate', spec.candidate)];
  const metrics = parseMetrics('metric', spec.metrics ?? defaultOf('metric'));
  const rules = parseRules('fail-on', spec.rules ?? []);
  const inconclusive = spec.inconclusive ?? 'pass';
  return {
    comparison: compareRuns(baseline, candidate, { metrics, rules, inconclusive }),
    baseline,
    candidate,
    metrics,
  };
}

/** A copy whose trials have other IOPS and latencies, as those of a run at another time. */
export function changedRun(
  result: RunResult,
  factor: number,
  startedAt = '2026-11-23T09:00:00.000Z',
): RunResult {
  const copy = structuredClone(result);
  copy.started_at = startedAt;
  for (const trial of copy.backends.flatMap(({ trials }) => trials)) {
    trial.iops *= factor;
    trial.bw_bytes *= factor;
    for (const part of countedOps(trial)) {
      part.iops *= factor;
      part.bw_bytes *= factor;
      for (const latency of [part.lat_ns, part.clat_ns, part.slat_ns]) {
        latency.mean /= factor;
        for (const key of Object.keys(latency.percentile))
          latency.percentile[key] = (latency.percentile[key] ?? 0) / factor;
      }
    }
  }
  return copy;
}
