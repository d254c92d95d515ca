/**
 * What a result is of, in words and in facts by which formats tell results apart: two that differ in any of them are two
 * series, and so are two runs of the same.
 */
import { findOption, parseOption } from '../options/option-reader.ts';
import type { DeviceInfo, RunResult } from '../results/schema.ts';
import { kinds } from '../values/option-kinds.ts';
import { own } from '../values/own.ts';
import { formatSize } from '../values/units.ts';

/** The name that jobs have when nobody names them. */
const UNNAMED = 'uring-bench';
/** What tells workloads apart at a glance. */
const NAMING: readonly string[] = ['rw', 'bs', 'iodepth', 'numjobs'];
/** What makes another workload of it wherever it is given: an open loop is no closed one. */
const NAMING_IF_GIVEN: readonly string[] = ['rate-iops', 'rate', 'latency-target'];
/** What says where, how long or with which random numbers the I/O is done, and what another option says already. */
const NOT_NAMING: readonly string[] = [
  ...['name', 'filename', 'directory', 'runtime', 'ramp-time', 'startdelay', 'randseed'],
  'buffered',
];

type Job = RunResult['jobs'][number];

export interface RunIdentity {
  /** `randread bs=4k iodepth=8 numjobs=1`, with the job's own name before it and unusual options behind. */
  workload: string;
  /** The options that the name is made of, each as text; of several jobs the first one's. */
  options: Readonly<Record<string, string>>;
  /** `host`, `kernel`, `device` and `label_KEY` of each label, in this order; without what is not known. */
  facts: Readonly<Record<string, string>>;
  /**
   * Of these, and of what else is known (`file_system`, `files`, `serial`, `version`), what differs from other results of the
   * workload among those it was identified with; `run`, when it began, where nothing else does.
   */
  apart: Readonly<Record<string, string>>;
}

/** A stored value as it is written. */
export function optionText(flag: string, value: unknown): string {
  if (typeof value === 'boolean') return String(Number(value));
  const sized = ['size', 'blocksizes', 'portion'].includes(findOption(flag)?.kind ?? '');
  if (!sized || /%$/.test(String(value))) return String(value);
  return typeof value === 'number'
    ? formatSize(value)
    : String(value).replace(/\d+/g, (bytes) => formatSize(Number(bytes)));
}

/** Whether an option has another value than the one it always has when nobody gives it. */
function isUnusual(flag: string, value: unknown): boolean {
  const spec = findOption(flag);
  if (NAMING_IF_GIVEN.includes(flag)) return Boolean(value);
  if (value === null || spec?.scope !== 'workload' || spec.default === undefined) return false;
  const usual: unknown = kinds[spec.kind].store(parseOption(spec.flag, spec.default) as never, spec);
  return JSON.stringify(value) !== JSON.stringify(usual);
}

/** The options that name what a job does; those that an old or foreign result lacks are left out. */
function namingOptions({ options }: Job): Record<string, string> {
  const known = NAMING.filter((flag) => options[flag] !== undefined && options[flag] !== null);
  const unusual = Object.keys(options).filter(
    (flag) => !NAMING.includes(flag) && !NOT_NAMING.includes(flag) && isUnusual(flag, options[flag]),
  );
  return Object.fromEntries([...known, ...unusual].map((flag) => [flag, optionText(flag, options[flag])]));
}

function jobWords(job: Job): string {
  const { rw = '', ...others } = namingOptions(job);
  const words = [rw, ...Object.entries(others).map(([flag, text]) => `${flag}=${text}`)];
  return words.filter((word) => word !== '').join(' ');
}

/** `randread bs=4k iodepth=8 numjobs=1`; of several jobs one after the other, each with its name. */
export function workloadName({ jobs }: Pick<RunResult, 'jobs'>): string {
  const several = jobs.length > 1;
  return jobs
    .map((job) =>
      several || job.name !== UNNAMED ? `${job.name}: ${jobWords(job)}`.trimEnd() : jobWords(job),
    )
    .join('; ');
}

/** Each distinct text of the devices below a run's files, in one. */
function ofDevices(files: readonly DeviceInfo[], of: (device: DeviceInfo) => string): string {
  return [...new Set(files.filter(({ device }) => device !== null).map(of))]
    .filter((text) => text !== '')
    .join(' + ');
}

/** `nvme0n1 INTEL SSDPE21D280GA`; several with + between them, '' where none is known. */
export function deviceName({ environment }: Pick<RunResult, 'environment'>): string {
  return ofDevices(environment.files, ({ device, model }) =>
    [device, model].filter((part) => part).join(' '),
  );
}

function known(facts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).filter(([, text]) => text !== ''));
}

/** A result's labels under the names that formats give them: `label_KEY`. */
export function labelFacts({ labels = {} }: Pick<RunResult, 'labels'>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [`label_${key}`, value]));
}

function factsOf(result: RunResult): Record<string, string> {
  const { hostname: host, kernel } = result.environment;
  return known({ host, kernel, device: deviceName(result), ...labelFacts(result) });
}

function moreFacts({ environment: { files }, tool, jobs }: RunResult): Record<string, string> {
  return known({
    file_system: [...new Set(files.map(({ file_system: name }) => name ?? ''))].join(' '),
    files: [...new Set(jobs.flatMap((job) => job.files))].join(' '),
    serial: ofDevices(files, ({ serial }) => serial ?? ''),
    version: tool.version,
  });
}

/** Of each of some facts those that are not the same in all. */
function differing(all: readonly Readonly<Record<string, string>>[]): Record<string, string>[] {
  const keys = [...new Set(all.flatMap((facts) => Object.keys(facts)))];
  const telling = keys.filter((key) => new Set(all.map((facts) => own(facts, key))).size > 1);
  return all.map((facts) =>
    Object.fromEntries(
      telling.flatMap((key) => {
        const fact = own(facts, key);
        return fact === undefined ? [] : [[key, fact]];
      }),
    ),
  );
}

/** Gives those that nothing tells apart the time of their run, and a number where that is the same as well. */
function withRuns(
  apart: readonly Record<string, string>[],
  starts: readonly string[],
): Record<string, string>[] {
  const count = (texts: readonly string[], text: string) => texts.filter((one) => one === text).length;
  const keys = apart.map((facts) => JSON.stringify(facts));
  const runs = keys.map((key, at) => `${key} ${starts[at]}`);
  return apart.map((facts, at) => {
    if (count(keys, keys[at] as string) === 1) return facts;
    const run = runs[at] as string;
    const number = count(runs, run) === 1 ? '' : ` #${count(runs.slice(0, at + 1), run)}`;
    return { ...facts, run: `${starts[at]}${number}` };
  });
}

/** The identities of results that stand in one document, in their order. */
export function identify(results: readonly RunResult[]): RunIdentity[] {
  const names = results.map(workloadName);
  const apart = new Map<RunResult, Record<string, string>>();
  for (const name of new Set(names)) {
    const same = results.filter((_, at) => names[at] === name);
    const facts = differing(same.map((result) => ({ ...factsOf(result), ...moreFacts(result) })));
    const told = withRuns(
      facts,
      same.map((result) => result.started_at),
    );
    for (const [at, result] of same.entries()) apart.set(result, told[at] ?? {});
  }
  return results.map((result, at) => ({
    workload: names[at] ?? '',
    options: result.jobs[0] === undefined ? {} : namingOptions(result.jobs[0]),
    facts: factsOf(result),
    apart: apart.get(result) ?? {},
  }));
}

/** ` [host=a kernel=6.1]`, to go behind a name; '' where there is nothing to tell. */
export function apartText(facts: Readonly<Record<string, string>>): string {
  const words = Object.entries(facts).map(([key, text]) => `${key}=${text}`);
  return words.length === 0 ? '' : ` [${words.join(' ')}]`;
}
