/** The tree of small files that a workload of names and lengths works on: its shape, and when such a job ends. */
import { usageError } from '../errors.ts';
import { formatOption } from '../options/option-reader.ts';
import type { InForce, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { formatSize } from '../values/units.ts';
import { holdsOpen, isOnly, isTree, type RwMode, rwModes } from '../workload/operations.ts';
import type { SizeRange, Tree, Workload } from '../workload/workload.ts';
import type { EndRules } from './bounds.ts';

/** Files of each job when nothing is said. */
const DEFAULT_ITEMS = 10_000;
/** The same where each takes a descriptor, of which many users have 1024. */
const DEFAULT_OPEN_ITEMS = 500;
/** Length that fallocate and ftruncate give a file when nothing is said. */
const DEFAULT_LENGTH = 65_536;
/** Of whole files when nothing is said. */
const DEFAULT_WHOLE: SizeRange = { least: 1024, most: 65_536 };
/** UB_WHOLE_BYTES_MAX: each is read by one call. */
const WHOLE_MAX = 0x7ffff000;
/** UB_ITEMS_MAX: of one job, and the directories of a tree. */
const ITEMS_MAX = 4_194_304;

/**
 * The tree of a workload; null where operations move data.
 * @throws BenchError (usage) for what no tree has
 */
export function treeOf(raw: RawOptions, { rw }: Pick<InForce, 'rw'>): Tree | null {
  if (!isTree(rw)) return null;
  if (raw.filename !== undefined) {
    throw usageError(
      `filename with rw=${rw}, which makes files of its own`,
      'use --directory=DIR and --nrfiles',
    );
  }
  if (raw['io-size'] !== undefined) {
    const why = isOnly(rw, 'wholefile') ? 'which reads files to their end' : 'which moves no data';
    throw usageError(`io-size with rw=${rw}, ${why}`, 'use --number-ios, --loops or --runtime');
  }
  const { dirs = 1, depth: levels = 1 } = raw;
  if (dirs ** levels > ITEMS_MAX) {
    throw usageError(
      `dirs=${dirs} to depth=${levels} are ${dirs ** levels} directories`,
      `at most ${ITEMS_MAX}`,
    );
  }
  const { least, most } = sizesOf(raw, rw);
  return {
    items: raw.nrfiles ?? (holdsOpen(rw) ? DEFAULT_OPEN_ITEMS : DEFAULT_ITEMS),
    itemBytes: least,
    itemBytesMost: most,
    itemStepBytes: 1,
    dirs,
    levels,
  };
}

function sizesOf(raw: RawOptions, rw: RwMode): Exclude<SizeRange, number> {
  const all = (bytes: number) => ({ least: bytes, most: bytes });
  if (!isOnly(rw, 'wholefile')) {
    const length = holdsOpen(rw) ? DEFAULT_LENGTH : 0;
    const fixed = fixedFilesize({ rw, filesize: raw.filesize ?? null });
    return all(hasContent(rw) ? (fixed ?? length) : 0);
  }
  const range = raw.filesize ?? DEFAULT_WHOLE;
  const sizes = typeof range === 'number' ? all(range) : range;
  if (sizes.most > WHOLE_MAX) {
    throw usageError(
      `filesize=${formatSize(sizes.most)} with rw=${rw}, which reads each file by one call`,
      `at most ${formatSize(WHOLE_MAX)}`,
    );
  }
  return sizes;
}

/**
 * Bytes of each file where they are all alike.
 * @throws BenchError (usage) for a range
 */
export function fixedFilesize({ filesize, rw }: Pick<InForce, 'filesize' | 'rw'>): number | null {
  if (filesize === null || typeof filesize === 'number') return filesize;
  const { least, most } = filesize;
  throw usageError(
    `filesize=${formatSize(least)}-${formatSize(most)} with rw=${rw}, whose files are all alike`,
    'use one size, or --rw=wholefile',
  );
}

/** @throws BenchError (usage) for an option that is of whole files alone */
export function checkWhole({ rw, checksum }: Pick<InForce, 'rw' | 'checksum'>): void {
  if (!checksum || isOnly(rw, 'wholefile')) return;
  throw usageError(`checksum with rw=${rw}: only whole files are checked`, 'use --rw=wholefile');
}

/** Whether a file of the tree has a length that matters. */
function hasContent(rw: Workload['rw']): boolean {
  return rwModes[rw].items === 'file' && !isOnly(rw, 'create');
}

/**
 * As jobBounds: a pass is each item once.
 * @throws BenchError (usage) when loops make more operations than can be counted
 */
export function treeBounds(rules: EndRules, { items }: Tree): Workload['bounds'] {
  const ios = rules.ios ?? (rules.timeBased ? 0 : items * rules.loops);
  if (!Number.isSafeInteger(ios)) {
    throw usageError(`loops=${rules.loops} of ${items} files are too many operations`, 'at most 2^53');
  }
  return { runtimeNs: rules.runtimeNs ?? 0, ios, bytes: 0 };
}

/** Of options that were given and change nothing. */
export function treeWarnings(raw: RawOptions, { rw }: Pick<InForce, 'rw'>): ResultWarning[] {
  if (!isTree(rw) || raw.filesize === undefined || hasContent(rw)) return [];
  const made = isOnly(rw, 'create') ? 'files are made empty' : 'it works on directories';
  const message = `filesize=${formatOption('filesize', raw.filesize)} has no effect: rw=${rw}: ${made}`;
  return [{ code: 'option-ignored', message, variant: null, trial: null }];
}
