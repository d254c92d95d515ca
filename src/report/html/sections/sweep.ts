/** The report of a sweep: knees first, curves, rows, and what to know of its points. */

import { parseMetric } from '../../../compare/metrics.ts';
import type { Estimate } from '../../../stats/difference.ts';
import { own } from '../../../values/own.ts';
import { sweepHeader } from '../../sweep/sweep.ts';
import { type Curve, kneedCurves, kneeLines } from '../../sweep/sweep-curves.ts';
import { statusLine, sweepNotes } from '../../sweep/sweep-notes.ts';
import {
  estimateOf,
  labelsOf,
  metricHead,
  metricValue,
  rowsOfPoint,
  shortMarginText,
} from '../../sweep/sweep-view.ts';
import { explainView } from '../../text/explain.ts';
import type { SweepReport } from '../../view/format-spec.ts';
import { explainedOfSweep } from '../../view/view.ts';
import { heatMap } from '../charts/heat.ts';
import { lineChart } from '../charts/line.ts';
import { shortNumber, shortTime } from '../charts/numbers.ts';
import type { ChartPoint, Mark } from '../charts/spec.ts';
import { dataTable } from '../charts/table.ts';
import { environmentHtml, optionsHtml } from './environment.ts';
import { explainHtml } from './explain.ts';
import { factsHtml, headerFacts, heading, leadHtml, listHtml, type Section, sectionsOf } from './parts.ts';

/** More combinations than these are in the table alone: there would be nothing but charts. */
const COMBINATIONS_MAX = 6;
const MAPS_MAX = 4;

type KneedCurve = ReturnType<typeof kneedCurves>[number];
type Point = Curve['points'][number];

export function sweepTitle({ sweep }: SweepReport): string {
  const rw = sweep.points[0]?.result.jobs[0]?.options.rw;
  const grid = sweep.grid.dimensions.map(({ option, values }) => `${option}=${values.join(',')}`).join(' x ');
  return `Sweep of ${typeof rw === 'string' ? `${rw}, ` : ''}${grid}`;
}

export function sweepLead({ sweep, view }: SweepReport): string {
  const status = statusLine(sweep);
  const [rule, ...knees] = kneeLines(sweep, view);
  const lines = [
    ...(status === null ? [] : [status]),
    ...(rule === undefined ? [] : [rule, ...knees.slice(0, 8)]),
  ];
  return leadHtml(lines, status === null ? 'plain' : 'warn');
}

function ranged(x: number, { median, low, high, n }: Estimate, title?: string): ChartPoint {
  return { x, y: median, ...(n > 1 ? { low, high } : {}), ...(title === undefined ? {} : { title }) };
}

/** Where curves bend; those that bend at one place share a mark. */
function kneeMarks(curves: readonly KneedCurve[]): Mark[] {
  const labels = new Map<number, string[]>();
  for (const { label, knee } of curves) if (knee) labels.set(knee.x, [...(labels.get(knee.x) ?? []), label]);
  return [...labels].map(([x, all]) => ({
    x,
    label: `knee: ${all.length > 2 ? `${all.length} backends` : all.join(', ')}`,
  }));
}

/** The three pictures of one combination of the other dimensions. */
function curveCharts(
  { sweep, view }: SweepReport,
  where: string,
  curves: readonly KneedCurve[],
  at: string,
): string {
  const axis = sweep.grid.axis ?? '';
  const texts = new Map(curves.flatMap(({ points }) => points.map(({ x, text }) => [x, text] as const)));
  const of = where === '' ? '' : `, ${where}`;
  const xAxis = {
    label: axis,
    scale: 'log' as const,
    ticks: [...texts.keys()].sort((a, b) => a - b),
    format: (x: number) => texts.get(x) ?? shortNumber(x),
  };
  const lines = (points: (point: Point) => ChartPoint) =>
    curves.map((curve) => ({
      name: curve.label,
      points: [...curve.points].sort((a, b) => a.x - b.x).map(points),
    }));
  const marks = kneeMarks(curves);
  const latencyAxis = { label: view.latency.name, scale: 'log' as const, format: shortTime };
  const limit: Mark[] =
    view.limit === null ? [] : [{ y: view.limit.ns, label: `limit ${shortTime(view.limit.ns)}` }];
  return [
    where === '' ? '' : heading(where),
    lineChart({
      id: `iops-${at}`,
      title: `IOPS by ${axis}${of}`,
      description: `How many I/Os per second each ${axis} brings, with its interval; knees are marked.`,
      x: xAxis,
      y: { label: 'IOPS', scale: 'linear' },
      lines: lines(({ x, estimates }) => ranged(x, estimates.iops)),
      marks,
    }),
    lineChart({
      id: `latency-${at}`,
      title: `${view.latency.name} by ${axis}${of}`,
      description: `How long I/Os take at each ${axis}.`,
      x: xAxis,
      y: latencyAxis,
      lines: lines(({ x, estimates }) => ranged(x, estimates.latency)),
      marks: [...marks, ...limit],
    }),
    lineChart({
      id: `trade-${at}`,
      title: `Latency against IOPS${of}`,
      description: 'What more I/Os per second cost in latency: right and low is good.',
      x: { label: 'IOPS', scale: 'linear' },
      y: latencyAxis,
      lines: lines(({ text, iops, latencyNs }) => ({ x: iops, y: latencyNs, title: `${axis}=${text}` })),
      marks: limit,
      inOrder: true,
    }),
  ].join('\n');
}

function curvesHtml(report: SweepReport, prefix = ''): string {
  const curves = kneedCurves(report.sweep, report.view).filter(({ points }) => points.length > 1);
  const wheres = [...new Set(curves.map(({ where }) => where))];
  const shown = wheres.slice(0, COMBINATIONS_MAX).map((where, at) =>
    curveCharts(
      report,
      where,
      curves.filter((curve) => curve.where === where),
      `${prefix}${at}`,
    ),
  );
  const left = wheres.length - COMBINATIONS_MAX;
  return (
    shown.join('\n') +
    (left > 0 ? `<p class="legendline">${left} more combinations are in the table alone.</p>` : '')
  );
}

/** IOPS over two dimensions, a map a backend. */
function mapsHtml({ sweep }: SweepReport): string {
  const [rows, columns] = sweep.grid.dimensions;
  if (rows === undefined || columns === undefined || sweep.grid.dimensions.length !== 2) return '';
  const metric = parseMetric('metric', 'iops');
  return labelsOf(sweep)
    .slice(0, MAPS_MAX)
    .map((label, at) => {
      const value = (row: string, column: string): number | null => {
        const point = sweep.points.find(
          ({ values }) => own(values, rows.option) === row && own(values, columns.option) === column,
        );
        const backend = point?.result.backends.find((one) => one.label === label);
        return backend === undefined ? null : (estimateOf(backend, metric)?.median ?? null);
      };
      return heatMap({
        id: `map-${at}`,
        title: `IOPS of ${label} by ${rows.option} and ${columns.option}`,
        description: 'Each cell is a point of the sweep; the shade is its IOPS. Blank: not measured.',
        x: { label: columns.option, names: columns.values },
        y: { label: rows.option, names: rows.values },
        cells: rows.values.map((row) => columns.values.map((column) => value(row, column))),
        format: shortNumber,
        scale: 'log',
      });
    })
    .join('\n');
}

function rowsHtml({ sweep, view }: SweepReport): string {
  const dimensions = sweep.grid.dimensions.map(({ option }) => option);
  const rows = sweep.points.flatMap((point) => rowsOfPoint(point, dimensions, view));
  return dataTable({
    caption: 'All points, medians over trials with ± to the end of the interval',
    head: [...dimensions, 'backend', ...view.metrics.map(metricHead)],
    rows: rows.map(({ values, label, status, estimates }) => [
      ...values,
      label,
      ...view.metrics.map((metric, at) => {
        const estimate = estimates[at];
        if (!estimate) return at === 0 && status !== 'complete' ? status : '';
        return `${metricValue(metric, estimate.median)} ${shortMarginText(estimate)}`.trim();
      }),
    ]),
  });
}

function explainedHtml({ sweep }: SweepReport): string {
  const all = explainedOfSweep(sweep);
  const view = explainView(all);
  return view === null ? '' : explainHtml(view, all);
}

/** What of a sweep stands in a page of many results. @param prefix of the ids of its charts */
export function sweepSummary(report: SweepReport, prefix: string): string {
  return curvesHtml(report, prefix) + rowsHtml(report);
}

const SWEEP_SECTIONS: readonly Section<SweepReport>[] = [
  {
    title: 'Curves',
    applies: ({ sweep }) => sweep.grid.axis !== null,
    render: (report) => curvesHtml(report),
  },
  { title: 'Map', applies: ({ sweep }) => sweep.grid.dimensions.length === 2, render: mapsHtml },
  { title: 'All points', applies: ({ sweep }) => sweep.points.length > 0, render: rowsHtml },
  { title: 'Where the time goes', applies: () => true, render: explainedHtml },
  {
    title: 'What to know beside the numbers',
    applies: () => true,
    render: ({ sweep }) => listHtml(sweepNotes(sweep)),
  },
  {
    title: 'Workload and storage',
    applies: () => true,
    render: ({ sweep }) => factsHtml(headerFacts(sweepHeader(sweep))),
  },
  {
    title: 'Environment',
    applies: () => true,
    render: ({
      sweep: {
        points: [first],
      },
    }) => (first === undefined ? '' : environmentHtml(first.result)),
  },
  {
    title: 'Options',
    applies: () => true,
    render: ({ sweep }) =>
      sweep.points[0] === undefined
        ? ''
        : optionsHtml({ jobs: sweep.points[0].result.jobs, command_line: sweep.command_line }),
  },
];

export function sweepSections(report: SweepReport): { title: string; html: string }[] {
  return sectionsOf(SWEEP_SECTIONS, report);
}
