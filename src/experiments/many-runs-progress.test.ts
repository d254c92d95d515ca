import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flatPlan } from '../../test/support/plan.ts';
import { noProgress, type Progress, type ProgressPlan, type ProgressSample } from '../jobs/progress.ts';
import { readGrid } from '../options/sweep-grid.ts';
import { readMachine } from '../resolve/cpus.ts';
import { ManyRunsProgress } from './many-runs-progress.ts';
import { planSweep } from './sweep.ts';

const host = { machine: readMachine(), target: { dioAlign: () => 512 } };

function points() {
  const grid = readGrid([
    { flag: 'backend', text: 'null,sync' },
    { flag: 'iodepth', text: '1,4' },
    { flag: 'size', text: '1m' },
    { flag: 'trials', text: '4' },
    { flag: 'warmup-trials', text: '0' },
    { flag: 'runtime', text: '2s' },
  ]);
  return planSweep(grid, host);
}

const sample: ProgressSample = {
  variant: 'sync',
  trial: 2,
  elapsedSeconds: 1,
  trialSeconds: 2,
  fractionDone: null,
  iops: 1,
  bwBytes: 1,
  meanLatencyNs: 1,
  errors: 0,
};

describe('the progress of a sweep', () => {
  it('is one plan, and samples in their place among all trials', () => {
    const plans: ProgressPlan[] = [];
    const samples: ProgressSample[] = [];
    const notes: string[] = [];
    const inner: Progress = {
      ...noProgress,
      start: (plan) => plans.push(plan),
      sample: (one) => samples.push(one),
      note: (line) => notes.push(line),
    };
    const progress = new ManyRunsProgress(inner, points());
    progress.startAll();
    assert.deepEqual(plans, [
      {
        variants: ['null', 'sync'],
        trials: 8,
        runs: 12,
        atMost: false,
        trialSeconds: 2,
        expectedSeconds: 25.16,
      },
    ]);
    progress.at({ iodepth: '1' });
    progress.begin('rw=read');
    progress.start();
    progress.sample(sample);
    progress.note('sync is skipped');
    progress.at({ iodepth: '4' });
    progress.note('sync is skipped');
    progress.note('another');
    progress.sample(sample);
    progress.sample({ ...sample, trial: 0 });
    assert.deepEqual(
      samples.map(({ variant, trial }) => [variant, trial]),
      [
        ['iodepth=1 sync', 2],
        ['iodepth=4 sync', 6],
        ['iodepth=4 sync', 5],
      ],
    );
    assert.deepEqual(notes, ['sync is skipped', 'another']);
    assert.equal(plans.length, 1);
  });
});

describe('the plan of a sweep', () => {
  it('has every point with its options, and defaults that suit many points', () => {
    const grid = readGrid([
      { flag: 'backend', text: 'null' },
      { flag: 'size', text: '1m' },
      { flag: 'iodepth', text: '1,4' },
    ]);
    const planned = planSweep(grid, host);
    const shown = planned.map(({ plan }) => {
      const { iodepth, bounds } = flatPlan(plan);
      return [iodepth, plan.trials, bounds.runtimeNs];
    });
    assert.deepEqual(shown, [
      [1, 3, 3e9],
      [4, 3, 3e9],
    ]);
    const bounded = planSweep({ ...grid, fixed: [...grid.fixed, { flag: 'number-ios', text: '9' }] }, host);
    assert.deepEqual(bounded[0]?.plan.groups[0]?.workload.bounds, { runtimeNs: 0, ios: 9, bytes: 1048576 });
  });
});
