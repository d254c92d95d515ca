/**
 * The values in force of one group's options: defaults, those that depend on others, checks across options. What depends
 * on files and backends is in resolve-group.ts.
 */
import { usageError } from '../errors.ts';
import { defaultOf, specOf } from '../options/option-reader.ts';
import {
  type Flag,
  type InForce,
  type NativeFlag,
  nativeOptions,
  type OptionValues,
  type RawOptions,
} from '../options/options.ts';
import { isTree, movesData, type RwMode, rwModes } from '../workload/operations.ts';
import type { Workload } from '../workload/workload.ts';
import { ratesOf } from './rate.ts';

/** Every option with its value as far as the options alone say; the rest is filled in by resolve. */
export function settle(raw: RawOptions): InForce {
  const value = <F extends Flag>(flag: F): OptionValues[F] => raw[flag] ?? defaultOf(flag);
  const direct = directIo(raw, value('rw'));
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
    ...settleNative(raw),
    filename: raw.filename ?? null,
    directory: raw.directory ?? null,
    size: raw.size ?? null,
    filesize: raw.filesize ?? null,
    nrfiles: raw.nrfiles ?? 1,
    dirs: value('dirs'),
    depth: value('depth'),
    'shared-dir': value('shared-dir'),
    checksum: value('checksum'),
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
    ...allocation(raw, value('rw')),
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
    'fadvise-hint': value('fadvise-hint'),
    numjobs: value('numjobs'),
    'cpus-allowed': raw['cpus-allowed'] ?? null,
    'cpus-allowed-policy': cpuPolicy(raw),
    thinktime: value('thinktime'),
    rate: raw.rate ?? null,
    'rate-iops': raw['rate-iops'] ?? null,
    'rate-process': value('rate-process'),
    'latency-target': raw['latency-target'] ?? null,
    'rate-min': raw['rate-min'] ?? null,
    'rate-iops-min': raw['rate-iops-min'] ?? null,
    startdelay: value('startdelay'),
    runtime: null,
    'time-based': false,
    'ramp-time': value('ramp-time'),
    loops: value('loops'),
    'number-ios': raw['number-ios'] ?? null,
    'io-size': raw['io-size'] ?? null,
    'continue-on-error': value('continue-on-error'),
    'percentile-list': value('percentile-list'),
    interval: raw.interval ?? null,
    'steady-state': raw['steady-state'] ?? null,
    explain: value('explain'),
  };
}

/** A value for each option that goes into the native job as it is. */
function nativeValues<T>(value: (flag: NativeFlag) => T): Record<NativeFlag, T> {
  return Object.fromEntries(nativeOptions.map(({ flag }) => [flag, value(flag)])) as Record<NativeFlag, T>;
}

/** Their values in force: none where nothing was given and there is no default. */
function settleNative(raw: RawOptions): Pick<InForce, NativeFlag> {
  const values = nativeValues(
    (flag) => raw[flag] ?? (specOf(flag).default === undefined ? null : defaultOf(flag)),
  );
  return values as Pick<InForce, NativeFlag>;
}

/** What goes past the page cache is data; of whole files only where it is asked for. */
function directIo(raw: RawOptions, rw: RwMode): boolean {
  if (raw.direct !== undefined && raw.direct === raw.buffered) {
    const both = raw.direct ? '1' : '0';
    throw usageError(`direct=${both} and buffered=${both} contradict each other`, 'give one of them');
  }
  if (isTree(rw) && !movesData(rw)) return false;
  return raw.direct ?? !(raw.buffered ?? isTree(rw));
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

/** As in fio, files that are read are laid out in any case. */
function allocation(raw: RawOptions, rw: RwMode): Pick<InForce, 'overwrite' | 'fallocate'> {
  const overwrite = (raw.overwrite ?? true) || rwModes[rw].operations.some((name) => name !== 'write');
  return { overwrite, fallocate: overwrite ? null : (raw.fallocate ?? 'native') };
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
export function blockSizes(bs: InForce['bs']): Workload['bs'] {
  const fallback = defaultOf('bs').read ?? 0;
  return { read: bs.read ?? fallback, write: bs.write ?? fallback, trim: bs.trim ?? fallback };
}

/** Depth and batches, fio's way: 0 is iodepth, and none is more than can be in flight. */
export function settleQueue(values: InForce, iodepth: number): void {
  const least = Math.min(values['iodepth-batch-complete-min'], iodepth);
  const most = Math.max(values['iodepth-batch-complete-max'], least, 1);
  values.iodepth = iodepth;
  values['iodepth-batch-submit'] = Math.min(values['iodepth-batch-submit'] || iodepth, iodepth);
  values['iodepth-batch-complete-min'] = least;
  values['iodepth-batch-complete-max'] = Math.min(most, iodepth);
}

/** O_DIRECT reads nothing ahead. */
function fadviseOf({ direct, rw, 'fadvise-hint': hint }: InForce): Workload['fadvise'] {
  if (direct) return 'none';
  return hint === 'pattern' ? (rwModes[rw].random ? 'random' : 'sequential') : hint;
}

/** The values in force under the names that the rest of the program uses. */
export function workloadOf(
  v: InForce,
  known: Pick<Workload, 'bs' | 'bounds' | 'coldPassBytes' | 'charDevices' | 'tree'>,
): Workload {
  return {
    name: v.name,
    rw: v.rw,
    rwmixread: v.rwmixread,
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
    room: v.fallocate,
    checksum: v.checksum,
    fadvise: fadviseOf(v),
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
    thinktimeNs: v.thinktime,
    ...ratesOf(v, known.bs),
    startdelayNs: v.startdelay,
    rampTimeNs: v['ramp-time'],
    continueOnError: v['continue-on-error'],
    nativeOptions: nativeValues((flag) => v[flag]),
    ...known,
  };
}
