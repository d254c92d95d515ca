/**
 * Looks at what the machine is and does beside a trial, outside of the measured window: its load before and after it, how
 * fast the jobs' CPUs are right before they start.
 */
import { cgroupBetween, conditionsBetween, type LoadSample, sampleLoad } from '../host/host-load.ts';
import { calibrateCpus } from '../native/calibrate.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Environment } from '../results/schema.ts';
import type { Calibration } from '../results/schema-statistics.ts';
import { ownTraffic, testedDisks } from './own-traffic.ts';
import type { TrialObserver, TrialView } from './trial-observer.ts';

/** Of the CPUs that jobs may use: all, where a group of them is not bound to any. */
function calibrationFor({ groups }: RunPlan): Calibration | null {
  const bound = groups.map(({ workload }) => workload.cpusAllowed);
  const speed = calibrateCpus(bound.some((cpus) => cpus.length === 0) ? [] : new Set(bound.flat()));
  return speed === null ? null : { syscall_ns: speed.syscallNs, null_ns: speed.nullNs };
}

/** An observer that gives each trial its `conditions`. */
export function observeConditions(environment: Environment): TrialObserver {
  const disks = testedDisks(environment);
  let before: { load: LoadSample; view: TrialView; calibration: Calibration | null } | null = null;
  return {
    name: 'conditions',
    prepare(view) {
      // First, so that what it takes is not in the trial's load.
      const calibration = calibrationFor(view.plan);
      before = { load: sampleLoad(disks), view, calibration };
    },
    ended(trial) {
      if (trial === null || before === null) return;
      const { plan, run } = before.view;
      const own = ownTraffic(plan, run.variant, trial, environment);
      const after = sampleLoad(disks);
      const cgroup = cgroupBetween(before.load, after, disks);
      trial.conditions = conditionsBetween(before.load, after, own);
      if (cgroup !== null) trial.conditions.cgroup = cgroup;
      if (before.calibration !== null) trial.conditions.calibration = before.calibration;
    },
  };
}
