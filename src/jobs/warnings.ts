/** What a reader of the numbers should know: typed values, rendered by src/report/text/warnings.ts alone. */
import { constants, release } from 'node:os';
import type { Variant } from '../backends/backend.ts';
import { olderThan } from '../backends/kernel.ts';
import { systemError } from '../errors.ts';
import { describePaths } from '../host/device-info.ts';
import { ext4WithoutJournal } from '../host/ext4.ts';
import { instructionsErrno } from '../native/look.ts';
import { type JobGroup, type RunPlan, variantOf } from '../resolve/run-plan.ts';
import { countedOps } from '../results/ops.ts';
import type { BackendResult, ResultWarning, Trial } from '../results/schema.ts';
import { widestInterval } from '../stats/confidence.ts';
import { fellBehind } from '../stats/rated.ts';
import { formatCount, formatIops } from '../values/format.ts';
import { operationsOf } from '../workload/operations.ts';
import type { Isolation, Workload } from '../workload/workload.ts';

/** Below that share of iodepth the queue was not kept full. */
const DEPTH_SHARE = 0.9;
/** With fewer I/Os the 99.9th percentile is one sample or none. */
const FEW_IOS = 1000;

/** Why I/O that is to be polled for is completed by interrupts, without an error; null when it isn't. */
function notPolled({ features }: Variant, { files }: JobGroup): string | null {
  const has = (name: string): boolean => features.some((feature) => feature.name === name);
  if (has('hipri') && !olderThan(release(), '5.19')) return 'Linux 5.19 and later ignore RWF_HIPRI';
  if (!has('iopoll') || !has('passthrough')) return null;
  const paths = new Set(files.flat().map(({ path }) => path));
  const info = describePaths([...paths]).find(({ io_poll: polls }) => polls === false);
  return info ? `${info.path} has no poll queues` : null;
}

/** Why nobody counts instructions here, by what the kernel says to it. */
function uncountedReason(errno: number): string {
  const { EACCES, EPERM, ENOENT, ENODEV, EOPNOTSUPP } = constants.errno;
  const { code } = systemError(errno);
  if (errno === EACCES || errno === EPERM)
    return `the kernel refuses it (${code}): sysctl kernel.perf_event_paranoid=1, or CAP_PERFMON`;
  if ([ENOENT, ENODEV, EOPNOTSUPP].includes(errno))
    return `this machine has no counter of them (${code}), as most virtual ones`;
  return `the kernel cannot (${code})`;
}

/** That instructions were to be counted and can't be: of the machine once, of posix-aio by its name. */
function uncountedWarnings({ backend: { name }, label }: Variant, { workload }: JobGroup): ResultWarning[] {
  if (workload.nativeOptions['count-instructions'] !== true) return [];
  const errno = instructionsErrno();
  const own =
    name === 'posix-aio' ? `of ${label}: the threads of glibc's pool may be of an earlier trial` : null;
  const why = errno === 0 ? own : `: ${uncountedReason(errno)}`;
  if (why === null) return [];
  const message = `instructions are not counted${errno === 0 ? ' ' : ''}${why}`;
  return [{ code: 'instructions-not-counted', message, variant: null, trial: null }];
}

/** What is known of a variant before the first trial, of the jobs of one group. */
function groupWarnings(variant: Variant, group: JobGroup, isolation: Isolation): ResultWarning[] {
  const warnings: ResultWarning[] = [];
  const add = (code: string, message: string): void => {
    warnings.push({ code, message: `${variant.label}: ${message}`, variant: variant.name, trial: null });
  };
  const { name } = variant.backend;
  const { numjobs, direct, tree } = group.workload;
  if (name === 'posix-aio' && isolation !== 'process' && numjobs > 1) {
    add(
      'shared-aio-pool',
      `all ${numjobs} jobs share one glibc thread pool and its lock; fio's jobs have one each: --isolation=process`,
    );
  }
  if (name === 'linux-aio' && !direct && tree === null) {
    add('linux-aio-buffered', 'with buffered files linux-aio works synchronously, in io_submit');
  }
  const reason = notPolled(variant, group);
  if (reason) add('not-polled', `interrupts complete the I/O: ${reason}`);
  return [...warnings, ...uncountedWarnings(variant, group)];
}

/** What a file system without a journal does not do, of operations whose price that is; null for others. */
function unjournaled(
  { rw, fsync, fdatasync, sync, nativeOptions }: Workload,
  variants: readonly Variant[],
): string | null {
  if (operationsOf(rw).some(({ name }) => name === 'create' || name === 'mkdir'))
    return 'it passes over inodes that were removed in the last minutes, so that this costs many times as much once something was';
  const pair = nativeOptions.pair;
  const dsync = variants.some(({ features }) => features.some(({ name }) => name === 'dsync'));
  const commits =
    dsync ||
    fsync > 0 ||
    fdatasync > 0 ||
    sync !== 'none' ||
    pair === 'write-fdatasync' ||
    pair === 'double-write';
  return commits ? 'no commit waits for one, as it does on most machines' : null;
}

/** What a file system's missing journal makes cheaper or dearer than elsewhere. */
function journalWarnings({ workload, files }: JobGroup, variants: readonly Variant[]): ResultWarning[] {
  const matters = unjournaled(workload, variants);
  if (matters === null) return [];
  const devices = new Set(
    files
      .flat()
      .flatMap(({ path, kind }) =>
        kind === 'block' || kind === 'char' ? [] : (ext4WithoutJournal(path) ?? []),
      ),
  );
  return [...devices].map((device) => ({
    code: 'no-journal',
    message: `ext4 on ${device} has no journal: ${matters}`,
    variant: null,
    trial: null,
  }));
}

/** What is known before the first trial, each matter once. */
export function planWarnings({ variants, groups, isolation }: RunPlan): ResultWarning[] {
  const all = variants.flatMap((variant) =>
    groups.flatMap((group) => groupWarnings(variantOf(group, variant), group, isolation)),
  );
  all.push(...groups.flatMap((group) => journalWarnings(group, variants)));
  return [...new Map(all.map((warning) => [`${warning.code} ${warning.message}`, warning])).values()];
}

/** I/Os that are in flight when all queues are full; null where groups follow each other. */
function askedDepth({ groups }: RunPlan, variant: Variant): number | null {
  if (groups.some(({ startAfter }) => startAfter !== null)) return null;
  return groups.reduce((sum, group) => {
    const { iodepth, numjobs } = group.workload;
    return sum + (variantOf(group, variant).backend.async ? iodepth : 1) * numjobs;
  }, 0);
}

/** That a part of a trial fell behind its rate and stayed there; null when it did not. */
function missedRate(part: Pick<Trial, 'rate' | 'iops' | 'total_ios'>): string | null {
  const { rate, iops } = part;
  if (rate === undefined || !fellBehind(part)) return null;
  return (
    `the rate was not held: ${formatIops(iops)} of ${formatIops(rate.asked_iops)} I/Os a second,` +
    ` ${formatCount(rate.unsent)} were due and not sent when it ended`
  );
}

/** What one trial shows. */
export function trialWarnings(plan: RunPlan, variant: Variant, trial: Trial): ResultWarning[] {
  const warnings: ResultWarning[] = [];
  const add = (code: string, message: string): void => {
    warnings.push({
      code,
      message: `${variant.label}: ${message}`,
      variant: variant.name,
      trial: trial.trial,
    });
  };
  const done = countedOps(trial);
  const short = done.reduce((sum, d) => sum + d.short_ios, 0);
  if (short > 0) add('short-ios', `${short} I/Os were short: fewer bytes than bs`);
  const errors = trial.errors.reduce((sum, e) => sum + e.count, 0);
  if (errors > 0 && trial.failure === null)
    add('io-errors', `${errors} I/Os failed and are not in the figures`);
  const over = done.reduce((sum, d) => sum + d.lat_ns.over_range, 0);
  if (over > 0) add('latency-over-range', `${over} I/Os took longer than 73 minutes, the histograms' range`);
  const asked = askedDepth(plan, variant);
  const waits = plan.groups.some(({ workload }) => workload.thinktimeNs > 0 || workload.rateIops > 0);
  const enough = trial.total_ios >= FEW_IOS && !waits;
  if (enough && asked !== null && trial.effective_depth < asked * DEPTH_SHARE) {
    add(
      'low-depth',
      `${trial.effective_depth.toFixed(1)} I/Os in flight on average, ${asked} were asked for`,
    );
  }
  const parts = trial.groups.length > 0 ? trial.groups : [{ ...trial, name: '' }];
  for (const part of parts) {
    const missed = missedRate(part);
    if (missed !== null) add('rate-missed', part.name === '' ? missed : `job ${part.name}: ${missed}`);
  }
  if (trial.shared_fds) {
    const message =
      'jobs share a descriptor table, as unshare(CLONE_FILES) was refused (seccomp): each I/O costs some per cent more CPU';
    warnings.push({ code: 'shared-descriptors', message, variant: null, trial: null });
  }
  if (trial.status === 'complete' && trial.total_ios < FEW_IOS) {
    add('few-ios', `only ${trial.total_ios} I/Os: high percentiles rest on too few samples`);
  }
  return warnings;
}

/** --until-confident that ended at --max-trials. */
export function confidenceWarning(
  plan: Pick<RunPlan, 'untilConfident'>,
  backends: readonly BackendResult[],
): ResultWarning[] {
  const until = plan.untilConfident;
  const widest = until === null ? null : widestInterval(backends);
  if (until === null || widest === null || widest.pct <= until.pct) return [];
  const width = Number.isFinite(widest.pct) ? `${Number(widest.pct.toPrecision(2))} % wide` : 'without bound';
  const message =
    `not as confident as asked after ${until.maxTrials} trials (--max-trials): ` +
    `the interval of ${widest.label} is ${width}, ${until.pct} % was wanted`;
  return [{ code: 'confidence-limit', message, variant: null, trial: null }];
}

/**
 * All variants of a trial must have been given the same I/Os; where it can be told, it is checked. A trial that
 * failed may have ended before the I/Os that are hashed.
 */
export function offsetWarnings(backends: readonly BackendResult[]): ResultWarning[] {
  const byTrial = new Map<number, Map<string, string>>();
  for (const backend of backends) {
    for (const trial of backend.trials) {
      if (trial.offsets_hash === undefined || trial.failure !== null) continue;
      const seen = byTrial.get(trial.trial) ?? new Map<string, string>();
      seen.set(trial.offsets_hash, backend.label);
      byTrial.set(trial.trial, seen);
    }
  }
  return [...byTrial]
    .filter(([, seen]) => seen.size > 1)
    .map(([trial, seen]) => ({
      code: 'offsets-differ',
      message: `trial ${trial}: ${[...seen.values()].join(' and ')} were not given the same offsets: don't compare them`,
      variant: null,
      trial,
    }));
}
