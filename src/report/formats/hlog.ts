/**
 * HdrHistogram interval log, version 1.3: the total latency of each interval of a trial's series, with every sample, in
 * nanoseconds; of trials without a series, and of groups of jobs, the trial is one interval. The tag is the backend; with several operations `io_uring.read` and `io_uring.write`; in a comparison
 * the side stands before it, and where there are several results what tells each from the others. HistogramLogAnalyzer and HistogramLogProcessor read it.
 */

import { identify } from '../../compare/identity.ts';
import { usageError } from '../../errors.ts';
import { isBase64 } from '../../results/histogram-text.ts';
import type { BackendResult, RunResult, Trial } from '../../results/schema.ts';
import { backendRows } from '../../stats/groups.ts';
import { usableTrials } from '../../stats/summary.ts';
import { type OperationName, operations } from '../../workload/operations.ts';
import { forPrograms, type ReportFormat } from '../view/format-spec.ts';

/** The log's usual unit of Interval_Max beside histograms in nanoseconds. */
const NS_PER_MS = 1e6;

interface Interval {
  tag: string;
  startSec: number;
  lengthSec: number;
  maxMs: number;
  hdr: string;
}

/** A tag must not contain what ends a field, and there must be one. */
function tagOf(parts: readonly string[]): string {
  const tag = parts
    .filter((part) => part !== '')
    .join('.')
    .replace(/[\s,]+/g, '_');
  return tag === '' ? '_' : tag;
}

/** A histogram stands in the log as it is stored. @throws BenchError (usage) for what would not be one field */
function fieldOf(hdr: string): string {
  if (hdr !== '' && isBase64(hdr)) return hdr;
  throw usageError('a stored histogram cannot be read: it is empty, or no base64', 'the file is damaged');
}

/** Trials of all backends in the order in which they ran. */
function inOrder(result: RunResult): { backend: BackendResult; trial: Trial }[] {
  return backendRows(result)
    .flatMap((backend) => usableTrials(backend.trials).map((trial) => ({ backend, trial })))
    .sort((a, b) => a.trial.trial - b.trial.trial || a.trial.position - b.trial.position);
}

/** `host=a;kernel=6.1`, of each of several results; '' where there is one. */
function placesOf(results: readonly RunResult[]): string[] {
  const identities = identify(results);
  const several = new Set(identities.map(({ workload }) => workload)).size > 1;
  return identities.map(({ workload, apart }) => {
    const words = Object.entries(apart).map(([key, text]) => `${key}=${text}`);
    return [...(several ? [workload] : []), ...words].join(';');
  });
}

/** How long a trial's intervals are together; pauses between passes are in them and not in its runtime. */
function lengthOf({ runtime_ns: runtime, series }: Trial): number {
  const last = series?.intervals.at(-1);
  return Math.max(runtime, last === undefined ? 0 : last.start_ns + last.length_ns) / 1e9;
}

/** The intervals of a series in which an operation was done; null without a series. */
function partsOf({ series }: Trial, name: OperationName, startSec: number): Omit<Interval, 'tag'>[] | null {
  if (series === undefined) return null;
  return series.intervals.flatMap(({ start_ns: start, length_ns: length, ops }) => {
    const latency = ops[name]?.lat;
    if (latency === undefined || latency.hdr === '') return [];
    return [
      {
        startSec: startSec + start / 1e9,
        lengthSec: length / 1e9,
        maxMs: latency.max / NS_PER_MS,
        hdr: fieldOf(latency.hdr),
      },
    ];
  });
}

/** A trial's own start isn't stored: each begins where the one before it ended. @param place what stands before the backend */
function intervalsOf(result: RunResult, place: string): Interval[] {
  let startSec = Date.parse(result.started_at) / 1000;
  return inOrder(result).flatMap(({ backend, trial }) => {
    const used = operations.flatMap(({ name }) => {
      const latency = trial.ops[name]?.lat_ns;
      return latency !== undefined && latency.N > 0 ? [{ name, latency }] : [];
    });
    const intervals = used.flatMap(({ name, latency }): Interval[] => {
      const tag = tagOf([place, backend.label, used.length > 1 ? name : '']);
      const whole = { startSec, lengthSec: trial.runtime_ns / 1e9, maxMs: latency.max / NS_PER_MS };
      const parts = partsOf(trial, name, startSec);
      return parts?.map((part) => ({ tag, ...part })) ?? [{ tag, ...whole, hdr: fieldOf(latency.hdr) }];
    });
    startSec += lengthOf(trial);
    return intervals;
  });
}

function text(intervals: readonly Interval[], version: string): string {
  const sorted = [...intervals].sort((a, b) => a.startSec - b.startSec);
  const start = sorted[0]?.startSec ?? 0;
  const lines = sorted.map(
    ({ tag, startSec, lengthSec, maxMs, hdr }) =>
      `Tag=${tag},${startSec.toFixed(3)},${lengthSec.toFixed(3)},${maxMs.toFixed(3)},${hdr}`,
  );
  return `${[
    `#[Logged with uring-bench ${version}]`,
    '#[Latencies are in nanoseconds, Interval_Max in milliseconds; trials are shown without the pauses between them]',
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${start.toFixed(3)} (seconds since epoch), ${new Date(start * 1000).toISOString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...lines,
  ].join('\n')}\n`;
}

const format: ReportFormat = {
  ...forPrograms,
  runs(results) {
    const places = placesOf(results);
    return text(
      results.flatMap((result, at) => intervalsOf(result, places[at] ?? '')),
      results[0]?.tool.version ?? '',
    );
  },
  comparison: ({ baseline, candidate, comparison }) =>
    text(
      [
        ...baseline.flatMap(({ result }) => intervalsOf(result, 'baseline')),
        ...candidate.flatMap(({ result }) => intervalsOf(result, 'candidate')),
      ],
      comparison.tool.version,
    ),
};

export default format;
