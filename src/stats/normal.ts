/** The standard normal distribution. */

/** From here on the continued fraction is the faster one; below it the series loses no more than 14 bits of the tail. */
const TAIL_FROM = 3;

/** What the continued fraction needs at TAIL_FROM for full precision; further out it needs less. */
const FRACTION_TERMS = 120;

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Probability of 0..z by the power series (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.2.11). */
function fromZero(z: number): number {
  let term = z;
  let sum = z;
  for (let n = 3; sum + term !== sum; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return density(z) * sum;
}

/** Probability of more than z, by Laplace's continued fraction (ibid., 26.2.14). */
function beyond(z: number): number {
  let fraction = z;
  for (let n = FRACTION_TERMS; n > 0; n--) fraction = z + n / fraction;
  return density(z) / fraction;
}

/** Probability of a value of z or less, to a relative error below 1e-12 in the lower tail as well. */
export function normalCdf(z: number): number {
  if (Math.abs(z) < TAIL_FROM) return 0.5 + fromZero(z);
  return z < 0 ? beyond(-z) : 1 - beyond(z);
}
