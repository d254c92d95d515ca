/** Warnings about options that were given and change nothing. */
import type { Variant } from '../backends/backend.ts';
import { formatOption, knownOptions } from '../options/option-reader.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { isTree, movesData, rwModes } from '../workload/operations.ts';
import type { TargetFile } from '../workload/workload.ts';

/** Given options that the I/O of this mode does not know, unless they say what holds anyway. */
export function ignoredOptions(raw: RawOptions, values: InForce): { flag: string; warning: ResultWarning }[] {
  const { operations, random } = rwModes[values.rw];
  const has = {
    write: operations.includes('write'),
    mixed: operations.length > 1,
    random,
    data: !isTree(values.rw),
    moves: movesData(values.rw) || !isTree(values.rw),
    tree: isTree(values.rw),
  };
  const what = {
    write: 'writes',
    mixed: 'reads and writes',
    random: 'random I/O',
    data: 'I/O of data',
    moves: 'I/O of data',
    tree: 'tree of files',
  };
  const ignored: { flag: string; warning: ResultWarning }[] = [];
  for (const { flag, needs, otherwise, default: usual } of knownOptions) {
    const given = raw[flag];
    if (needs === undefined || given === undefined || has[needs]) continue;
    const text = formatOption(flag, given);
    if (text === (usual ?? '0')) continue;
    const meant = otherwise === undefined ? '' : ` (${otherwise})`;
    const message = `${flag}=${text} has no effect: rw=${values.rw} has no ${what[needs]}${meant}`;
    ignored.push({ flag, warning: { code: 'option-ignored', message, variant: null, trial: null } });
  }
  return ignored;
}

/** What --overwrite=0 and --fallocate cannot do: they are of files that the run makes, and only writes. */
export function laidOutAnyway(
  raw: RawOptions,
  { overwrite, rw }: Pick<InForce, 'overwrite' | 'rw'>,
  files: readonly TargetFile[],
): ResultWarning[] {
  const ignored = (message: string): ResultWarning[] => [
    { code: 'option-ignored', message, variant: null, trial: null },
  ];
  if (!rwModes[rw].operations.includes('write')) return [];
  if (raw.overwrite === false && overwrite) {
    return ignored(`overwrite=0 has no effect: rw=${rw} reads what must have been written`);
  }
  if (overwrite)
    return raw.fallocate === undefined
      ? []
      : ignored('fallocate has no effect: files are laid out in full (--overwrite=0)');
  const there = files.find(({ room }) => room === undefined);
  return there === undefined ? [] : ignored(`overwrite=0 has no effect on ${there.path}, which exists`);
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
