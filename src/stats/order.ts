/** Whether measured differences go the way that published ones do. Pure functions over trials. */
import { compareSamples, type Difference } from './difference.ts';

/** A quantity of one thing, as published and as measured. */
export interface Measured {
  name: string;
  published: number;
  /** Trial by trial. */
  samples: readonly { trial: number; value: number }[];
}

/** agrees: significantly the same way; differs: significantly the other; unclear: no significant difference here. */
type Agreement = 'agrees' | 'differs' | 'unclear';

export interface PairOrder {
  /** What is published as the greater. */
  high: string;
  low: string;
  /** High over low, as published. */
  published: number;
  /** High over low, as measured. */
  measured: Difference;
  agreement: Agreement;
}

/**
 * Low against high. Trials of the same number ran beside each other, so they are compared as pairs; when one is
 * missing somewhere, as samples of their own.
 */
function differenceOf(low: Measured, high: Measured): Difference {
  const paired =
    low.samples.length === high.samples.length &&
    low.samples.every(({ trial }, i) => trial === high.samples[i]?.trial);
  const values = ({ samples }: Measured) => samples.map(({ value }) => value);
  return compareSamples(values(low), values(high), { paired });
}

function agreementOf({ verdict }: Difference): Agreement {
  if (verdict === 'higher') return 'agrees';
  return verdict === 'lower' ? 'differs' : 'unclear';
}

/** Two things that were measured, the one published as the greater first; of equal ones the first. */
export function pairOrder(a: Measured, b: Measured): PairOrder {
  const [high, low] = a.published >= b.published ? [a, b] : [b, a];
  const measured = differenceOf(low, high);
  return {
    high: high.name,
    low: low.name,
    published: high.published / low.published,
    measured,
    agreement: agreementOf(measured),
  };
}

/** Every pair of those that were measured. */
export function pairOrders(things: readonly Measured[]): PairOrder[] {
  const measured = things.filter(({ samples }) => samples.length > 0);
  return measured.flatMap((a, i) => measured.slice(i + 1).map((b) => pairOrder(a, b)));
}
