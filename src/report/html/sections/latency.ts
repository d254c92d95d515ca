/** Latency by percentile. */
import { formatLatency } from '../../../values/format.ts';
import { type CurveSource, curvesOf } from '../../text/latency-curves.ts';
import { lineChart } from '../charts/line.ts';
import { shortTime } from '../charts/numbers.ts';
import { paragraph } from './parts.ts';

/** The curve of each; '' where there is no latency. */
export function latencyCurves(id: string, title: string, sources: readonly CurveSource[]): string {
  const lines = curvesOf(sources).filter(({ points }) => points.length > 0);
  const chart = lineChart({
    id,
    title,
    description: `How long the slowest I/Os took: each step to the right is ten times rarer. ${lines
      .map(({ name, points }) => `${name}: at most ${formatLatency(points.at(-1)?.y ?? 0)}`)
      .join('; ')}.`,
    x: { label: 'percentile of I/Os', scale: 'percentile' },
    y: { label: 'latency', scale: 'log', format: shortTime },
    lines,
  });
  const damaged = lines.filter(({ whole }) => !whole).map(({ name }) => name);
  if (chart === '' || damaged.length === 0) return chart;
  return (
    chart +
    paragraph(
      `Histograms of ${damaged.join(', ')} cannot be read: stored percentiles of one trial alone.`,
      'legendline',
    )
  );
}
