/** Whether a variant works on a job's own files: asked of the kernel, then seen in a few I/Os. */
import type { Variant } from '../backends/backend.ts';
import { featureBits } from '../backends/probe.ts';
import { unmetRequirement } from '../backends/registry.ts';
import { probeBackend } from '../native/library.ts';
import { type JobGroup, type RunPlan, withWorkloads } from '../resolve/run-plan.ts';
import type { Trial } from '../results/schema.ts';
import { explainRefusal } from './preflight.ts';
import { setupOf } from './setup.ts';
import { runTrial } from './trial.ts';

/** Enough that the queue has been full and every slot used again. */
const IOS_PER_SLOT = 4;
/** A slow device ends its try by time. */
const LIMIT_NS = 1_000_000_000;

/** What the kernel says when it is asked to set the variant up. */
function refusal(variant: Variant, { workload }: JobGroup): string | null {
  const bits = featureBits(variant.features);
  const refused = probeBackend(variant.backend.id, bits, setupOf(workload, variant));
  if (refused === null) return null;
  const { what, hint } = explainRefusal(variant, refused, workload);
  return hint ? `${what}: ${hint}` : what;
}

/** Why a trial was none: it failed, or (continue_on_error) all its I/Os did. */
function troubleOf({ failure, total_ios: ios, errors }: Trial): string | null {
  if (failure) return failure.hint === null ? failure.message : `${failure.message}: ${failure.hint}`;
  const [first] = errors;
  return ios === 0 && first ? `${first.op} ${first.first_file}: ${first.code}` : null;
}

/**
 * A function that says why a variant does not work here, or null. Some kernels and devices refuse a feature only
 * when I/O is done: iopoll without poll queues.
 */
export function variantTrier(
  plan: RunPlan,
  signal: AbortSignal,
): (variant: Variant) => Promise<string | null> {
  const short = withWorkloads({ ...plan, trials: 1 }, (workload) => ({
    ...workload,
    bounds: { runtimeNs: LIMIT_NS, ios: IOS_PER_SLOT * workload.iodepth, bytes: 0 },
    rampTimeNs: 0,
    startdelayNs: 0,
    thinktimeNs: 0,
    rateIops: 0,
    rateIopsMin: 0,
  }));
  const trying = plan.groups.filter(({ variant }) => variant === null);
  return async (variant) => {
    for (const group of trying) {
      const unmet = unmetRequirement(variant, group.workload, plan.isolation);
      if (unmet !== null) return unmet;
      const refused = refusal(variant, group);
      if (refused !== null || signal.aborted) return refused;
    }
    return troubleOf(await runTrial(short, { variant, trial: 1, position: 1 }, signal));
  };
}
