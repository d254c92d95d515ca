import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fixture } from '../../test/fixtures/load.ts';
import { parseResult } from '../../test/support/result.ts';
import { type Look, poolResults, trialsNeeded } from './gate.ts';

const looks = (...outcomes: Look['outcome'][]): Look[] =>
  outcomes.map((outcome, at) => ({ outcome, trials: (at + 1) * 5 }));

describe('how many trials a gate makes', () => {
  it('one round when that passes', () => {
    assert.equal(trialsNeeded([], 5, 15), 5);
    assert.equal(trialsNeeded(looks('pass'), 5, 15), 0);
    assert.equal(trialsNeeded(looks(null), 5, 15), 0);
  });

  it('another before it says regression, and no more when that confirms it', () => {
    assert.equal(trialsNeeded(looks('regression'), 5, 15), 5);
    assert.equal(trialsNeeded(looks('regression', 'regression'), 5, 15), 0);
    assert.equal(trialsNeeded(looks('regression', 'pass'), 5, 15), 0);
    assert.equal(trialsNeeded(looks('inconclusive', 'regression'), 5, 15), 5);
    assert.equal(trialsNeeded(looks('regression', 'inconclusive'), 5, 15), 5);
  });

  it('never more than the most', () => {
    assert.equal(trialsNeeded(looks('inconclusive'), 5, 7), 2);
    assert.equal(trialsNeeded(looks('inconclusive', 'inconclusive', 'inconclusive'), 5, 15), 0);
    assert.equal(trialsNeeded(looks('regression'), 5, 5), 0);
    assert.equal(trialsNeeded([], 5, 3), 3);
  });

  it('comes to an end, whatever it sees', () => {
    const outcome = fc.constantFrom('pass', 'regression', 'inconclusive', null);
    const round = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 200, maxLength: 200 }), round, round, (seen, size, more) => {
        const made: Look[] = [];
        const maxTrials = size + more;
        let trials = 0;
        for (;;) {
          const needed = trialsNeeded(made, size, maxTrials);
          if (needed === 0) break;
          trials += needed;
          made.push({ outcome: seen[made.length] ?? null, trials });
        }
        assert.ok(trials <= maxTrials && made.length > 0);
        // What is said to be a regression was seen twice, or at the end.
        const [last, before] = [made.at(-1), made.at(-2)];
        const alone = last?.outcome === 'regression' && before?.outcome !== 'regression';
        if (alone) assert.equal(trials, maxTrials);
      }),
    );
  });
});

describe('rounds as one result', () => {
  it('are what one run of all trials would have been', () => {
    const [first, second] = [fixture('comparison'), fixture('comparison')];
    second.warnings.push({ code: 'short-ios', message: 'x', variant: 'sync', trial: 2 });
    const pooled = poolResults([first, second]);
    parseResult(JSON.stringify(pooled));
    const [sync] = pooled.backends;
    const each = first.backends[0]?.trials.length ?? 0;
    assert.deepEqual(
      sync?.trials.map(({ trial }) => trial),
      Array.from({ length: 2 * each }, (_, at) => at + 1),
    );
    assert.equal(sync?.summary?.trials, 2 * each);
    assert.equal(sync?.summary?.iops.median, first.backends[0]?.summary?.iops.median);
    assert.equal(pooled.jobs[0]?.options.trials, 2 * each);
    assert.equal(pooled.warnings.at(-1)?.trial, 2 + each);
    assert.equal(pooled.status, 'complete');
    assert.ok(sync?.summary?.iops_vs_reference_pct !== null);
  });

  it('of a single round are that round', () => {
    const only = fixture('mixed');
    assert.equal(poolResults([only]), only);
  });

  it('have the worst status of any', () => {
    const interrupted = fixture('comparison');
    interrupted.status = 'interrupted';
    const [backend] = interrupted.backends;
    assert.ok(backend);
    backend.status = 'failed';
    backend.reason = 'EIO';
    const pooled = poolResults([fixture('comparison'), interrupted]);
    assert.equal(pooled.status, 'interrupted');
    assert.equal(pooled.backends[0]?.status, 'failed');
    assert.equal(pooled.backends[0]?.reason, 'EIO');
  });
});
