/** How much faster one thing is than another, from trials that ran in pairs, and how sure that is. */

export interface PairedGain {
  /** Geometric mean of the ratios after / before, as ±%. */
  pct: number;
  /** Where the true mean ratio lies with 95 % confidence, as ±%; null when one pair cannot tell. */
  interval: { low: number; high: number } | null;
  pairs: number;
}

/** Two-sided points of Student's t by degrees of freedom, from 1, and that of the normal distribution. */
interface Points {
  t: readonly number[];
  z: number;
}

/** NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
const POINTS_95: Points = {
  t: [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604,
    2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555,
    2.0518, 2.0484, 2.0452, 2.0423,
  ],
  z: 1.959964,
};
const POINTS_99: Points = {
  t: [
    63.6567, 9.9248, 5.8409, 4.6041, 4.0321, 3.7074, 3.4995, 3.3554, 3.2498, 3.1693, 3.1058, 3.0545, 3.0123,
    2.9768, 2.9467, 2.9208, 2.8982, 2.8784, 2.8609, 2.8453, 2.8314, 2.8188, 2.8073, 2.7969, 2.7874, 2.7787,
    2.7707, 2.7633, 2.7564, 2.75,
  ],
  z: 2.575829,
};

/**
 * Beyond the table by the expansion around the normal distribution (Abramowitz and Stegun 1964, 26.7.5), whose error is
 * below 0.0005 there.
 */
function studentT({ t, z }: Points, degrees: number): number {
  if (degrees < 1) throw new RangeError(`Student's t has no ${degrees} degrees of freedom`);
  const known = t[degrees - 1];
  if (known !== undefined) return known;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}

/** |t| is below it with a probability of 95 %. @throws RangeError for no degree of freedom */
export function studentT95(degrees: number): number {
  return studentT(POINTS_95, degrees);
}

/** |t| is below it with a probability of 99 %. @throws RangeError for no degree of freedom */
export function studentT99(degrees: number): number {
  return studentT(POINTS_99, degrees);
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
