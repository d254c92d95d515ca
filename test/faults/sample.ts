/** Faults tried, a few side by side. */
import { randomOf, shuffled } from '../../src/stats/random.ts';
import { RUNS } from './calls.ts';
import { casesOf, type FaultCase, type Outcome, tryCase } from './cases.ts';
import { judge } from './oracle.ts';

export interface Tried {
  fault: FaultCase;
  outcome: Outcome;
  /** What is wrong with it. */
  wrong: string[];
}

/** Does something with each value, so many at a time; results in the order of the values. */
async function sideBySide<T, R>(
  values: readonly T[],
  lanes: number,
  action: (value: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < values.length; at = next++) results[at] = await action(values[at] as T);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** Every case of every run, in random order. */
export async function allCases(seed: number, lanes: number): Promise<FaultCase[]> {
  const cases = await sideBySide(Object.keys(RUNS), lanes, casesOf);
  return shuffled(cases.flat(), randomOf(BigInt(seed)));
}

/** Tries cases. @param each is told of each as it has ended */
export function tryCases(
  cases: readonly FaultCase[],
  lanes: number,
  each: (tried: Tried) => void = () => {},
): Promise<Tried[]> {
  return sideBySide(cases, lanes, async (fault) => {
    const outcome = await tryCase(fault);
    const tried = { fault, outcome, wrong: judge(fault, outcome) };
    each(tried);
    return tried;
  });
}
