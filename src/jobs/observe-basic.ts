/** Looks at a trial's threads and devices while it goes on, for what `--explain` says without tracing. */
import { basicFigures } from '../explain/basic.ts';
import { type JobLook, lookAtJobs } from '../host/job-look.ts';
import type { BasicFigures } from '../results/schema-explain-basic.ts';
import type { TrialObserver } from './trial-observer.ts';

/** Threads that have ended can't be looked at: so much of the end is missed at most. */
const LOOK_MS = 25;

export interface BasicObserver extends TrialObserver {
  /** Once the trial has ended: null when it was over before it could be looked at twice. */
  figures(): BasicFigures | null;
}

/** @param disks kernel names of the devices below the workload */
export function observeBasic(disks: readonly string[]): BasicObserver {
  const looks: JobLook[] = [];
  let timer: NodeJS.Timeout | undefined;
  return {
    name: 'threads and devices',
    started(tids) {
      const look = (): void => {
        const seen = lookAtJobs(tids, disks);
        // Once the jobs are gone the devices would show what is done after them.
        if (seen.threads.some(({ kind }) => kind === 'job')) looks.push(seen);
      };
      look();
      timer = setInterval(look, LOOK_MS);
    },
    ended() {
      clearInterval(timer);
    },
    figures: () => basicFigures(looks),
  };
}
