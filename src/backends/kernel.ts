/** The running kernel against the versions that brought the features. */
import { constants, release } from 'node:os';
import { toldByIoUring } from '../native/look.ts';
import type { Feature } from './backend.ts';

/** Whether a kernel release is older than a version: "6.1.9-arm64" is older than "6.13". */
export function olderThan(kernel: string, version: string): boolean {
  const numbers = (text: string): number[] => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
  const own = numbers(kernel);
  for (const [i, wanted] of numbers(version).entries()) {
    const is = own[i] ?? 0;
    if (is !== wanted) return is < wanted;
  }
  return false;
}

/** By these errno a kernel refuses what it doesn't know. */
const UNKNOWN: readonly number[] = [constants.errno.EINVAL, constants.errno.EOPNOTSUPP];

/** A kernel as far as it is asked what it has. */
export interface Kernel {
  release: string;
  /** Whether it has a feature, by what it says itself; null: it does not say. */
  has: (feature: Feature) => boolean | null;
}

/** The running one. */
export function runningKernel(): Kernel {
  const answer = toldByIoUring();
  const isIn = (bits: bigint, { bit }: Feature) => (bits & BigInt(bit)) !== 0n;
  return {
    release: release(),
    has: (feature) =>
      answer === null || !isIn(answer.told, feature) ? null : !isIn(answer.lacking, feature),
  };
}

/** Features, and combinations of two, that a kernel has not: as it says itself, else by the versions that brought them. */
function lacking(features: readonly Feature[], kernel: Kernel): { what: string; since: string }[] {
  const names = features.map(({ name }) => name);
  const single = features
    .filter((feature) => !(kernel.has(feature) ?? !olderThan(kernel.release, feature.since)))
    .map(({ name, since }) => ({ what: name, since }));
  const together = features.flatMap(({ name, sinceWith = {} }) =>
    Object.entries(sinceWith)
      .filter(([other, since]) => names.includes(other) && olderThan(kernel.release, since))
      .map(([other, since]) => ({ what: `${name} with ${other}`, since })),
  );
  return [...single, ...together];
}

/**
 * Which of the features the kernel lacks, the newest of them if there are several: the likeliest reason why it refuses.
 * Where it does not say so itself, distributions may have brought a feature to an old kernel: only to be asked once
 * there is a refusal.
 * @param errno of the refusal
 */
export function kernelLacks(
  features: readonly Feature[],
  errno: number = constants.errno.EINVAL,
  kernel = runningKernel(),
): string | undefined {
  if (!UNKNOWN.includes(errno)) return undefined;
  const [newest] = lacking(features, kernel).sort((a, b) => (olderThan(a.since, b.since) ? 1 : -1));
  if (newest === undefined) return undefined;
  const { what, since } = newest;
  return olderThan(kernel.release, since)
    ? `${what} needs Linux ${since}, this is ${kernel.release}`
    : `${what} is not in this kernel (${kernel.release}), though Linux ${since} brought it`;
}
