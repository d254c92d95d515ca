/** Looks at what the machine does beside a trial: its load is sampled outside of the measured window. */
import { cgroupBetween, conditionsBetween, type LoadSample, sampleLoad } from '../host/host-load.ts';
import type { Environment } from '../results/schema.ts';
import { ownTraffic, testedDisks } from './own-traffic.ts';
import type { TrialObserver, TrialView } from './trial-observer.ts';

/** An observer that gives each trial its `conditions`. */
export function observeConditions(environment: Environment): TrialObserver {
  const disks = testedDisks(environment);
  let before: { load: LoadSample; view: TrialView } | null = null;
  return {
    name: 'conditions',
    prepare(view) {
      before = { load: sampleLoad(disks), view };
    },
    ended(trial) {
      if (trial === null || before === null) return;
      const { plan, run } = before.view;
      const own = ownTraffic(plan, run.variant, trial, environment);
      const after = sampleLoad(disks);
      const cgroup = cgroupBetween(before.load, after, disks);
      trial.conditions = conditionsBetween(before.load, after, own);
      if (cgroup !== null) trial.conditions.cgroup = cgroup;
    },
  };
}
