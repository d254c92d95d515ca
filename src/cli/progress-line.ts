/** A progress line cut to the terminal: what matters least goes first. */
import { cutMiddle, displayWidth } from '../report/text/text.ts';

/** A piece of the line: a text, or a bar that takes the room that is left. */
export interface Part {
  text?: string;
  /** The same in fewer columns, taken before anything is left out. */
  short?: string;
  /** 0 to 1. */
  bar?: number;
  /** 0 stays to the end; the highest goes first. */
  rank: number;
  style?: (text: string) => string;
}

const GAP = '  ';
const BAR_LEAST = 8;
const BAR_MOST = 30;

/** `[=====>    ]`, width columns in all. */
export function drawBar(fraction: number, width: number): string {
  const inside = width - 2;
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * inside);
  const body = full === 0 || full === inside ? '='.repeat(full) : `${'='.repeat(full - 1)}>`;
  return `[${body.padEnd(inside)}]`;
}

function leastWidth(part: Part): number {
  return part.bar === undefined ? displayWidth(part.text ?? '') : BAR_LEAST;
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + leastWidth(part), GAP.length * (parts.length - 1));
}

/** Index of the part that matters least among those that pass; -1 when none does. */
function leastImportant(parts: readonly Part[], passes: (part: Part) => boolean): number {
  let found = -1;
  parts.forEach((part, i) => {
    if (passes(part) && (found < 0 || part.rank >= (parts[found]?.rank ?? 0))) found = i;
  });
  return found;
}

/** The parts that fit into columns, joined; never wider. One of them may be a bar. */
export function fitParts(parts: readonly Part[], columns: number): string {
  const kept = parts.filter((part) => part.bar !== undefined || (part.text ?? '') !== '');
  while (widthOf(kept) > columns) {
    const long = leastImportant(kept, (part) => part.short !== undefined && part.text !== part.short);
    const part = kept[long];
    if (part?.short !== undefined) kept[long] = { ...part, text: part.short };
    else if (kept.length > 1)
      kept.splice(
        leastImportant(kept, () => true),
        1,
      );
    else break;
  }
  const spare = Math.max(0, columns - widthOf(kept));
  return kept
    .map((part) => {
      if (part.bar !== undefined) return drawBar(part.bar, Math.min(BAR_MOST, BAR_LEAST + spare));
      const text = cutMiddle(part.text ?? '', columns);
      return part.style ? part.style(text) : text;
    })
    .join(GAP);
}
