/**
 * The q-quantile (0..1) of some numbers, linear between the two nearest (R's type 7, numpy's default).
 * @throws RangeError without numbers.
 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = Math.min(Math.max(q, 0), 1) * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('no quantile of no values');
  return below + (above - below) * (position - Math.floor(position));
}

/** @throws RangeError without numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
