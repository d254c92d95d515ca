/** Combinations of options, drawn by a seed. */
import { knownOptions } from '../../src/options/option-reader.ts';
import type { Flag } from '../../src/options/options.ts';
import type { Random } from '../../src/stats/random.ts';
import { isTree, type RwMode, rwModes } from '../../src/workload/operations.ts';
import { bufferedVariantsFor, realVariantsFor, variantsFor } from '../support/variants.ts';
import { VALUES } from './values.ts';

export type Options = Partial<Record<Flag, string>>;

export interface Combination {
  options: Options;
  /** Names of existing files with known content that it runs on; none: it makes its own. */
  files: readonly string[];
}

/** How likely an option is given. */
const SHARE = 0.18;

function pick<T>(values: readonly T[], random: Random): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** Labels of variants that work here, by whether I/O is direct. */
const labels = {
  direct: variantsFor('read').map(({ label }) => label),
  buffered: bufferedVariantsFor('read').map(({ label }) => label),
  writing: realVariantsFor('write').map(({ label }) => label),
};

/** The same for trees. */
const treeLabels = variantsFor('create').map(({ label }) => label);

function backendOf(options: Options, random: Random): string {
  if (isOfTree(options))
    return pick(
      treeLabels.filter((label) => !label.includes('+')),
      random,
    );
  const buffered = options.direct === '0' || options.buffered === '1';
  const writing = /write|rw/.test(options.rw ?? '') ? labels.writing : labels.direct;
  const from = buffered ? labels.buffered : writing;
  const one = pick(from, random);
  const other = random() < 0.4 ? pick(from, random) : one;
  return one === other ? one : `${one},${other}`;
}

/** Which options the backends of a combination know: own options of others are refused. */
function known(options: Options): (flag: Flag) => boolean {
  const names = (options.backend ?? '').split(',').map((label) => label.split('+')[0]);
  return (flag) => {
    const { backends } = knownOptions.find((option) => option.flag === flag) ?? {};
    return backends === undefined || names.every((name) => backends.some((one) => one === name));
  };
}

/** Trims need a device: tests on loop devices do them (test/conformance). */
const modes = Object.keys(rwModes).filter((mode) => !mode.includes('trim'));

function isOfTree({ rw }: Options): boolean {
  return isTree(rw as RwMode);
}

/** Sizes of whole files, past the page cache in whole blocks; some are checked. */
function drawWhole(options: Options, random: Random): void {
  const direct = options.direct === '1' || options.buffered === '0';
  options.filesize = pick(direct ? ['4k', '4k-64k'] : ['1', '700', '64k', '1-100', '1k-64k'], random);
  if (options.backend !== 'null' && random() < 0.5) options.checksum = '1';
}

export function draw(random: Random): Combination {
  const options: Options = { rw: pick(modes, random), size: pick(['256k', '300k', '1m'], random) };
  for (const { flag } of knownOptions) {
    const values = VALUES[flag];
    if (values && random() < SHARE) options[flag] = pick(values, random);
  }
  options.backend = backendOf(options, random);
  const isKnown = known(options);
  for (const flag of Object.keys(options) as Flag[]) if (!isKnown(flag)) delete options[flag];
  // Some end by an amount of I/O; none goes on for long.
  if (options.filesize !== undefined) delete options.size;
  options.runtime ??= pick(['20ms', '60ms'], random);
  options.trials ??= '1';
  options['warmup-trials'] ??= '0';
  options.randseed = `${Math.floor(random() * 2 ** 32)}`;
  if (isOfTree(options)) {
    for (const flag of ['size', 'io-size'] as const) delete options[flag];
    options.nrfiles = pick(['1', '7', '50'], random);
    if (options.rw === 'wholefile') drawWhole(options, random);
    return { options, files: [] };
  }
  const files = random() < 0.6 ? ['a', 'b'].slice(0, 1 + Math.floor(random() * 2)) : [];
  if (files.length > 0) {
    options.filename = files.join(':');
    options['allow-overwrite'] = '1';
    for (const flag of ['nrfiles', 'filesize'] as const) delete options[flag];
  }
  return { options, files };
}

/** As people type it. */
export function commandOf({ options }: Combination): string {
  return Object.entries(options)
    .map(([flag, text]) => `--${flag}=${text}`)
    .join(' ');
}
