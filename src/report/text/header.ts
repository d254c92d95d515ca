/** The first lines of a report: what ran, and on what. */

import type { DeviceInfo, Environment, RunResult } from '../../results/schema.ts';
import { median } from '../../stats/spread.ts';
import { formatBytes, formatLatency, plural } from '../../values/format.ts';
import { formatSize } from '../../values/units.ts';
import { plannedTrials } from './rows.ts';
import { steadyItems } from './steady.ts';
import { printable } from './text.ts';
import { isOfTrees } from './words.ts';

export interface HeaderLine {
  name: string;
  /** Texts that stay in one piece where there is room. */
  items: string[];
  /** Between items, beside the space. */
  separator: '' | ',';
}

type Job = RunResult['jobs'][number];

export function headerLines(result: RunResult): HeaderLine[] {
  const lines: HeaderLine[] = [{ name: 'run', separator: ',', items: runItems(result) }];
  const labels = Object.entries(result.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  if (labels.length > 0) lines.push({ name: 'labels', separator: ',', items: labels });
  if (result.note) lines.push({ name: 'note', separator: '', items: result.note.split(/\s+/) });
  for (const job of result.jobs) {
    const items = workloadItems(job);
    if (result.jobs.length > 1) items.unshift(...groupItems(job));
    lines.push({ name: 'workload', separator: '', items });
  }
  const files = [...new Set(result.jobs.flatMap((job) => job.files))];
  if (files.length > 0) {
    const name = files.length > 1 ? 'files' : 'file';
    lines.push({ name, separator: ',', items: fileItems(files, result.environment) });
  }
  for (const items of storageItems(result.environment.files))
    lines.push({ name: 'storage', separator: ',', items });
  const steady = steadyItems(result);
  if (steady.length > 0) lines.push({ name: 'steady', separator: ',', items: steady });
  lines.push({ name: 'system', separator: ',', items: systemItems(result) });
  return lines.map((line) => ({ ...line, items: line.items.map(printable) }));
}

/** What a group of jobs is called, and what tells it from the run's others beside its options. */
function groupItems({ name, variant, after }: Job): string[] {
  return [
    `${name}:`,
    ...(variant === undefined ? [] : [`backend=${variant}`]),
    ...(after === undefined ? [] : [`after=${after}`]),
  ];
}

function runItems(result: RunResult): string[] {
  const { backends, started_at, environment, tool } = result;
  const trials = plannedTrials(result);
  const each = result.report?.kind === 'ladder' ? 'step' : 'backend';
  const when = started_at.replace('T', ' ').replace(/(\.\d+)?(Z|\+00:00)$/, ' UTC');
  const of = backends.length === 1 ? '' : ` of each ${each}`;
  const shuffled = backends.length > 1 && trials > 1 ? ' in shuffled blocks' : '';
  return [
    `${plural(trials, 'trial')}${of}${shuffled}`,
    ...warmupItems(result),
    `started ${when} on ${environment.hostname}`,
    `uring-bench ${tool.version}`,
  ];
}

/** Trials that are not among those. */
function warmupItems({ jobs }: RunResult): string[] {
  const warmups = jobs[0]?.options['warmup-trials'];
  if (typeof warmups !== 'number' || warmups === 0) return [];
  return [warmups === 1 ? 'after a warm-up' : `after ${warmups} warm-ups`];
}

/** How a stored option is written; null when it says nothing (0 is no bound, no fsync, no ramp). */
type Show = (value: unknown) => string | null;

const plain: Show = (value) => (typeof value === 'boolean' ? String(Number(value)) : String(value));
const unlessZero: Show = (value) => (value === 0 || value === null ? null : plain(value));
const seconds: Show = (value) => (typeof value === 'number' && value > 0 ? `${value}s` : null);
const sizes: Show = (value) =>
  typeof value === 'number'
    ? formatSize(value)
    : String(value).replace(/\d+/g, (bytes) => formatSize(Number(bytes)));
/** Sizes of reads, writes and trims; those of trims only where they differ from both. */
const blockSizes: Show = (value) => {
  const [read, write, trim] = String(value).split(',');
  const sameTrim = write !== undefined && (trim === write || trim === read);
  return sizes(sameTrim ? `${read},${write}` : value);
};
const bytesUnlessZero: Show = (value) => (value === 0 || value === null ? null : sizes(value));
const onlyWhenSet: Show = (value) => (value === true ? plain(value) : null);
const unless =
  (usual: unknown): Show =>
  (value) =>
    value === usual ? null : plain(value);

/** Options in the order of a fio command line: what every reader wants to know, then what is unusual. */
const WORKLOAD_OPTIONS: readonly (readonly [flag: string, show: Show])[] = [
  ['rw', plain],
  ['bs', blockSizes],
  ['iodepth', plain],
  ['iodepth-batch-submit', unless(1)],
  ['iodepth-batch-complete-min', unless(1)],
  ['numjobs', plain],
  ['direct', plain],
  ['runtime', seconds],
  ['number-ios', unlessZero],
  ['io-size', bytesUnlessZero],
  ['loops', unless(1)],
  ['ramp-time', seconds],
  ['rate-iops', unlessZero],
  ['rate', bytesUnlessZero],
  ['rate-process', unless('linear')],
  ['latency-target', plain],
  ['sync', unless('none')],
  ['fsync', unlessZero],
  ['fdatasync', unlessZero],
  ['overwrite', plain],
  ['fallocate', (value) => (value === null ? null : plain(value))],
  ['random-distribution', unless('random')],
  ['isolation', unless('thread')],
  ['until-confident', (value) => (typeof value === 'number' ? `${value}%` : null)],
  ['null-delay', (value) => (typeof value === 'number' && value > 0 ? `${value}ns` : null)],
];

/** The same of what works on a tree of small files. */
const TREE_OPTIONS: typeof WORKLOAD_OPTIONS = [
  ['rw', plain],
  ['nrfiles', plain],
  ['filesize', bytesUnlessZero],
  ['dirs', unless(1)],
  ['depth', unless(1)],
  ['shared-dir', onlyWhenSet],
  ['file-service-type', unless('roundrobin')],
  ['direct', onlyWhenSet],
  ['checksum', onlyWhenSet],
  ...WORKLOAD_OPTIONS.filter(([flag]) => !['rw', 'bs', 'direct', 'io-size', 'overwrite'].includes(flag)),
];

function workloadItems(job: Job): string[] {
  const options = isOfTrees({ jobs: [job] }) ? TREE_OPTIONS : WORKLOAD_OPTIONS;
  const writes = /write|rw/.test(String(job.options.rw));
  const shown = options.flatMap(([flag, show]) => {
    const value = job.options[flag];
    const text = value === undefined || value === null ? null : show(value);
    if (text === null || (flag === 'overwrite' && !writes)) return [];
    const mixed = flag === 'rw' && (text === 'rw' || text === 'randrw');
    const share =
      mixed && typeof job.options.rwmixread === 'number' ? [`rwmixread=${job.options.rwmixread}`] : [];
    return [`${flag}=${text}`, ...share];
  });
  return shown.length > 0 ? shown : [job.name];
}

/** So many names are shown; one more is shown too rather than counted. */
const FILES_SHOWN = 3;

function fileItems(files: readonly string[], { files: devices }: Environment): string[] {
  const sizeOf = new Map(devices.map((device) => [device.path, device.size_bytes]));
  const known = files.map((file) => sizeOf.get(file) ?? null);
  const [first = null] = known;
  const equal = first !== null && known.every((size) => size === first);
  const shown = files.length === FILES_SHOWN + 1 ? files : files.slice(0, FILES_SHOWN);
  const items = shown.map((file, i) => {
    const size = known[i] ?? null;
    return equal || size === null ? file : `${file} (${formatBytes(size)})`;
  });
  if (files.length > shown.length) items.push(`and ${files.length - shown.length} more`);
  if (equal) items.push(files.length > 1 ? `each ${formatBytes(first)}` : formatBytes(first));
  return items;
}

/** One line for each place where files are. */
function storageItems(devices: readonly DeviceInfo[]): string[][] {
  const lines = devices.map((device) => {
    const place = [device.file_system, device.mount_point].filter((part) => part !== null).join(' on ');
    const name = [device.device, device.model].filter((part) => part !== null).join(' ');
    return [
      place,
      name,
      device.link ?? '',
      device.firmware === null ? '' : `firmware ${device.firmware}`,
      device.rotational ? 'rotational' : '',
      device.scheduler === null ? '' : `scheduler ${device.scheduler}`,
      device.write_cache === null ? '' : `${device.write_cache} cache`,
    ].filter((item) => item !== '');
  });
  const different = new Map(lines.map((items) => [items.join(), items]));
  return [...different.values()].filter((items) => items.length > 0);
}

/** How fast the CPUs were, in the middle of all trials; '' when that was not measured. */
function speedText({ backends }: RunResult): string {
  const calls = backends.flatMap(({ trials }) =>
    trials.flatMap(({ conditions }) => conditions?.calibration?.syscall_ns ?? []),
  );
  return calls.length === 0 ? '' : `${formatLatency(median(calls))} a system call`;
}

function systemItems(result: RunResult): string[] {
  const { environment } = result;
  const { cpus_online: online, cpus_allowed: allowed } = environment;
  return [
    `Linux ${environment.kernel} ${environment.arch}`,
    `${plural(online, 'CPU')}${allowed < online ? ` (${allowed} allowed)` : ''}: ${environment.cpu_model}`,
    environment.governor === null ? '' : `governor ${environment.governor}`,
    environment.virtualization === null ? '' : environment.virtualization,
    `${formatBytes(environment.memory_bytes)} memory`,
    speedText(result),
  ].filter((item) => item !== '');
}
