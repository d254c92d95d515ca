/** What the conformance tests run over: the registry, so that a new backend is tested by being there. */

import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import { backends, parseVariant, type Variant } from '../../src/backends/registry.ts';
import { probeBackend } from '../../src/native/library.ts';

export type Operation = 'read' | 'write' | 'trim';

/** Every backend plain, with each of its features, and by each of its presets; those alike once. */
function everyVariant(): Variant[] {
  const texts = backends.flatMap(({ name, features, presets }) => [
    name,
    ...[...features.map((feature) => feature.name), ...Object.keys(presets)].map((word) => `${name}+${word}`),
  ]);
  const byName = new Map<string, Variant>();
  for (const variant of texts.map(parseVariant))
    if (!byName.has(variant.name)) byName.set(variant.name, variant);
  return [...byName.values()];
}

/** Why the kernel refuses a variant; false when it doesn't. */
function refusal({ backend, features }: Variant): string | false {
  const refused = probeBackend(
    backend.id,
    features.reduce((bits, { bit }) => bits | bit, 0),
  );
  if (refused === null) return false;
  return `unavailable here: ${refused.stage}: ${getSystemErrorName(-refused.errno)}`;
}

const every = everyVariant().map((variant) => ({ variant, refused: refusal(variant) }));

/** Shows in the report what is not tested here. */
for (const { variant, refused } of every)
  if (refused !== false) test(variant.label, { skip: refused }, () => {});

/** Variants that work here and can do these operations. */
export function variantsFor(...operations: Operation[]): Variant[] {
  return every
    .filter(
      ({ variant, refused }) =>
        refused === false && operations.every((op) => variant.backend.ops.includes(op)),
    )
    .map(({ variant }) => variant);
}

/** The same without `null`, which does no I/O. */
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
