/** Which backends a run compares, and whether they can do what the workload asks for. */
import type { Backend, Variant } from '../backends/backend.ts';
import { backends, defaultVariants, parseVariant } from '../backends/registry.ts';
import { type BenchError, usageError } from '../errors.ts';
import { knownOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { isOnly, isTree, opensFiles, operationsOf, type RwMode } from '../workload/operations.ts';

/** Whether a backend has all operations of a mode. */
function knows({ ops }: Backend, rw: RwMode): boolean {
  return operationsOf(rw).every(({ name }) => ops.includes(name));
}

/** What is compared when nobody says: on trees nothing that is for buffers and open files. */
function defaultsOf(rws: readonly RwMode[]): readonly string[] {
  if (!rws.every(isTree)) return defaultVariants;
  const plain = defaultVariants.filter((name) => !name.includes('+'));
  if (!rws.every(opensFiles)) return plain;
  const whole = rws.every((rw) => isOnly(rw, 'wholefile'));
  return [...plain, 'io_uring+directfiles', ...(whole ? ['io_uring+directfiles+linked'] : [])];
}

function able(variant: Variant, rws: readonly RwMode[]): boolean {
  return rws.every((rw) => knows(variant.backend, rw));
}

/** @throws BenchError (usage) for the first mode that the variants cannot do */
function unable(variant: Variant | undefined, rws: readonly RwMode[]): BenchError {
  const rw = rws.find((mode) => variant === undefined || !able(variant, [mode])) ?? 'read';
  const names = backends.filter((backend) => knows(backend, rw)).map(({ name }) => name);
  const words = operationsOf(rw).map(({ word }) => word);
  return usageError(
    `rw=${rw}: ${variant?.backend.name ?? 'the default comparison'} cannot ${words.join(' and ')}`,
    names.length > 0 ? `these can: ${names.join(', ')}` : 'no backend can',
  );
}

/**
 * The variants to run, each once, in the order that was asked for; without --backend those of the default
 * comparison that know the operations of all modes.
 * @throws BenchError (usage) for an unknown one, one given twice, one that cannot do a mode
 */
export function chooseVariants(asked: readonly string[] | undefined, rws: readonly RwMode[]): Variant[] {
  const variants = (asked ?? defaultsOf(rws)).map(parseVariant);
  const knowing = variants.filter((variant) => able(variant, rws));
  const unfit = asked ? variants.find((variant) => !able(variant, rws)) : undefined;
  const trees = rws.every(isTree);
  if ((unfit && !trees) || knowing.length === 0) throw unable(unfit, rws);
  // Of trees those that cannot stay, and are told as skipped: that is a part of the answer.
  const fit = trees ? variants : knowing;
  const seen = new Map<string, Variant>();
  for (const variant of fit) {
    const same = seen.get(variant.name);
    if (same) {
      const as = same.label === variant.label ? '' : ` (as ${same.label} and ${variant.label})`;
      throw usageError(`backend ${variant.name} is given twice${as}`, 'use --trials to repeat it');
    }
    seen.set(variant.name, variant);
  }
  return fit;
}

/**
 * The one thing that is run when every group names a backend of its own: all of them together.
 * @throws BenchError (usage) when others were to be compared
 */
export function togetherVariant(asked: readonly string[] | undefined, own: readonly Variant[]): Variant {
  if (asked !== undefined) {
    throw usageError(
      `backend=${asked.join(',')} has no effect: each job has a backend of its own`,
      'leave out --backend, or the backend of the job that is to be compared',
    );
  }
  const different = [...new Map(own.map((variant) => [variant.name, variant])).values()];
  const [first] = different;
  if (first === undefined) throw new Error('a run has at least one group');
  const joined = (of: (variant: Variant) => string): string => different.map(of).join(' with ');
  return { ...first, name: joined(({ name }) => name), label: joined(({ label }) => label) };
}

/**
 * Label of the variant that ±% refers to: the one asked for, else plain io_uring, else the first; null when
 * there is only one.
 * @throws BenchError (usage) when the one asked for does not run
 */
export function chooseReference(asked: string | undefined, variants: readonly Variant[]): string | null {
  if (asked === undefined) {
    const plain = variants.find((variant) => variant.name === 'io_uring') ?? variants[0];
    return variants.length > 1 ? (plain?.label ?? null) : null;
  }
  const { name } = parseVariant(asked);
  const found = variants.find((variant) => variant.name === name);
  if (!found) {
    throw usageError(
      `reference=${asked} is not among the backends of this run`,
      `they are: ${variants.map((variant) => variant.label).join(', ')}`,
    );
  }
  return variants.length > 1 ? found.label : null;
}

/** @throws BenchError (usage) for a given option that none of the variants knows. */
export function checkApplies(raw: RawOptions, variants: readonly Variant[]): void {
  for (const { flag, backends: knowing } of knownOptions) {
    if (knowing === undefined || raw[flag] === undefined) continue;
    if (variants.some((variant) => knowing.includes(variant.backend.name))) continue;
    const chosen = [...new Set(variants.map((variant) => variant.backend.name))];
    throw usageError(`${flag} has no effect on ${chosen.join(', ')}`, `only on ${knowing.join(', ')}`);
  }
}
