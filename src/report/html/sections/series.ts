/** What trials did over time: rate and latency of each interval, how latencies spread, the machine meanwhile. */
import { BenchError } from '../../../errors.ts';
import type { Trial } from '../../../results/schema.ts';
import type { SteadyState } from '../../../results/schema-series.ts';
import { formatChange, formatCount, formatDuration, plural } from '../../../values/format.ts';
import type { Row } from '../../text/rows.ts';
import { latencyGrid, type Slice, slicesOf, tailOf, typicalTrial } from '../../text/slices.ts';
import { heatMap } from '../charts/heat.ts';
import { lineChart } from '../charts/line.ts';
import { shortNumber, shortTime } from '../charts/numbers.ts';
import type { Line, Mark } from '../charts/spec.ts';
import { listHtml } from './parts.ts';

/** Points of a line, however long a trial was: neighbours are merged. */
const POINTS_MAX = 240;
/** Points of all lines of a chart: many trials have fewer each, so that a page stays small. */
const ALL_POINTS_MAX = 960;
/** Courses of more trials cannot be told apart: of many every so-manieth is drawn, the last one always. */
const COURSES_MAX = 8;
/** Columns of a heat map: as many as one can tell apart. */
const COLUMNS_MAX = 60;
/** Further maps say little that these do not. */
const MAPS_MAX = 4;
/** A course of fewer intervals is none. */
const INTERVALS_LEAST = 3;

/** One trial's course, under the name that it has in charts. */
interface Course {
  name: string;
  trial: Trial;
  slices: readonly Slice[];
}

/** Of one backend each trial, of several the typical one of each. */
function coursesOf(rows: readonly Row[]): Course[] {
  const chosen = chosenOf(rows);
  const most = Math.min(POINTS_MAX, Math.floor(ALL_POINTS_MAX / Math.max(1, chosen.length)));
  return chosen.map((one) => ({ ...one, slices: slicesOf(one.trial, most) }));
}

function chosenOf(rows: readonly Row[]): Omit<Course, 'slices'>[] {
  const long = rows
    .map(({ label, trials }) => ({
      label,
      trials: trials.filter(({ series }) => (series?.intervals.length ?? 0) >= INTERVALS_LEAST),
    }))
    .filter(({ trials }) => trials.length > 0);
  const [only] = long;
  if (long.length === 1 && only !== undefined)
    return spaced(only.trials).map((trial) => ({ name: `trial ${trial.trial}`, trial }));
  return long.slice(0, COURSES_MAX).flatMap(({ label, trials }) => {
    const trial = typicalTrial(trials);
    return trial === undefined ? [] : [{ name: label, trial }];
  });
}

/** Evenly over all of them, the first and the last included. */
function spaced<T>(all: readonly T[]): readonly T[] {
  if (all.length <= COURSES_MAX) return all;
  const step = (all.length - 1) / (COURSES_MAX - 1);
  return Array.from({ length: COURSES_MAX }, (_, at) => all[Math.round(at * step)] as T);
}

const seconds = (ns: number): number => ns / 1e9;

function courseLine({ name, slices }: Course, of: (slice: Slice) => number | null): Line {
  const points = slices.flatMap((slice) => {
    const y = of(slice);
    return y === null ? [] : [{ x: seconds(slice.startNs + slice.lengthNs / 2), y }];
  });
  return { name, points, style: 'line' };
}

function steadyMarks(courses: readonly Course[]): Mark[] {
  const [only] = courses;
  const window = courses.length === 1 ? only?.trial.steady_state?.window : null;
  if (!window) return [];
  const at = only?.trial.steady_state?.at_ns ?? null;
  const label = at === null ? 'last window' : `steady at ${formatDuration(at)}`;
  return [{ x: seconds(window.start_ns), toX: seconds(window.start_ns + window.length_ns), label }];
}

function steadyText(name: string, { rule, at_ns: at, rounds, window }: SteadyState): string {
  const found =
    window === null
      ? ''
      : `: range ${formatChange(window.range * 100).slice(1)}, the fitted line moves ${formatChange(window.excursion * 100).slice(1)} over it`;
  return at === null
    ? `${name}: never steady by ${rule} in ${plural(rounds, 'round')}${found}`
    : `${name}: steady at ${formatDuration(at)} by ${rule}, after ${plural(rounds, 'round')}${found}`;
}

function rateChart(courses: readonly Course[], prefix: string): string {
  return lineChart({
    id: `${prefix}rate-over-time`,
    title: 'IOPS over time',
    description: 'I/Os per second in each interval of a trial.',
    x: { label: 'time in the trial (s)', scale: 'linear', format: shortNumber },
    y: { label: 'IOPS', scale: 'linear' },
    lines: courses.map((course) => courseLine(course, ({ ios, lengthNs }) => (ios / lengthNs) * 1e9)),
    marks: steadyMarks(courses),
    zoom: true,
  });
}

function tailChart(courses: readonly Course[], prefix: string): string {
  return lineChart({
    id: `${prefix}tail-over-time`,
    title: 'Latency over time: the slowest hundredth',
    description: 'The 99th percentile of latency in each interval of a trial.',
    x: { label: 'time in the trial (s)', scale: 'linear', format: shortNumber },
    y: { label: 'latency, p99', scale: 'log', format: shortTime },
    lines: courses.map((course) => courseLine(course, (slice) => tailOf(slice, 99))),
    zoom: true,
  });
}

function spreadMap({ name, trial }: Course, at: number, prefix: string): string {
  const grid = latencyGrid(slicesOf(trial, COLUMNS_MAX));
  if (grid === null) return '';
  return heatMap({
    id: `${prefix}spread-${at}`,
    title: `How latencies spread over time: ${name}`,
    description: 'Each column is a stretch of time, each row a range of latency; the shade counts I/Os.',
    x: {
      label: 'time in the trial (s), beginning at',
      names: grid.starts.map((ns) => shortNumber(seconds(ns))),
    },
    y: { label: 'latency from', names: grid.floors.map(shortTime) },
    cells: grid.cells,
    format: formatCount,
    scale: 'log',
  });
}

/** What the machine did meanwhile, of what it shows. */
const CONDITIONS = [
  { key: 'cpu_busy_pct', title: 'CPUs busy meanwhile', label: 'of all CPUs (%)' },
  { key: 'steal_pct', title: 'Time that the hypervisor took', label: 'of all CPUs (%)' },
  { key: 'temperature_c', title: "The device's temperature", label: '°C' },
] as const;

/** Only of what changed: a flat line at 0 says nothing. */
function conditionCharts(courses: readonly Course[], prefix: string): string {
  return CONDITIONS.map(({ key, title, label }) => {
    const lines = courses.map((course) => courseLine(course, ({ conditions }) => conditions[key] ?? null));
    if (lines.every(({ points }) => points.every(({ y }) => y === 0))) return '';
    return lineChart({
      id: `${prefix}${key}`,
      title,
      description: `${title}, in each interval of a trial.`,
      x: { label: 'time in the trial (s)', scale: 'linear', format: shortNumber },
      y: { label, scale: 'linear' },
      lines,
      zoom: true,
    });
  }).join('');
}

/** Maps of latencies; none where a stored histogram is damaged. */
function spreadMaps(courses: readonly Course[], prefix: string): string {
  try {
    return courses
      .slice(0, MAPS_MAX)
      .map((course, at) => spreadMap(course, at, prefix))
      .join('');
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    return '<p class="legendline">Histograms of the intervals cannot be read.</p>';
  }
}

/** Charts of what has a series; '' where nothing has. */
export function seriesHtml(rows: readonly Row[], prefix: string): string {
  const courses = coursesOf(rows);
  if (courses.length === 0) return '';
  const steady = courses.flatMap(({ name, trial }) =>
    trial.steady_state === undefined ? [] : [steadyText(name, trial.steady_state)],
  );
  return [
    rateChart(courses, prefix),
    listHtml(steady),
    tailChart(courses, prefix),
    spreadMaps(courses, prefix),
    conditionCharts(courses, prefix),
  ].join('\n');
}
