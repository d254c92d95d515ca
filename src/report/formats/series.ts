/**
 * What formats for other programs are made of: one series for each workload and variant, with its trials and the
 * estimate of each metric. Results of one workload and variant are pooled, so that every name occurs once.
 */

import type { Metric } from '../../compare/metrics.ts';
import type { BackendResult, RunResult, Trial } from '../../results/schema.ts';
import { type Estimate, estimate } from '../../stats/difference.ts';
import { backendRows } from '../../stats/groups.ts';
import { usableTrials } from '../../stats/summary.ts';
import { formatSize } from '../../values/units.ts';

/** The name that jobs have when nobody names them. */
const UNNAMED = 'uring-bench';
/** What tells workloads apart at a glance. */
const NAMING = ['rw', 'bs', 'iodepth', 'numjobs'] as const;

interface SeriesValue {
  metric: Metric;
  estimate: Estimate;
}

/** One trial with the run that it is of. */
interface SeriesTrial {
  trial: Trial;
  result: RunResult;
}

export interface Series {
  /** `randread bs=4k iodepth=8 numjobs=1`, with the job's own name before it. */
  workload: string;
  /** The options that the name is made of, each as text. */
  options: Readonly<Record<string, string>>;
  /** Of the first of the pooled results. */
  result: RunResult;
  backend: string;
  variant: string;
  label: string;
  trials: readonly SeriesTrial[];
  values: readonly SeriesValue[];
}

function textOf(flag: string, value: unknown): string {
  if (flag !== 'bs') return String(value);
  return typeof value === 'number'
    ? formatSize(value)
    : String(value).replace(/\d+/g, (bytes) => formatSize(Number(bytes)));
}

/** The options that name a workload; those that an old or foreign result lacks are left out. */
function namingOptions(result: RunResult): Record<string, string> {
  const options = result.jobs[0]?.options ?? {};
  const known = NAMING.filter((flag) => options[flag] !== undefined && options[flag] !== null);
  const named = known.map((flag) => [flag, textOf(flag, options[flag])] as const);
  return Object.fromEntries([...named, ...(options.direct === false ? [['direct', '0'] as const] : [])]);
}

function workloadName(result: RunResult): string {
  const { rw = '', ...others } = namingOptions(result);
  const words = [rw, ...Object.entries(others).map(([flag, text]) => `${flag}=${text}`)];
  const own = result.jobs
    .map(({ name }) => name)
    .filter((name) => name !== UNNAMED)
    .join('+');
  return [...(own === '' ? [] : [`${own}:`]), ...words].filter((word) => word !== '').join(' ');
}

function seriesValues(trials: readonly SeriesTrial[], metrics: readonly Metric[]): SeriesValue[] {
  return metrics.flatMap((metric) => {
    const samples = trials.map(({ trial }) => metric.of(trial)).filter((value) => value !== null);
    return samples.length > 0 ? [{ metric, estimate: estimate(samples) }] : [];
  });
}

interface Gathered {
  workload: string;
  result: RunResult;
  backend: BackendResult;
  trials: SeriesTrial[];
}

/** The series of some results, in their order. A backend without a trial to show has none. */
export function seriesOf(results: readonly RunResult[], metrics: readonly Metric[]): Series[] {
  const gathered = new Map<string, Gathered>();
  for (const result of results) {
    const workload = workloadName(result);
    for (const backend of backendRows(result)) {
      const key = `${workload}\n${backend.variant}`;
      const entry = gathered.get(key) ?? { workload, result, backend, trials: [] };
      entry.trials.push(...usableTrials(backend.trials).map((trial) => ({ trial, result })));
      gathered.set(key, entry);
    }
  }
  return [...gathered.values()]
    .filter(({ trials }) => trials.length > 0)
    .map(({ workload, result, backend, trials }) => ({
      workload,
      options: namingOptions(result),
      result,
      backend: backend.backend,
      variant: backend.variant,
      label: backend.label,
      trials,
      values: seriesValues(trials, metrics),
    }));
}

/** How far the interval reaches from the median, as a share of it: what stands behind ±. null without a median. */
export function halfWidth({ median, low, high }: Pick<Estimate, 'median' | 'low' | 'high'>): number | null {
  return median > 0 ? Math.max(high - median, median - low) / median : null;
}
