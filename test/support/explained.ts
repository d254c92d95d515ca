/** Runs that are explained, for tests that ask whether it is true. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { explainProbe } from '../../src/native/explain.ts';
import type { Explanation, Traced } from '../../src/results/schema-explain.ts';
import { backendOf, benchResult } from './bench.ts';
import { diskFolder, noDisk } from './disk.ts';
import { firstReason } from './witness.ts';

/** Why nothing can be traced here; false when it can. */
export const noTracing = firstReason(explainProbe().missing ?? false, noDisk);

export const COMMON = ['--trials', '1', '--rw', 'randread', '--size', '16m', '--iodepth', '8'];

/** So often a run is looked at until it was seen whole. */
const TRIES = 12;

/**
 * Some guests' kernels show programs nothing of what comes while a thread of process 1 is current (docs/EXPLAIN.md),
 * which is now and then: what is exact must be so once. A figure that is wrong by itself never is.
 */
export async function seenWhole(look: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof assert.AssertionError) || tries === TRIES) throw error;
    }
  }
}

export interface Explained {
  explain: Explanation;
  traced: Traced;
  pass: NonNullable<Explanation['pass']>;
}

export function explainedOf({ explain, label }: { explain?: Explanation; label: string }): Explained {
  assert.ok(explain?.traced && explain.pass, `${label} was traced: ${explain?.missing}`);
  return { explain, traced: explain.traced, pass: explain.pass };
}

export async function explained(
  t: TestContext,
  backend: string,
  args: readonly string[],
): Promise<Explained> {
  const result = await benchResult(diskFolder(t), [...COMMON, '--backend', backend, ...args]);
  return explainedOf(backendOf(result));
}

export const total = (histogram: readonly number[]): number => histogram.reduce((a, b) => a + b, 0);
