/**
 * The ladder: io_uring from basic upwards, each step with one feature more. Which features can stand together is
 * the registry's to say; which work here is found out by trying.
 */

import type { Backend, Feature, Variant } from '../backends/backend.ts';
import { ioUring } from '../backends/io-uring.ts';
import { BenchError } from '../errors.ts';
import type { Unavailable } from '../jobs/preflight.ts';
import type { RunPlan } from '../resolve/run-plan.ts';

/** In the order in which a program would take them up: registrations, ring set-up, waiting, then polling. */
const LADDER = [
  'registerfiles',
  'fixedbufs',
  'registerring',
  'coop_taskrun',
  'single_issuer',
  'defer_taskrun',
  'no_sqarray',
  'sq_rewind',
  'min_wait',
  'registered_wait',
  'no_iowait',
  'iopoll',
  'hybrid_iopoll',
  'sqpoll',
] as const;

/** Finds out whether a variant works here -> null, or why it does not. */
export type TryVariant = (variant: Variant) => Promise<string | null>;

export interface Step {
  variant: Variant;
  /** Why it is not available here; null when it is. */
  reason: string | null;
}

function excludes(a: Feature, b: Feature): boolean {
  return a.excludes.includes(b.name) || b.excludes.includes(a.name);
}

/** Features without those that miss another one that they need. */
function withoutUnmetNeeds(features: readonly Feature[]): Feature[] {
  const kept = features.filter(({ needs }) => needs.every((name) => features.some((f) => f.name === name)));
  return kept.length === features.length ? kept : withoutUnmetNeeds(kept);
}

/** The features of the next step: what excludes the new one makes room for it, with what needs that. */
export function addFeature(features: readonly Feature[], added: Feature): Feature[] {
  return [...withoutUnmetNeeds(features.filter((feature) => !excludes(feature, added))), added];
}

/** A variant that is shown as the step that it is: `+fixedbufs`. */
function stepVariant(backend: Backend, features: readonly Feature[], added: Feature | null): Variant {
  const sorted = [...features].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    backend,
    features: sorted,
    name: [backend.name, ...sorted.map(({ name }) => name)].join('+'),
    label: added === null ? backend.name : `+${added.name}`,
  };
}

function featureOf(backend: Backend, name: string): Feature {
  const feature = backend.features.find((f) => f.name === name);
  if (!feature) throw new Error(`${backend.name} has no feature ${name}`);
  return feature;
}

/**
 * All steps in their order. One that does not work here stays in with its reason; those above it are built
 * without its feature.
 * @throws BenchError (failed) when not even the first one works
 */
export async function climb(tryVariant: TryVariant, backend = ioUring): Promise<Step[]> {
  let features: Feature[] = [];
  const first = stepVariant(backend, features, null);
  const reason = await tryVariant(first);
  if (reason !== null) throw new BenchError(`${first.label}: ${reason}`, { kind: 'failed', stage: 'ladder' });
  const steps: Step[] = [{ variant: first, reason }];
  for (const added of LADDER.map((name) => featureOf(backend, name))) {
    const next = addFeature(features, added);
    const variant = stepVariant(backend, next, added);
    const missing = added.needs.find((name) => !next.some((feature) => feature.name === name));
    const why =
      missing === undefined ? await tryVariant(variant) : `it needs ${missing}, which is unavailable here`;
    if (why === null) features = next;
    steps.push({ variant, reason: why });
  }
  return steps;
}

/** The plan with the steps as its variants, compared with the first, and those of them that are not run. */
export function ladderPlan(plan: RunPlan, steps: readonly Step[]): { plan: RunPlan; skipped: Unavailable[] } {
  const variants = steps.map(({ variant }) => variant);
  const skipped = steps.flatMap(({ variant, reason }) => (reason === null ? [] : [{ variant, reason }]));
  const reference = variants[0]?.label ?? null;
  const backend = variants.map(({ name }) => name);
  const groups = plan.groups.map((group) => ({
    ...group,
    options: { ...group.options, ...(group.variant === null ? { backend } : {}), reference },
  }));
  return { plan: { ...plan, groups, variants, reference }, skipped };
}
