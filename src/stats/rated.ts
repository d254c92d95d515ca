/** Runs whose I/Os were sent at a rate: who held it, and of those whose I/Os were answered soonest. */
import { percentileKey } from '../results/histogram.ts';
import type { BackendResult, RunResult, Summary, Trial } from '../results/schema.ts';
import { tookPart } from './standing.ts';
import { compareBackends, trialPercentiles } from './summary.ts';

/** Of the I/Os that were due: with more of them not sent a rate was not held. */
const UNSENT_SHARE = 0.01;

/** What rated runs are compared by. */
const TAIL = percentileKey(99);

/** Whether a part of a trial, or a trial, fell behind its rate and stayed there. */
export function fellBehind({ rate, total_ios: ios }: Pick<Trial, 'rate' | 'total_ios'>): boolean {
  return rate !== undefined && rate.unsent >= 2 && rate.unsent > UNSENT_SHARE * (ios + rate.unsent);
}

/** A backend of a rated run. */
export interface Rated {
  label: string;
  /** IOPS to those that were asked for, median of the trials. */
  share: number;
  /** 99th percentile of the response, in ns, median of the trials. */
  p99Ns: number;
}

export interface RatedStanding {
  /** I/Os a second that were asked for, of all jobs together. */
  askedIops: number;
  /** Those that held it in all trials, soonest first. */
  held: readonly Rated[];
  /** Most IOPS first. */
  missed: readonly Rated[];
  /** Of those that held it: how many, from the second on, no test tells from the first by their p99. */
  tied: number;
  /** There are too few trials for any such test. */
  unknown: boolean;
}

type Ran = BackendResult & { summary: Summary };

const p99Of = (trial: Trial): number => trialPercentiles(trial)[TAIL] ?? 0;

function rated({ label, summary }: Ran, askedIops: number): Rated {
  return {
    label,
    share: summary.iops.median / askedIops,
    p99Ns: summary.lat_ns_trials[TAIL]?.median ?? summary.lat_ns.max,
  };
}

/** null unless all that took part were asked for the same rate. Tested as the standing of others, at 5 %. */
export function ratedStanding({ backends }: Pick<RunResult, 'backends'>, seed = 139n): RatedStanding | null {
  const ran = backends.filter(tookPart);
  const asked = new Set(ran.flatMap(({ trials }) => trials.map(({ rate }) => rate?.asked_iops)));
  const [askedIops] = asked;
  if (askedIops === undefined || asked.size !== 1) return null;
  const all = ran.map((backend) => ({ backend, figures: rated(backend, askedIops) }));
  const isHeld = ({ backend }: (typeof all)[number]): boolean => !backend.trials.some(fellBehind);
  const held = all.filter(isHeld).sort((a, b) => a.figures.p99Ns - b.figures.p99Ns);
  const missed = all.filter((one) => !isHeld(one)).sort((a, b) => b.figures.share - a.figures.share);
  const [first, ...others] = held;
  const verdicts = others.map(({ backend }) =>
    first ? compareBackends(first.backend, backend, p99Of, seed)?.verdict : undefined,
  );
  const behind = verdicts.indexOf('higher');
  return {
    askedIops,
    held: held.map(({ figures }) => figures),
    missed: missed.map(({ figures }) => figures),
    tied: behind < 0 ? others.length : behind,
    unknown: verdicts.some((verdict) => verdict === undefined || verdict === 'unknown'),
  };
}
