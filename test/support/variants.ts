/** What the conformance tests run over: the registry, so that a new backend is tested by being there. */

import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import type { Backend, Variant } from '../../src/backends/backend.ts';
import { probeVariant } from '../../src/backends/probe.ts';
import { backends, parseVariant, unmetRequirement, withNeeds } from '../../src/backends/registry.ts';
import { defaultWorkload } from '../../src/resolve/resolve.ts';
import { isTree } from '../../src/workload/operations.ts';
import type { Workload } from '../../src/workload/workload.ts';

export type Operation = 'read' | 'write' | 'trim' | 'create';

/** With it an I/O that would wait fails: what then happens is the matter of tests of its own. */
const MAY_FAIL = 'nowait';

/** A backend plain, with each of its features and what that needs, and by each of its presets. */
function textsOf(backend: Backend): string[] {
  const { name, features, presets } = backend;
  const single = features.map((feature) => withNeeds(backend, feature).map((one) => one.name));
  return [[], ...single, ...Object.keys(presets).map((preset) => [preset])].map((words) =>
    [name, ...words].join('+'),
  );
}

/** All of them, those alike once; without those that ordinary files and devices may refuse. */
function everyVariant(): Variant[] {
  const byName = new Map<string, Variant>();
  for (const variant of backends.flatMap(textsOf).map(parseVariant)) {
    const mayFail = variant.features.some(({ name, refused }) => name === MAY_FAIL || refused !== undefined);
    if (!mayFail && !byName.has(variant.name)) byName.set(variant.name, variant);
  }
  return [...byName.values()];
}

/** Why the kernel refuses a variant; false when it doesn't. */
function refusal({ backend, features }: Variant): string | false {
  const refused = probeVariant(backend, features);
  if (refused === null) return false;
  return `unavailable here: ${refused.stage}: ${getSystemErrorName(-refused.errno)}`;
}

const every = everyVariant().map((variant) => ({ variant, refused: refusal(variant) }));

/** Shows in the report what is not tested here. */
for (const { variant, refused } of every)
  if (refused !== false) test(variant.label, { skip: refused }, () => {});

/** A workload of these operations on ordinary files. */
function workloadOf(operations: readonly Operation[], direct: boolean): Workload {
  const [first] = operations;
  const rw = operations.length > 1 ? 'randrw' : first === 'read' ? 'randread' : 'randwrite';
  return {
    ...defaultWorkload(),
    rw: first === 'create' ? first : first === 'trim' ? 'randtrim' : rw,
    direct,
  };
}

/** Variants that work here, can do these operations, and make sense with them. */
function variantsOf(operations: readonly Operation[], direct: boolean): Variant[] {
  const workload = workloadOf(operations, direct);
  return every
    .filter(({ refused }) => refused === false)
    .map(({ variant }) => variant)
    .filter(({ backend }) => operations.every((op) => backend.ops.includes(op)))
    .filter(({ features }) =>
      features.every(({ kinds }) => kinds.includes(isTree(workload.rw) ? 'tree' : 'data')),
    )
    .filter((variant) => unmetRequirement(variant, workload, 'thread') === null);
}

/** Those for direct I/O. */
export function variantsFor(...operations: Operation[]): Variant[] {
  return variantsOf(operations, true);
}

/** Those for buffered I/O without `null`. */
export function bufferedVariantsFor(...operations: Operation[]): Variant[] {
  return variantsOf(operations, false).filter(({ backend }) => backend.name !== 'null');
}

/** Those for direct I/O without `null`, which does none. */
export function realVariantsFor(...operations: Operation[]): Variant[] {
  return variantsFor(...operations).filter(({ backend }) => backend.name !== 'null');
}

/** One variant of each backend. */
export function plainOf(variants: readonly Variant[]): Variant[] {
  return variants.filter(({ features }) => features.length === 0);
}

/** Each backend plain and by its presets: for tests of which each costs a second. */
export function mainOf(variants: readonly Variant[]): Variant[] {
  const isPreset = ({ backend, label }: Variant): boolean =>
    Object.keys(backend.presets).some((preset) => label === `${backend.name}+${preset}`);
  return variants.filter((variant) => variant.features.length === 0 || isPreset(variant));
}

/** As --backend takes them. */
export function list(variants: readonly Variant[]): string {
  return variants.map(({ label }) => label).join(',');
}

/** Whether it has a feature of that name. */
export function has({ features }: Variant, name: string): boolean {
  return features.some((feature) => feature.name === name);
}
