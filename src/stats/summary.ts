/** What several trials of one backend say together, and how backends compare. Made of stored values alone. */
import { LatencySum, mergeLatencies, percentileKey } from '../results/histogram.ts';
import { countedOps } from '../results/ops.ts';
import type { BackendResult, Latency, Summary, Trial } from '../results/schema.ts';
import type { Differences, StoredDifference } from '../results/schema-statistics.ts';
import { compareSamples, type Difference, type Estimate, estimate } from './difference.ts';
import { tooManyErrors } from './error-share.ts';

/** The percentiles that trials are compared by: what is usual, and how bad it gets. */
export const COMPARED_PERCENTILES: readonly number[] = [50, 99, 99.9];

/** The trials that numbers are made of, of those that did I/O: the complete ones, or without any, all. */
export function usableTrials(trials: readonly Trial[]): Trial[] {
  const some = trials.filter((trial) => trial.total_ios > 0);
  const complete = some.filter((trial) => trial.status === 'complete');
  return complete.length > 0 ? complete : some;
}

/** A quantity per I/O; 0 when nothing was done. */
function perIo(amount: number, trial: Trial): number {
  return trial.total_ios > 0 ? amount / trial.total_ios : 0;
}

/** CPU time as a percentage of the run's time: 100 is one CPU busy throughout. */
function cpuPct(cpuNs: number, trial: Trial): number {
  return trial.runtime_ns > 0 ? (cpuNs / trial.runtime_ns) * 100 : 0;
}

/** Numbers derived from one trial, in the units of the summary. */
export interface TrialRates {
  ctx_per_io: number;
  cpu_ns_per_io: number;
  usr_pct: number;
  sys_pct: number;
}

export function trialRates(trial: Trial): TrialRates {
  return {
    ctx_per_io: perIo(trial.ctx.total, trial),
    cpu_ns_per_io: perIo(trial.cpu.usr_ns + trial.cpu.sys_ns, trial),
    usr_pct: cpuPct(trial.cpu.usr_ns, trial),
    sys_pct: cpuPct(trial.cpu.sys_ns, trial),
  };
}

/** null where instructions were not counted. */
export function instructionsPerIo({ instructions, total_ios: ios }: Trial): number | null {
  return instructions == null || ios === 0 ? null : instructions / ios;
}

/** The latencies of all I/Os of a trial, a histogram an operation. */
function latenciesOf(trial: Trial): Latency[] {
  return countedOps(trial).map((op) => op.lat_ns);
}

/** The same from when they were sent; none where no job has a rate. */
function servicesOf(trial: Trial): Latency[] {
  return countedOps(trial).flatMap((op) => op.service_ns ?? []);
}

const percentilesOf = new WeakMap<Trial, Record<string, number>>();

/** COMPARED_PERCENTILES of all I/Os of a trial, by fio's keys; 0 when it did none. Decoded once for each trial. */
export function trialPercentiles(trial: Trial): Record<string, number> {
  const known = percentilesOf.get(trial);
  if (known) return known;
  const used = latenciesOf(trial).filter((lat) => lat.N > 0);
  const keys = COMPARED_PERCENTILES.map(percentileKey);
  const [only] = used;
  const stored = used.length === 1 && only && keys.every((key) => key in only.percentile);
  const all = stored ? only.percentile : mergeLatencies(used, COMPARED_PERCENTILES).percentile;
  const values = Object.fromEntries(keys.map((key) => [key, all[key] ?? 0]));
  percentilesOf.set(trial, values);
  return values;
}

function byPercentile<T>(of: (key: string) => T): Record<string, T> {
  return Object.fromEntries(COMPARED_PERCENTILES.map(percentileKey).map((key) => [key, of(key)]));
}

/** Of trials that all have them. */
function instructionsOf(trials: readonly Trial[]): Pick<Summary, 'instructions_per_io'> {
  const values = trials.flatMap((trial) => instructionsPerIo(trial) ?? []);
  return values.length < trials.length ? {} : { instructions_per_io: estimate(values) };
}

/**
 * One backend's trials, as they come, as medians with their intervals, and the latency of all operations and trials
 * merged exactly. A trial costs its own histograms, not those of all before it.
 */
export class Summarizer {
  readonly #percentileList: readonly number[];
  #used: readonly Trial[] = [];
  #latency = new LatencySum();
  #service = new LatencySum();

  constructor(percentileList: readonly number[]) {
    this.#percentileList = percentileList;
  }

  /** @throws BenchError (usage) when a histogram doesn't hold the N samples that stand beside it. */
  add(trial: Trial): void {
    const used = usableTrials([...this.#used, trial]);
    // The first complete trial takes the place of all that were not.
    if (used[0] !== this.#used[0]) {
      this.#latency = new LatencySum();
      this.#service = new LatencySum();
    }
    if (used.includes(trial)) {
      for (const latency of latenciesOf(trial)) this.#latency.add(latency);
      for (const service of servicesOf(trial)) this.#service.add(service);
    }
    this.#used = used;
  }

  /** Made of usableTrials; null when there is none. What compares it to the reference stays null: withReference fills it. */
  summary(): Summary | null {
    const used = this.#used;
    if (used.length === 0) return null;
    const over = (of: (trial: Trial) => number): Estimate => estimate(used.map(of));
    return {
      trials: used.length,
      iops: over((trial) => trial.iops),
      bw_bytes: over((trial) => trial.bw_bytes),
      ctx: over((trial) => trial.ctx.total),
      ctx_per_io: over((trial) => trialRates(trial).ctx_per_io),
      cpu_ns_per_io: over((trial) => trialRates(trial).cpu_ns_per_io),
      usr_pct: over((trial) => trialRates(trial).usr_pct),
      sys_pct: over((trial) => trialRates(trial).sys_pct),
      syscalls_per_io: over((trial) => trial.syscalls.per_io),
      ...instructionsOf(used),
      iops_vs_reference_pct: null,
      vs_reference: null,
      lat_ns: this.#latency.merged(this.#percentileList),
      ...(used.some((trial) => servicesOf(trial).length > 0)
        ? { service_ns: this.#service.merged(this.#percentileList) }
        : {}),
      lat_ns_trials: byPercentile((key) => over((trial) => trialPercentiles(trial)[key] ?? 0)),
    };
  }
}

/** What Summarizer says of these trials. */
export function summarize(trials: readonly Trial[], percentileList: readonly number[]): Summary | null {
  const summarizer = new Summarizer(percentileList);
  for (const trial of trials) summarizer.add(trial);
  return summarizer.summary();
}

/** The backend that ±% refers to, by its variant name or else by its label; undefined when it isn't there. */
export function referenceOf(
  backends: readonly BackendResult[],
  reference: string | null,
): BackendResult | undefined {
  if (reference === null) return undefined;
  return (
    backends.find((backend) => backend.variant === reference) ??
    backends.find((backend) => backend.label === reference)
  );
}

/** A difference as a result holds it: JSON has no infinity. */
export function storedDifference({ ratio, low, high, moreTrials, ...rest }: Difference): StoredDifference {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { ratio: finite(ratio), low: finite(low), high: finite(high), ...rest, more_trials: moreTrials };
}

/** Usable trials of both, those of a block beside each other; blocks that lack one of them are left out. */
function pairsOf(base: BackendResult, other: BackendResult): (readonly [base: Trial, other: Trial])[] {
  const byBlock = new Map(usableTrials(base.trials).map((trial) => [trial.trial, trial]));
  return usableTrials(other.trials).flatMap((trial) => {
    const beside = byBlock.get(trial.trial);
    return beside ? [[beside, trial] as const] : [];
  });
}

/** How a quantity of two backends differs, block by block; null when they have no block in common. */
export function compareBackends(
  base: BackendResult,
  other: BackendResult,
  of: (trial: Trial) => number,
  seed: bigint,
): StoredDifference | null {
  const pairs = pairsOf(base, other);
  return pairs.length === 0 ? null : pairedDifference(pairs, of, seed);
}

function pairedDifference(
  pairs: ReturnType<typeof pairsOf>,
  of: (trial: Trial) => number,
  seed: bigint,
): StoredDifference {
  const [reference, candidate] = [pairs.map(([trial]) => of(trial)), pairs.map(([, trial]) => of(trial))];
  return storedDifference(compareSamples(reference, candidate, { paired: true, seed }));
}

/** How a backend differs from the reference, block by block; null when they have no block in common. */
function differencesOf(base: BackendResult, other: BackendResult, seed: bigint): Differences | null {
  const pairs = pairsOf(base, other);
  if (pairs.length === 0) return null;
  const difference = (of: (trial: Trial) => number): StoredDifference => pairedDifference(pairs, of, seed);
  return {
    iops: difference((trial) => trial.iops),
    lat_ns: byPercentile((key) => difference((trial) => trialPercentiles(trial)[key] ?? 0)),
    cpu_ns_per_io: difference((trial) => trialRates(trial).cpu_ns_per_io),
    ctx_per_io: difference((trial) => trialRates(trial).ctx_per_io),
  };
}

export interface ReferenceOptions {
  /** Of the bootstrap. */
  seed?: bigint;
  /** false: vs_reference, which takes time to make, stays as it is. */
  differences?: boolean;
}

/**
 * The same backends with iops_vs_reference_pct and vs_reference filled in: how much they differ from the
 * reference. null for the reference itself, for what had too many errors, and for all when the reference has no I/O to compare with.
 */
export function withReference(
  backends: readonly BackendResult[],
  reference: string | null,
  { seed = 137n, differences = true }: ReferenceOptions = {},
): BackendResult[] {
  const base = referenceOf(backends, reference);
  const baseIops = base?.summary?.iops.median ?? 0;
  const erring = (backend: BackendResult): boolean => tooManyErrors(backend) !== null;
  return backends.map((backend) => {
    if (backend.summary === null) return backend;
    const sound = base !== undefined && !erring(base) && !erring(backend);
    const comparable = sound && backend !== base && baseIops > 0;
    const summary = {
      ...backend.summary,
      iops_vs_reference_pct: comparable ? (backend.summary.iops.median / baseIops - 1) * 100 : null,
    };
    if (!comparable) summary.vs_reference = null;
    else if (differences) summary.vs_reference = differencesOf(base, backend, seed);
    return { ...backend, summary };
  });
}
