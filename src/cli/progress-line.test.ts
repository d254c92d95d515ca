import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { displayWidth } from '../report/text/text.ts';
import { drawBar, fitParts, type Part } from './progress-line.ts';

describe('a progress bar', () => {
  it('fills from the left', () => {
    assert.equal(drawBar(0, 12), '[          ]');
    assert.equal(drawBar(0.3, 12), '[==>       ]');
    assert.equal(drawBar(1, 12), '[==========]');
    assert.equal(drawBar(7, 12), '[==========]');
    assert.equal(drawBar(-1, 12), '[          ]');
  });
});

describe('a progress line', () => {
  const parts: Part[] = [
    { text: 'io_uring', rank: 0, style: (text) => `\u001b[36m${text}\u001b[39m` },
    { bar: 0.5, rank: 6 },
    { text: '12 s, 18 s left', short: '12/30 s', rank: 4 },
    { text: '46,200 IOPS', short: '46.2k IOPS', rank: 1 },
    { text: '', rank: 1 },
  ];
  const fit = (columns: number) => stripVTControlCharacters(fitParts(parts, columns));

  it('gives the bar what is left, shortens first, then leaves out what matters least', () => {
    assert.equal(fit(80), 'io_uring  [=============>              ]  12 s, 18 s left  46,200 IOPS');
    assert.equal(fit(52), 'io_uring  [====>     ]  12 s, 18 s left  46,200 IOPS');
    assert.equal(fit(46), 'io_uring  [=====>      ]  12/30 s  46,200 IOPS');
    assert.equal(fit(39), 'io_uring  [==>   ]  12/30 s  46.2k IOPS');
    assert.equal(fit(35), 'io_uring  12/30 s  46.2k IOPS');
    assert.equal(fit(20), 'io_uring  46.2k IOPS');
    assert.equal(fit(10), 'io_uring');
    assert.equal(fit(5), 'io…ng');
  });

  it('is never wider than the terminal', () => {
    const part = fc.oneof(
      fc.record({ text: fc.string({ unit: 'grapheme-ascii' }), rank: fc.nat(6) }),
      fc.record({ text: fc.string({ unit: 'grapheme-ascii' }), short: fc.constant('s'), rank: fc.nat(6) }),
    );
    const bar = fc.record({ bar: fc.double({ min: 0, max: 1, noNaN: true }), rank: fc.nat(6) });
    fc.assert(
      fc.property(
        bar,
        fc.array(part, { maxLength: 8 }),
        fc.integer({ min: 8, max: 200 }),
        (one, list, columns) => {
          return displayWidth(fitParts([one, ...list], columns)) <= columns;
        },
      ),
    );
  });
});
