/** Asking the kernel whether a backend with some features can work here at all, with the least of everything. */
import { UB } from '../native/abi.ts';
import { probeBackend, type Refusal } from '../native/library.ts';
import type { Backend, Feature } from './backend.ts';

/** ub_job.features: each feature's bit is its own, and there are more than the 32 that `|` knows. */
export function featureBits(features: readonly Feature[]): number {
  return features.reduce((sum, { bit }) => sum + bit, 0);
}

/** An operation that all of these features are for: a read, or opening a file. */
function operationFor(features: readonly Feature[]): number {
  return features.every(({ kinds }) => kinds.includes('data')) ? UB.OP_READ : UB.OP_OPEN;
}

/**
 * null if it can, else the errno and what was being done.
 * @param opMask bits 1 << UB.OP_* of the operations that it is asked for
 */
export function probeVariant(
  backend: Backend,
  features: readonly Feature[],
  opMask = 1 << operationFor(features),
): Refusal | null {
  const bits = featureBits(features);
  const least = { iodepth: 1, bufferBytes: 4096, jobs: 1, opMask };
  return probeBackend(backend.id, bits, least);
}
