/**
 * From the options that were given to what is run: the one place of defaults that depend on others and of
 * checks across options. Creates nothing; looks only at the files that the workload would use.
 */
import { usageError } from '../errors.ts';
import { defaultOf, storeOptions } from '../options/option-reader.ts';
import type { Flag, InForce, OptionValues, RawOptions } from '../options/options.ts';
import type { ResultWarning } from '../results/schema.ts';
import { resolveTargets, splitFilenames, type TargetHost } from '../targets/target.ts';
import type { TargetFile, Workload } from '../workload/workload.ts';
import {
  COMPARISON_RUNTIME_NS,
  DEFAULT_RUNTIME_NS,
  type EndRules,
  endRules,
  jobBounds,
  unreachedIos,
} from './bounds.ts';
import { checkCpus, type Machine } from './cpus.ts';
import { ignoredOptions, syncDepth } from './ignored.ts';
import type { ResolvedJob } from './resolved-job.ts';
import { settleTrials, untilConfident } from './trial-options.ts';
import { checkApplies, chooseReference, chooseVariants, opsOf } from './variants.ts';

/** iodepth of the default comparison: enough that the asynchronous interfaces can show what they are for. */
const COMPARISON_IODEPTH = 8;

/** What resolve asks of the machine. */
export interface ResolveHost {
  machine: Machine;
  target: TargetHost;
}

export interface Resolved {
  job: ResolvedJob;
  warnings: ResultWarning[];
}

/**
 * Applies defaults, checks everything against everything and against this machine.
 * @param comparison whether the defaults are those of a comparison: several short trials, a queue that is used
 * @throws BenchError (usage) for the first thing that is wrong
 */
export function resolve(
  raw: RawOptions,
  host: ResolveHost,
  comparison = raw.backend === undefined,
): Resolved {
  const values = settle(raw);
  const variants = chooseVariants(raw.backend, values.rw);
  checkApplies(raw, variants);
  const rules = endRules(raw, comparison ? COMPARISON_RUNTIME_NS : DEFAULT_RUNTIME_NS);
  if (values['cpus-allowed'] !== null) checkCpus(values['cpus-allowed'], host.machine);

  values.backend = variants.map((variant) => variant.label);
  values.reference = chooseReference(raw.reference, variants);
  settleTrials(values, raw, comparison || variants.length > 1);
  settleQueue(values, raw.iodepth ?? (comparison ? COMPARISON_IODEPTH : 1));

  const filenames = (raw.filename ?? []).flatMap(splitFilenames);
  const bs = blockSizes(values.bs);
  const files = resolveTargets(
    {
      name: values.name,
      filenames,
      directory: values.directory,
      size: values.size,
      filesize: values.filesize,
      nrfiles: raw.nrfiles ?? null,
      offset: values.offset,
      numjobs: values.numjobs,
      rw: values.rw,
      bs,
      direct: values.direct,
      allowOverwrite: values['allow-overwrite'],
      destroyDevice: values['destroy-device'],
    },
    host.target,
  );
  const sizeBytes = (files[0] ?? []).reduce((sum, file) => sum + file.size, 0);
  const bounds = jobBounds(rules, sizeBytes);
  settleFiles(values, files, filenames, sizeBytes);
  settleEnd(values, rules);

  const job: ResolvedJob = {
    ...workloadOf(
      values,
      bs,
      bounds,
      files.flat().every((file) => file.kind === 'char'),
    ),
    variants,
    reference: values.reference,
    trials: values.trials,
    untilConfident: untilConfident(values),
    warmupTrials: values['warmup-trials'],
    isolation: values.isolation,
    percentileList: values['percentile-list'],
    files,
    options: storeOptions(values),
  };
  const leastBs = Math.min(...opsOf(values.rw).map((op) => bs[op]));
  const warnings = [
    ...ignoredOptions(raw, values),
    ...syncDepth(raw, variants),
    ...unreachedIos(rules, sizeBytes, leastBs),
  ];
  return { job, warnings };
}

/** The workload of the default comparison, its size left open: what a backend may be asked about without a run. */
export function defaultWorkload(): Workload {
  const values = settle({});
  settleQueue(values, COMPARISON_IODEPTH);
  const bounds = { runtimeNs: COMPARISON_RUNTIME_NS, ios: 0, bytes: 0 };
  return workloadOf(values, blockSizes(values.bs), bounds, false);
}

/** Every option with its value as far as the options alone say; the rest is filled in by resolve. */
function settle(raw: RawOptions): InForce {
  const value = <F extends Flag>(flag: F): OptionValues[F] => raw[flag] ?? defaultOf(flag);
  const direct = directIo(raw);
  const distribution = value('random-distribution');
  const buffers = bufferContent(raw);
  return {
    backend: [],
    reference: null,
    trials: 1,
    'until-confident': raw['until-confident'] ?? null,
    'max-trials': null,
    'warmup-trials': 0,
    isolation: value('isolation'),
    'aio-threads': value('aio-threads'),
    pair: value('pair'),
    'sqthread-poll-cpu': raw['sqthread-poll-cpu'] ?? null,
    'sqthread-poll-idle': value('sqthread-poll-idle'),
    'iowq-bounded': value('iowq-bounded'),
    'iowq-unbounded': value('iowq-unbounded'),
    'null-delay': value('null-delay'),
    filename: raw.filename ?? null,
    directory: raw.directory ?? null,
    size: raw.size ?? null,
    filesize: raw.filesize ?? null,
    nrfiles: raw.nrfiles ?? 1,
    'file-service-type': value('file-service-type'),
    offset: value('offset'),
    'allow-overwrite': value('allow-overwrite'),
    'destroy-device': raw['destroy-device'] ?? [],
    name: jobName(value('name')),
    rw: value('rw'),
    rwmixread: value('rwmixread'),
    bs: value('bs'),
    norandommap: withoutMap(raw, distribution.kind !== 'random'),
    randseed: value('randseed'),
    'random-distribution': distribution,
    ...buffers,
    iodepth: 1,
    'iodepth-batch-submit': value('iodepth-batch-submit'),
    'iodepth-batch-complete-min': value('iodepth-batch-complete-min'),
    'iodepth-batch-complete-max': raw['iodepth-batch-complete-max'] ?? 0,
    direct,
    buffered: !direct,
    sync: value('sync'),
    fsync: value('fsync'),
    fdatasync: value('fdatasync'),
    'end-fsync': value('end-fsync'),
    // As in fio, it makes no sense to drop what was just read.
    invalidate: value('pre-read') ? false : (raw.invalidate ?? true),
    'pre-read': value('pre-read'),
    noatime: value('noatime'),
    numjobs: value('numjobs'),
    'cpus-allowed': raw['cpus-allowed'] ?? null,
    'cpus-allowed-policy': cpuPolicy(raw),
    nice: value('nice'),
    thinktime: value('thinktime'),
    startdelay: value('startdelay'),
    runtime: null,
    'time-based': false,
    'ramp-time': value('ramp-time'),
    loops: value('loops'),
    'number-ios': raw['number-ios'] ?? null,
    'io-size': raw['io-size'] ?? null,
    'continue-on-error': value('continue-on-error'),
    'percentile-list': value('percentile-list'),
  };
}

function directIo(raw: RawOptions): boolean {
  if (raw.direct !== undefined && raw.direct === raw.buffered) {
    const both = raw.direct ? '1' : '0';
    throw usageError(`direct=${both} and buffered=${both} contradict each other`, 'give one of them');
  }
  return raw.direct ?? !(raw.buffered ?? false);
}

/** fio: a distribution other than uniform cannot visit each block once. */
function withoutMap(raw: RawOptions, skewed: boolean): boolean {
  if (skewed && raw.norandommap === false) {
    throw usageError(
      'norandommap=0 cannot be kept with this random-distribution',
      'only random-distribution=random visits each block once',
    );
  }
  return skewed || (raw.norandommap ?? false);
}

/** fio: data that compresses completely is zeros; other compressible data is refilled. */
function bufferContent(
  raw: RawOptions,
): Pick<InForce, 'refill-buffers' | 'buffer-compress-percentage' | 'zero-buffers'> {
  const percentage = raw['buffer-compress-percentage'] ?? 0;
  const zero = raw['zero-buffers'] ?? percentage === 100;
  if (zero && percentage > 0 && percentage < 100) {
    throw usageError(
      `zero-buffers and buffer-compress-percentage=${percentage} contradict each other`,
      'give one of them',
    );
  }
  return {
    'refill-buffers': raw['refill-buffers'] ?? (percentage > 0 && percentage < 100),
    'buffer-compress-percentage': zero ? 0 : percentage,
    'zero-buffers': zero,
  };
}

function jobName(name: string): string {
  if (/\p{Cc}/u.test(name)) throw usageError('name contains a control character');
  return name;
}

function cpuPolicy(raw: RawOptions): InForce['cpus-allowed-policy'] {
  const policy = raw['cpus-allowed-policy'] ?? defaultOf('cpus-allowed-policy');
  if (policy === 'split' && raw['cpus-allowed'] === undefined) {
    throw usageError('cpus-allowed-policy=split has nothing to split', 'give --cpus-allowed');
  }
  return policy;
}

/** bs with fio's default where the text left an operation out. */
function blockSizes(bs: InForce['bs']): Workload['bs'] {
  const fallback = defaultOf('bs').read ?? 0;
  return { read: bs.read ?? fallback, write: bs.write ?? fallback, trim: bs.trim ?? fallback };
}

/** Depth and batches, fio's way: 0 is iodepth, and none is more than can be in flight. */
function settleQueue(values: InForce, iodepth: number): void {
  const least = Math.min(values['iodepth-batch-complete-min'], iodepth);
  const most = Math.max(values['iodepth-batch-complete-max'], least, 1);
  values.iodepth = iodepth;
  values['iodepth-batch-submit'] = Math.min(values['iodepth-batch-submit'] || iodepth, iodepth);
  values['iodepth-batch-complete-min'] = least;
  values['iodepth-batch-complete-max'] = Math.min(most, iodepth);
}

function settleFiles(
  values: InForce,
  files: readonly (readonly TargetFile[])[],
  filenames: string[],
  sizeBytes: number,
): void {
  const first = files[0] ?? [];
  const sizes = new Set(first.map((file) => file.size));
  values.filename = filenames.length > 0 ? filenames : null;
  values.nrfiles = first.length;
  values.size = sizeBytes;
  values.filesize = sizes.size === 1 ? (first[0]?.size ?? null) : null;
  values.bs = blockSizes(values.bs);
}

function settleEnd(values: InForce, rules: EndRules): void {
  values.runtime = rules.runtimeNs;
  values['time-based'] = rules.timeBased;
}

/** The values in force under the names that the rest of the program uses. */
function workloadOf(
  v: InForce,
  bs: Workload['bs'],
  bounds: Workload['bounds'],
  charDevices: boolean,
): Workload {
  return {
    name: v.name,
    rw: v.rw,
    rwmixread: v.rwmixread,
    bs,
    iodepth: v.iodepth,
    iodepthBatchSubmit: v['iodepth-batch-submit'],
    iodepthBatchCompleteMin: v['iodepth-batch-complete-min'],
    iodepthBatchCompleteMax: v['iodepth-batch-complete-max'],
    numjobs: v.numjobs,
    direct: v.direct,
    sync: v.sync,
    fsync: v.fsync,
    fdatasync: v.fdatasync,
    endFsync: v['end-fsync'],
    invalidate: v.invalidate,
    preRead: v['pre-read'],
    noatime: v.noatime,
    fileServiceType: v['file-service-type'].type,
    fileServiceBatch: v['file-service-type'].batch,
    norandommap: v.norandommap,
    randseed: v.randseed,
    randomDistribution: v['random-distribution'],
    refillBuffers: v['refill-buffers'],
    bufferCompressPercentage: v['buffer-compress-percentage'],
    zeroBuffers: v['zero-buffers'],
    cpusAllowed: v['cpus-allowed'] ?? [],
    cpusAllowedPolicy: v['cpus-allowed-policy'],
    nice: v.nice,
    thinktimeNs: v.thinktime,
    startdelayNs: v.startdelay,
    rampTimeNs: v['ramp-time'],
    continueOnError: v['continue-on-error'],
    bounds,
    aioThreads: v['aio-threads'],
    pair: v.pair,
    sqthreadPollCpu: v['sqthread-poll-cpu'],
    sqthreadPollIdleMs: v['sqthread-poll-idle'] / 1e6,
    iowqBounded: v['iowq-bounded'],
    iowqUnbounded: v['iowq-unbounded'],
    nullDelayNs: v['null-delay'],
    charDevices,
  };
}
