/** A backend from both halves: what the native library knows of it, and words for people. */
import { BACKENDS } from '../native/abi.ts';
import { countedOperations, type OperationKind } from '../workload/operations.ts';
import type { Backend, BackendWords, Feature, FeatureWords, OwnOption } from './backend.ts';

type NativeName = keyof typeof BACKENDS;
type NativeFeature<N extends NativeName> = keyof (typeof BACKENDS)[N]['features'] & string;

interface FeatureFacts {
  bit: number;
  needs: readonly string[];
  excludes: readonly string[];
  kinds: readonly OperationKind[];
}

/**
 * The backend of that name. The words of its features stand in the order in which they are listed; one that the library
 * does not know, and one that has no words, is a type error.
 */
export function defineBackend<N extends NativeName, const O extends readonly OwnOption[]>(
  name: N,
  {
    features,
    ...words
  }: BackendWords & { features: Readonly<Record<NativeFeature<N>, FeatureWords>>; options: O },
): Backend & { options: O } {
  const { id, async, hasSlat, pairs, syscallsExact, opMask, features: known } = BACKENDS[name];
  const facts = known as Readonly<Record<string, FeatureFacts>>;
  const all = Object.entries<FeatureWords>(features).map(
    ([feature, said]): Feature => ({ name: feature, ...said, ...(facts[feature] as FeatureFacts) }),
  );
  const ops = countedOperations.flatMap((operation) => (opMask & (1 << operation.id) ? operation.name : []));
  return { name, id, async, hasSlat, pairs, syscallsExact, ops, features: all, ...words };
}
