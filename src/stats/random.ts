/** The seeded random numbers of statistics: the same seed gives the same intervals and orders on every machine. */

/** Uniform numbers in 0 (included) .. 1 (excluded). */
export type Random = () => number;

const MASK = (1n << 64n) - 1n;
const STEP = 0x9e3779b97f4a7c15n;

/** One step of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): spreads seeds. */
export function mixSeed(x: bigint): bigint {
  let z = (x + STEP) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded by SplitMix64. */
export function randomOf(seed: bigint): Random {
  const first = mixSeed(seed);
  const second = mixSeed(seed + STEP);
  // Only a state of all zeros is forbidden; two outputs of SplitMix64 in a row are never both zero.
  let a = Number(first & 0xffffffffn) | 0;
  let b = Number(first >> 32n) | 0;
  let c = Number(second & 0xffffffffn) | 0;
  let d = Number(second >> 32n) | 0;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotateLeft(d, 11);
    return result / 2 ** 32;
  };
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
