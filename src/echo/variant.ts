/** The models that a server of `uring-bench echo` may follow, and how they are written: io_uring+multishot+bundles. */
import { usageError } from '../errors.ts';
import { didYouMean } from '../values/nearest.ts';

interface EchoFeature {
  name: string;
  of: 'epoll' | 'io_uring';
  /** What comes along with it. */
  needs: readonly string[];
  excludes: readonly string[];
  /** Kernel that brought it. */
  since: string;
}

/** In the order in which a name has them. */
const FEATURES: readonly EchoFeature[] = [
  { name: 'edge', of: 'epoll', needs: [], excludes: [], since: '2.6' },
  { name: 'multishot', of: 'io_uring', needs: [], excludes: [], since: '6.0' },
  { name: 'bundles', of: 'io_uring', needs: ['multishot'], excludes: ['zerocopy'], since: '6.10' },
  { name: 'zerocopy', of: 'io_uring', needs: ['multishot'], excludes: ['bundles'], since: '6.0' },
  { name: 'defer_taskrun', of: 'io_uring', needs: [], excludes: ['sqpoll'], since: '6.1' },
  { name: 'sqpoll', of: 'io_uring', needs: [], excludes: ['defer_taskrun'], since: '5.11' },
];

const BACKENDS = ['sync', 'epoll', 'io_uring'] as const;

export interface EchoVariant {
  /** As it is shown, with all that comes along. */
  name: string;
  backend: (typeof BACKENDS)[number];
  features: readonly EchoFeature[];
}

/** What is compared unless --backend says otherwise. */
export const DEFAULT_VARIANTS: readonly string[] = [
  'sync',
  'epoll',
  'io_uring',
  'io_uring+defer_taskrun',
  'io_uring+multishot',
  'io_uring+bundles',
  'io_uring+zerocopy',
  'io_uring+sqpoll',
];

function featureOf(backend: string, name: string): EchoFeature {
  const own = FEATURES.filter(({ of }) => of === backend);
  const found = own.find((feature) => feature.name === name);
  if (found !== undefined) return found;
  const names = own.map((feature) => feature.name);
  throw usageError(
    `${backend} has no feature '${name}' in echo${didYouMean(name, names)}`,
    names.length > 0 ? `it has: ${names.join(', ')}` : 'it has none',
  );
}

/** @throws BenchError (usage) */
function parseEchoVariant(text: string): EchoVariant {
  const [name = '', ...typed] = text.split('+');
  const backend = BACKENDS.find((known) => known === name);
  if (backend === undefined) {
    throw usageError(
      `echo has no backend '${name}'${didYouMean(name, BACKENDS)}`,
      `there are: ${BACKENDS.join(', ')}`,
    );
  }
  const asked = typed.map((feature) => featureOf(backend, feature));
  const names = new Set(asked.flatMap((feature) => [feature.name, ...feature.needs]));
  const features = FEATURES.filter((feature) => feature.of === backend && names.has(feature.name));
  for (const feature of features) {
    const against = feature.excludes.find((other) => names.has(other));
    if (against !== undefined)
      throw usageError(`${text}: ${feature.name} and ${against} exclude each other in echo`);
  }
  return { name: [backend, ...features.map((feature) => feature.name)].join('+'), backend, features };
}

/** Each once, in the order in which they are named. @throws BenchError (usage) */
export function parseEchoVariants(texts: readonly string[]): EchoVariant[] {
  const variants = new Map(texts.map(parseEchoVariant).map((variant) => [variant.name, variant]));
  return [...variants.values()];
}
