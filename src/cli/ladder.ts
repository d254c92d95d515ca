/** `uring-bench ladder`: a run whose backends are the steps of the ladder. */

import type { RunContext } from '../jobs/context.ts';
import type { RawOptions } from '../options/options.ts';
import { type Resolved, type ResolveHost, resolve } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Invocation } from './program.ts';
import { performRun } from './run.ts';

/** The plan of the first step; the others are chosen on its files. */
function resolveLadder(raw: RawOptions, host: ResolveHost): Resolved {
  return resolve({ ...raw, backend: ['io_uring'] }, host, true);
}

async function ladderContext(signal: AbortSignal): Promise<Pick<RunContext, 'report' | 'choose'>> {
  const { climb, ladderPlan } = await import('../experiments/ladder.ts');
  const { variantTrier } = await import('../jobs/try-variant.ts');
  const choose = async (plan: RunPlan) => ladderPlan(plan, await climb(variantTrier(plan, signal)));
  return { report: { kind: 'ladder' }, choose };
}

export async function ladderCommand(invocation: Invocation): Promise<number> {
  return performRun(invocation, { resolve: resolveLadder, context: ladderContext });
}
