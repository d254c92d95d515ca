/** The grid as it is stored with a sweep, and whether a sweep that goes on is the one that was stopped. */
import { usageError } from '../errors.ts';
import { findOption, type WrittenOption } from '../options/option-reader.ts';
import { expandValues, type Grid, isSweepable, readGrid } from '../options/sweep-grid.ts';
import type { SweepGrid } from '../results/sweep-schema.ts';

/** By these a person gives data up: never stored, and a file that says them says nothing. */
const CONSENT: readonly string[] = ['allow-overwrite', 'destroy-device'];

/** Whether an option gives data up, which holds for the command line that it stands on alone. */
export function isConsent({ flag }: Pick<WrittenOption, 'flag'>): boolean {
  return CONSENT.includes(flag);
}

/** A grid for the stored document. */
export function storedGrid({ dimensions, axis, fixed }: Grid): SweepGrid {
  const options: Record<string, string[]> = {};
  for (const { flag, text } of fixed.filter((option) => !isConsent(option)))
    options[flag] = [...(options[flag] ?? []), text];
  return {
    dimensions: dimensions.map(({ flag, values }) => ({ option: flag, values: [...values] })),
    axis,
    options,
  };
}

/**
 * The grid of a stored sweep, without the consent that an earlier version stored with it.
 * @param consent options of this command line that give data up
 * @throws BenchError (usage) when it has options that this version does not know
 */
export function gridOf(stored: SweepGrid, path: string, consent: readonly WrittenOption[] = []): Grid {
  const written = [
    ...stored.dimensions.map(({ option, values }) => [option, values.join(',')] as const),
    ...Object.entries(stored.options).flatMap(([option, texts]) =>
      texts.map((text) => [option, text] as const),
    ),
  ].map(([option, text]): WrittenOption => {
    const spec = findOption(option);
    if (spec === undefined || !['workload', 'run'].includes(spec.scope)) {
      throw usageError(`${path} sweeps an unknown option '${option}'`);
    }
    return { flag: spec.flag, text };
  });
  return readGrid([...written.filter((option) => !isConsent(option)), ...consent]);
}

/** Each option with the values that it takes, as text that is equal when they are. */
function valuesByOption({ dimensions, fixed }: Grid): Map<string, string> {
  const values = new Map(dimensions.map(({ flag, values: own }) => [flag as string, own.join(',')]));
  for (const { flag, text } of fixed.filter((option) => !isConsent(option))) {
    const before = values.get(flag);
    const spec = findOption(flag);
    const own = spec !== undefined && isSweepable(spec) ? expandValues(flag, text).join(',') : text;
    values.set(flag, before === undefined ? own : `${before},${own}`);
  }
  return values;
}

/**
 * Whether the options of a resumed sweep are those that it began with.
 * @throws BenchError (usage) that names the first that differs
 */
export function checkSameGrid(asked: Grid, stored: Grid, path: string): void {
  const [now, then] = [valuesByOption(asked), valuesByOption(stored)];
  for (const option of new Set([...then.keys(), ...now.keys()])) {
    const [a, b] = [now.get(option), then.get(option)];
    if (a === b) continue;
    const was = b === undefined ? `without ${option}` : `with ${option}=${b}`;
    throw usageError(
      `${path} was swept ${was}, not ${a === undefined ? `without ${option}` : `with ${option}=${a}`}`,
      '--resume FILE alone goes on as it began',
    );
  }
}
