/** The curves of a sweep: each backend along the axis, with everything else fixed; their knees and plots. */

import { parseMetric } from '../../compare/metrics.ts';
import { findOption } from '../../options/option-reader.ts';
import { axisNumber } from '../../options/sweep-grid.ts';
import type { SweepPoint, SweepResult } from '../../results/sweep-schema.ts';
import type { Estimate } from '../../stats/difference.ts';
import { backendRows } from '../../stats/groups.ts';
import { type CurvePoint, type Knee, kneeByGain, kneeWithinLimit } from '../../stats/knee.ts';
import { formatIops } from '../../values/format.ts';
import { own } from '../../values/own.ts';
import { formatTime } from '../../values/units.ts';
import { drawPlot, type PlotSeries, SERIES_MAX } from '../text/plot.ts';
import { printable } from '../text/text.ts';
import { estimateOf, labelsOf, limitText, type SweepView } from './sweep-view.ts';

/** A plot of two points says less than their rows. */
const PLOT_POINTS_MIN = 3;
/** More combinations than these are not plotted: there would be nothing but plots. */
const PLOTS_MAX = 4;

interface Point extends CurvePoint {
  /** The value on the axis as it is written. */
  text: string;
  /** The same as iops and latencyNs, with what they are known to be within. */
  estimates: { iops: Estimate; latency: Estimate };
}

export interface Curve {
  /** The other dimensions: `bs=4k numjobs=2`, empty when there are none. */
  where: string;
  label: string;
  points: Point[];
}

/** A point without its place on the axis: `bs=4k numjobs=2`. */
function whereOf({ grid }: Pick<SweepResult, 'grid'>, values: SweepPoint['values']): string {
  const others = grid.dimensions.filter(({ option }) => option !== grid.axis);
  return others.map(({ option }) => `${option}=${own(values, option)}`).join(' ');
}

/** All curves in the order of the grid; none without an axis. */
function curvesOf({ grid, points }: Pick<SweepResult, 'grid' | 'points'>, view: SweepView): Curve[] {
  const axis = grid.axis === null ? undefined : findOption(grid.axis)?.flag;
  if (axis === undefined) return [];
  const iopsMetric = parseMetric('metric', 'iops');
  const curves = new Map<string, Curve>();
  for (const { values, result } of points) {
    const where = whereOf({ grid }, values);
    const text = own(values, axis) ?? '';
    const x = axisNumber(axis, text);
    for (const backend of backendRows(result)) {
      const key = `${where}\0${backend.label}`;
      const curve = curves.get(key) ?? { where, label: printable(backend.label), points: [] };
      curves.set(key, curve);
      const iops = estimateOf(backend, iopsMetric);
      const latency = estimateOf(backend, view.latency);
      if (x === null || iops === null || latency === null) continue;
      const estimates = { iops, latency };
      curve.points.push({ x, text, iops: iops.median, latencyNs: latency.median, estimates });
    }
  }
  return [...curves.values()];
}

/** The curves with the point at which each bends; null where it does not. */
export function kneedCurves(sweep: SweepResult, view: SweepView): (Curve & { knee: Point | null })[] {
  return curvesOf(sweep, view).map((curve) => ({ ...curve, knee: kneeOf(curve, view).point }));
}

function kneeOf(curve: Curve, view: SweepView): Knee<Point> {
  if (view.limit !== null) return kneeWithinLimit(curve.points, view.limit.ns);
  return kneeByGain(curve.points, view.kneeGainPct / 100);
}

/** Why a curve has no knee. */
function missingText(curve: Curve, { missing }: Knee, axis: string, view: SweepView): string {
  if (curve.points.length === 0) return 'no trial gave a number';
  if (missing === 'above-limit') return `none: ${view.latency.name} is above the limit everywhere`;
  if (curve.points.length === 1) return `none: it was measured at ${axis}=${curve.points[0]?.text} alone`;
  const most = curve.points.reduce((a, b) => (a.x > b.x ? a : b));
  return `none: IOPS still grow at ${axis}=${most.text}`;
}

/** What the knee is, and the knee of each curve; nothing without an axis. */
export function kneeLines(sweep: SweepResult, view: SweepView): string[] {
  const axis = sweep.grid.axis ?? '';
  const curves = curvesOf(sweep, view);
  if (curves.length === 0) return [];
  const rule =
    view.limit === null
      ? `after it IOPS grow by less than ${view.kneeGainPct} % per doubling of ${axis}`
      : `the most IOPS with ${limitText(view.limit)}`;
  const lines = curves.map((curve) => {
    const knee = kneeOf(curve, view);
    const { point } = knee;
    const found = point
      ? `${axis}=${point.text}: ${formatIops(point.iops)} IOPS, ${view.latency.name} ${view.latency.format(point.latencyNs)}`
      : missingText(curve, knee, axis, view);
    return `${[curve.label, curve.where].filter((part) => part !== '').join(' ')}: ${found}`;
  });
  return [`Knee: ${rule}`, ...lines];
}

/** The points at which curves bend, with the backends whose curves do; where IOPS still grow it is the last point. */
export function kneePoints(
  sweep: SweepResult,
  view: SweepView,
): { values: SweepPoint['values']; labels: string[] }[] {
  const axis = sweep.grid.axis ?? '';
  const found = new Map<string, { values: SweepPoint['values']; labels: string[] }>();
  for (const curve of curvesOf(sweep, view)) {
    const { point, missing } = kneeOf(curve, view);
    const last = [...curve.points].sort((a, b) => a.x - b.x).at(-1);
    const text = (point ?? (missing === 'still-growing' ? last : undefined))?.text;
    const at = sweep.points.find(
      ({ values }) => own(values, axis) === text && whereOf(sweep, values) === curve.where,
    );
    if (text === undefined || at === undefined) continue;
    const key = JSON.stringify(at.values);
    found.set(key, { values: at.values, labels: [...(found.get(key)?.labels ?? []), curve.label] });
  }
  return [...found.values()];
}

/** 150000 as 150k. */
function shortCount(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

/** IOPS and latency along the axis, for each combination of the other dimensions; and what was left out. */
export function plotTexts(sweep: SweepResult, view: SweepView, columns: number, ascii: boolean): string[] {
  const curves = curvesOf(sweep, view).filter(({ points }) => points.length >= PLOT_POINTS_MIN);
  const wheres = [...new Set(curves.map(({ where }) => where))];
  const texts = wheres.slice(0, PLOTS_MAX).flatMap((where) => {
    const own = curves.filter((curve) => curve.where === where).slice(0, SERIES_MAX);
    const names = new Map(own.flatMap(({ points }) => points.map(({ x, text }) => [x, text] as const)));
    const plot = (title: string, of: (point: Point) => number, formatY: (y: number) => string) => {
      const series: PlotSeries[] = own.map(({ label, points }) => ({
        name: label,
        points: points.map((point) => ({ x: point.x, y: of(point) })).sort((a, b) => a.x - b.x),
      }));
      const xName = sweep.grid.axis ?? '';
      const formatX = (x: number) => names.get(x) ?? String(x);
      const options = {
        title: where === '' ? title : `${title}, ${where}`,
        columns,
        xName,
        formatX,
        formatY,
        ascii,
      };
      return drawPlot(series, options).join('\n');
    };
    return [
      plot('IOPS', ({ iops }) => iops, shortCount),
      plot(
        view.latency.name,
        ({ latencyNs }) => latencyNs,
        (y) => formatTime(Math.round(y)),
      ),
    ];
  });
  const left = wheres.length - PLOTS_MAX;
  if (left > 0) texts.push(`Not plotted: ${left} more combinations (a smaller grid shows them)`);
  const hidden = labelsOf(sweep).length - SERIES_MAX;
  if (hidden > 0) texts.push(`Not plotted: ${hidden} more backends`);
  return texts;
}
