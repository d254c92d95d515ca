/** Trials that do not belong to the others. */
import { median } from './spread.ts';

/** Iglewicz and Hoaglin's limit for the modified z-score. */
const LIMIT = 3.5;
/** Of few trials the others are often alike by chance: what is nearer to the median than that is no outlier. */
const LEAST_SHARE = 0.1;
const LEAST_VALUES = 5;

export interface Outlier {
  /** Which of the values it is. */
  index: number;
  /** How far off the median it is: -0.2 is 20 % below. */
  share: number;
}

/**
 * Values whose modified z-score, 0.6745 (x - median) / MAD, is beyond 3.5 (Iglewicz and Hoaglin, How to Detect and
 * Handle Outliers, 1993) and that are 10 % or more off the median. None of fewer than 5 values.
 */
export function outliersOf(values: readonly number[]): Outlier[] {
  if (values.length < LEAST_VALUES) return [];
  const middle = median(values);
  const mad = median(values.map((value) => Math.abs(value - middle)));
  return values.flatMap((value, index) => {
    const distance = value - middle;
    const far = 0.6745 * Math.abs(distance) > LIMIT * mad && Math.abs(distance) >= LEAST_SHARE * middle;
    return far ? [{ index, share: distance / middle }] : [];
  });
}
