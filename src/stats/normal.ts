/** The standard normal distribution. */

/**
 * Probability of a value of z or less, to a relative error below 1.2e-7 in the lower tail: the complementary error
 * function by Chebyshev fitting (Press et al., Numerical Recipes in C, 2nd edition, section 6.2).
 */
export function normalCdf(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const coefficients = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368, -1.26551223,
  ];
  const fitted = coefficients.reduce((sum, coefficient) => sum * t + coefficient, 0);
  const tail = 0.5 * t * Math.exp(-x * x + fitted);
  return x > 0 ? 1 - tail : tail;
}
