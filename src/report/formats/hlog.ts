/**
 * HdrHistogram interval log, version 1.3: the total latency of each trial as one interval, with every sample, in
 * nanoseconds. The tag is the backend; with several operations `io_uring.read` and `io_uring.write`; in a comparison
 * the side stands before it, and where there are several results what tells each from the others. HistogramLogAnalyzer and HistogramLogProcessor read it.
 */

import { identify } from '../../compare/identity.ts';
import { usageError } from '../../errors.ts';
import { isBase64 } from '../../results/histogram-text.ts';
import type { BackendResult, RunResult, Trial } from '../../results/schema.ts';
import { backendRows } from '../../stats/groups.ts';
import { usableTrials } from '../../stats/summary.ts';
import { operations } from '../../workload/operations.ts';
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

/** A trial's own start isn't stored: each begins where the one before it ended. @param place what stands before the backend */
function intervalsOf(result: RunResult, place: string): Interval[] {
  let startSec = Date.parse(result.started_at) / 1000;
  return inOrder(result).flatMap(({ backend, trial }) => {
    const used = operations.flatMap(({ name }) => {
      const latency = trial.ops[name]?.lat_ns;
      return latency !== undefined && latency.N > 0 ? [{ name, latency }] : [];
    });
    const lengthSec = trial.runtime_ns / 1e9;
    const intervals = used.map(({ name, latency }): Interval => {
      const tag = tagOf([place, backend.label, used.length > 1 ? name : '']);
      return { tag, startSec, lengthSec, maxMs: latency.max / NS_PER_MS, hdr: fieldOf(latency.hdr) };
    });
    startSec += lengthSec;
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
