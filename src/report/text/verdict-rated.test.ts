import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixture } from '../../../test/fixtures/load.ts';
import type { RunResult } from '../../results/schema.ts';
import { fellBehind, ratedStanding } from '../../stats/rated.ts';
import { verdictText } from './verdict.ts';

/** The comparison as if its trials had been given a rate, which the named ones missed. */
function ratedRun(askedIops: number, missed: readonly string[] = []): RunResult {
  const result: RunResult = fixture('comparison');
  for (const { label, trials } of result.backends) {
    for (const trial of trials) {
      const unsent = missed.includes(label) ? trial.total_ios : 0;
      trial.rate = { asked_iops: askedIops, unsent };
    }
  }
  return result;
}

const labels = (result: RunResult): string[] => result.backends.map(({ label }) => label);

describe('a run at a rate', () => {
  it('is none where not all were given one, or not the same', () => {
    assert.equal(ratedStanding(fixture('comparison')), null);
    const result = ratedRun(1000);
    for (const trial of result.backends[0]?.trials ?? []) delete trial.rate;
    assert.equal(ratedStanding(result), null);
    for (const trial of result.backends[0]?.trials ?? []) trial.rate = { asked_iops: 999, unsent: 0 };
    assert.equal(ratedStanding(result), null);
  });

  it('is held where no more than 1 % was due and not sent', () => {
    const of = (ios: number, unsent: number) =>
      fellBehind({ total_ios: ios, rate: { asked_iops: 1000, unsent } });
    assert.deepEqual([of(9900, 100), of(9900, 101), of(10, 1), of(10, 2)], [false, true, false, true]);
    assert.equal(fellBehind({ total_ios: 1 }), false);
  });

  it('says who held it and who answered soonest, and not who had most IOPS', () => {
    const standing = ratedStanding(ratedRun(1000, ['sync']));
    assert.ok(standing);
    assert.deepEqual(
      standing.missed.map(({ label }) => label),
      ['sync'],
    );
    assert.equal(standing.held.length, labels(ratedRun(1000)).length - 1);
    const p99 = standing.held.map(({ p99Ns }) => p99Ns);
    assert.deepEqual(
      p99,
      p99.toSorted((a, b) => a - b),
    );
    const text = verdictText(ratedRun(1000, ['sync'])) ?? '';
    assert.match(text, / held 1,000 IOPS; sync /);
    assert.match(text, /p99 of the response/);
    assert.doesNotMatch(text, /fastest|most IOPS|merit/);
    assert.match(verdictText(ratedRun(1000)) ?? '', /^All held 1,000 IOPS\. /);
    assert.match(verdictText(ratedRun(1e7, labels(ratedRun(1)))) ?? '', /^None held 10,000,000 IOPS: /);
  });

  it('tells nobody apart by two trials', () => {
    const result = ratedRun(1000);
    for (const backend of result.backends) backend.trials = backend.trials.slice(0, 2);
    assert.equal(ratedStanding(result)?.unknown, true);
    assert.match(verdictText(result) ?? '', /too few trials to tell them apart/);
  });
});
