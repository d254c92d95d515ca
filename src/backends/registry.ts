/**
 * The registry of backends: the one list that the command line, the runner, `uring-bench backends`, the
 * conformance tests and docs/BACKENDS.md go through. A new backend adds its file here and one in native/src.
 */
import { usageError } from '../errors.ts';
import { didYouMean } from '../values/nearest.ts';
import { own } from '../values/own.ts';
import { isOnly, isTree, type RwMode } from '../workload/operations.ts';
import type { Isolation, Workload } from '../workload/workload.ts';
import type { Backend, Feature, Variant } from './backend.ts';
import { ioUring } from './io-uring.ts';
import { linuxAio } from './linux-aio.ts';
import { mmap } from './mmap.ts';
import { nullBackend } from './null.ts';
import { posixAio } from './posix-aio.ts';
import { sync } from './sync.ts';
import { threadpool } from './threadpool.ts';

export const backends: readonly Backend[] = [
  sync,
  posixAio,
  threadpool,
  linuxAio,
  ioUring,
  mmap,
  nullBackend,
];

/** The options that single backends know, in the order of the backends; the option table takes them from here. */
export const ownOptions = [
  ...sync.options,
  ...posixAio.options,
  ...threadpool.options,
  ...linuxAio.options,
  ...ioUring.options,
  ...mmap.options,
  ...nullBackend.options,
] as const;

/** The default comparison: the article's table in its order, and the pool of threads that programs really have. */
export const defaultVariants = [
  'sync',
  'posix-aio',
  'threadpool',
  'linux-aio',
  'io_uring',
  'io_uring+enhanced',
];

/** A feature with those that it needs: the least that it can be tried with. */
export function withNeeds(backend: Backend, feature: Feature): Feature[] {
  const needed = backend.features.filter(({ name }) => feature.needs.includes(name));
  return [...new Set([...needed.flatMap((other) => withNeeds(backend, other)), feature])];
}

/** @throws BenchError (usage) for features that exclude each other or miss another. */
function checkCombination(backend: Backend, features: ReadonlyMap<string, Feature>): void {
  for (const feature of features.values()) {
    const clash = feature.excludes.find((other) => features.has(other));
    if (clash) throw usageError(`${backend.name}: ${feature.name} and ${clash} exclude each other`);
    const missing = feature.needs.find((other) => !features.has(other));
    if (missing) {
      throw usageError(
        `${backend.name}: ${feature.name} needs ${missing}`,
        `write +${missing}+${feature.name}`,
      );
    }
  }
}

/** A backend without pairs would silently do single writes. */
function checkPair(variant: Variant, workload: Workload): void {
  const { pair } = workload.nativeOptions;
  if (pair === 'none') return;
  const asked = `pair=${pair}`;
  const able = backends.filter(({ pairs }) => pairs).map(({ name }) => name);
  if (!variant.backend.pairs)
    throw usageError(`${asked}: ${variant.label} has no pairs`, `use --backend=${able}`);
  if (!isOnly(workload.rw, 'write')) {
    throw usageError(
      `${asked} with rw=${workload.rw}`,
      'a pair ends in a write: use --rw=randwrite or write',
    );
  }
}

/** @throws BenchError (usage) for a feature that is not for a mode's operations, or not without another there */
function checkFeatures({ label, features }: Variant, rw: RwMode): void {
  const kind = isTree(rw) ? 'tree' : 'data';
  const unfit = features.find(({ kinds }) => !kinds.includes(kind));
  if (unfit !== undefined) throw usageError(`${label}: ${unfit.name} is not for rw=${rw}`, 'leave it out');
  const names = features.map(({ name }) => name);
  if (kind === 'tree' && names.includes('linked') && !names.includes('directfiles')) {
    throw usageError(
      `${label}: linked needs directfiles: what is closed must be known beforehand`,
      'write +directfiles+linked',
    );
  }
}

/** @throws BenchError (usage) where nothing is read that could be checked */
function checkChecksum({ backend, label }: Variant, { checksum }: Workload): void {
  if (checksum && backend.name === 'null')
    throw usageError(`checksum: ${label} reads nothing that could be checked`, 'leave out one of them');
}

/** Features that make a wait for completions another than one that ends when an I/O is due. */
const UNRATED: readonly string[] = ['min_wait', 'eventfd'];

/** @throws BenchError (usage) for a variant that cannot wait until an I/O is due */
function checkRate({ label, features }: Variant, { rateIops }: Workload): void {
  const found = features.find(({ name }) => UNRATED.includes(name));
  if (rateIops === 0 || found === undefined) return;
  throw usageError(
    `${label}: ${found.name} cannot be combined with a rate: its waits do not end when an I/O is due`,
    `leave out +${found.name}, or --rate-iops and --rate`,
  );
}

/** @throws BenchError (usage) when the variant makes no sense with this workload. */
export function checkWorkload(variant: Variant, workload: Workload, isolation: Isolation): void {
  checkChecksum(variant, workload);
  checkPair(variant, workload);
  checkRate(variant, workload);
  checkFeatures(variant, workload.rw);
  const unmet = unmetRequirement(variant, workload, isolation);
  if (unmet === null) return;
  throw usageError(variant.label === variant.backend.name ? unmet : `${variant.label}: ${unmet}`);
}

/** What a variant needs that a workload is not: "mmap needs buffered I/O"; null when nothing is missing. */
export function unmetRequirement(
  { backend, features }: Variant,
  workload: Workload,
  isolation: Isolation,
): string | null {
  const own = (backend.requires ?? []).map((requires) => ({ name: backend.name, requires }));
  const unmet = [...own, ...features].find(({ requires }) => requires && !requires.test(workload, isolation));
  return unmet?.requires ? `${unmet.name} needs ${unmet.requires.what}` : null;
}

/**
 * Reads one variant as written: `io_uring+enhanced`, `libaio`.
 * @throws BenchError (usage) for an unknown backend or feature; the message lists those that exist.
 */
export function parseVariant(text: string): Variant {
  const [head = '', ...words] = text.trim().split('+');
  const backend = backends.find((b) => b.name === head || Object.hasOwn(b.aliases, head));
  if (!backend) {
    const meant = backends.filter((b) => b.meant.includes(head.toLowerCase())).map((b) => b.name);
    const names = backends.flatMap((b) => [b.name, ...Object.keys(b.aliases)]);
    throw usageError(
      `unknown backend '${head}'${didYouMean(head, names, '', meant)}`,
      `there are: ${backends.map((b) => b.name).join(', ')}`,
    );
  }
  const features = new Map<string, Feature>();
  const asked = [...new Set([...(own(backend.aliases, head) ?? []), ...words])];
  for (const word of asked) {
    for (const name of own(backend.presets, word) ?? [word]) {
      const feature = backend.features.find((f) => f.name === name);
      if (!feature) {
        const known = [...backend.features.map((f) => f.name), ...Object.keys(backend.presets)];
        throw usageError(
          `${backend.name} has no feature '${word}'${didYouMean(word, known)}`,
          known.length ? `it has: ${known.join(', ')}` : 'it has none',
        );
      }
      features.set(name, feature);
    }
  }
  checkCombination(backend, features);
  const sorted = [...features.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    backend,
    features: sorted,
    name: [backend.name, ...sorted.map((f) => f.name)].join('+'),
    label: [backend.name, ...asked].join('+'),
  };
}
