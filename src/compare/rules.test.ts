import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refused } from '../../test/support/refused.ts';
import type { Difference } from '../stats/difference.ts';
import { formatRule, judge, parseRule, parseRules } from './rules.ts';

const rule = (text: string) => parseRule('fail-on', text);

function difference(low: number, ratio: number, high: number, verdict: Difference['verdict']): Difference {
  return {
    ratio,
    low,
    high,
    p: 0.01,
    test: 'mann-whitney',
    n: 5,
    verdict,
    moreTrials: verdict === 'unknown' ? 2 : 0,
  };
}

describe('writing rules', () => {
  it('reads falls and rises', () => {
    const fall = rule('iops<-5%');
    assert.deepEqual([fall.metric.name, fall.side, fall.share], ['iops', 'fall', 0.05]);
    const rise = rule(' lat_p99.9 > +12.5% ');
    assert.deepEqual([rise.metric.name, rise.side, rise.share], ['lat_p99.9', 'rise', 0.125]);
    assert.equal(rule('lat_p99>10%').share, 0.1, 'a rise needs no sign');
    assert.equal(rule('iops<-0%').share, 0, 'any significant fall');
  });

  it('prints what it reads, and reads what it prints', () => {
    const metric = fc.constantFrom('iops', 'bw', 'lat_p99', 'lat_p99.9', 'write_clat_mean', 'cpu_per_io');
    const percent = fc.integer({ min: 0, max: 99_999_999 }).map((millionths) => millionths / 1e6);
    fc.assert(
      fc.property(metric, percent, fc.boolean(), (name, limit, falls) => {
        const text = formatRule({ ...rule(`${name}>1%`), side: falls ? 'fall' : 'rise', share: limit / 100 });
        const again = rule(text);
        assert.equal(again.metric.name, name);
        assert.equal(again.side, falls ? 'fall' : 'rise');
        assert.ok(Math.abs(again.share * 100 - limit) < 1e-6, text);
        assert.equal(formatRule(again), text);
      }),
    );
  });

  it('says what is wrong with each of these', () => {
    for (const [text, message, hint] of [
      ['iops', /is not METRIC<-N% or METRIC>\+N%/, /iops<-5%/],
      ['', /is not METRIC/, /lat_p99/],
      ['iops<=-5%', /write < without =/, /iops/],
      ['iops<5%', /a fall has a minus sign/, /'iops<-5%' is a fall of more than 5 %/],
      ['iops<+5%', /a fall has a minus sign/, /iops<-5%/],
      ['lat_p99>-5%', /a rise has no minus sign/, /'lat_p99>\+5%'/],
      ['iops<-5', /a change in percent/, /'iops<-5%'/],
      ['iops<-x%', /'x' is not a number/, /like/],
      ['iops<-%', /'' is not a number/, /like/],
      ['iops<-100%', /nothing falls by 100 % or more/, /like/],
      ['ipos<-5%', /no such metric: did you mean 'iops'/, /lat_mean/],
      ['<-5%', /no such metric/, /iops/],
      ['iops<-5%%', /is not METRIC|is not a number/, /like/],
    ] as const) {
      refused(() => rule(text), /^fail-on=/, message, hint);
    }
  });

  it('never throws anything but a usage error', () => {
    const character = fc.constantFrom(...'iops<>-+=%0159._ latp');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 14 }), (characters) => {
        const text = characters.join('');
        try {
          assert.equal(formatRule(rule(formatRule(rule(text)))), formatRule(rule(text)));
        } catch (error) {
          assert.equal((error as { kind?: string }).kind, 'usage', text);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses two limits for the same', () => {
    assert.equal(parseRules('fail-on', ['iops<-5%', 'iops>+50%', 'bw<-5%']).length, 3);
    refused(
      () => parseRules('fail-on', ['iops<-5%', 'IOPS<-9%']),
      /^fail-on: iops has two limits for a fall /,
    );
  });
});

describe('judging a difference', () => {
  const cases: [name: string, text: string, of: Difference, outcome: string][] = [
    ['beyond the limit', 'iops<-5%', difference(0.88, 0.9, 0.93, 'lower'), 'regression'],
    ['within it', 'iops<-5%', difference(0.96, 0.97, 0.98, 'lower'), 'pass'],
    ['no change', 'iops<-5%', difference(0.99, 1, 1.01, 'same'), 'pass'],
    [
      'beyond, with the limit in the interval',
      'iops<-5%',
      difference(0.9, 0.94, 0.97, 'lower'),
      'regression',
    ],
    [
      'within, with the limit in the interval',
      'iops<-5%',
      difference(0.9, 0.96, 0.97, 'lower'),
      'inconclusive',
    ],
    ['not significant, but wide', 'iops<-5%', difference(0.8, 0.98, 1.2, 'same'), 'inconclusive'],
    ['beyond, but not significant', 'iops<-5%', difference(0.8, 0.9, 0.94, 'same'), 'inconclusive'],
    ['better', 'iops<-5%', difference(1.05, 1.1, 1.2, 'higher'), 'pass'],
    ['better, with a wide interval', 'iops<-5%', difference(0.9, 1.1, 1.2, 'higher'), 'pass'],
    ['too few trials', 'iops<-5%', difference(0.5, 0.6, 0.7, 'unknown'), 'inconclusive'],
    ['exactly at the limit', 'iops<-5%', difference(0.95, 0.95, 0.95, 'lower'), 'pass'],
    ['a rise beyond', 'lat_p99>+10%', difference(1.12, 1.2, 1.3, 'higher'), 'regression'],
    ['a rise within', 'lat_p99>+10%', difference(1.01, 1.05, 1.09, 'higher'), 'pass'],
    ['a rise at the limit', 'lat_p99>+10%', difference(1.05, 1.1, 1.2, 'higher'), 'inconclusive'],
    ['a fall of what may not rise', 'lat_p99>+10%', difference(0.7, 0.8, 0.9, 'lower'), 'pass'],
    ['any fall', 'iops<-0%', difference(0.98, 0.99, 0.999, 'lower'), 'regression'],
    [
      'from nothing to something',
      'ctx_per_io>+10%',
      difference(Infinity, Infinity, Infinity, 'higher'),
      'regression',
    ],
  ];
  for (const [name, text, of, outcome] of cases) {
    it(`${name}: ${outcome}`, () => {
      const judgement = judge(rule(text), of);
      assert.equal(judgement.outcome, outcome, judgement.reason);
    });
  }

  it('says how many trials are missing', () => {
    const few = difference(0.5, 0.6, 0.7, 'unknown');
    assert.match(judge(rule('iops<-5%'), few).reason, /2 more trials of each needed/);
    assert.match(judge(rule('iops<-5%'), { ...few, moreTrials: 1 }).reason, /1 more trial of/);
  });

  const anyDifference = fc
    .tuple(
      fc.array(fc.double({ min: 0.2, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
      fc.constantFrom('higher', 'lower', 'same', 'unknown' as const),
    )
    .map(([ratios, verdict]) => {
      const [low = 1, ratio = 1, high = 1] = ratios.sort((a, b) => a - b);
      return difference(low, ratio, high, verdict as Difference['verdict']);
    });

  it('finds a regression only where it is significant and beyond', () => {
    fc.assert(
      fc.property(anyDifference, fc.integer({ min: 0, max: 60 }), fc.boolean(), (of, limit, falls) => {
        const text = falls ? `iops<-${limit}%` : `lat_mean>+${limit}%`;
        if (judge(rule(text), of).outcome !== 'regression') return;
        assert.equal(of.verdict, falls ? 'lower' : 'higher');
        assert.ok(falls ? of.ratio < 1 - limit / 100 : of.ratio > 1 + limit / 100);
      }),
    );
  });

  it('gets no stricter when the limit is wider', () => {
    const severity = { pass: 0, inconclusive: 1, regression: 2 };
    const limits = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 30 }));
    fc.assert(
      fc.property(anyDifference, limits, (of, [limit, wider]) => {
        const strict = judge(rule(`iops<-${limit}%`), of).outcome;
        const loose = judge(rule(`iops<-${limit + wider}%`), of).outcome;
        assert.ok(severity[loose] <= severity[strict]);
      }),
    );
  });
});
