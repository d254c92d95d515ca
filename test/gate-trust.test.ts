/**
 * How often a gate cries wolf, and how often it sleeps: whole gates over a model of each kind of noise, with a seed. The
 * same over real runs is `npm run gate:trust`. docs/CI.md has the numbers.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../src/compare/rules.ts';
import { type GateSpec, mitigated, modelGate, NOISE, slower } from './support/gate-model.ts';
import { uniform } from './support/synthetic-run.ts';

const GATES = 100;
const KINDS = Object.keys(NOISE) as (keyof typeof NOISE)[];

function outcomes(spec: Omit<GateSpec, 'trials'>, gates = GATES): Record<Outcome, number> {
  const random = uniform(7);
  const count = { pass: 0, regression: 0, inconclusive: 0 };
  const trials = spec.baseline === 'ab' ? 8 : 5;
  for (let gate = 0; gate < gates; gate++) count[modelGate(random, { ...spec, trials })]++;
  return count;
}

describe('gates without a change', () => {
  for (const baseline of [1, 8, 'ab'] as const) {
    for (const kind of KINDS) {
      it(`${kind}, baseline of ${baseline}: at most 2 of ${GATES} alarm`, () => {
        const { regression } = outcomes({ noise: NOISE[kind], slower: 0, baseline });
        assert.ok(regression <= 2, `${regression} alarms`);
      });
    }
    it(`on a quiet machine nearly all pass, baseline of ${baseline}`, () => {
      const { pass } = outcomes({ noise: NOISE.none, slower: 0, baseline });
      assert.ok(pass >= 95, `${pass} pass`);
    });
  }
});

describe('gates with a change', () => {
  for (const baseline of [1, 8, 'ab'] as const) {
    it(`finds 15 % on a quiet machine, baseline of ${baseline}`, () => {
      const { regression } = outcomes({ noise: NOISE.none, slower: 0.15, baseline }, 40);
      assert.ok(regression >= 38, `${regression} of 40 found`);
    });
  }
  for (const baseline of [8, 'ab'] as const) {
    it(`finds 5 % on a quiet machine, baseline of ${baseline}`, () => {
      const { regression } = outcomes({ noise: NOISE.none, slower: 0.05, baseline }, 50);
      assert.ok(regression >= 40, `${regression} of 50 found`);
    });
  }
  it('passes no 15 %, whatever the noise', () => {
    for (const baseline of [1, 8, 'ab'] as const) {
      for (const kind of KINDS) {
        const { pass } = outcomes({ noise: NOISE[kind], slower: 0.15, baseline }, 20);
        assert.equal(pass, 0, `${kind}, ${baseline}`);
      }
    }
  });
  it('finds 15 % beside any noise where both sides are measured in turns', () => {
    for (const kind of KINDS) {
      const { regression } = outcomes({ noise: NOISE[kind], slower: 0.15, baseline: 'ab' }, 40);
      assert.ok(regression >= 38, `${kind}: ${regression} of 40 found`);
    }
  });
});

/** What the CPUs' speed differs by between the baseline and the candidate. */
describe('gates on a machine that has changed', () => {
  for (const baseline of [1, 8]) {
    it(`alarm without a change at most 2 of ${GATES} times, baseline of ${baseline}`, () => {
      for (const share of [-0.15, 0.02, 0.03, 0.3]) {
        const { regression } = outcomes({ noise: slower(share), slower: 0, baseline });
        assert.ok(regression <= 2, `${regression} alarms, slower by ${share}`);
      }
      for (const entries of [0.2, 1]) {
        const { regression } = outcomes({ noise: mitigated(0.3, entries), slower: 0, baseline }, 50);
        assert.ok(regression <= 1, `${regression} alarms of 50, system calls by 30 % in ${entries}`);
      }
    });
    it(`find 15 % on top of it, baseline of ${baseline}`, () => {
      for (const share of [-0.15, 0.15, 0.3]) {
        const { regression } = outcomes({ noise: slower(share), slower: 0.15, baseline }, 40);
        assert.ok(regression >= 38, `${regression} of 40 found, slower by ${share}`);
      }
    });
    it(`take nothing off what a device takes, baseline of ${baseline}`, () => {
      const spec = { noise: slower(0.15), device: true, baseline };
      assert.ok(outcomes({ ...spec, slower: 0 }).regression <= 2);
      assert.ok(outcomes({ ...spec, slower: 0.15 }, 40).regression >= 38);
    });
  }
  it('are as they were before where the baseline has no calibrations', () => {
    const { regression } = outcomes({ noise: slower(0.15), slower: 0, baseline: 8, calibrated: false }, 20);
    assert.equal(regression, 20);
  });
});
