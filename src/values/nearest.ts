import { distance } from 'fastest-levenshtein';

/** The known word that the user probably meant, or undefined when none is near. */
function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const d = distance(word, candidate);
    if (d < least && d < word.length) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

/**
 * `: did you mean 'X'?` or nothing, to go behind the message of an unknown word.
 * @param meant what people mean by it, as far as that is known: all of it is named, and no near word
 */
export function didYouMean(
  word: string,
  known: readonly string[],
  prefix = '',
  meant: readonly string[] = [],
): string {
  const near = meant.length > 0 ? meant : [nearest(word.toLowerCase(), known) ?? []].flat();
  return near.length === 0 ? '' : `: did you mean ${near.map((each) => `'${prefix}${each}'`).join(' or ')}?`;
}
