/** Whether a variant works on a job's own files: asked of the kernel, then seen in a few I/Os. */
import type { Variant } from '../backends/backend.ts';
import { probeBackend } from '../native/library.ts';
import type { ResolvedJob } from '../resolve/resolved-job.ts';
import type { Trial } from '../results/schema.ts';
import { planBlock } from './plan.ts';
import { explainRefusal, setupOf } from './preflight.ts';
import { noProgress } from './progress.ts';
import { runTrial } from './trial.ts';

/** Enough that the queue has been full and every slot used again. */
const IOS_PER_SLOT = 4;
/** A slow device ends its try by time. */
const LIMIT_NS = 1_000_000_000;

/** What the kernel says when it is asked to set the variant up. */
function refusal(variant: Variant, job: ResolvedJob): string | null {
  const bits = variant.features.reduce((sum, { bit }) => sum | bit, 0);
  const refused = probeBackend(variant.backend.id, bits, setupOf(job, variant));
  if (refused === null) return null;
  const { what, hint } = explainRefusal(variant, refused, job);
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
  job: ResolvedJob,
  signal: AbortSignal,
): (variant: Variant) => Promise<string | null> {
  const bounds = { runtimeNs: LIMIT_NS, ios: IOS_PER_SLOT * job.iodepth, bytes: 0 };
  const short: ResolvedJob = { ...job, trials: 1, bounds, rampTimeNs: 0, startdelayNs: 0, thinktimeNs: 0 };
  return async (variant) => {
    const unfit = variant.features.find(({ requires }) => requires && !requires.test(job));
    if (unfit) return `${unfit.name} needs ${unfit.requires?.what}`;
    const refused = refusal(variant, job);
    if (refused !== null || signal.aborted) return refused;
    const [run] = planBlock({ ...short, variants: [variant] }, 1);
    if (run === undefined) throw new Error('a job of one variant and one trial has one run');
    return troubleOf(await runTrial(short, run, noProgress, signal));
  };
}
