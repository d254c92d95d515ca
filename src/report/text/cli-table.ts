/** Tables drawn by cli-table3, aligned by our measure of width. */
import { stripVTControlCharacters } from 'node:util';
import CliTable3 from 'cli-table3';
import { GAP } from './fit.ts';
import { displayWidth } from './text.ts';

/** Painted texts, of one or more lines each. */
interface Cells {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** Without it all columns are aligned to the left. */
  aligns?: readonly ('left' | 'right')[];
  /** A line between the heading and the rows. */
  rule: boolean;
}

const BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '' },
  ...{ right: '', 'right-mid': '', middle: ' '.repeat(GAP) },
};
/** A rule below the heading and no other line: the numbers are what is to be seen. */
const RULE = { mid: '─', 'mid-mid': '─'.repeat(GAP) };

/** Text that every measure takes for the same width, whatever colours are around it. */
const UNDISPUTED = /^[\x20-\x7e]*$/;
const STAND_INS = 0xf0000;
const FILL = '\ue000';

/**
 * cli-table3 measures with string-width 4, which knows neither newer pictures nor most scripts' marks; an override of
 * its dependency is no way out, since newer ones are ES modules, which it cannot call, and npm heeds overrides only of
 * the package that is being developed. So each line whose width may be disputed is laid out as characters for
 * private use, of which every measure counts one column each, and as many as displayWidth says; then it is put back.
 */
class StandIns {
  readonly #lines: string[] = [];

  of(text: string): string {
    return text
      .split('\n')
      .map((line) => (UNDISPUTED.test(stripVTControlCharacters(line)) ? line : this.#standIn(line)))
      .join('\n');
  }

  #standIn(line: string): string {
    const width = displayWidth(line);
    if (width === 0) return '';
    return String.fromCodePoint(STAND_INS + this.#lines.push(line) - 1) + FILL.repeat(width - 1);
  }

  putBack(drawn: string): string {
    return drawn.replace(
      /([\u{f0000}-\u{10ffff}])\ue000*/gu,
      (_, first: string) => this.#lines[(first.codePointAt(0) ?? 0) - STAND_INS] ?? '',
    );
  }
}

/** The table's lines, without spaces at their ends. */
export function cliTable({ head, rows, aligns = [], rule }: Cells): string[] {
  const standIns = new StandIns();
  const drawnAs = (cells: readonly string[]) => cells.map((text) => standIns.of(text));
  const table = new CliTable3({
    chars: { ...BORDERS, ...(rule ? RULE : {}) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: [...aligns],
    head: drawnAs(head),
  });
  table.push(...rows.map(drawnAs));
  return standIns
    .putBack(table.toString())
    .split('\n')
    .map((line) => line.trimEnd());
}
