/** How a difference to the reference is written: `-69.3% ±2.1`, `~ -0.8% ±1.9`, `? +4.0%`. */
import type { StoredDifference } from '../../results/schema-statistics.ts';
import { formatChange, plural } from '../../values/format.ts';
import type { Cell } from './table-view.ts';

/** The larger side of the interval in percentage points; nothing when it has no bound. */
function marginText({ ratio, low, high }: StoredDifference): string {
  if (ratio === null || low === null || high === null) return '';
  const margin = Math.max(high - ratio, ratio - low) * 100;
  return ` ±${formatChange(margin).replace(/^[+-]|%$/g, '')}`;
}

/**
 * @param difference null when there is none
 * @param pct of the medians in percent, where a result has it beside the difference
 * @param better which direction is good
 */
export function differenceCell(
  difference: StoredDifference | null,
  pct: number | null,
  better: 'higher' | 'lower',
): Cell {
  const ratio = difference?.ratio ?? null;
  const value = pct ?? (ratio === null ? null : (ratio - 1) * 100);
  if (value === null) return { text: '' };
  const text = formatChange(value);
  const tone = value > 0 === (better === 'higher') ? 'good' : 'bad';
  if (difference === null) return { text, tone };
  switch (difference.verdict) {
    case 'unknown':
      return { text: `? ${text}`, tone: 'unclear' };
    case 'same':
      return { text: `~ ${text}${marginText(difference)}`, tone: 'unclear' };
    default:
      return { text: `${text}${marginText(difference)}`, tone };
  }
}

/** An interval wider than this hides differences that people decide by. */
const WIDE = 0.1;

/** What to do about differences that may be large and are not told. @param more the option that gives more trials */
function advice(differences: readonly StoredDifference[], more: string): string {
  const wide = differences.some(
    ({ verdict, ratio, low, high }) =>
      verdict === 'same' && ratio !== null && (low === null || high === null || high - low > WIDE * ratio),
  );
  return wide ? `; what hides in a wide ± takes more trials: ${more}` : '';
}

/** What the marks of such cells mean, as far as there are any. @param moreTrials the option that gives more trials */
export function differenceLegend(
  differences: readonly (StoredDifference | null)[],
  moreTrials = '--until-confident',
): string[] {
  const known = differences.filter((difference) => difference !== null);
  const verdicts = new Set(known.map(({ verdict }) => verdict));
  const more = Math.max(0, ...known.map(({ more_trials }) => more_trials));
  const margins = known.some(({ verdict }) => verdict !== 'unknown');
  return [
    ...(margins ? ['±: 95 % interval of the difference'] : []),
    ...(verdicts.has('same') ? [`~ no significant difference (p >= 0.05)${advice(known, moreTrials)}`] : []),
    ...(more > 0 ? [`? too few trials to tell: needs ${plural(more, 'more trial')} of each`] : []),
  ];
}
