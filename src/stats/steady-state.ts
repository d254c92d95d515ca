/**
 * Whether measurements of equal rounds have settled, as SNIA's Solid State Storage Performance Test Specification
 * (PTS 2.0.2, 2020) defines steady state: over a window of the last rounds neither do the values scatter too far, nor
 * does the straight line through them go too far from its one end to the other.
 */

export interface SteadyRule {
  metric: 'iops' | 'bw' | 'lat';
  /** Of a window: at least two. */
  rounds: number;
  /** What max - min of a window may be of its mean: 0.2. */
  range: number;
  /** What the fitted line may rise or fall over a window, of its mean: 0.1; null: not asked. */
  excursion: number | null;
}

export interface SteadyVerdict {
  steady: boolean;
  /** The first round (0-based) that a steady window ends with; null: there is none. */
  at: number | null;
  /** First and last round of that window; of the last window when none is steady; null with fewer rounds than it has. */
  window: [number, number] | null;
  /** Of the values in the window, in their unit. */
  mean: number;
  /** max - min, of the mean. */
  range: number;
  /** Of the line of least squares, in the values' unit for each round. */
  slope: number;
  /** What that line rises or falls between the window's first and last round, of the mean; never negative. */
  excursion: number;
}

/** The rule of PTS 2.0.2: five rounds, 20 %, 10 %. */
export const PTS_RULE = { rounds: 5, range: 0.2, excursion: 0.1 } as const satisfies Omit<
  SteadyRule,
  'metric'
>;

type Fit = Pick<SteadyVerdict, 'mean' | 'range' | 'slope' | 'excursion'>;

/** Least squares over 0, 1, 2, ... */
function slopeOf(values: readonly number[], mean: number): number {
  const middle = (values.length - 1) / 2;
  let [above, below] = [0, 0];
  for (const [i, value] of values.entries()) {
    above += (i - middle) * (value - mean);
    below += (i - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

/** Of a mean of 0 nothing is a share: values that are all 0 do not scatter, others do so without end. */
function share(amount: number, mean: number): number {
  if (amount === 0) return 0;
  return mean === 0 ? Number.MAX_VALUE : Math.abs(amount / mean);
}

function fit(values: readonly number[]): Fit {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const slope = slopeOf(values, mean);
  return {
    mean,
    slope,
    range: share(Math.max(...values) - Math.min(...values), mean),
    excursion: share(slope * (values.length - 1), mean),
  };
}

/**
 * Looks for the first window that is steady.
 * @param values one of each round, in their order: IOPS, bytes a second or latencies
 * @throws RangeError for windows of fewer than two rounds
 */
export function steadyState(values: readonly number[], rule: SteadyRule): SteadyVerdict {
  const { rounds } = rule;
  if (!Number.isInteger(rounds) || rounds < 2) throw new RangeError(`a window of ${rounds} rounds`);
  const none: Fit = { mean: 0, range: 0, slope: 0, excursion: 0 };
  let last: SteadyVerdict = { steady: false, at: null, window: null, ...none };
  for (let end = rounds - 1; end < values.length; end++) {
    const window: [number, number] = [end - rounds + 1, end];
    const fitted = fit(values.slice(window[0], end + 1));
    const flat = rule.excursion === null || fitted.excursion <= rule.excursion;
    const steady = fitted.range <= rule.range && flat;
    last = { steady, at: steady ? end : null, window, ...fitted };
    if (steady) break;
  }
  return last;
}
