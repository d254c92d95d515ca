import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { cliTable } from './cli-table.ts';
import { fitColumns } from './fit.ts';
import type { Column } from './table-view.ts';
import { displayWidth, printable } from './text.ts';

/** What measures of width disagree about. */
const DISPUTED = [
  ...['👨‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪', '🇩', '1️⃣', '⌚', '✅', '❤', '❤️', '☎︎', '🫠'],
  ...['データ', '한', '\u1112\u1161\u11ab', 'ｱ', 'Ａ', '\u3000', '…', '±', '©', '─', '①', 'Ω'],
  ...[
    'e\u0301',
    '\u0301',
    '\u05b4',
    'ก\u0e33',
    'क\u094d\u0937\u093f',
    '\u20dd',
    '\u200d',
    '\ufe0f',
    '\u200b',
  ],
  ...['\ue000', '\u{f0000}', '\u{f0001}\ue000', '\u{10ffff}', '\u2068', '\u2069'],
];

const text = fc
  .array(fc.oneof(fc.constantFrom(...DISPUTED), fc.string({ unit: 'grapheme-ascii', maxLength: 6 })), {
    maxLength: 12,
  })
  .map((parts) => printable(parts.join('')));

const paints = [(s: string) => s, (s: string) => `\u001b[1m\u001b[31m${s}\u001b[39m\u001b[22m`];

test('a table is as wide as its rule in every line, whatever its cells are made of', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text), { minLength: 1 }),
      fc.constantFrom(...paints),
      (rows, paint) => {
        const [rule, ...lines] = cliTable({
          head: ['name', 'other', 'n'],
          rows: rows.map(([a, b]) => [paint(a), b, '7']),
          aligns: ['left', 'right', 'right'],
          rule: true,
        }).slice(1);
        assert.match(rule ?? '', /^─+$/);
        assert.equal(lines.length, rows.length);
        for (const line of lines)
          assert.equal(displayWidth(line), displayWidth(rule ?? ''), JSON.stringify(line));
        rows.forEach(([a, b], i) => {
          for (const cell of [a, b].filter((s) => displayWidth(s) > 0)) {
            assert.ok(
              stripVTControlCharacters(lines[i] ?? '').includes(cell),
              'what is shown is what was given',
            );
          }
        });
      },
    ),
  );
});

test('a fitted table is never wider than the terminal', () => {
  const column = (head: string, cells: string[], rest: Partial<Column> = {}): Column => ({
    head: [head],
    align: 'left',
    cells: cells.map((cell) => ({ text: cell })),
    ...rest,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text), { minLength: 1 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, width) => {
        const numbers = column(
          'n',
          rows.map(() => '7'),
          { align: 'right' },
        );
        const labels = column(
          'name',
          rows.map(([label]) => label),
        );
        const others = column(
          'other',
          rows.map(([, other]) => other),
          { drop: 1 },
        );
        const columns = fitColumns([labels, others, numbers], width);
        const lines = cliTable({
          head: columns.map(({ head }) => head.join('\n')),
          rows: rows.map((_, i) => columns.map(({ cells }) => cells[i]?.text ?? '')),
          aligns: columns.map(({ align }) => align),
          rule: true,
        });
        for (const line of lines)
          assert.ok(displayWidth(line) <= width, `${JSON.stringify(line)} in ${width}`);
      },
    ),
  );
});
