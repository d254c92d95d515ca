/**
 * Where a load curve bends: up to the knee more I/Os in flight bring more I/Os per second, beyond it they bring
 * waiting. Pure functions over the points of one backend along one axis.
 */

/** One point of a curve. */
export interface CurvePoint {
  /** Position on the axis, above 0: iodepth, numjobs, bytes. */
  x: number;
  iops: number;
  /** The latency that is limited. */
  latencyNs: number;
}

export interface Knee<P extends CurvePoint = CurvePoint> {
  /** null: no point keeps the limit, or IOPS still grow at the last one. */
  point: P | null;
  /** Why there is none. */
  missing: 'above-limit' | 'still-growing' | null;
}

function byAxis<P extends CurvePoint>(points: readonly P[]): P[] {
  return [...points].sort((a, b) => a.x - b.x);
}

/**
 * The point with the most IOPS among those whose latency is within a limit; of equal ones the one with the least
 * latency.
 */
export function kneeWithinLimit<P extends CurvePoint>(points: readonly P[], limitNs: number): Knee<P> {
  const kept = byAxis(points).filter(({ latencyNs }) => latencyNs <= limitNs);
  const [best] = kept.sort((a, b) => b.iops - a.iops || a.latencyNs - b.latencyNs);
  return best === undefined ? { point: null, missing: 'above-limit' } : { point: best, missing: null };
}

/** How much more IOPS `to` has than `from` for each doubling of x between them: 0.1 is 10 %. */
export function gainPerDoubling(from: CurvePoint, to: CurvePoint): number {
  return (to.iops / from.iops) ** (1 / Math.log2(to.x / from.x)) - 1;
}

/**
 * The point after which IOPS grow by less than leastGain per doubling of x, whichever later point one looks at: a
 * single dip on the way up is no knee.
 */
export function kneeByGain<P extends CurvePoint>(points: readonly P[], leastGain: number): Knee<P> {
  const curve = byAxis(points).filter(({ x, iops }) => x > 0 && iops > 0);
  const found = curve.findIndex((point, i) =>
    curve.slice(i + 1).every((later) => gainPerDoubling(point, later) < leastGain),
  );
  const point = curve[found];
  // Of the last point nothing is known of what comes after it.
  if (point === undefined || found === curve.length - 1) return { point: null, missing: 'still-growing' };
  return { point, missing: null };
}
