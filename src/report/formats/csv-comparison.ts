/** A comparison as CSV: one row for each backend and metric, numbers not rounded. Quoted as in csv.ts. */
import type { Comparison, MetricComparison, VariantComparison } from '../../compare/schema.ts';
import type { ReportFormat } from '../view/format-spec.ts';
import { quoted } from './csv-line.ts';

type Value = string | number | null;

interface Row {
  variant: VariantComparison;
  metric: MetricComparison;
  comparison: Comparison;
}

const COLUMNS: readonly (readonly [name: string, of: (row: Row) => Value])[] = [
  ['backend', ({ variant }) => variant.backend],
  ['variant', ({ variant }) => variant.variant],
  ['label', ({ variant }) => variant.label],
  ['metric', ({ metric }) => metric.metric],
  ['unit', ({ metric }) => metric.unit],
  ['better', ({ metric }) => metric.better],
  ...(['baseline', 'candidate'] as const).flatMap((side) =>
    (['median', 'low', 'high', 'min', 'max', 'n'] as const).map(
      (key) => [`${side}_${key}`, ({ metric }: Row) => metric[side]?.[key] ?? null] as const,
    ),
  ),
  ['ratio', ({ metric }) => metric.difference?.ratio ?? null],
  ['ratio_low', ({ metric }) => metric.difference?.low ?? null],
  ['ratio_high', ({ metric }) => metric.difference?.high ?? null],
  ['p', ({ metric }) => metric.difference?.p ?? null],
  ['test', ({ metric }) => metric.difference?.test ?? null],
  ['verdict', ({ metric }) => metric.difference?.verdict ?? null],
  ['checks', (row) => checksOf(row)],
];

/** `iops<-5%: pass`, of all rules about the metric. */
function checksOf({ comparison, variant, metric }: Row): Value {
  const mine = comparison.checks.filter(
    (check) => check.variant === variant.variant && check.metric === metric.metric,
  );
  return mine.length === 0 ? null : mine.map(({ rule, outcome }) => `${rule}: ${outcome}`).join('; ');
}

export const comparisonCsv: ReportFormat['comparison'] = ({ comparison }) => {
  const rows = comparison.variants.flatMap((variant) =>
    variant.metrics.map((metric) =>
      COLUMNS.map(([, of]) => quoted(of({ variant, metric, comparison }))).join(','),
    ),
  );
  return `${[COLUMNS.map(([name]) => name).join(','), ...rows].join('\n')}\n`;
};
