import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Measured } from '../../stats/order.ts';
import { metricWords, orderWords } from './article-words.ts';

function measured(name: string, published: number, middle: number, trials = 5): Measured {
  const samples = Array.from({ length: trials }, (_, i) => ({
    trial: i + 1,
    value: middle * (1 + i / 1000),
  }));
  return { name, published, samples };
}

describe('the order in words', () => {
  it('is the article’s', () => {
    assert.deepEqual(orderWords([measured('a', 1, 10), measured('b', 2, 20), measured('c', 4, 30)]), [
      'Order in the article, fastest first: c, b, a.',
      'Order here: c, b, a.',
      "All 3 pairs are in the article's order, significantly.",
    ]);
  });

  it('tells of pairs the other way round, and of those that are not clear', () => {
    const lines = orderWords([measured('a', 1, 40), measured('b', 2, 20), measured('c', 4, 20.01)]);
    assert.deepEqual(lines.slice(0, 3), [
      'Order in the article, fastest first: c, b, a.',
      'Order here: a, c ~ b.',
      "0 of 3 pairs are in the article's order.",
    ]);
    assert.match(
      lines[3] ?? '',
      /^The other way round here: a over b \(\+100\.0%, p=0\.0\d+; article -50\.0%\); a over c/,
    );
    assert.match(
      lines[4] ?? '',
      /^No significant difference here: c over b \(\+0\.0%|^No significant difference here: c over b \(0\.\d%/,
    );
  });

  it('says what is missing', () => {
    assert.deepEqual(orderWords([measured('a', 1, 10), measured('b', 2, 20, 0)]).slice(1), [
      'Too few backends ran here to compare the order.',
    ]);
    const few = orderWords([measured('a', 1, 10, 2), measured('b', 2, 20, 2)]);
    assert.deepEqual(few.slice(2), ['Whether it agrees cannot be told: it takes 2 more trials of each.']);
  });
});

describe('table 3 in words', () => {
  const pair = (
    name: string,
    better: 'higher' | 'lower',
    published: number[],
    here: number[],
    trials = 5,
  ) => ({
    name,
    better,
    linuxAio: measured('linux-aio', published[0] ?? 0, here[0] ?? 0, trials),
    ioUring: measured('io_uring', published[1] ?? 0, here[1] ?? 0, trials),
  });

  it('tells which figures of io_uring are better here, too', () => {
    const lines = metricWords([
      pair('Throughput', 'higher', [330, 346], [33, 36]),
      pair('Lat average', 'lower', [1549, 1470], [15_000, 16_000]),
      pair('Lat max', 'lower', [2177, 1829], [20_000, 20_001]),
    ]);
    assert.equal(lines.length, 3);
    assert.match(
      lines[0] ?? '',
      /better here as in the article: Throughput \(\+9\.1%, p=0\.00\d+; article \+4\.8%\)\.$/,
    );
    assert.match(
      lines[1] ?? '',
      /worse here, better in the article: Lat average \(\+6\.7%, p=0\.00\d+; article -5\.1%\)\.$/,
    );
    assert.match(lines[2] ?? '', /no significant difference here: Lat max \(/);
  });

  it('says what is missing', () => {
    assert.deepEqual(metricWords([pair('Throughput', 'higher', [330, 346], [33, 36], 0)]), [
      'One of the two did not run here: there is nothing to compare.',
    ]);
    const [figures, why] = metricWords([pair('Throughput', 'higher', [330, 346], [33, 36], 3)]);
    assert.equal(figures, 'io_uring against linux-aio: Throughput (+9.1%; article +4.8%).');
    assert.match(why ?? '', /it takes 1 more trial of each\.$/);
  });
});
