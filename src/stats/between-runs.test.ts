import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uniform } from '../../test/support/synthetic-run.ts';
import { betweenBlocks, betweenRuns } from './between-runs.ts';

const near = (value: number | undefined, wanted: number, by = 1e-6) =>
  assert.ok(Math.abs((value ?? Number.NaN) - wanted) < by, `${value} is not ${wanted}`);

describe('what runs differ by', () => {
  it('is the floor, told as such, with one run of each', () => {
    const seen = betweenRuns([[100, 100, 100]], [[110, 110, 110]], 0.02);
    assert.equal(seen?.from, 'floor');
    near(seen?.deviation, 0.02);
    near(seen?.ratio, 1.1);
    // 2.576 x 2 % x sqrt(2)
    near(Math.log(seen?.high ?? 0) - Math.log(1.1), 0.0728554, 1e-6);
  });

  it('is the prediction interval of one more run with many', () => {
    const levels = [-0.03, -0.02, -0.01, 0, 0, 0.01, 0.02, 0.03].map((log) => [100 * Math.exp(log)]);
    const seen = betweenRuns(levels, [[100]], 0.02);
    assert.equal(seen?.from, 'runs');
    near(seen?.deviation, 0.02);
    // t of 7 degrees, 3.4995, x 2 % x sqrt(1 + 1/8)
    near(Math.log(seen?.high ?? 0), 3.4995 * 0.02 * Math.sqrt(9 / 8), 1e-6);
  });

  it('is never narrower for quiet runs than they show, nor wider than the floor for few', () => {
    const quiet = betweenRuns([[100], [101]], [[100]], 0.02);
    assert.equal(quiet?.from, 'floor', 't of one degree is 64');
    const noisy = betweenRuns([[100], [130]], [[115]], 0.02);
    assert.equal(noisy?.from, 'runs');
    assert.ok((noisy?.high ?? 0) > 1.8, `${noisy?.high}`);
  });

  it('is more with trials that scatter, and with fewer of them', () => {
    const scattered = (n: number) => Array.from({ length: n }, (_, at) => 100 + (at % 2 === 0 ? 5 : -5));
    const width = (n: number) => {
      const seen = betweenRuns([scattered(20)], [scattered(n)], 0.02);
      return Math.log(seen?.high ?? 0) - Math.log(seen?.low ?? 0);
    };
    assert.ok(width(4) > width(20) && width(20) > 0.15);
  });

  it('has nothing to say of zeros and of nothing', () => {
    assert.equal(betweenRuns([[0, 1]], [[1]], 0.02), null);
    assert.equal(betweenRuns([], [[1]], 0.02), null);
    assert.equal(betweenRuns([[]], [[1]], 0.02), null);
    assert.equal(betweenBlocks([1], [1]), null);
    assert.equal(betweenBlocks([0, 1], [1, 1]), null);
  });

  it('is without a change outside of its interval once in 100, whatever runs differ by', () => {
    const random = uniform(11);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    for (const between of [0.01, 0.05, 0.2]) {
      const run = () => {
        const level = between * normal();
        return Array.from({ length: 5 }, () => Math.exp(level + 0.02 * normal()));
      };
      let outside = 0;
      for (let gate = 0; gate < 2000; gate++) {
        const seen = betweenRuns(Array.from({ length: 8 }, run), [run()], 0.02);
        if (seen !== null && (seen.low > 1 || seen.high < 1)) outside++;
      }
      assert.ok(outside <= 36, `${outside} of 2000 at ${between}`);
    }
  });
});

describe('what pairs differ by', () => {
  it('leaves out what hits both of a block', () => {
    const machine = [1, 2, 0.5, 3, 1.5, 0.7, 1, 2];
    const seen = betweenBlocks(
      machine.map((factor) => 100 * factor),
      machine.map((factor, at) => 110 * factor * (at % 2 === 0 ? 1.01 : 0.99)),
    );
    assert.equal(seen?.from, 'blocks');
    near(seen?.ratio, 1.1, 0.001);
    assert.ok((seen?.low ?? 0) > 1.08 && (seen?.high ?? 9) < 1.13);
  });
});
