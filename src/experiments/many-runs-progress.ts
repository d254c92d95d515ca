/** The progress of many runs, of a sweep or of the article's tables, as that of one: a plan for all, and each sample in its place among them. */
import { explains, mostTrials, runSeconds, trialNs } from '../jobs/plan.ts';
import type { Progress, ProgressInterval, ProgressPlan, ProgressSample } from '../jobs/progress.ts';
import type { PointValues } from '../options/sweep-grid.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type { ResultWarning } from '../results/schema.ts';

/** A point that is going to be run. */
export interface PlannedPoint {
  values: PointValues;
  plan: RunPlan;
  warnings: ResultWarning[];
}

/** Of the whole grid: seconds of a trial where all have the same length, and of everything; null when unknown. */
function lengths(points: readonly PlannedPoint[]): Pick<ProgressPlan, 'trialSeconds' | 'expectedSeconds'> {
  const trials = new Set(points.map(({ plan }) => trialNs(plan)));
  const [only = null] = trials;
  const each = points.map(({ plan }) => runSeconds(plan));
  const expectedSeconds = each.reduce<number | null>((a, b) => (a === null || b === null ? null : a + b), 0);
  return { expectedSeconds, ...(trials.size === 1 && only !== null ? { trialSeconds: only / 1e9 } : {}) };
}

/** Trials of each variant of a point, with the one that explains it. */
function turnsOf(plan: RunPlan): number {
  return mostTrials(plan) + (explains(plan) ? 1 : 0);
}

export class ManyRunsProgress implements Progress {
  readonly #inner: Progress;
  readonly #points: readonly PlannedPoint[];
  readonly #telling: boolean;
  readonly #said = new Set<string>();
  #values: PointValues = {};
  #at = -1;

  /** @param telling whether each run's workload is told when it begins */
  constructor(inner: Progress, points: readonly PlannedPoint[], telling = false) {
    this.#inner = inner;
    this.#telling = telling;
    this.#points = points;
  }

  /** Tells the plan of all points. */
  startAll(): void {
    const variants = this.#points[0]?.plan.variants.map((variant) => variant.label) ?? [];
    const trials = this.#points.reduce((sum, { plan }) => sum + turnsOf(plan), 0);
    const atMost = this.#points.some(({ plan }) => plan.untilConfident !== null);
    const runs = this.#points.reduce((sum, { plan }) => sum + plan.variants.length * turnsOf(plan), 0);
    const ofTrees = this.#points.every(({ plan }) =>
      plan.groups.every(({ workload }) => workload.tree !== null),
    );
    const words = ofTrees ? { ofTrees } : {};
    this.#inner.start({ variants, trials, runs, atMost, ...words, ...lengths(this.#points) });
  }

  /** The next run is that of this point. */
  at(values: PointValues): this {
    this.#values = values;
    this.#at++;
    return this;
  }

  /** A single run of a sweep is no news, nor is any run's plan. */
  begin(workload: string): void {
    if (this.#telling) this.note(workload);
  }

  start(): void {}

  layout(doneBytes: number, totalBytes: number): void {
    this.#inner.layout(doneBytes, totalBytes);
  }

  sample(sample: ProgressSample): void {
    const before = this.#points.slice(0, this.#at).reduce((sum, { plan }) => sum + turnsOf(plan), 0);
    const where = Object.entries(this.#values).map(([flag, value]) => `${flag}=${value}`);
    const variant = [...where, sample.variant].join(' ');
    // The warm-up of a later point stands still where its first trial is going to begin.
    const warmsUp = sample.trial === 0 && before > 0;
    const place = warmsUp ? { trial: before + 1, fractionDone: 0 } : { trial: before + sample.trial };
    this.#inner.sample({ ...sample, variant, ...place });
  }

  interval(interval: ProgressInterval): void {
    this.#inner.interval?.(interval);
  }

  /** What every point would say is said once. */
  note(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#inner.note(line);
  }

  end(): void {
    this.#inner.end();
  }
}
