/** The search of the highest rate that keeps a latency: each rate that was tried, with where it was held and missed. */
import type { RunResult } from '../../../results/schema.ts';
import { formatIops } from '../../../values/format.ts';
import { medianOf, targetRows } from '../../text/latency-target.ts';
import { lineChart } from '../charts/line.ts';
import { shortTime } from '../charts/numbers.ts';
import type { ChartPoint, Mark } from '../charts/spec.ts';

type Search = ReturnType<typeof targetRows>[number];

function pointOf({ iops, verdict, trials }: Search['search']['rates'][number]): ChartPoint {
  const latencies = trials.map(({ lat_ns: ns }) => ns);
  return {
    ...{ x: iops, y: medianOf(latencies), title: verdict },
    ...(latencies.length > 1 ? { low: Math.min(...latencies), high: Math.max(...latencies) } : {}),
  };
}

/** From the highest rate that was held to the lowest that was missed. */
function bracketOf({ label, search: { low_iops: low, high_iops: high } }: Search): Mark[] {
  if (low === null) return [];
  if (high === null) return [{ x: low, label: `${label} holds ${formatIops(low)}` }];
  return [{ x: low, toX: high, label: `${label}: ${formatIops(low)} held, ${formatIops(high)} missed` }];
}

/** The chart; '' of a run that searched nothing. @param prefix of its id */
export function targetChart(result: RunResult, prefix: string): string {
  const { report } = result;
  if (report?.kind !== 'latency-target') return '';
  const rows = targetRows(result);
  const name = `p${report.percentile}`;
  return lineChart({
    id: `${prefix}target`,
    title: `${name} of the response by rate`,
    description: `The median ${name} of the trials at each rate, with the least and the most of them; bands lie between the highest rate that was held and the lowest that was missed.`,
    x: { label: 'IOPS asked for', scale: 'log' },
    y: { label: `${name} of the response`, scale: 'log', format: shortTime },
    lines: rows.map(({ label, search }) => ({
      name: label,
      points: search.rates.filter(({ trials }) => trials.length > 0).map(pointOf),
    })),
    marks: [...rows.flatMap(bracketOf), { y: report.limit_ns, label: `limit ${shortTime(report.limit_ns)}` }],
  });
}
