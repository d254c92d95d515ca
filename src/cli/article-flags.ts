/** Options of the experiments that are not all of theirs; loaded with the commands, so that help knows them. */
import { usageError } from '../errors.ts';
import type { Flag, RawOptions } from '../options/options.ts';

/** By the words for an experiment: what it takes and not every other does. */
const OWN = {
  "the article's tables": ['full', 'filename', 'filesize', 'explain', 'explain-stacks'],
  'article metadata': ['backend', 'iodepth', 'numjobs', 'nrfiles', 'dirs', 'depth', 'shared-dir', 'filesize'],
  'article durability': [
    ...(['backend', 'iodepth', 'numjobs', 'filename', 'size', 'bs', 'direct', 'buffered'] as const),
    ...(['allow-overwrite', 'destroy-device'] as const),
  ],
  'article cache': ['filename', 'size', 'memory'],
} as const satisfies Readonly<Record<string, readonly Flag[]>>;

export type Experiment = keyof typeof OWN;

/** All of them, each once. */
export const OWN_FLAGS: readonly Flag[] = [...new Set(Object.values(OWN).flat())];

/** @throws BenchError (usage) for an option that belongs to others of the experiments */
export function checkFlagsOf(experiment: Experiment, raw: RawOptions): void {
  const own: readonly Flag[] = OWN[experiment];
  const flag = OWN_FLAGS.find((one) => raw[one] !== undefined && !own.includes(one));
  if (flag === undefined) return;
  const whose = Object.entries<readonly Flag[]>(OWN).flatMap(([name, flags]) =>
    flags.includes(flag) ? name : [],
  );
  throw usageError(`${flag} is of ${whose.join(' and ')} alone`, 'leave it out');
}
