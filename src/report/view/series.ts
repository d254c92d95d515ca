/**
 * What formats for other programs are made of: one series for each result and variant, with its trials and the estimate
 * of each metric, and what tells it from the others. Only the files of one side of a comparison are pooled.
 */

import { apartText, identify, labelFacts, type RunIdentity } from '../../compare/identity.ts';
import type { Metric } from '../../compare/metrics.ts';
import type { BackendResult, RunResult, Trial } from '../../results/schema.ts';
import { type Estimate, estimate } from '../../stats/difference.ts';
import { backendRows } from '../../stats/groups.ts';
import { usableTrials } from '../../stats/summary.ts';

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
  /** The workload, and in brackets what else tells it from the others; labels always. */
  name: string;
  /** The options that the workload is made of, each as text. */
  options: Readonly<Record<string, string>>;
  /** By which series are told apart beside workload and variant: host, kernel, device, label_KEY, and what else must. */
  tags: Readonly<Record<string, string>>;
  /** Of the first of pooled results. */
  result: RunResult;
  backend: string;
  variant: string;
  label: string;
  trials: readonly SeriesTrial[];
  values: readonly SeriesValue[];
}

function seriesValues(trials: readonly SeriesTrial[], metrics: readonly Metric[]): SeriesValue[] {
  return metrics.flatMap((metric) => {
    const samples = trials.map(({ trial }) => metric.of(trial)).filter((value) => value !== null);
    return samples.length > 0 ? [{ metric, estimate: estimate(samples) }] : [];
  });
}

/** The series of a document's results, each by itself, in their order. A backend without a trial to show has none. */
export function seriesOf(results: readonly RunResult[], metrics: readonly Metric[]): Series[] {
  const identities = identify(results);
  return results.flatMap((result, at) => seriesOfResults([result], identities[at] as RunIdentity, metrics));
}

/** The series of one side of a comparison, whose results are of one workload: their trials are pooled. */
export function pooledSeries(results: readonly RunResult[], metrics: readonly Metric[]): Series[] {
  const [first] = results;
  return first === undefined ? [] : seriesOfResults(results, identify([first])[0] as RunIdentity, metrics);
}

/** What says whose numbers a comparison's are: tags of the candidate, and its workload. */
export function candidateTags(results: readonly RunResult[]): Series['tags'] {
  const [identity] = identify(results.slice(0, 1));
  return identity === undefined ? {} : { ...identity.facts, workload: identity.workload };
}

function seriesOfResults(
  results: readonly RunResult[],
  { workload, options, facts, apart }: RunIdentity,
  metrics: readonly Metric[],
): Series[] {
  const [first] = results as [RunResult];
  const gathered = new Map<string, { backend: BackendResult; trials: SeriesTrial[] }>();
  for (const result of results) {
    for (const backend of backendRows(result)) {
      const entry = gathered.get(backend.variant) ?? { backend, trials: [] };
      entry.trials.push(...usableTrials(backend.trials).map((trial) => ({ trial, result })));
      gathered.set(backend.variant, entry);
    }
  }
  return [...gathered.values()]
    .filter(({ trials }) => trials.length > 0)
    .map(({ backend: { backend, variant, label }, trials }) => ({
      workload,
      name: `${workload}${apartText({ ...labelFacts(first), ...apart })}`,
      options,
      tags: { ...facts, ...apart },
      result: first,
      backend,
      variant,
      label,
      trials,
      values: seriesValues(trials, metrics),
    }));
}

/** How far the interval reaches from the median, as a share of it: what stands behind ±. null without a median. */
export function halfWidth({ median, low, high }: Pick<Estimate, 'median' | 'low' | 'high'>): number | null {
  return median > 0 ? Math.max(high - median, median - low) / median : null;
}
