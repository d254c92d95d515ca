/** From looks at a trial to the series that is stored: pure, but for the stretches that it fills. */
import type { LookedOp, SeriesLook } from '../native/series.ts';
import { countsFromPacked, percentilesOf, toLatency } from '../results/histogram.ts';
import type {
  IntervalConditions,
  IntervalLatency,
  SeriesInterval,
  TrialSeries,
} from '../results/schema-series.ts';
import { operations } from '../workload/operations.ts';

/** Beside every interval's histogram, from which others can be had. */
const PERCENTILES = [50, 99, 99.9];

interface StretchOp extends Omit<LookedOp, 'op' | 'packed'> {
  packed: Uint8Array[];
}

/** What was done from one moment to another, since the window's begin. */
export interface Stretch {
  startNs: number;
  endNs: number;
  /** By UB.OP_*. */
  ops: Map<number, StretchOp>;
  conditions: IntervalConditions;
}

export function newStretch(startNs: number): Stretch {
  return { startNs, endNs: startNs, ops: new Map(), conditions: {} };
}

function addOp(ops: Stretch['ops'], op: number, more: StretchOp): void {
  const sum = ops.get(op);
  if (sum === undefined) {
    ops.set(op, { ...more, packed: [...more.packed] });
    return;
  }
  sum.ios += more.ios;
  sum.bytes += more.bytes;
  sum.errors += more.errors;
  sum.samples += more.samples;
  sum.sumNs += more.sumNs;
  sum.maxNs = Math.max(sum.maxNs, more.maxNs);
  sum.packed.push(...more.packed);
}

/** Adds what a look saw. A look at jobs that have all ended is of when they had: that may be before the one before it. */
export function addLook(stretch: Stretch, { atNs, beginNs, ops }: SeriesLook): void {
  stretch.endNs = Math.max(stretch.endNs, atNs - beginNs);
  for (const { op, packed, ...more } of ops) addOp(stretch.ops, op, { ...more, packed: [packed] });
}

/** Of two stretches: shares of time by their lengths, the higher temperature. */
function mergedConditions(a: Stretch, b: Stretch): IntervalConditions {
  const [aNs, bNs] = [a.endNs - a.startNs, b.endNs - b.startNs];
  const mean = (key: 'steal_pct' | 'cpu_busy_pct'): IntervalConditions => {
    const [x, y] = [a.conditions[key], b.conditions[key]];
    if (x === undefined || y === undefined || aNs + bNs === 0) return x === undefined ? {} : { [key]: x };
    return { [key]: (x * aNs + y * bNs) / (aNs + bNs) };
  };
  const degrees = [a, b].flatMap(({ conditions }) => conditions.temperature_c ?? []);
  const hottest = degrees.length > 0 ? { temperature_c: Math.max(...degrees) } : {};
  return { ...mean('steal_pct'), ...mean('cpu_busy_pct'), ...hottest };
}

/** A stretch and the one that follows it as one. */
export function joinStretches(a: Stretch, b: Stretch): Stretch {
  const joined = { ...a, endNs: Math.max(a.endNs, b.endNs), conditions: mergedConditions(a, b) };
  for (const [op, more] of b.ops) addOp(joined.ops, op, more);
  return joined;
}

/** Each two neighbours as one. */
export function inPairs(stretches: readonly Stretch[]): Stretch[] {
  return stretches.flatMap((stretch, at) => {
    if (at % 2 === 1) return [];
    const next = stretches[at + 1];
    return [next === undefined ? stretch : joinStretches(stretch, next)];
  });
}

function latencyOf({ samples, sumNs, maxNs, packed }: StretchOp): IntervalLatency {
  if (samples === 0) return { mean: 0, max: 0, percentile: {}, hdr: '' };
  const exact = { min: 0, max: maxNs, sum: sumNs, overRange: 0 };
  const { mean, max, percentile, hdr } = toLatency(countsFromPacked(packed), exact, PERCENTILES);
  return { mean, max, percentile, hdr };
}

function intervalOf({ startNs, endNs, ops, conditions }: Stretch): SeriesInterval {
  const stored: SeriesInterval['ops'] = {};
  for (const { id, name } of operations) {
    const op = ops.get(id);
    if (op === undefined) continue;
    const errors = op.errors > 0 ? { errors: op.errors } : {};
    stored[name] = { ios: op.ios, bytes: op.bytes, ...errors, lat: latencyOf(op) };
  }
  return {
    start_ns: startNs,
    length_ns: endNs - startNs,
    ops: stored,
    ...(Object.keys(conditions).length > 0 ? { conditions } : {}),
  };
}

/**
 * @param askedNs the interval that was asked for
 * @param intervalNs what became of it
 */
export function trialSeriesOf(
  stretches: readonly Stretch[],
  askedNs: number,
  intervalNs: number,
): TrialSeries {
  const merged = intervalNs === askedNs ? {} : { asked_ns: askedNs };
  return { interval_ns: intervalNs, ...merged, intervals: stretches.map(intervalOf) };
}

/** The percentile of all that a stretch did, for who looks on; null without samples. */
export function percentileNow({ ops }: Stretch, percentile: number): number | null {
  const counts = countsFromPacked([...ops.values()].flatMap(({ packed }) => packed));
  const maxNs = Math.max(0, ...[...ops.values()].map((op) => op.maxNs));
  if (maxNs === 0) return null;
  return Object.values(percentilesOf(counts, [percentile], { min: 0, max: maxNs }))[0] ?? null;
}
