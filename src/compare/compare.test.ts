import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { refused } from '../../test/support/refused.ts';
import { syntheticRun, syntheticTrial } from '../../test/support/synthetic-run.ts';
import { defaultOf } from '../options/option-reader.ts';
import { verdictLines } from '../report/view/compare-verdict.ts';
import type { RunResult } from '../results/schema.ts';
import { isAnotherLevel } from './baseline.ts';
import { compareRuns, isFailure } from './compare.ts';
import { parseMetrics } from './metrics.ts';
import type { ComparePlan } from './plan.ts';
import { parseRules } from './rules.ts';
import { type Comparison, ComparisonSchema } from './schema.ts';

const validate = new Ajv({ strict: true }).compile(JSON.parse(JSON.stringify(ComparisonSchema)));

function plan(rules: string[] = [], inconclusive: ComparePlan['inconclusive'] = 'pass'): ComparePlan {
  return {
    metrics: parseMetrics('metric', defaultOf('metric')),
    rules: parseRules('fail-on', rules),
    inconclusive,
  };
}

/** Compares, and checks what holds for every comparison. */
function compare(before: RunResult[], after: RunResult[], rules: string[] = []): Comparison {
  const side = (results: RunResult[], name: string) =>
    results.map((result, at) => ({ path: `${name}${at}.json`, result }));
  const comparison = compareRuns(side(before, 'base'), side(after, 'new'), plan(rules));
  assert.ok(validate(JSON.parse(JSON.stringify(comparison))), JSON.stringify(validate.errors));
  return comparison;
}

const STEADY = [100_000, 100_500, 99_700, 100_200, 99_900];
const scaled = (factor: number) => STEADY.map((iops) => iops * factor);

function metricOf(comparison: Comparison, name: string, at = 0) {
  const metric = comparison.variants[at]?.metrics.find(({ metric }) => metric === name);
  assert.ok(metric, name);
  return metric;
}

describe('comparing two sides', () => {
  it('has a value, an interval and a difference for each metric', () => {
    const comparison = compare(
      [syntheticRun({ io_uring: STEADY })],
      [syntheticRun({ io_uring: scaled(0.9) })],
    );
    assert.deepEqual(
      comparison.variants[0]?.metrics.map(({ metric }) => metric),
      defaultOf('metric'),
    );
    const iops = metricOf(comparison, 'iops');
    assert.equal(iops.baseline?.median, 100_000);
    assert.equal(iops.candidate?.n, 5);
    assert.equal(iops.difference?.verdict, 'lower');
    assert.ok(Math.abs((iops.difference?.ratio ?? 0) - 0.9) < 1e-9);
    assert.equal(metricOf(comparison, 'lat_p99').difference?.verdict, 'higher');
    assert.equal(metricOf(comparison, 'ctx_per_io').difference?.verdict, 'same');
    assert.equal(comparison.outcome, null, 'no rules, no outcome');
    assert.equal(isFailure(comparison), false);
  });

  it('pools the trials of the files of a side', () => {
    const before = [syntheticRun({ sync: [1, 2] }), syntheticRun({ sync: [3, 4, 5] })];
    const comparison = compare(before, [syntheticRun({ sync: [3] })]);
    assert.equal(metricOf(comparison, 'iops').baseline?.n, 5);
    assert.equal(metricOf(comparison, 'iops').baseline?.median, 3);
    assert.deepEqual(comparison.baseline.files, ['base0.json', 'base1.json']);
  });

  it('takes complete trials only', () => {
    const after = syntheticRun({ io_uring: scaled(1) });
    after.backends[0]?.trials.push(syntheticTrial(6, 5, { status: 'interrupted' }));
    const comparison = compare([syntheticRun({ io_uring: STEADY })], [after]);
    assert.equal(comparison.variants[0]?.candidate_trials, 5);
  });

  it('judges every variant by every rule, and the worst counts', () => {
    const before = syntheticRun({ io_uring: STEADY, sync: STEADY });
    const after = syntheticRun({ io_uring: scaled(1), sync: scaled(0.8) });
    const comparison = compare([before], [after], ['iops<-5%', 'lat_p99>+10%']);
    assert.deepEqual(
      comparison.checks.map(({ variant, rule, outcome }) => `${variant} ${rule} ${outcome}`),
      [
        'io_uring iops<-5% pass',
        'io_uring lat_p99>+10% pass',
        'sync iops<-5% regression',
        'sync lat_p99>+10% regression',
      ],
    );
    assert.equal(comparison.outcome, 'regression');
    assert.equal(isFailure(comparison), true);
  });

  it('compares what a rule is about, wanted or not', () => {
    const comparison = compare(
      [syntheticRun({ sync: STEADY })],
      [syntheticRun({ sync: STEADY })],
      ['lat_max>+10%'],
    );
    assert.equal(comparison.variants[0]?.metrics.at(-1)?.metric, 'lat_max');
  });

  it('cannot decide with three trials, and says how many are missing', () => {
    const three = (factor: number) => syntheticRun({ sync: scaled(factor).slice(0, 3) });
    const comparison = compare([three(1)], [three(0.5)], ['iops<-5%']);
    assert.equal(comparison.outcome, 'inconclusive');
    assert.match(comparison.checks[0]?.reason ?? '', /1 more trial of each needed/);
    assert.equal(isFailure(comparison), false);
    assert.equal(isFailure({ ...comparison, inconclusive: 'fail' }), true);
  });

  it('has no opinion about what one side never had, and says so', () => {
    const reads = compare(
      [syntheticRun({ sync: STEADY })],
      [syntheticRun({ sync: STEADY })],
      ['write_iops<-5%'],
    );
    assert.equal(reads.outcome, 'inconclusive');
    assert.match(reads.checks[0]?.reason ?? '', /one side has no write_iops/);
  });

  it('takes a ratio to nothing as what it is', () => {
    const quiet = syntheticRun({ sync: STEADY });
    const busy = syntheticRun({ sync: STEADY });
    for (const trial of quiet.backends[0]?.trials ?? []) trial.ctx = { ...trial.ctx, total: 0 };
    const worse = compare([quiet], [busy], ['ctx_per_io>+10%']);
    assert.equal(metricOf(worse, 'ctx_per_io').difference?.ratio, null);
    assert.equal(worse.outcome, 'regression');
    assert.equal(compare([quiet], [syntheticRun({ sync: STEADY })], ['iops<-5%']).outcome, 'pass');
    const none = structuredClone(quiet);
    none.started_at = '2026-01-01T00:00:00.000Z';
    assert.equal(metricOf(compare([quiet], [none]), 'ctx_per_io').difference?.ratio, 1);
  });
});

describe('what a reader is told', () => {
  const codes = (comparison: Comparison) => comparison.warnings.map(({ code }) => code);

  it('that a backend is missing: asked for is inconclusive, not asked for is a note', () => {
    const before = syntheticRun({ io_uring: STEADY, sync: STEADY, 'posix-aio': STEADY });
    const after = syntheticRun({ io_uring: scaled(1), sync: [] });
    Object.assign(after.backends[1] ?? {}, { status: 'skipped', reason: 'EPERM' });
    const comparison = compare([before], [after], ['iops<-5%']);
    assert.deepEqual(codes(comparison), ['not-compared']);
    assert.match(comparison.warnings[0]?.message ?? '', /only the baseline ran posix-aio/);
    assert.deepEqual(
      comparison.checks.map(({ outcome }) => outcome),
      ['pass', 'inconclusive'],
    );
    assert.match(comparison.checks[1]?.reason ?? '', /the candidate has no complete trial of it: EPERM/);
  });

  it('that the machine differs, that a run is not whole or not sound, that both sides are one run', () => {
    const run = syntheticRun({ sync: STEADY });
    assert.deepEqual(codes(compare([run], [run])), ['same-run']);
    const other = syntheticRun({ sync: STEADY }, { status: 'interrupted' });
    other.environment.kernel = '7.0';
    other.validity = { verdict: 'limited', text: 'drift disturbed it' };
    assert.deepEqual(codes(compare([run], [other])), [
      'incomplete-run',
      'limited-run',
      'environment-differs',
    ]);
  });

  it('once, however many files have it', () => {
    const [a, b, c] = [1, 2, 3].map(() => syntheticRun({ sync: STEADY }));
    assert.ok(a && b && c);
    for (const run of [b, c]) run.environment.node = 'v22.0.0';
    assert.deepEqual(codes(compare([a], [b, c])), ['environment-differs']);
  });
});

describe('a run and itself', () => {
  it('never differ, whatever the rule and however few the trials', () => {
    const fewOrMany = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fewOrMany, (iops) => {
        const run = syntheticRun({ sync: iops });
        const { outcome, checks } = compare([run], [run], ['iops<-0%', 'lat_p99>+0%']);
        assert.equal(outcome, 'pass');
        assert.deepEqual(new Set(checks.map((check) => check.outcome)), new Set(['pass']));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a run that was disturbed, and itself', () => {
  it('do not differ either', () => {
    const run = syntheticRun({ sync: STEADY });
    for (const { trials } of run.backends) for (const trial of trials) trial.stalled_ns = 3_000_000_000;
    assert.equal(compare([run], [structuredClone(run)], ['iops<-5%']).outcome, 'pass');
  });
});

describe('a machine that has changed', () => {
  /** A run that computes all the time, on CPUs that take so much longer for all they do. */
  const computing = (slower: number, software = 1): RunResult => {
    const run = syntheticRun({ null: scaled(1 / slower / software) });
    for (const trial of run.backends[0]?.trials ?? []) {
      const each = 1e9 / trial.iops;
      trial.cpu = { usr_ns: 0, sys_ns: trial.total_ios * each, helpers_ns: 0 };
      trial.conditions = {
        steal_pct: 0,
        others_cpu_pct: 0,
        cpu_mhz: null,
        throttled: 0,
        others_device_bytes: 0,
        others_device_ios: 0,
        calibration: { syscall_ns: 100 * slower, null_ns: 20 * slower },
      };
    }
    return run;
  };
  const steady = (): RunResult[] => [1, 1.002, 0.998, 1.001, 0.999, 1].map((level) => computing(level));
  const RULES = ['cpu_per_io>+3%', 'iops<-5%'];

  it('is no regression, and the check says what was taken off', () => {
    const comparison = compare(steady(), [computing(1.2)], RULES);
    assert.equal(comparison.outcome, 'pass');
    for (const { evidence } of comparison.checks) {
      assert.ok(evidence?.machine && Math.abs(Math.log(evidence.ratio)) < 0.02, `${evidence?.ratio}`);
      assert.equal(evidence.machine.treatment, 'normalised');
      assert.ok(Math.abs(evidence.machine.syscall_ratio - 1.2) < 0.01);
    }
    const said = verdictLines(comparison).map(({ text }) => text);
    assert.match(said.join('\n'), /calibration: the machine makes a system call in 1\.20x the time/);
    assert.equal(isAnotherLevel(comparison, parseRules('fail-on', RULES)), true);
    // What was measured stays what was measured.
    assert.ok((metricOf(comparison, 'iops').difference?.ratio ?? 1) < 0.85);
  });

  it('does not hide a regression, nor make one of software that is as fast', () => {
    for (const slower of [0.8, 1.2]) {
      const worse = compare(steady(), [computing(slower, 1.15)], RULES);
      assert.equal(worse.outcome, 'regression', `${slower}`);
      assert.match(worse.checks[0]?.evidence?.needs ?? '', /a baseline of this machine as it is now/);
    }
    assert.equal(compare(steady(), [computing(1, 1.15)], RULES).checks[0]?.evidence?.machine, null);
  });

  it('may be what a change is, where calibrations are not sure of it', () => {
    const single = compare([computing(1)], [computing(1.07, 1.02)], ['cpu_per_io>+3%']);
    assert.equal(single.outcome, 'inconclusive');
    assert.equal(compare([computing(1)], [computing(1, 1.0914)], ['cpu_per_io>+3%']).outcome, 'regression');
    const unsure = compare([computing(1)], [computing(1.06, 1.03)], ['cpu_per_io>+3%']);
    assert.match(unsure.checks[0]?.reason ?? '', /it may be the machine: .* though not beyond doubt/);
  });
});

describe('what is refused', () => {
  it('sides without a common backend', () => {
    refused(
      () => compare([syntheticRun({ sync: STEADY })], [syntheticRun({ io_uring: STEADY })]),
      /nothing to compare: base0\.json has sync, new0\.json has io_uring/,
    );
  });

  it('another workload, on whichever side', () => {
    const [a, b, c] = [1, 2, 3].map(() => syntheticRun({ sync: STEADY }));
    assert.ok(a && b && c?.jobs[0]);
    c.jobs[0].options = { ...c.jobs[0].options, iodepth: 9 };
    refused(() => compare([a, c], [b]), /base1\.json is not the workload of base0\.json: iodepth=8 and 9/);
    refused(() => compare([a], [b, c]), /new1\.json is not the workload of base0\.json/);
  });

  it('the same run twice on a side', () => {
    const run = syntheticRun({ sync: STEADY });
    refused(() => compare([run, run], [syntheticRun({ sync: STEADY })]), /the baseline has one run twice/);
  });
});

describe('a run compared with itself', () => {
  it('never fails, whatever its trials are', () => {
    const trials = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(trials, fc.constantFrom('iops<-5%', 'iops<-0%', 'lat_p99>+0%'), (iops, rule) => {
        const run = syntheticRun({ sync: iops });
        const comparison = compare([run], [run], [rule]);
        assert.notEqual(comparison.outcome, 'regression');
        assert.equal(isFailure(comparison), false);
      }),
      { numRuns: 60 },
    );
  });
});
