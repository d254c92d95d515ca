/**
 * Gives each trial its series: looks at what its jobs have counted at each boundary of the interval, and once at the end,
 * so that the intervals add up to the trial. What is looked at is made into text when the trial is over.
 */
import { IntervalLoad } from '../host/interval-load.ts';
import type { SeriesLook } from '../native/series.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { Environment } from '../results/schema.ts';
import { countedOperations } from '../workload/operations.ts';
import { testedDisks } from './own-traffic.ts';
import { mostTrials } from './plan.ts';
import type { Progress } from './progress.ts';
import {
  addLook,
  inPairs,
  joinStretches,
  newStretch,
  percentileNow,
  type Stretch,
  trialSeriesOf,
} from './series.ts';
import { SteadyWatch } from './steady-watch.ts';
import type { TrialObserver, TrialView } from './trial-observer.ts';

/** Intervals that are stored of a trial, and of all trials of a run: with more, neighbours are one. */
const STORED_OF_TRIAL = 10_000;
const STORED_OF_RUN = 40_000;
const STORED_LEAST = 100;
/** How often it is asked whether the window has begun. */
const BEGIN_POLL_MS = 10;
/** What is left at the end is an interval of its own when it is longer than this part of one. */
const REST_SHARE = 0.1;

/** @returns how many intervals each trial of a plan may store */
function storedMost(plan: RunPlan): number {
  const trials = mostTrials(plan) * plan.variants.length;
  return Math.max(STORED_LEAST, Math.min(STORED_OF_TRIAL, Math.floor(STORED_OF_RUN / trials)));
}

/** The series of one trial as it becomes. */
class SeriesTaker {
  readonly #view: TrialView;
  readonly #load: IntervalLoad;
  readonly #progress: Progress;
  readonly #steady: SteadyWatch | null;
  readonly #askedNs: number;
  readonly #most: number;
  #intervalNs: number;
  #done: Stretch[] = [];
  #open: Stretch = newStretch(0);
  #dueNs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(view: TrialView, load: IntervalLoad, progress: Progress) {
    const { plan } = view;
    this.#view = view;
    this.#load = load;
    this.#progress = progress;
    this.#steady = plan.steadyState === null ? null : new SteadyWatch(plan.steadyState);
    // Rounds are looked at without a series, too.
    this.#askedNs = plan.intervalNs || (plan.steadyState?.roundNs ?? 0);
    this.#intervalNs = this.#askedNs;
    this.#dueNs = this.#askedNs;
    this.#most = storedMost(plan);
    this.#wait(BEGIN_POLL_MS);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#tick(), ms);
  }

  #tick(): void {
    const look = this.#view.look();
    if (look.beginNs === 0) {
      if (!look.ended) this.#wait(BEGIN_POLL_MS);
      return;
    }
    this.#add(look);
    if (look.ended) return;
    const next = Math.min(this.#dueNs, this.#steady?.dueNs ?? this.#dueNs);
    this.#wait(Math.max(1, Math.ceil((next - (look.atNs - look.beginNs)) / 1e6)));
  }

  #add(look: SeriesLook): void {
    addLook(this.#open, look);
    if (this.#steady?.add(look)) this.#view.stop();
    if (this.#open.endNs >= this.#dueNs) this.#close();
  }

  /** The interval is over: the next one begins where it ends, and ends with the grid. */
  #close(): void {
    const stretch = this.#open;
    stretch.conditions = this.#load.since();
    this.#done.push(stretch);
    this.#tell(stretch);
    if (this.#done.length > this.#most) {
      this.#done = inPairs(this.#done);
      this.#intervalNs *= 2;
    }
    this.#open = newStretch(stretch.endNs);
    this.#dueNs = (Math.floor(stretch.endNs / this.#intervalNs) + 1) * this.#intervalNs;
  }

  #tell(stretch: Stretch): void {
    if (this.#progress.interval === undefined) return;
    const seconds = (stretch.endNs - stretch.startNs) / 1e9;
    const ios = countedOperations.reduce((sum, { id }) => sum + (stretch.ops.get(id)?.ios ?? 0), 0);
    this.#progress.interval({ seconds, iops: ios / seconds, p99Ns: percentileNow(stretch, 99) });
  }

  /** What is left, and the series. */
  end(): Pick<NonNullable<Parameters<NonNullable<TrialObserver['ended']>>[0]>, 'series' | 'steady_state'> {
    this.stop();
    const look = this.#view.look();
    if (look.beginNs > 0) addLook(this.#open, look);
    const rest = this.#open;
    const last = this.#done.at(-1);
    const short = rest.endNs - rest.startNs < this.#intervalNs * REST_SHARE;
    if (last !== undefined && short) this.#done[this.#done.length - 1] = joinStretches(last, rest);
    // Also where nothing more was done: the intervals go to the trial's end.
    else if (rest.endNs > rest.startNs || rest.ops.size > 0)
      this.#done.push({ ...rest, conditions: this.#load.since() });
    const steady = this.#steady === null ? {} : { steady_state: this.#steady.result() };
    if (this.#view.plan.intervalNs === 0) return steady;
    return { series: trialSeriesOf(this.#done, this.#askedNs, this.#intervalNs), ...steady };
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** An observer that gives each trial its `series`, and ends it when --steady-state says so. */
export function observeSeries(environment: Environment, progress: Progress): TrialObserver {
  let taker: SeriesTaker | null = null;
  return {
    name: 'series',
    prepare(view) {
      if (view.plan.intervalNs === 0 && view.plan.steadyState === null) return;
      taker = new SeriesTaker(view, new IntervalLoad(testedDisks(environment)), progress);
    },
    ended(trial) {
      if (trial === null) taker?.stop();
      else if (taker !== null) Object.assign(trial, taker.end());
    },
  };
}
