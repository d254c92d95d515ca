/** The running kernel against the versions that brought the features. */
import { constants, release } from 'node:os';
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

/**
 * Which of the features is newer than the kernel, the newest of them if there are several: the likeliest reason why
 * it refuses. Distributions bring features to old kernels: only to be asked once there is a refusal.
 * @param errno of the refusal
 */
export function kernelLacks(
  features: readonly Feature[],
  errno: number = constants.errno.EINVAL,
  kernel = release(),
): string | undefined {
  if (!UNKNOWN.includes(errno)) return undefined;
  const [newest] = features
    .filter(({ since }) => olderThan(kernel, since))
    .sort((a, b) => (olderThan(a.since, b.since) ? 1 : -1));
  return newest && `${newest.name} needs Linux ${newest.since}, this is ${kernel}`;
}
