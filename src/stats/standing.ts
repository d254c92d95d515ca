/**
 * Who won: which backends did most I/Os, whether the next is really behind, what each pays for an I/O, and what in the figures
 * must not be read as merit. Made of the trials that the table is made of, by the same tests.
 */
import type { BackendResult, RunResult, Summary, Trial } from '../results/schema.ts';
import type { StoredDifference } from '../results/schema-statistics.ts';
import { tooManyErrors } from './error-share.ts';
import { median } from './spread.ts';
import { compareBackends, trialRates, usableTrials } from './summary.ts';

/** Beyond this share two mean numbers of I/Os in flight are not the same depth. */
const DEPTH_SHARE = 0.2;

/** A backend that took part, with what it did and paid. */
export interface Placed {
  label: string;
  /** I/Os a second, median of the trials. */
  iops: number;
  cpuNsPerIo: number;
  /** I/Os a second that one CPU would do, were it busy with nothing else. */
  iopsPerCpu: number;
  /** I/Os in flight, mean, median of the trials. */
  depth: number;
  /** Its median latency, in ns, over all trials. */
  medianNs: number;
  /** Of its IOPS to the leader's (below 1 where it is behind); null for the leader itself. */
  behind: StoredDifference | null;
  /** Of its CPU time an I/O to the leader's; null for the leader itself. */
  cpu: StoredDifference | null;
}

/** The backends by IOPS, most first. */
export interface Standing {
  leader: Placed;
  /** Those of the others that no test tells from the leader, most IOPS first. */
  tied: readonly Placed[];
  /** Those of which there are too few trials to tell. */
  unknown: readonly Placed[];
  /** Those that are behind, significantly. */
  behind: readonly Placed[];
}

/** I/Os in flight, mean, median of the trials; 0 without any. */
export function depthOf(trials: readonly Trial[]): number {
  return trials.length === 0 ? 0 : median(trials.map(({ effective_depth: depth }) => depth));
}

/** Whether its figures may stand beside others': it ended as planned, and its I/Os were done. */
export function tookPart(backend: BackendResult): backend is BackendResult & { summary: Summary } {
  const { status, summary } = backend;
  return (
    status === 'complete' && summary !== null && summary.iops.median > 0 && tooManyErrors(backend) === null
  );
}

function placed(backend: BackendResult & { summary: Summary }, leader: BackendResult, seed: bigint): Placed {
  const { summary, label, trials } = backend;
  const own = backend === leader;
  const cpuNsPerIo = summary.cpu_ns_per_io.median;
  return {
    label,
    iops: summary.iops.median,
    cpuNsPerIo,
    iopsPerCpu: cpuNsPerIo > 0 ? 1e9 / cpuNsPerIo : 0,
    depth: depthOf(usableTrials(trials)),
    medianNs: summary.lat_ns.percentile['50.000000'] ?? summary.lat_ns.mean,
    behind: own ? null : compareBackends(leader, backend, (trial) => trial.iops, seed),
    cpu: own ? null : compareBackends(leader, backend, (trial) => trialRates(trial).cpu_ns_per_io, seed),
  };
}

/**
 * The standing of a run's backends; null when none has figures that may be compared. Each is tested against the one with most
 * IOPS, at 5 %; of many backends one may be called behind by chance.
 */
export function standingOf({ backends }: Pick<RunResult, 'backends'>, seed = 137n): Standing | null {
  // null does no I/O: beside others it is no rival.
  const rivals = backends.filter(({ backend }) => backend !== 'null');
  const running = (rivals.length > 0 ? rivals : backends)
    .filter(tookPart)
    .sort((a, b) => b.summary.iops.median - a.summary.iops.median);
  const [first] = running;
  if (first === undefined) return null;
  const [leader, ...others] = running.map((backend) => placed(backend, first, seed)) as [Placed, ...Placed[]];
  const verdict = ({ behind }: Placed) => behind?.verdict ?? 'unknown';
  return {
    leader,
    tied: others.filter((one) => verdict(one) === 'same' || verdict(one) === 'higher'),
    unknown: others.filter((one) => verdict(one) === 'unknown'),
    behind: others.filter((one) => verdict(one) === 'lower'),
  };
}

/** Whether two backends had about as many I/Os in flight, so that their latencies can be held against each other. */
export function isSameDepth(a: number, b: number): boolean {
  return Math.abs(a - b) <= DEPTH_SHARE * Math.max(a, b);
}

/** The backend of these that takes least CPU an I/O. */
export function cheapestOf(all: readonly Placed[]): Placed | undefined {
  return all.reduce<Placed | undefined>(
    (least, one) =>
      one.cpuNsPerIo > 0 && (least === undefined || one.cpuNsPerIo < least.cpuNsPerIo) ? one : least,
    undefined,
  );
}
