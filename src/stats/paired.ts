/** How much faster one thing is than another, from trials that ran in pairs, and how sure that is. */

export interface PairedGain {
  /** Geometric mean of the ratios after / before, as ±%. */
  pct: number;
  /** Where the true mean ratio lies with 95 % confidence, as ±%; null when one pair cannot tell. */
  interval: { low: number; high: number } | null;
  pairs: number;
}

/**
 * Two-sided 95 % points of Student's t by degrees of freedom, from 1 (NIST/SEMATECH e-Handbook of Statistical
 * Methods, 1.3.6.7.2).
 */
const T_95 = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604,
  2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555,
  2.0518, 2.0484, 2.0452, 2.0423,
] as const;
/** The same point of the normal distribution. */
const Z_95 = 1.959964;

/**
 * |t| is below it with a probability of 95 %. Beyond the table by the expansion around the normal distribution
 * (Abramowitz and Stegun 1964, 26.7.5), whose error is below 0.0001 there.
 * @throws RangeError for no degree of freedom
 */
export function studentT95(degrees: number): number {
  if (degrees < 1) throw new RangeError(`Student's t has no ${degrees} degrees of freedom`);
  const known = T_95[degrees - 1];
  if (known !== undefined) return known;
  const z = Z_95;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}

function pctOf(logRatio: number): number {
  return Math.expm1(logRatio) * 100;
}

/**
 * The gain from before[i] to after[i], which are one pair: the same trial, so that what drifts on the machine
 * hits both. Ratios of speeds are symmetric in their logarithms, whose mean gets the interval of a paired t-test.
 * @throws RangeError without pairs, or for values that have no ratio
 */
export function pairedGain(before: readonly number[], after: readonly number[]): PairedGain {
  const n = before.length;
  if (n === 0 || after.length !== n) throw new RangeError(`${n} and ${after.length} values are no pairs`);
  if ([...before, ...after].some((value) => !(value > 0)))
    throw new RangeError('ratios need positive values');
  const logs = before.map((value, i) => Math.log((after[i] as number) / value));
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  if (n === 1) return { pct: pctOf(mean), interval: null, pairs: n };
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (n - 1);
  const half = studentT95(n - 1) * Math.sqrt(variance / n);
  return { pct: pctOf(mean), interval: { low: pctOf(mean - half), high: pctOf(mean + half) }, pairs: n };
}
