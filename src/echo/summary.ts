/** What the trials of `uring-bench echo` say together, and how each backend differs from the first. Pure functions. */
import { mergeLatencies, percentileKey } from '../results/histogram.ts';
import type { StoredDifference } from '../results/schema-statistics.ts';
import { compareSamples, estimate } from '../stats/difference.ts';
import { COMPARED_PERCENTILES, storedDifference } from '../stats/summary.ts';
import type { EchoBackend, EchoSummary, EchoTrial } from './schema.ts';

type Of = (trial: EchoTrial) => number;

const rate: Of = (trial) => trial.requests_per_sec;
const perRequest =
  (of: (server: EchoTrial['server']) => number): Of =>
  ({ server }) =>
    server.requests > 0 ? of(server) / server.requests : 0;
const cpu = perRequest(({ usr_ns, sys_ns }) => usr_ns + sys_ns);
const syscalls = perRequest((server) => server.syscalls);
const switches = perRequest(({ voluntary, involuntary }) => voluntary + involuntary);

/** The complete trials, or without any, all. */
function usable(trials: readonly EchoTrial[]): EchoTrial[] {
  const complete = trials.filter(({ status }) => status === 'complete');
  return complete.length > 0 ? complete : [...trials];
}

function summaryOf(trials: readonly EchoTrial[], percentiles: readonly number[]): EchoSummary | null {
  const used = usable(trials);
  if (used.length === 0) return null;
  const over = (of: Of) => estimate(used.map(of));
  return {
    trials: used.length,
    requests_per_sec: over(rate),
    cpu_ns_per_request: over(cpu),
    syscalls_per_request: over(syscalls),
    ctx_per_request: over(switches),
    lat_ns: mergeLatencies(
      used.map(({ lat_ns }) => lat_ns),
      percentiles,
    ),
    vs_first: null,
  };
}

/** Trials of one block beside each other. */
function pairs(
  first: readonly EchoTrial[],
  other: readonly EchoTrial[],
): (readonly [EchoTrial, EchoTrial])[] {
  const byBlock = new Map(usable(first).map((trial) => [trial.trial, trial]));
  return usable(other).flatMap((trial) => {
    const beside = byBlock.get(trial.trial);
    return beside === undefined ? [] : [[beside, trial] as const];
  });
}

function differences(
  first: readonly EchoTrial[],
  other: readonly EchoTrial[],
  seed: bigint,
): EchoSummary['vs_first'] {
  const beside = pairs(first, other);
  if (beside.length === 0) return null;
  const of = (quantity: Of): StoredDifference =>
    storedDifference(
      compareSamples(
        beside.map(([trial]) => quantity(trial)),
        beside.map(([, trial]) => quantity(trial)),
        { paired: true, seed },
      ),
    );
  const key = percentileKey;
  const stored = COMPARED_PERCENTILES.filter((p) =>
    beside.every((pair) => pair.every(({ lat_ns }) => key(p) in lat_ns.percentile)),
  );
  return {
    requests_per_sec: of(rate),
    cpu_ns_per_request: of(cpu),
    lat_ns: Object.fromEntries(
      stored.map((p) => [key(p), of(({ lat_ns }) => lat_ns.percentile[key(p)] ?? 0)]),
    ),
  };
}

/** The backends with their summaries; the first that has trials is what the others are compared with. */
export function withSummaries(
  backends: readonly EchoBackend[],
  percentiles: readonly number[],
  seed: bigint,
): EchoBackend[] {
  const [first] = backends;
  return backends.map((backend) => {
    const summary = summaryOf(backend.trials, percentiles);
    if (summary !== null && first !== undefined && backend !== first)
      summary.vs_first = differences(first.trials, backend.trials, seed);
    return { ...backend, summary };
  });
}
