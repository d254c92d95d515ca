/** I/Os that failed: from which share on figures of the others say nothing of the device. */
import type { BackendResult } from '../results/schema.ts';

/** As a fraction of all I/Os. A drive that retries and remaps has far fewer; where more fail, what did not is another workload. */
const ERROR_SHARE_MOST = 0.01;

/** EAGAIN is the answer that the feature nowait asks for, and no failure. */
export function isAsked(label: string, code: string): boolean {
  return code === 'EAGAIN' && label.split('+').includes('nowait');
}

/**
 * How many of a backend's I/Os failed, over its trials; null when that is within ERROR_SHARE_MOST. What was asked for does not count.
 */
export function tooManyErrors({ label, trials }: Pick<BackendResult, 'label' | 'trials'>): {
  failed: number;
  share: number;
  codes: readonly string[];
} | null {
  const errors = trials.flatMap((trial) => trial.errors).filter(({ code }) => !isAsked(label, code));
  const failed = errors.reduce((sum, { count }) => sum + count, 0);
  const done = trials.reduce((sum, { total_ios: ios }) => sum + ios, 0);
  const share = failed === 0 ? 0 : failed / (failed + done);
  if (share <= ERROR_SHARE_MOST) return null;
  return { failed, share, codes: [...new Set(errors.map(({ code }) => code))] };
}

/** "12 % of its I/Os failed (EIO)"; null when few enough did. */
export function errorsText(backend: Pick<BackendResult, 'label' | 'trials'>): string | null {
  const errors = tooManyErrors(backend);
  if (errors === null) return null;
  const pct = Number((errors.share * 100).toPrecision(2));
  const what = `${pct} % of its I/Os failed (${errors.codes.join(', ')})`;
  return errors.share < 1 ? `${what}, and the figures are of the others` : what;
}
