/** Laws that every result's figures keep, beyond those of support/result.ts. */
import { countedOps } from '../../src/results/ops.ts';
import type { OpResult, RunResult, Trial } from '../../src/results/schema.ts';
import type { Workload } from '../../src/workload/workload.ts';

function judgeLatency(label: string, { lat_ns, slat_ns, clat_ns }: OpResult): string[] {
  return [lat_ns, slat_ns, clat_ns].flatMap((latency) => {
    if (latency.N === 0) return [];
    const points = Object.entries(latency.percentile)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, value]) => value);
    const all = [latency.min, ...points, latency.max];
    const ordered = all.every((value, i) => i === 0 || value >= (all[i - 1] ?? 0));
    return ordered ? [] : [`${label}: percentiles are not in order: ${all.join(' ')}`];
  });
}

function judgeBytes(label: string, trial: Trial, { bs }: Workload): string[] {
  return Object.entries(trial.ops).flatMap(([name, op]) => {
    const size = name === 'read' ? bs.read : name === 'write' ? bs.write : null;
    if (size === null || op.short_ios > 0 || op.io_bytes === op.total_ios * size) return [];
    return [`${label}: ${op.total_ios} ${name}s of ${size} are ${op.io_bytes} bytes`];
  });
}

/**
 * Submitted is completed, failed and lost together: of each job as many as its bound says, where that ended it. What is in
 * flight at a ramp's end will end in the window, be it more than the bound.
 */
function judgeAmounts(
  label: string,
  trial: Trial,
  { bounds, numjobs, iodepth, rampTimeNs, tree }: Workload,
): string[] {
  const errors = trial.errors.reduce((sum, { count }) => sum + count, 0);
  const done = trial.total_ios + errors + (trial.lost ?? 0);
  const asked = bounds.ios * numjobs;
  if (bounds.ios === 0) return [];
  const over = rampTimeNs > 0 && iodepth > bounds.ios;
  const most = over ? iodepth * numjobs : asked;
  if (done > most) return [`${label}: ${done} I/Os of ${asked}`];
  // What puts a tree back takes of the time, too, and is not in the window.
  const inTime = bounds.runtimeNs === 0 || (tree === null && trial.runtime_ns < bounds.runtimeNs * 0.9);
  const alone = !over && bounds.bytes === 0 && inTime && trial.status === 'complete';
  return alone && done !== asked ? [`${label}: complete with ${done} I/Os of ${asked}`] : [];
}

/** Little's law: no more in flight than there is room for. */
function judgeDepth(label: string, trial: Trial, { iodepth, numjobs }: Workload): string[] {
  const most = iodepth * numjobs * 1.02 + 0.05;
  return trial.effective_depth > most ? [`${label}: ${trial.effective_depth} in flight of ${most}`] : [];
}

function judgeTrial(label: string, trial: Trial, asked: Workload): string[] {
  const wrong = countedOps(trial).flatMap((op) => judgeLatency(label, op));
  wrong.push(...judgeBytes(label, trial, asked), ...judgeAmounts(label, trial, asked));
  wrong.push(...judgeDepth(label, trial, asked));
  // A window of milliseconds may hold no I/O that ended.
  if (trial.failure !== null && trial.failure.message !== 'no I/O was done')
    wrong.push(`${label} failed: ${trial.failure.message}`);
  return wrong;
}

/** Hashes of the first offsets: all backends of a trial do the same. */
function judgeHashes({ backends }: RunResult): string[] {
  const byTrial = new Map<number, Set<string>>();
  for (const { trials } of backends) {
    for (const { trial, offsets_hash, status } of trials) {
      if (offsets_hash === undefined || status !== 'complete') continue;
      byTrial.set(trial, (byTrial.get(trial) ?? new Set()).add(offsets_hash));
    }
  }
  return [...byTrial].flatMap(([trial, hashes]) =>
    hashes.size > 1 ? [`trial ${trial}: other offsets: ${[...hashes]}`] : [],
  );
}

/** What is wrong with a result. */
export function judgeLaws(result: RunResult, asked: Workload): string[] {
  const trials = result.backends.flatMap(({ label, trials }) =>
    trials.flatMap((trial) => judgeTrial(`${label}, trial ${trial.trial}`, trial, asked)),
  );
  return [...trials, ...judgeHashes(result)];
}
