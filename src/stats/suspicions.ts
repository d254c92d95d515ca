/**
 * "Something is wrong when ...": figures that cannot be those of the device, and that a reader might take for them. Pure
 * functions over a result; docs/TUNING.md says what to do about each.
 */
import type { BackendResult, DeviceInfo, ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { Conditions } from '../results/schema-statistics.ts';
import type { SweepPoint } from '../results/sweep-schema.ts';
import { formatBytes, formatLatency, joined } from '../values/format.ts';
import { completeTrials, conditionWarning, percent, runWarning } from './condition-warning.ts';
import { withTuning } from './tuning.ts';

/** In this depth a device that does more than one thing at a time must be faster than in depth 1. */
const DEEP = 8;
/** By so much at least. */
const DEPTH_GAIN = 1.05;
/** Backends that hand an I/O over and go on, when it is direct. posix-aio's threads may well be slower than none. */
const ASYNCHRONOUS: readonly string[] = ['linux-aio', 'io_uring'];

/**
 * What one I/O through this transport takes at least, in ns: the command, the data and the completion cross it, and
 * something answers. Well below the fastest drives: Optane takes 8 usec behind NVMe, a SATA drive 50.
 */
const LEAST_NS: Readonly<Record<string, number>> = {
  nvme: 3000,
  'nvme/pcie': 3000,
  'nvme/tcp': 15_000,
  'nvme/rdma': 6000,
  'nvme/fc': 15_000,
  sata: 20_000,
  scsi: 10_000,
  usb: 40_000,
  mmc: 40_000,
};
/** A disk that turns waits half a turn, 2 ms at 15,000 a minute; a tenth of that is no disk. */
const TURNING_NS = 200_000;

/** Of what was read. */
const FROM_CACHE_PCT = 50;
/** Where reads may come from a drive that the counters of the named one don't show. */
const MANY_DEVICES: readonly string[] = ['btrfs', 'overlay', 'zfs', 'bcachefs'];

/** Between two backends' medians, and of each trial from its median. */
const EQUAL_SHARE = 0.001;
const STEADY_SHARE = 0.005;

/** The options of the only group of jobs; null when there are several, whose figures are not told apart. */
function onlyOptions({ jobs }: RunResult): Record<string, unknown> | null {
  const [job, other] = jobs;
  return job !== undefined && other === undefined ? job.options : null;
}

/** With pauses between I/Os, or times at which they are due, all do what they are told. */
function isPaced(options: Record<string, unknown> | null): boolean {
  const rated = ['thinktime', 'rate', 'rate-iops'].some((flag) => Number(options?.[flag] ?? 0) > 0);
  return rated || typeof options?.['latency-target'] === 'string';
}

/** The backends that did I/O. */
function running({ backends }: RunResult): BackendResult[] {
  return backends.filter(({ backend, summary }) => backend !== 'null' && summary !== null);
}

/** The device of all files; null when there are several, or none is known. */
function onlyDevice({ environment }: RunResult): DeviceInfo | null {
  const [first, ...others] = environment.files;
  if (!first?.device || others.some(({ device }) => device !== first.device)) return null;
  return first;
}

/** Whether links and platters are what they say: those of a virtual drive are made up. */
function isReal({ environment }: RunResult): boolean {
  return environment.virtualization === null;
}

function ofBackend(code: string, { label, variant }: BackendResult, text: string): ResultWarning {
  return { code, message: `${label}: ${text}`, variant, trial: null };
}

/** Whether more in flight brought nothing, of the IOPS in depth 1 and in depth 8 or more. */
export function gainsNothing(shallow: number, deep: number): boolean {
  return deep <= shallow * DEPTH_GAIN;
}

function depthWarnings(result: RunResult): ResultWarning[] {
  const options = onlyOptions(result);
  const depth = Number(options?.iodepth);
  const one = running(result).find(({ backend, variant }) => backend === 'sync' && variant === 'sync');
  if (!one?.summary || options?.direct !== true || options.numjobs !== 1 || !(depth >= DEEP)) return [];
  if (isPaced(options)) return [];
  const single = one.summary.iops.median;
  return running(result)
    .filter(
      ({ backend, summary }) =>
        ASYNCHRONOUS.includes(backend) && gainsNothing(single, summary?.iops.median ?? 0),
    )
    .map((backend) =>
      ofBackend(
        'depth-no-gain',
        backend,
        `iodepth=${depth} is no faster than sync with one I/O at a time: something does them one by one`,
      ),
    );
}

/** The median latency of all I/Os, over trials. */
function medianNs({ summary }: BackendResult): number | null {
  return summary?.lat_ns_trials['50.000000']?.median ?? null;
}

function latencyWarnings(result: RunResult): ResultWarning[] {
  const options = onlyOptions(result);
  const device = onlyDevice(result);
  if (options?.direct !== true || device === null) return [];
  const transport = device.transport ?? '';
  const turns =
    isReal(result) &&
    device.rotational === true &&
    ['sata', 'scsi', 'usb'].includes(transport) &&
    options.rw === 'randread';
  const least = turns ? TURNING_NS : LEAST_NS[transport];
  if (least === undefined) return [];
  const what = turns ? 'a disk that turns' : `${device.device} (${transport})`;
  return running(result)
    .filter(({ backend }) => backend === 'sync' || options.iodepth === 1)
    .flatMap((backend) => {
      const ns = medianNs(backend);
      if (ns === null || ns >= least) return [];
      const text = `half of the I/Os took less than ${formatLatency(ns)}: ${what} takes ${formatLatency(least)} at least, a cache answered`;
      return [ofBackend('latency-below-device', backend, text)];
    });
}

function linkWarnings(result: RunResult): ResultWarning[] {
  const device = onlyDevice(result);
  const link = isReal(result) ? (device?.link_bytes_per_second ?? null) : null;
  if (link === null) return [];
  return running(result).flatMap((backend) => {
    // The link carries both directions at a time.
    const most = Math.max(
      ...backend.trials.flatMap(({ ops }) => [ops.read?.bw_bytes ?? 0, ops.write?.bw_bytes ?? 0]),
    );
    if (most <= link) return [];
    const rate = (bytes: number) => `${formatBytes(Math.round(bytes))}/s`;
    return [
      ofBackend(
        'above-link',
        backend,
        `${rate(most)}: the link to ${device?.device} carries ${rate(link)}, the rest came from a cache`,
      ),
    ];
  });
}

/** Percent of what was read that no device gave. */
function fromCachePct({ device_read_bytes: read }: Conditions, { ops }: Trial): number | null {
  const bytes = ops.read?.io_bytes ?? 0;
  if (read === undefined || read === null || bytes === 0) return null;
  const pct = (1 - read / bytes) * 100;
  return pct > FROM_CACHE_PCT ? pct : null;
}

/** What `doctor` said of a target that is memory; null when it is not. */
function memoryFound({ environment: { doctor = [] } }: RunResult): string | null {
  const found = doctor.find(({ id, state }) => id === 'memory-backed' && state !== 'ok');
  return found?.text ?? null;
}

/** tmpfs, zram, brd: what is measured then is what the software costs. */
function memoryWarnings(result: RunResult): ResultWarning[] {
  const text = memoryFound(result);
  const used = completeTrials(result).some(({ backend }) => backend.backend !== 'null');
  return text === null || !used
    ? []
    : [runWarning('memory-backed', `${result.jobs[0]?.files[0] ?? 'the target'} is on ${text}`)];
}

function cacheWarnings(result: RunResult): ResultWarning[] {
  const options = onlyOptions(result);
  const { files } = result.environment;
  // Whoever fills the cache first wants it; memory has no counters; what has several drives names one of them.
  if (options === null || options['pre-read'] === true || memoryFound(result) !== null) return [];
  if (files.some(({ kind, file_system: name }) => kind === 'char' || MANY_DEVICES.includes(name ?? '')))
    return [];
  const trials = completeTrials(result).filter(({ backend }) => backend.backend !== 'null');
  return conditionWarning(
    trials,
    'reads-from-cache',
    options.direct === true
      ? 'direct reads did not reach the device'
      : 'reads came from the page cache, not from the device,',
    fromCachePct,
    (pct) => `${percent(pct)} of the bytes`,
  );
}

/** Whether every trial is so near to the median that something holds them there. */
function isSteady({ trials, summary }: BackendResult): boolean {
  const median = summary?.iops.median ?? 0;
  const complete = trials.filter(({ status }) => status === 'complete');
  return (
    complete.length > 1 && complete.every(({ iops }) => Math.abs(iops - median) <= median * STEADY_SHARE)
  );
}

function equalWarnings(result: RunResult): ResultWarning[] {
  const options = onlyOptions(result);
  if (isPaced(options)) return [];
  const steady = running(result).filter(isSteady);
  const iops = (backend: BackendResult) => backend.summary?.iops.median ?? 0;
  const pairs = steady.flatMap((a, i) =>
    steady
      .slice(i + 1)
      .filter((b) => a.backend !== b.backend && Math.abs(iops(a) - iops(b)) <= EQUAL_SHARE * iops(a))
      .map((b) => [a, b] as const),
  );
  if (pairs.length === 0) return [];
  const labels = [...new Set(pairs.flat().map(({ label }) => label))];
  const names = joined(labels);
  const message = `${names} are equal to 0.1 % in every trial: a limit that is the same for all was measured, not they`;
  return [runWarning('backends-equal', message)];
}

/** A backend of a sweep along iodepth, with everything else fixed. */
interface DepthCurve {
  backend: BackendResult;
  iops: Map<number, number>;
}

function depthCurves(points: readonly SweepPoint[]): DepthCurve[] {
  const curves = new Map<string, DepthCurve>();
  for (const { values, result } of points) {
    const options = onlyOptions(result);
    if (options?.direct !== true || options.numjobs !== 1 || isPaced(options)) continue;
    const others = Object.entries(values).filter(([option]) => option !== 'iodepth');
    for (const backend of running(result).filter((one) => ASYNCHRONOUS.includes(one.backend))) {
      const key = JSON.stringify([others, backend.variant]);
      const curve = curves.get(key) ?? { backend, iops: new Map() };
      curve.iops.set(Number(options.iodepth), backend.summary?.iops.median ?? 0);
      curves.set(key, curve);
    }
  }
  return [...curves.values()];
}

/** What a sweep along iodepth shows as a whole: a backend that is as fast in depth 1 as in 8 or more. */
export function sweepSuspicions(points: readonly SweepPoint[]): ResultWarning[] {
  const found = depthCurves(points).flatMap(({ backend, iops }) => {
    const single = iops.get(1);
    const deep = [...iops.keys()].filter((depth) => depth >= DEEP);
    if (single === undefined || deep.length === 0) return [];
    const depth = Math.min(...deep);
    if (!gainsNothing(single, iops.get(depth) ?? 0)) return [];
    const text = `iodepth=${depth} is no faster than iodepth=1: something does I/Os one by one`;
    return [ofBackend('depth-no-gain', backend, text)];
  });
  return [...new Map(found.map((warning) => [warning.message, warning])).values()].map(withTuning);
}

/** Everything about a result that says that something else was measured than was meant. */
export function suspicions(result: RunResult): ResultWarning[] {
  return [
    ...latencyWarnings(result),
    ...linkWarnings(result),
    ...memoryWarnings(result),
    ...cacheWarnings(result),
    ...depthWarnings(result),
    ...equalWarnings(result),
  ].map(withTuning);
}
