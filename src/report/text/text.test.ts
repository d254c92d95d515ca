import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { cutMiddle, displayWidth, foldWords, printable } from './text.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((s) => printable(s));

test('width counts what a terminal shows', () => {
  assert.equal(displayWidth('io_uring'), 8);
  assert.equal(displayWidth('データ'), 6);
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(displayWidth('📁'), 2);
});

test('width goes by what a terminal shows as one character', () => {
  for (const [wide, pictures] of Object.entries({
    joined: ['👨‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽'],
    flags: ['🇩🇪', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    'as pictures': ['❤️', '1️⃣', '⌚', '✅'],
    wide: ['データ'[0] ?? '', '한', '\u1112\u1161\u11ab', 'Ａ', '\u3000'],
  })) {
    for (const picture of pictures) assert.equal(displayWidth(picture), 2, `${wide}: ${picture}`);
  }
  for (const narrow of ['❤', '☎︎', '①', 'Ω', '©', 'ｱ', 'ש\u05b4', 'क\u094d', 'a\u20dd', '\u2764\ufe0e']) {
    assert.equal(displayWidth(narrow), 1, narrow);
  }
  for (const unseen of ['\u0301', '\u05b4', '\u200d', '\u200b', '\ufe0f', '\u2068']) {
    assert.equal(displayWidth(unseen), 0, JSON.stringify(unseen));
  }
});

test('what is measured without string-width has the width that it says', () => {
  const between = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i));
  const chars = [...between(0x20, 0x7e), ...'±µ·×’…', ...between(0x2500, 0x257f)];
  for (const char of chars) assert.equal(stringWidth(char), displayWidth(char), char);
  assert.equal(stringWidth(chars.join('')), displayWidth(chars.join('')));
});

test('cutting and folding leave joined characters whole', () => {
  assert.equal(cutMiddle('/data/👨‍👩‍👧‍👦👨‍👩‍👧‍👦/e\u0301e\u0301', 9), '/dat…/e\u0301e\u0301');
  assert.deepEqual(foldWords('🇩🇪🇫🇷👍🏽❤️', 5, 0), ['🇩🇪🇫🇷', '👍🏽❤️']);
});

test('nothing printable can move the cursor or start a new line', () => {
  assert.equal(printable('a\u001b[31mb\r\nc\td\u0007'), 'a\\x1b[31mb\\x0d c d\\x07');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (s) => {
      assert.doesNotMatch(printable(s), /\p{Cc}/u);
    }),
  );
});

test('cut text keeps both ends and fits', () => {
  assert.equal(cutMiddle('/data/volumes/bench/file', 12), '/data/…/file');
  assert.equal(cutMiddle('short', 12), 'short');
  assert.equal(cutMiddle('short', 1), '…');
  fc.assert(
    fc.property(text, fc.integer({ min: 3, max: 30 }), (s, width) => {
      const cut = cutMiddle(s, width);
      assert.ok(displayWidth(cut) <= width, `${JSON.stringify(cut)} in ${width}`);
      if (displayWidth(s) <= width) assert.equal(cut, s);
    }),
  );
});

test('folding breaks between words, indents, and loses nothing', () => {
  assert.deepEqual(foldWords('one two three', 8, 2), ['one two', '  three']);
  assert.deepEqual(foldWords('abcdefghij', 4, 1), ['abcd', ' efg', ' hij']);
  assert.deepEqual(foldWords('', 10, 2), ['']);
  fc.assert(
    fc.property(text, fc.integer({ min: 6, max: 40 }), fc.integer({ min: 0, max: 3 }), (s, width, indent) => {
      const lines = foldWords(s, width, indent);
      for (const line of lines) assert.ok(displayWidth(line) <= width, `${JSON.stringify(line)} in ${width}`);
      assert.equal(lines.join('').replaceAll(' ', ''), s.replaceAll(' ', ''));
    }),
  );
});
