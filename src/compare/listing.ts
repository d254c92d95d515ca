/** Lists of stored results: what is known of each by a key, which of them are wanted, and in which order. */

import { usageError } from '../errors.ts';
import { canonicalName, findOption, knownOptions, parseOption } from '../options/option-reader.ts';
import { percentileKey } from '../results/histogram.ts';
import type { ListedFile, ListedRun } from '../results/listed.ts';
import { didYouMean } from '../values/nearest.ts';
import { kinds } from '../values/option-kinds.ts';
import { own } from '../values/own.ts';
import { parseDecimal, parseSize, parseTime } from '../values/units.ts';
import { deviceName, optionText, workloadName } from './identity.ts';
import { type Metric, parseMetric } from './metrics.ts';

type ListedBackend = ListedRun['backends'][number];
type Known = string | number | null;

/** A backend with the run that it is of: what conditions look at. */
interface Subject {
  run: ListedRun;
  backend: ListedBackend | null;
}

/** Something by which results are found, sorted and shown. */
export interface Key {
  name: string;
  /** What it is of a subject; several values where jobs differ, none where it is not known. */
  of: (subject: Subject, file: ListedFile) => readonly Known[];
  /** Reads what a condition holds it against. @throws BenchError (usage) */
  read: (text: string) => Known;
  /** A value as it is shown. */
  show: (value: Known) => string;
  metric: Metric | null;
  /** Whether only results can say that there is such a key. */
  label: boolean;
}

const asText = (value: Known): string => (value === null ? '' : String(value));

function textKey(name: string, of: (subject: Subject, file: ListedFile) => readonly Known[]): Key {
  return { name, of, read: (text) => text, show: asText, metric: null, label: false };
}

/** What is no option, metric or label. */
const FACTS: readonly Key[] = [
  textKey('date', (_, { started_at }) => [started_at]),
  textKey('host', ({ run }) => [run.environment.hostname]),
  textKey('kernel', ({ run }) => [run.environment.kernel]),
  textKey('cpu', ({ run }) => [run.environment.cpu_model]),
  textKey('device', ({ run }) => [deviceName(run)]),
  textKey('serial', ({ run }) => run.environment.files.map(({ serial }) => serial ?? null)),
  textKey('file-system', ({ run }) => run.environment.files.map((file) => file.file_system)),
  textKey('workload', ({ run }, { grid }) => [grid ?? workloadName(run)]),
  textKey('name', ({ run }) => run.jobs.map(({ name }) => name)),
  textKey('backend', ({ backend }) =>
    backend === null ? [] : [backend.label, backend.variant, backend.backend],
  ),
  textKey('status', (_, { status }) => [status]),
  textKey('version', ({ run }) => [run.tool.version]),
  textKey('note', ({ run }) => [run.note ?? null]),
  textKey('file', (_, { path }) => [path]),
];

type ListedSummary = NonNullable<ListedBackend['summary']>;
type OfSummary = (summary: ListedSummary) => number | null;

/** Metrics that summaries hold; of others the trials would have to be read. */
const SUMMED: Readonly<Record<string, OfSummary>> = {
  iops: ({ iops }) => iops.median,
  bw: ({ bw_bytes }) => bw_bytes.median,
  cpu_per_io: ({ cpu_ns_per_io }) => cpu_ns_per_io.median,
  ctx_per_io: ({ ctx_per_io }) => ctx_per_io.median,
  syscalls_per_io: ({ syscalls_per_io }) => syscalls_per_io.median,
  instructions_per_io: ({ instructions_per_io }) => instructions_per_io?.median ?? null,
  lat_mean: ({ lat_ns }) => lat_ns.mean,
  lat_min: ({ lat_ns }) => lat_ns.min,
  lat_max: ({ lat_ns }) => lat_ns.max,
};

function summedMetric({ name }: Metric): OfSummary | undefined {
  const percentile = /^lat_p([\d.]+)$/.exec(name)?.[1];
  if (percentile === undefined) return own(SUMMED, name);
  const key = percentileKey(Number(percentile));
  return ({ lat_ns, lat_ns_trials }) => lat_ns_trials[key]?.median ?? lat_ns.percentile[key] ?? null;
}

const IN_SUMMARIES =
  'iops, bw, lat_mean, lat_min, lat_max, lat_p50, lat_p99 and other stored percentiles, cpu_per_io, ctx_per_io, syscalls_per_io, instructions_per_io';

const METRIC_NAME =
  /^(iops|bw|((read|write|trim|sync)_)?([cs]?lat_.+|iops|bw)|(cpu|ctx|syscalls|instructions)_per_io)$/;

function metricKey(option: string, name: string): Key {
  const metric = parseMetric(option, name);
  const of = summedMetric(metric);
  if (of === undefined) {
    throw usageError(`${option}=${name}: lists are made of summaries, which do not hold it`, IN_SUMMARIES);
  }
  return {
    name: metric.name,
    of: ({ backend }) => (backend?.summary ? [of(backend.summary)] : []),
    read: (text) => metricNumber(metric, text),
    show: (value) => (typeof value === 'number' ? metric.format(value) : ''),
    metric,
    label: false,
  };
}

/** `500us` of a latency, `1g` of bytes, `200k` (thousands) of the rest. @throws BenchError (usage) */
function metricNumber({ name, unit }: Metric, text: string): number {
  if (unit === 'ns' || unit === 'ns/io') return parseTime(name, text, 'ns');
  if (unit === 'B/s') return parseSize(name, text);
  const [, digits = '', suffix = ''] = /^([\d.]+)([kKmM]?)$/.exec(text.trim()) ?? [];
  const number = parseDecimal(digits);
  if (number === undefined)
    throw usageError(`where: '${text}' is no number of ${name}`, 'like 200000 or 200k');
  return number * ({ k: 1e3, m: 1e6 }[suffix.toLowerCase()] ?? 1);
}

function optionKey(name: string): Key | undefined {
  const spec = findOption(name);
  if (spec === undefined || spec.scope === 'output' || spec.scope === 'compare') return undefined;
  const stored = (value: unknown): Known =>
    value === null || value === undefined ? null : typeof value === 'number' ? value : asOption(value);
  const asOption = (value: unknown) => optionText(spec.flag, value);
  return {
    name: spec.flag,
    of: ({ run }) => run.jobs.map(({ options }) => stored(options[spec.flag])),
    read: (text) => stored(kinds[spec.kind].store(parseOption(spec.flag, text) as never, spec)),
    show: (value) => (value === null ? '' : asOption(value)),
    metric: null,
    label: false,
  };
}

function labelKey(name: string): Key {
  const key = name.replace(/^label_/, '').replaceAll('-', '_');
  return { ...textKey(key, ({ run }) => [own(run.labels ?? {}, key) ?? null]), label: true };
}

/** The key of a name: a fact, a metric, an option of runs, else a label. @param option where it was given */
export function keyOf(option: string, name: string): Key {
  if (name.startsWith('label_')) return labelKey(name);
  const canonical = canonicalName(name.trim());
  const fact = FACTS.find((key) => key.name === canonical);
  if (fact !== undefined) return fact;
  const metric = canonical.replaceAll('-', '_');
  if (METRIC_NAME.test(metric)) return metricKey(option, metric);
  return optionKey(canonical) ?? labelKey(name.trim());
}

/** Names that a mistyped one may have meant. */
function knownNames(): string[] {
  return [...FACTS.map(({ name }) => name), 'iops', 'bw', 'lat_p99', ...knownOptions.map(({ flag }) => flag)];
}

/** That some result has the label. @throws BenchError (usage) */
export function checkLabel(option: string, { name, label }: Key, files: readonly ListedFile[]): void {
  if (!label || files.some(({ runs }) => runs.some(({ labels = {} }) => Object.hasOwn(labels, name)))) return;
  throw usageError(
    `${option}: no result has a label ${name}, and nothing else is called so${didYouMean(name, knownNames())}`,
  );
}

const OPERATORS = ['>=', '<=', '!=', '=', '<', '>'] as const;

export interface Condition {
  key: Key;
  holds: (subject: Subject, file: ListedFile) => boolean;
}

/** `*` stands for anything. */
function matcher(text: string): (value: Known) => boolean {
  const source = text
    .split('*')
    .map((part) => part.replace(/[\\^$.|+?(){}[\]]/g, '\\$&'))
    .join('.*');
  const pattern = new RegExp(`^${source}$`, 'su');
  return (value) => value !== null && pattern.test(String(value));
}

/** `bs=4k`, `host=web*`, `iodepth>=8`, `iops>200k`, `date>=2026-11`. @throws BenchError (usage) */
export function parseCondition(text: string): Condition {
  const [, name = '', operator = '', wanted = ''] =
    /^([\w.-]+)\s*(>=|<=|!=|=|<|>)\s*(.+)$/s.exec(text.trim()) ?? [];
  if (name === '')
    throw usageError(
      `where=${text} is no condition`,
      `KEY=VALUE; ${OPERATORS.join(' ')} are known: bs=4k, 'iodepth>=8'`,
    );
  const key = keyOf('where', name);
  const ordered = operator !== '=' && operator !== '!=';
  if (!ordered) {
    // A date is known to the second: a day or a month is enough to name it.
    const text = key.name === 'date' ? `${wanted}*` : wanted;
    const same = text.includes('*') ? matcher(text) : sameAs(key.read(text));
    const any = (subject: Subject, file: ListedFile) =>
      key
        .of(subject, file)
        .some((value) => same(text.includes('*') && value !== null ? key.show(value) : value));
    return { key, holds: (subject, file) => any(subject, file) === (operator === '=') };
  }
  const limit = key.read(wanted);
  const holds = (value: Known): boolean => {
    if (value === null || limit === null || typeof value !== typeof limit) return false;
    switch (operator) {
      case '>=':
        return value >= limit;
      case '<=':
        return value <= limit;
      case '>':
        return value > limit;
      default:
        return value < limit;
    }
  };
  return { key, holds: (subject, file) => key.of(subject, file).some(holds) };
}

function sameAs(wanted: Known): (value: Known) => boolean {
  return (value) => value === wanted;
}

/** A file with what of it is wanted. */
export interface ListedRow {
  file: ListedFile;
  /** At least one, of a run without backends to show one with null. */
  subjects: Subject[];
}

/** The files of which something meets all conditions, with that. */
export function select(files: readonly ListedFile[], conditions: readonly Condition[]): ListedRow[] {
  return files.flatMap((file) => {
    const all = file.runs.flatMap((run): Subject[] =>
      run.backends.length === 0
        ? [{ run, backend: null }]
        : run.backends.map((backend) => ({ run, backend })),
    );
    const subjects = all.filter((subject) => conditions.every(({ holds }) => holds(subject, file)));
    return subjects.length === 0 ? [] : [{ file, subjects }];
  });
}

/** The backend that a row stands for: the best by a metric, the first where none has a value. */
function chiefOf({ file, subjects }: ListedRow, key: Key): Subject {
  const sign = key.metric?.better === 'lower' ? -1 : 1;
  const value = (subject: Subject) => {
    const [found = null] = key.of(subject, file);
    return typeof found === 'number' ? found * sign : Number.NEGATIVE_INFINITY;
  };
  return subjects.reduce((best, one) => (value(one) > value(best) ? one : best));
}

/** What a row is by a key. @param by whose best backend the row stands for: a metric */
export function rowValue(row: ListedRow, key: Key, by: Key): Known {
  return key.of(chiefOf(row, by), row.file)[0] ?? null;
}

/** The metric that says which backend a row stands for where it is sorted by a key. */
export function chiefMetric(key: Key): Key {
  return key.metric === null ? keyOf('sort', 'iops') : key;
}

/** Rows by a key, from the least; those without a value last. Equal ones stay in their order. */
export function sorted(rows: readonly ListedRow[], key: Key, descending: boolean): ListedRow[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const by = chiefMetric(key);
    const [left, right] = [rowValue(a, key, by), rowValue(b, key, by)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return left === right ? 0 : (left < right ? -1 : 1) * sign;
  });
}
