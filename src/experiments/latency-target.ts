/**
 * The highest rate of an open loop that keeps a percentile of its response within a limit, of each backend: a closed
 * loop says how much there is at all, then the backends' searches take turns, a trial each, so that whatever the machine
 * does meanwhile hits all of them.
 */
import type { Variant } from '../backends/backend.ts';
import { BenchError } from '../errors.ts';
import type { RunContext } from '../jobs/context.ts';
import { preflight, type Unavailable } from '../jobs/preflight.ts';
import type { Progress, ProgressSample } from '../jobs/progress.ts';
import { layoutCalls, neededFiles, type RunOutcome, runPlan, withIdentities } from '../jobs/runner.ts';
import { firstGroup, type LatencyTarget, type RunPlan, withWorkloads } from '../resolve/run-plan.ts';
import { mergeLatencies, percentileKey } from '../results/histogram.ts';
import { Keeper } from '../results/keeper.ts';
import { countedOps } from '../results/ops.ts';
import type { BackendResult, ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { LatencyTargetReport, RateSearchReport } from '../results/schema-report.ts';
import { openResultFile, type ResultFile } from '../results/store.ts';
import { RATE_TRIALS_MOST, RateSearch, type RateTrial } from '../stats/latency-target.ts';
import { mixSeed, randomOf, shuffled } from '../stats/random.ts';
import { fellBehind } from '../stats/rated.ts';
import { summarize, usableTrials } from '../stats/summary.ts';
import { validityOf } from '../stats/validity.ts';
import { type Created, layOut } from '../targets/layout.ts';
import { formatIops } from '../values/format.ts';
import { withFiles } from './sweep.ts';

/** The ends of a bracket are at most this apart, of its high one. */
const SHARE = 0.05;
/** Trials of the closed loop. */
const CLOSED_TRIALS = 3;
/** I/Os of a trial that are beyond the percentile: with fewer it says little. */
const BEYOND_LEAST = 10;
/** What a search of a steady device takes; most of its rates are far from the limit. */
const TRIALS_USUAL = 50;
/** Warnings that tell what is looked for: some rates are too much, and a queue is not full at others. */
const EXPECTED: readonly string[] = ['rate-missed', 'low-depth'];

/** A backend with its search. */
interface Searched {
  variant: Variant;
  /** null: the closed loop did nothing. */
  search: RateSearch | null;
  /** Of each rate that was tried, by the rate. */
  trials: Map<number, Trial[]>;
  backend: BackendResult;
  failed: boolean;
}

/** Shows trials of many runs as those of one, each with the rate that it is at. */
class SearchProgress implements Progress {
  readonly #inner: Progress;
  #rate: number | null = null;
  #trial = 0;

  constructor(inner: Progress) {
    this.#inner = inner;
  }

  /** The next trials are at this rate; null is the closed loop. */
  at(rate: number | null, trial: number): this {
    this.#rate = rate;
    this.#trial = trial;
    return this;
  }

  sample(sample: ProgressSample): void {
    const rate = this.#rate === null ? '' : ` at ${formatIops(this.#rate)} IOPS`;
    const trial = this.#rate === null ? sample.trial : this.#trial;
    this.#inner.sample({ ...sample, variant: `${sample.variant}${rate}`, trial });
  }

  begin(): void {}
  start(): void {}
  end(): void {}
  layout(done: number, total: number): void {
    this.#inner.layout(done, total);
  }
  note(line: string): void {
    this.#inner.note(line);
  }
}

/** What a search makes of a trial. */
function rateTrial(trial: Trial, { percentile }: LatencyTarget): RateTrial {
  const parts = countedOps(trial).map(({ lat_ns: lat }) => lat);
  const latNs = mergeLatencies(parts, [percentile]).percentile[percentileKey(percentile)] ?? 0;
  return { latNs, iops: trial.iops, behind: fellBehind(trial) };
}

/** Below it a trial has too few I/Os beyond the percentile. */
function leastIops(plan: RunPlan, { percentile }: LatencyTarget): number {
  const seconds = firstGroup(plan).workload.bounds.runtimeNs / 1e9;
  return BEYOND_LEAST / (1 - percentile / 100) / seconds;
}

function medianIops({ trials }: BackendResult): number {
  const values = usableTrials(trials).map(({ iops }) => iops);
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** The trials that stand for a backend: at the highest rate that it held, or at the lowest that there was. */
function chosenTrials({ search, trials, backend }: Searched): Trial[] {
  const rates = [...trials.keys()];
  const rate = search?.low ?? (rates.length > 0 ? Math.min(...rates) : null);
  const chosen = rate === null ? backend.trials : (trials.get(rate) ?? []);
  return chosen.map((trial, at) => ({ ...trial, trial: at + 1 }));
}

function searchReport({ variant, search, failed }: Searched): RateSearchReport {
  return {
    variant: variant.name,
    outcome: failed ? 'failed' : (search?.outcome() ?? 'unfinished'),
    closed_iops: search?.closedIops ?? null,
    low_iops: search?.low ?? null,
    high_iops: search?.high ?? null,
    rates: (search?.tried ?? []).map(({ iops, verdict, trials }) => ({
      iops,
      verdict,
      trials: trials.map(({ latNs, iops: done, behind }) => ({ lat_ns: latNs, iops: done, behind })),
    })),
  };
}

/** Runs the searches of a plan on files that are there. */
class Searches {
  readonly #plan: RunPlan;
  readonly #target: LatencyTarget;
  readonly #context: RunContext;
  readonly #progress: SearchProgress;
  readonly #result: RunResult;
  readonly #skipped: readonly BackendResult[];
  readonly #all: Searched[];
  #round = 0;

  /** @param closed the result of the closed loop */
  constructor(
    plan: RunPlan,
    context: RunContext,
    closed: { result: RunResult; skipped: readonly Unavailable[]; progress: SearchProgress },
  ) {
    this.#plan = plan;
    this.#target = plan.latencyTarget as LatencyTarget;
    this.#context = context;
    this.#progress = closed.progress;
    this.#result = closed.result;
    this.#skipped = closed.skipped.map(({ variant, reason }) => ({
      ...{ backend: variant.backend.name, variant: variant.name, label: variant.label },
      ...{ status: 'skipped', reason, trials: [], summary: null },
    }));
    const rules = { limitNs: this.#target.limitNs, share: SHARE };
    this.#all = plan.variants.flatMap((variant): Searched[] => {
      const backend = closed.result.backends.find((one) => one.variant === variant.name);
      if (backend === undefined) return [];
      const iops = medianIops(backend);
      const search = iops > 0 ? new RateSearch(rules, iops, leastIops(plan, this.#target)) : null;
      return [{ variant, search, trials: new Map(), backend, failed: backend.status === 'failed' }];
    });
  }

  #active(): Searched[] {
    return this.#all.filter(({ failed, search }) => !failed && search !== null && search.next() !== null);
  }

  /** One trial of each search that goes on, in shuffled order. */
  async #oneRound(): Promise<void> {
    const seed = mixSeed(this.#plan.randseed ^ BigInt(++this.#round));
    for (const searched of shuffled(this.#active(), randomOf(seed))) {
      if (this.#context.signal.aborted) return;
      await this.#oneTrial(searched, seed);
    }
  }

  async #oneTrial(searched: Searched, randseed: bigint): Promise<void> {
    const { variant, search, trials } = searched;
    const rate = search?.next() ?? null;
    if (search === null || rate === null) return;
    const plan = withWorkloads(this.#plan, (workload) => ({
      ...workload,
      rateIops: rate / workload.numjobs,
    }));
    const own = { ...plan, variants: [variant], randseed, trials: 1, warmupTrials: 0 };
    const { result } = await this.#run(own, rate, (trials.get(rate)?.length ?? 0) + 1);
    const [backend] = result.backends as [BackendResult];
    const [trial] = backend.trials;
    if (backend.status !== 'complete' || trial === undefined) {
      if (this.#context.signal.aborted) return;
      searched.failed = true;
      searched.backend = { ...searched.backend, status: 'failed', reason: backend.reason };
      return;
    }
    trials.set(rate, [...(trials.get(rate) ?? []), trial]);
    this.#warn(result.warnings);
    const verdict = search.note(rateTrial(trial, this.#target));
    if (verdict !== null) this.#tell(variant, rate, verdict);
  }

  #run(plan: RunPlan, rate: number, trial: number): Promise<RunOutcome> {
    const { latencyTarget: _, ...one } = plan;
    const output = { ...this.#context.output, save: false };
    return runPlan(one, { ...this.#context, output, warnings: [], progress: this.#progress.at(rate, trial) });
  }

  #tell({ label }: Variant, rate: number, verdict: string): void {
    const words: Readonly<Record<string, string>> = { held: 'holds', missed: 'misses' };
    this.#context.progress.note(`${label} ${words[verdict] ?? 'may hold'} it at ${formatIops(rate)} IOPS`);
  }

  /** What rounds warn of is told once of each backend. */
  #warn(warnings: readonly ResultWarning[]): void {
    const known = ({ code, variant }: ResultWarning) =>
      this.#result.warnings.some((one) => one.code === code && one.variant === variant);
    const news = warnings.filter((one) => !EXPECTED.includes(one.code) && !known(one));
    this.#result.warnings.push(...news.map((one) => ({ ...one, trial: null })));
  }

  /** The result as it stands. */
  result(): RunResult {
    const { percentile, limitNs } = this.#target;
    const searches = this.#all.map(searchReport);
    const over = this.#active().length === 0 && !this.#context.signal.aborted;
    const backends = this.#all.map((searched): BackendResult => {
      const trials = chosenTrials(searched);
      const outcome = searched.search?.outcome();
      const unfinished = !searched.failed && (outcome === 'unfinished' || this.#active().includes(searched));
      const status = searched.failed ? 'failed' : unfinished ? 'interrupted' : 'complete';
      return { ...searched.backend, status, trials, summary: summarize(trials, this.#plan.percentileList) };
    });
    const failed = backends.some(({ status }) => status === 'failed');
    const report: LatencyTargetReport = {
      ...{ kind: 'latency-target', percentile, limit_ns: limitNs, share: SHARE },
      searches,
    };
    const order = (one: BackendResult) => this.#plan.variants.findIndex(({ name }) => name === one.variant);
    const result: RunResult = {
      ...this.#result,
      status: failed ? 'failed' : over ? 'complete' : 'interrupted',
      finished_at: over || this.#context.signal.aborted ? new Date().toISOString() : null,
      backends: [...backends, ...this.#skipped].sort((a, b) => order(a) - order(b)),
      report,
    };
    return { ...result, validity: validityOf(result) };
  }

  /** Goes on until every search has ended, or the run is stopped. @param keep stores what there is after each round */
  async run(keep: (result: RunResult) => void): Promise<RunResult> {
    while (this.#active().length > 0 && !this.#context.signal.aborted) {
      await this.#oneRound();
      keep(this.result());
    }
    if (this.#context.signal.aborted) for (const { search } of this.#active()) search?.stop();
    return this.result();
  }
}

/** Those that work here, and those that do not. @throws BenchError (unavailable) when none does */
function available(plan: RunPlan): { plan: RunPlan; skipped: readonly Unavailable[] } {
  const skipped = preflight(plan);
  const variants = plan.variants.filter((variant) => !skipped.some((one) => one.variant === variant));
  const [first] = skipped;
  if (variants.length > 0 || first === undefined) return { plan: { ...plan, variants }, skipped };
  const names = skipped.map(({ variant }) => variant.label).join(', ');
  throw new BenchError(`${names}: unavailable here: ${first.reason}`, { kind: 'unavailable' });
}

/** How much there is at all: trials without a rate. */
async function closedLoop(plan: RunPlan, context: RunContext, progress: SearchProgress): Promise<RunResult> {
  const { latencyTarget: _, ...free } = withWorkloads(plan, (workload) => ({ ...workload, rateIops: 0 }));
  const output = { ...context.output, save: false };
  const closed = { ...free, trials: CLOSED_TRIALS, reference: null };
  const run = { ...context, output, progress: progress.at(null, 0) };
  const { result } = await runPlan(closed, run);
  return { ...result, reference: null };
}

/** Tells what is going to happen: how long it takes depends on what is found. */
function announce(plan: RunPlan, { progress }: RunContext): void {
  const { bounds, rampTimeNs, startdelayNs } = firstGroup(plan).workload;
  const trialSeconds = (bounds.runtimeNs + rampTimeNs + startdelayNs) / 1e9;
  progress.start({
    variants: plan.variants.map(({ label }) => label),
    trials: RATE_TRIALS_MOST,
    runs: plan.variants.length * (CLOSED_TRIALS + TRIALS_USUAL),
    atMost: true,
    trialSeconds,
    expectedSeconds: plan.variants.length * (CLOSED_TRIALS + TRIALS_USUAL) * trialSeconds,
  });
}

async function resultFile(plan: RunPlan, { output }: RunContext): Promise<ResultFile | null> {
  const { rw } = firstGroup(plan).workload;
  return output.save ? openResultFile(output.resultsDir, new Date(), `latency-target-${rw}`) : null;
}

/**
 * Searches the rate of each backend of a plan that has a target.
 * @throws BenchError as runPlan does
 */
export async function searchTargets(asked: RunPlan, context: RunContext): Promise<RunOutcome> {
  const { plan, skipped } = available(asked);
  const file = await resultFile(plan, context);
  const progress = new SearchProgress(context.progress);
  const keeper = new Keeper(file, (line) => context.progress.note(line));
  let created: Created | null = null;
  let stored = false;
  const removeFiles = (): void => created?.remove();
  process.once('exit', removeFiles);
  try {
    created = await layOut([neededFiles(plan)], {
      direct: firstGroup(plan).workload.direct,
      ...layoutCalls,
      onProgress: (done, total) => context.progress.layout(done, total),
      signal: context.signal,
    });
    const there = withFiles(withIdentities(plan, created));
    announce(there, context);
    for (const { variant, reason } of skipped)
      context.progress.note(`${variant.label} is skipped: ${reason}`);
    const closed = await closedLoop(there, context, progress);
    const searches = new Searches({ ...there, variants: asked.variants }, context, {
      result: closed,
      skipped,
      progress,
    });
    const result = await searches.run((so) => {
      stored = true;
      keeper.save(so);
    });
    const unsaved = keeper.write(result);
    return { result, path: file?.path ?? null, unsaved, stacks: [] };
  } catch (error) {
    if (!stored) file?.discard();
    throw error;
  } finally {
    context.progress.end();
    removeFiles();
    process.off('exit', removeFiles);
  }
}
