/** The report of a comparison: what it decided, changes with their intervals, both sides' latencies. */
import { workloadName } from '../../../compare/identity.ts';
import type { MetricComparison, VariantComparison } from '../../../compare/schema.ts';
import type { StoredRun } from '../../../compare/workload.ts';
import type { Trial } from '../../../results/schema.ts';
import { backendRows } from '../../../stats/groups.ts';
import { usableTrials } from '../../../stats/summary.ts';
import { formatChange } from '../../../values/format.ts';
import { explainView } from '../../text/explain.ts';
import { changeIntervalText, changeText } from '../../view/compare-cells.ts';
import { comparisonViewOf, toneOf } from '../../view/compare-view.ts';
import type { ComparisonReport } from '../../view/format-spec.ts';
import { forestChart } from '../charts/forest.ts';
import { environmentHtml, optionsHtml } from './environment.ts';
import { explainHtml } from './explain.ts';
import { latencyCurves } from './latency.ts';
import { factsHtml, headerFacts, leadHtml, notesHtml, type Section, sectionsOf, tableHtml } from './parts.ts';

/** Curves of further backends are left out: two for each. */
const CURVES_MAX = 4;

export function comparisonTitle({ candidate, baseline }: ComparisonReport): string {
  const run = candidate[0] ?? baseline[0];
  return run === undefined ? 'Comparison' : `Comparison: ${workloadName(run.result)}`;
}

/** Changes that are significant, in words; what a comparison without rules says first. */
function changesText({ comparison }: ComparisonReport): string[] {
  const all = comparison.variants.flatMap((variant) =>
    variant.metrics.map((metric) => ({ variant, metric })),
  );
  const seen = all.filter(({ metric }) => toneOf(metric) !== 'unclear');
  if (seen.length === 0) return ['No significant change of any metric.'];
  return seen
    .slice(0, 6)
    .map(
      ({ variant, metric }) =>
        `${variant.label}: ${metric.metric} ${changeText(metric)} (${changeIntervalText(metric)})`,
    );
}

const LOOKS = { pass: 'good', regression: 'bad', inconclusive: 'warn' } as const;

export function comparisonLead(report: ComparisonReport): string {
  const { verdicts } = comparisonViewOf(report, { whole: true });
  const last = verdicts.at(-1);
  const texts = verdicts.map(({ text }) => text);
  const lines = last === undefined ? changesText(report) : [last.text, ...texts.slice(0, -1)];
  const { outcome } = report.comparison;
  return leadHtml(lines, outcome === null ? 'plain' : LOOKS[outcome]);
}

function look(metric: MetricComparison): 'good' | 'bad' | 'unclear' {
  const tone = toneOf(metric);
  return tone === 'good' || tone === 'bad' ? tone : 'unclear';
}

const pct = (ratio: number): number => (ratio - 1) * 100;

function changesChart({ comparison }: ComparisonReport, prefix = ''): string {
  const row = ({ label }: VariantComparison, metric: MetricComparison) => {
    const { ratio, low, high } = metric.difference ?? { ratio: null, low: null, high: null };
    if (ratio === null) return [];
    const interval = low === null || high === null ? {} : { low: pct(low), high: pct(high) };
    return [{ name: `${label} ${metric.metric}`, value: pct(ratio), ...interval, look: look(metric) }];
  };
  return forestChart({
    id: `${prefix}changes`,
    title: 'Change from baseline to candidate',
    description:
      'Of each metric of each backend, with its 95 % interval; what crosses 0 is no change that one sees.',
    value: { label: 'change, with its 95 % interval', scale: 'linear', format: formatChange },
    rows: comparison.variants.flatMap((variant) => variant.metrics.flatMap((metric) => row(variant, metric))),
  });
}

function trialsOf(side: readonly StoredRun[], variant: string): Trial[] {
  return side.flatMap(({ result }) =>
    backendRows(result)
      .filter((backend) => backend.variant === variant)
      .flatMap(({ trials }) => usableTrials(trials)),
  );
}

function sideCurves({ comparison, baseline, candidate }: ComparisonReport, prefix = ''): string {
  const sources = comparison.variants.slice(0, CURVES_MAX).flatMap(({ variant, label }) => [
    { name: `${label}, baseline`, trials: trialsOf(baseline, variant) },
    { name: `${label}, candidate`, trials: trialsOf(candidate, variant) },
  ]);
  return latencyCurves(`${prefix}latency`, 'Latency by percentile, before and after', sources);
}

function explainedHtml({ comparison: { explained = [] } }: ComparisonReport): string {
  const view = explainView(explained);
  return view === null ? '' : explainHtml(view, explained);
}

/** What of a comparison stands beside others. @param prefix of the ids of its charts */
export function comparisonSummary(report: ComparisonReport, prefix: string): string {
  return comparisonLead(report) + changesChart(report, prefix) + sideCurves(report, prefix);
}

const COMPARISON_SECTIONS: readonly Section<ComparisonReport>[] = [
  {
    title: 'Changes',
    applies: () => true,
    render: (report) =>
      changesChart(report) +
      tableHtml(comparisonViewOf(report, { whole: true }).table, 'Both sides, medians'),
  },
  { title: 'Latency', applies: () => true, render: (report) => sideCurves(report) },
  { title: 'Where the time goes', applies: () => true, render: explainedHtml },
  {
    title: 'What to know beside the numbers',
    applies: () => true,
    render: (report) => notesHtml(comparisonViewOf(report, { whole: true }).notes),
  },
  {
    title: 'Both sides',
    applies: () => true,
    render: (report) => factsHtml(headerFacts(comparisonViewOf(report, { whole: true }).header)),
  },
  {
    title: "The candidate's environment",
    applies: ({ candidate }) => candidate.length > 0,
    render: ({ candidate: [first] }) => (first === undefined ? '' : environmentHtml(first.result)),
  },
  {
    title: "The candidate's options",
    applies: ({ candidate }) => candidate.length > 0,
    render: ({ candidate: [first] }) => (first === undefined ? '' : optionsHtml(first.result)),
  },
];

export function comparisonSections(report: ComparisonReport): { title: string; html: string }[] {
  return sectionsOf(COMPARISON_SECTIONS, report);
}
