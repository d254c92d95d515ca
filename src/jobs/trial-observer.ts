/**
 * Those who look on at a trial: progress, what the machine does beside it, its series, counters of devices, tracing.
 *
 * They are prepared in their order and told of the end in the opposite one, so that the first sees all that the others
 * do. What goes wrong with one of them never loses the trial: it is told as a warning, whatever it was, and the rest goes
 * on. One that can't be prepared is not told of anything more; one that could is always told of the end.
 */
import type { SeriesLook } from '../native/series.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ResultWarning, Trial } from '../results/schema.ts';
import type { PlannedTrial } from './plan.ts';
import type { RawCounters } from './raw-trial.ts';

/** What observers see of a trial. */
export interface TrialView {
  readonly plan: RunPlan;
  readonly run: PlannedTrial;
  /** What all jobs have done so far; may step back once, when ramp_time is over. Until the trial's `ended` is through. */
  counters(): RawCounters;
  /** What all jobs have done since the look before this one: for one observer alone. Until its `ended` is through. */
  look(): SeriesLook;
  /** Ends the trial before its time, with what was done until then: it is complete. */
  stop(): void;
}

export interface TrialObserver {
  /** What it looks at, for a warning about it: "device reads". */
  readonly name: string;
  /** Before any job is started. The jobs wait for it. */
  prepare?(view: TrialView): void | Promise<void>;
  /**
   * All jobs are at the barrier or past it; the trial goes on meanwhile.
   * @param tids thread ids of those that are at work: threads of this process, or processes (plan.isolation). A trial
   * that is over within a few milliseconds, or fails before, is not told.
   */
  started?(tids: readonly number[]): void | Promise<void>;
  /**
   * All jobs have ended, by themselves or stopped. What is put into the trial here is stored with it.
   * @param trial null when it could not be collected: a job's process died, no thread could be started
   */
  ended?(trial: Trial | null): void | Promise<void>;
}

/** The observers of one trial. None of its functions throws. */
export class Observers {
  /** What went wrong with them, for people. */
  readonly troubles: string[] = [];
  private readonly all: readonly TrialObserver[];
  private prepared: TrialObserver[] = [];
  private telling: Promise<unknown> = Promise.resolve();

  constructor(all: readonly TrialObserver[]) {
    this.all = all;
  }

  private async tell(
    observer: TrialObserver,
    what: (observer: TrialObserver) => void | Promise<void> | undefined,
  ): Promise<boolean> {
    try {
      await what(observer);
      return true;
    } catch (error) {
      this.troubles.push(`${observer.name}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  async prepare(view: TrialView): Promise<void> {
    for (const observer of this.all) {
      if (await this.tell(observer, (o) => o.prepare?.(view))) this.prepared.unshift(observer);
    }
  }

  /** Whether anyone wants to be told of the jobs' ids. */
  get awaitStart(): boolean {
    return this.prepared.some(({ started }) => started !== undefined);
  }

  /** Returns at once: the trial goes on. */
  started(tids: readonly number[]): void {
    this.telling = Promise.all(
      [...this.prepared].reverse().map((observer) => this.tell(observer, (o) => o.started?.(tids))),
    );
  }

  async ended(trial: Trial | null): Promise<void> {
    await this.telling;
    for (const observer of this.prepared) await this.tell(observer, (o) => o.ended?.(trial));
  }

  /** Their troubles, as warnings of a trial. */
  warnings({ variant, trial }: PlannedTrial): ResultWarning[] {
    return this.troubles.map((message) => ({
      code: 'observer',
      message: `${variant.label}: not all was observed: ${message}`,
      variant: variant.name,
      trial,
    }));
  }
}
