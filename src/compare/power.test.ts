/**
 * Whether --fail-on finds what is there and nothing else: many comparisons of simulated runs whose true difference
 * is known. Trials are noisy as on a virtual machine: 2 % deviation, and one trial in 20 that lost a fifth.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noisyTrials, syntheticRun, uniform } from '../../test/support/synthetic-run.ts';
import { compareRuns } from './compare.ts';
import { type Look, trialsNeeded } from './gate.ts';
import { parseMetrics } from './metrics.ts';
import type { Outcome } from './rules.ts';
import { parseRules } from './rules.ts';

const REPEATS = 150;
const DEVIATION = 0.02;
const IOPS = 100_000;

function outcomeOf(before: readonly number[], after: readonly number[], rule: string): Outcome | null {
  const side = (name: string, iops: readonly number[]) => [
    { path: name, result: syntheticRun({ io_uring: iops }) },
  ];
  return compareRuns(side('base', before), side('new', after), {
    metrics: parseMetrics('metric', ['iops']),
    rules: parseRules('fail-on', [rule]),
    inconclusive: 'pass',
  }).outcome;
}

/** Share of each outcome when the candidate is slower by a share, and each side has n trials. */
function shares(slowdown: number, n: number, rule: string, seed: number): Record<Outcome, number> {
  const random = uniform(seed);
  const count = { pass: 0, regression: 0, inconclusive: 0 };
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const before = noisyTrials(random, n, IOPS, DEVIATION);
    const after = noisyTrials(random, n, IOPS * (1 - slowdown), DEVIATION);
    const outcome = outcomeOf(before, after, rule);
    assert.ok(outcome);
    count[outcome] += 1 / REPEATS;
  }
  return count;
}

test('no difference: a limit of 5 % is practically never broken', () => {
  for (const n of [5, 10]) assert.ok(shares(0, n, 'iops<-5%', 100 + n).regression < 0.01, `${n} trials`);
});

test('no difference: even without a limit at most one comparison in 20 is wrong', () => {
  // One side of a test at 5 %; with the spread that 150 repeats have.
  for (const n of [5, 8]) {
    const { regression } = shares(0, n, 'iops<-0%', 200 + n);
    assert.ok(regression <= 0.05, `${n} trials: ${regression}`);
  }
});

test('10 % slower is often found by a limit of 5 %, between single runs', () => {
  const [five, ten] = [shares(0.1, 5, 'iops<-5%', 305), shares(0.1, 10, 'iops<-5%', 310)];
  // Of one run each: what runs differ by is assumed, and that is most of the doubt.
  assert.ok(five.regression > 0.25, `5 trials: ${five.regression}`);
  assert.ok(ten.regression > 0.25, `10 trials: ${ten.regression}`);
  assert.ok(five.pass < 0.01 && ten.pass < 0.01, 'and never passed');
});

test('10 % slower is within a limit of 20 %', () => {
  const { regression, pass } = shares(0.1, 10, 'iops<-20%', 400);
  assert.ok(regression < 0.01 && pass > 0.9, `${regression} ${pass}`);
});

/** The gate as it goes on: rounds of 5 trials against a baseline of 10, at most 15. */
function gateOutcome(random: () => number, slowdown: number): { outcome: Outcome; trials: number } {
  const before = noisyTrials(random, 10, IOPS, DEVIATION);
  const after: number[] = [];
  const looks: Look[] = [];
  for (let more = trialsNeeded(looks, 5, 15); more > 0; more = trialsNeeded(looks, 5, 15)) {
    after.push(...noisyTrials(random, more, IOPS * (1 - slowdown), DEVIATION));
    looks.push({ outcome: outcomeOf(before, after, 'iops<-5%'), trials: after.length });
  }
  return { outcome: looks.at(-1)?.outcome ?? 'pass', trials: after.length };
}

test('the gate finds 15 % nearly always, and nothing where nothing is', () => {
  const random = uniform(500);
  const gates = (slowdown: number) => Array.from({ length: 150 }, () => gateOutcome(random, slowdown));
  const share = (of: ReturnType<typeof gates>) =>
    of.filter(({ outcome }) => outcome === 'regression').length / of.length;
  const [slower, same] = [gates(0.15), gates(0)];
  assert.ok(share(slower) > 0.9, `found ${share(slower)}`);
  assert.equal(share(same), 0);
  assert.ok(
    slower.every(({ outcome }) => outcome !== 'pass'),
    'and never passes it',
  );
  const trials = same.reduce((sum, gate) => sum + gate.trials, 0) / same.length;
  assert.ok(trials < 9, `and mostly after one round: ${trials} trials`);
});
