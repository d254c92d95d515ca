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

/** `: did you mean 'X'?` or nothing, to go behind the message of an unknown word. */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `: did you mean '${prefix}${near}'?`;
}
