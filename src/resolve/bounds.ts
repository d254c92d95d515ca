/** When a job's run ends: fio's rules for runtime, time_based, loops, io_size and number_ios. */
import { usageError } from '../errors.ts';
import type { RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { formatSize } from '../values/units.ts';
import type { Portion } from '../workload/workload.ts';

/** Runtime of a trial when nothing bounds it. */
export const DEFAULT_RUNTIME_NS = 10_000_000_000;
/** The same in the default comparison, whose five backends, five trials and a warm-up each, take half a minute so. */
export const COMPARISON_RUNTIME_NS = 1_200_000_000;

/** What ends a run, before the size of the files is known. */
export interface EndRules {
  /** Whether only the runtime ends it. */
  timeBased: boolean;
  /** Nanoseconds; null is no bound. */
  runtimeNs: number | null;
  /** I/Os of a job; null is no bound. */
  ios: number | null;
  /** What one pass is, of the size of the job's files when it is a percentage; null is all of it. */
  passBytes: Portion | null;
  loops: number;
}

/**
 * On the command line --runtime alone means: that long, which is what people expect. With --io-size,
 * --number-ios or --loops a run ends after that much, or at the runtime if that is sooner, as in fio.
 * @throws BenchError (usage) when --time-based is asked for together with one of those
 */
export function endRules(raw: RawOptions, defaultRuntimeNs: number): EndRules {
  const amounts = (['io-size', 'number-ios', 'loops'] as const).filter((flag) => raw[flag] !== undefined);
  const timeBased = raw['time-based'] ?? amounts.length === 0;
  if (timeBased && amounts.length > 0) {
    throw usageError(
      `${amounts.join(' and ')} would have no effect with time-based`,
      'leave out one or the other',
    );
  }
  return {
    timeBased,
    runtimeNs: raw.runtime ?? (timeBased ? defaultRuntimeNs : null),
    ios: raw['number-ios'] ?? null,
    passBytes: raw['io-size'] ?? null,
    loops: raw.loops ?? 1,
  };
}

/**
 * What one pass over a job's files reads or writes: their whole blocks (native/src/job.c gives each as many), as in fio, which
 * leaves out what is left of a file behind its last whole block.
 * @param leastBs the smallest block size in use: a file has most blocks of it
 */
export function passBytesOf(files: readonly { size: number }[], leastBs: number): number {
  return files.reduce((sum, { size }) => sum + Math.floor(size / leastBs) * leastBs, 0);
}

/** Bytes of one pass: a percentage is of the files' whole blocks. */
export function bytesOfPass({ passBytes }: Pick<EndRules, 'passBytes'>, wholeBytes: number): number {
  if (passBytes === null) return wholeBytes;
  if (typeof passBytes === 'number') return passBytes;
  return Math.max(1, Math.floor((wholeBytes * passBytes.percent) / 100));
}

/**
 * The bounds of a job that has wholeBytes to go over (passBytesOf); 0 is no bound.
 * @throws BenchError (usage) when loops make more bytes than can be counted
 */
export function jobBounds(
  rules: EndRules,
  wholeBytes: number,
): { runtimeNs: number; ios: number; bytes: number } {
  const pass = bytesOfPass(rules, wholeBytes);
  const bytes = rules.timeBased ? 0 : pass * rules.loops;
  if (!Number.isSafeInteger(bytes)) {
    throw usageError(`loops=${rules.loops} of ${formatSize(pass)} are too many bytes`, 'at most 2^53');
  }
  return { runtimeNs: rules.runtimeNs ?? 0, ios: rules.ios ?? 0, bytes };
}

/**
 * After how many bytes cached pages are dropped again: a pass's. fio opens its files anew for each, and invalidates them then.
 * 0 where nothing is cached or it is to be kept.
 */
export function coldPassBytes(
  rules: EndRules,
  wholeBytes: number,
  { direct, invalidate }: { direct: boolean; invalidate: boolean },
): number {
  return direct || !invalidate ? 0 : bytesOfPass(rules, wholeBytes);
}

/** A warning when fio's rule, that number_ios does not extend a pass, ends the run sooner than asked. */
export function unreachedIos(rules: EndRules, sizeBytes: number, leastBs: number): ResultWarning[] {
  const { ios, passBytes, loops } = rules;
  if (ios === null || passBytes !== null || ios * leastBs <= sizeBytes * loops) return [];
  const most = Math.floor((sizeBytes * loops) / leastBs);
  const message =
    `number-ios=${ios} is not reached: size=${formatSize(sizeBytes)} ends a job after ${most} I/Os, as in fio` +
    ` (use --loops or --io-size for more)`;
  return [{ code: 'number-ios-unreached', message, variant: null, trial: null }];
}
