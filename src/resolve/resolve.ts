/**
 * From the options that were given to what is run: the one place where the groups of a run come together. Creates
 * nothing; looks only at the files that the workload would use.
 */

import type { Variant } from '../backends/backend.ts';
import { parseVariant } from '../backends/registry.ts';
import { usageError } from '../errors.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import type { Workload } from '../workload/workload.ts';
import { COMPARISON_RUNTIME_NS } from './bounds.ts';
import { type AskedGroup, readGroups } from './group-text.ts';
import { ignoredOptions } from './ignored.ts';
import { parseTarget } from './rate.ts';
import { COMPARISON_IODEPTH, type ResolvedGroup, type ResolveHost, resolveGroup } from './resolve-group.ts';
import type { RunPlan } from './run-plan.ts';
import { intervalOf, steadyOf } from './series-options.ts';
import { blockSizes, settle, settleQueue, workloadOf } from './settle.ts';
import { settleTrials, untilConfident } from './trial-options.ts';
import { checkApplies, chooseReference, chooseVariants, togetherVariant } from './variants.ts';

export type { ResolveHost } from './resolve-group.ts';

export interface Resolved {
  plan: RunPlan;
  warnings: ResultWarning[];
}

/** A group with the options of the run as its defaults. */
interface MergedGroup extends AskedGroup {
  raw: RawOptions;
  variant: Variant | null;
}

/**
 * Applies defaults, checks everything against everything and against this machine.
 * @param asComparison whether the defaults are those of a comparison: several short trials, a queue that is used;
 * when left out, where no backend is named
 * @throws BenchError (usage) for the first thing that is wrong
 */
export function resolve(raw: RawOptions, host: ResolveHost, asComparison?: boolean): Resolved {
  const { job: texts, ...shared } = raw;
  const groups = mergedGroups(shared, texts);
  const comparison =
    asComparison ?? (shared.backend === undefined && groups.some(({ variant }) => variant === null));
  const variants = variantsOf(shared, groups);
  const run = settle(shared);
  run.reference = chooseReference(shared.reference, variants);
  settleTrials(run, shared, comparison || variants.length > 1);
  checkOptions(shared, groups, variants);
  const settings = { comparison, values: runValues(run) };
  const resolved = groups.map(({ raw, startAfter, variant }) =>
    resolveGroup(
      { raw, startAfter, own: variant, variants: variant === null ? variants : [variant] },
      settings,
      host,
    ),
  );
  const groupsOf = resolved.map(({ group }) => group);
  const plan: RunPlan = {
    groups: groupsOf,
    variants,
    reference: run.reference,
    trials: run.trials,
    untilConfident: untilConfident(run),
    warmupTrials: run['warmup-trials'],
    isolation: run.isolation,
    explain: run.explain,
    percentileList: run['percentile-list'],
    intervalNs: intervalOf(run, groupsOf),
    steadyState: steadyOf(run, groupsOf),
    randseed: run.randseed,
    ...targetOf(run, raw),
  };
  // What is in force is known once all groups are.
  for (const { options } of plan.groups) options.interval = plan.intervalNs / 1e9;
  return { plan, warnings: [...groups.flatMap((group) => group.warnings), ...warningsOf(groups, resolved)] };
}

/** @throws BenchError (usage) for what a search decides by itself */
function targetOf(run: InForce, raw: RawOptions): Pick<RunPlan, 'latencyTarget'> {
  const text = run['latency-target'];
  if (text === null) return {};
  const flag = raw.job !== undefined ? 'job' : raw.trials !== undefined ? 'trials' : null;
  if (flag !== null) {
    const hint = flag === 'job' ? 'it is for jobs that are all alike' : 'a search makes as many as it needs';
    throw usageError(`latency-target and ${flag} exclude each other`, hint);
  }
  return { latencyTarget: parseTarget(text) };
}

/** The groups that were asked for; without --job one that is the run itself. */
function mergedGroups(shared: RawOptions, texts: readonly string[] | undefined): MergedGroup[] {
  if (texts === undefined) {
    return [{ name: '', startAfter: null, own: shared, warnings: [], raw: shared, variant: null }];
  }
  return readGroups(texts).map((group) => {
    const { backend, ...own } = group.own;
    const variant = backend?.[0] === undefined ? null : parseVariant(backend[0]);
    return { ...group, own, raw: { ...shared, ...own, name: group.name }, variant };
  });
}

/** What is compared: those of the run for all groups that name none of their own. */
function variantsOf(shared: RawOptions, groups: readonly MergedGroup[]): Variant[] {
  const free = groups.filter(({ variant }) => variant === null);
  const rws = free.map(({ raw }) => settle(raw).rw);
  for (const { variant, raw } of groups)
    if (variant !== null) chooseVariants([variant.label], [settle(raw).rw]);
  if (free.length > 0) return chooseVariants(shared.backend, rws);
  return [
    togetherVariant(
      shared.backend,
      groups.flatMap(({ variant }) => variant ?? []),
    ),
  ];
}

/** Options that no backend knows that would see them. */
function checkOptions(
  shared: RawOptions,
  groups: readonly MergedGroup[],
  variants: readonly Variant[],
): void {
  const own = groups.flatMap(({ variant }) => variant ?? []);
  const compared = own.length === groups.length ? [] : variants;
  checkApplies(shared, [...compared, ...own]);
  for (const group of groups) checkApplies(group.own, group.variant === null ? variants : [group.variant]);
}

function runValues(
  run: InForce,
): Pick<InForce, 'reference' | 'trials' | 'until-confident' | 'max-trials' | 'warmup-trials'> {
  return {
    reference: run.reference,
    trials: run.trials,
    'until-confident': run['until-confident'],
    'max-trials': run['max-trials'],
    'warmup-trials': run['warmup-trials'],
  };
}

/** A given option without effect is told where it was given: in a group, or for all of them. */
function warningsOf(groups: readonly MergedGroup[], resolved: readonly ResolvedGroup[]): ResultWarning[] {
  const ignored = groups.map(({ raw }, at) => ignoredOptions(raw, (resolved[at] as ResolvedGroup).values));
  const everywhere = (flag: string): boolean =>
    ignored.every((each) => each.some((one) => one.flag === flag));
  return groups.flatMap((group, at) => {
    const told = (ignored[at] ?? []).filter(({ flag }) =>
      flag in group.own ? groups.length > 1 || at === 0 : at === 0 && everywhere(flag),
    );
    const all = [...told.map(({ warning }) => warning), ...(resolved[at]?.warnings ?? [])];
    const of = groups.length > 1 ? `job ${group.name}: ` : '';
    return all.map((warning) => ({ ...warning, message: `${of}${warning.message}` }));
  });
}

/** The workload of the default comparison, its size left open: what a backend may be asked about without a run. */
export function defaultWorkload(): Workload {
  const values = settle({});
  settleQueue(values, COMPARISON_IODEPTH);
  const bounds = { runtimeNs: COMPARISON_RUNTIME_NS, ios: 0, bytes: 0 };
  return workloadOf(values, {
    bs: blockSizes(values.bs),
    bounds,
    coldPassBytes: 0,
    charDevices: false,
    tree: null,
  });
}
