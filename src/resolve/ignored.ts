/** Warnings about options that were given and change nothing. */
import type { Variant } from '../backends/backend.ts';
import { formatOption, knownOptions } from '../options/option-reader.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { rwModes } from '../workload/operations.ts';

/** Given options that the I/O of this mode does not know, unless they say what holds anyway. */
export function ignoredOptions(raw: RawOptions, values: InForce): { flag: string; warning: ResultWarning }[] {
  const { operations, random } = rwModes[values.rw];
  const has = {
    write: operations.includes('write'),
    mixed: operations.length > 1,
    random,
  };
  const what = { write: 'writes', mixed: 'reads and writes', random: 'random I/O' };
  const ignored: { flag: string; warning: ResultWarning }[] = [];
  for (const { flag, needs, default: usual } of knownOptions) {
    const given = raw[flag];
    if (needs === undefined || given === undefined || has[needs]) continue;
    const text = formatOption(flag, given);
    if (text === (usual ?? '0')) continue;
    const message = `${flag}=${text} has no effect: rw=${values.rw} has no ${what[needs]}`;
    ignored.push({ flag, warning: { code: 'option-ignored', message, variant: null, trial: null } });
  }
  return ignored;
}

/** fio says the same: synchronous interfaces have one I/O in flight whatever the depth. */
export function syncDepth(raw: RawOptions, variants: readonly Variant[]): ResultWarning[] {
  const { iodepth } = raw;
  if (iodepth === undefined || iodepth === 1) return [];
  if (variants.some((variant) => variant.backend.async)) return [];
  const names = variants.map((variant) => variant.label).join(', ');
  const message = `iodepth=${iodepth} has no effect on ${names}: one I/O is in flight at a time`;
  return [{ code: 'sync-depth', message, variant: null, trial: null }];
}
