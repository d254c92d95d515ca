/** What is said of a history: a sentence for each change, a table of the runs that matter, a plot. */
import type { EnvironmentChange } from '../../compare/environment.ts';
import { type History, type HistoryPoint, isBetter } from '../../compare/history.ts';
import type { ChangePoint } from '../../stats/change-points.ts';
import { formatChange, joined, plural } from '../../values/format.ts';
import { drawPlot, type PlotSeries, SERIES_MAX } from '../text/plot.ts';
import type { Column, TableView } from '../text/table-view.ts';

/** Runs at the end that are shown whatever they are. */
const LAST_SHOWN = 8;
/** Fewer say less than their rows. */
const PLOT_RUNS_MIN = 4;
/** Of one run's events so many are told. */
const EVENTS_MAX = 4;

const dateText = (started: string): string => started.slice(0, 16).replace('T', ' ');

export function eventText({ name, before, after }: EnvironmentChange): string {
  return `${name} ${before} -> ${after}`;
}

function eventsText(events: readonly EnvironmentChange[]): string {
  const told = events.slice(0, EVENTS_MAX).map(eventText);
  const more = events.length - EVENTS_MAX;
  return [...told, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

/** `randread bs=4k iodepth=8 numjobs=1, io_uring on web7` */
export function historyTitle({ workload, label, host }: History): string {
  return `${workload}, ${label}${host === null ? '' : ` on ${host}`}`;
}

const pct = (ratio: number): string => formatChange((ratio - 1) * 100);

/** `-9.8% (-10.4% .. -9.1%), p 0.002` */
function changeText({ ratio, low, high, p }: ChangePoint): string {
  return `${pct(ratio)} (${pct(low)} .. ${pct(high)}), p ${p}`;
}

/** Events of the runs at which it may have happened. */
function eventsOf(change: ChangePoint, points: readonly HistoryPoint[]): EnvironmentChange[] {
  return points.slice(change.earliest, change.latest + 1).flatMap(({ events }) => events);
}

function changeSentence(history: History, change: ChangePoint): string {
  const { points, metric } = history;
  const better = isBetter(change, metric);
  const [from, to] = [change.before, change.after].map(({ median }) => metric.format(median));
  const when = (at: number): string => dateText((points[at] as HistoryPoint).started_at);
  const since =
    change.earliest === change.latest
      ? `with the run of ${when(change.at)}`
      : `between the runs of ${when(change.earliest - 1)} and ${when(change.latest)}`;
  const events = eventsOf(change, points);
  const beside = events.length === 0 ? '' : `; then changed: ${eventsText(events)}`;
  const word = better === null ? 'changed' : better ? 'improved' : 'worsened';
  return `${metric.name} ${word} ${since}: ${changeText(change)}, from ${from} to ${to}${beside}`;
}

/** What a reader wants to know first, one sentence a change. */
export function historySentences(history: History): string[] {
  const { changes, points, metric } = history;
  if (changes.length > 0) return changes.map((change) => changeSentence(history, change));
  const last = points.at(-1) as HistoryPoint;
  const now = `the last is ${metric.format(last.estimate.median)}`;
  return [`${metric.name}: no change in ${plural(points.length, 'run')}; ${now}`];
}

function isShown({ points, changes }: History, at: number): boolean {
  const near = changes.some((change) => at === change.at || at === change.at - 1);
  return near || at === 0 || at >= points.length - LAST_SHOWN || (points[at]?.events.length ?? 0) > 0;
}

/** The runs that matter: the first and the last ones, those at a change, those before which something changed. */
export function historyTable(history: History): TableView {
  const { points, changes, metric } = history;
  const rows = points.flatMap((point, at) => (isShown(history, at) ? [{ point, at }] : []));
  const left = points.length - rows.length;
  const changeAt = (at: number): ChangePoint | undefined => changes.find((change) => change.at === at);
  const tone = (change: ChangePoint) => (isBetter(change, metric) === false ? 'bad' : 'good');
  const columns: Column[] = [
    {
      head: ['run'],
      align: 'left',
      cells: rows.map(({ point }) => ({ text: dateText(point.started_at) })),
      legend: left > 0 ? [`${plural(left, 'more run')} between them: csv and json have all`] : [],
    },
    {
      head: [metric.name],
      align: 'right',
      cells: rows.map(({ point }) => ({ text: metric.format(point.estimate.median) })),
    },
    {
      head: ['95 % interval'],
      align: 'right',
      drop: 1,
      cells: rows.map(({ point: { estimate } }) => ({
        text: estimate.n > 1 ? `${metric.format(estimate.low)} .. ${metric.format(estimate.high)}` : '',
      })),
    },
  ];
  if (changes.length > 0)
    columns.push({
      head: ['change'],
      align: 'left',
      cells: rows.map(({ at }) => {
        const change = changeAt(at);
        return change === undefined ? { text: '' } : { text: pct(change.ratio), tone: tone(change) };
      }),
    });
  if (rows.some(({ point }) => point.events.length > 0))
    columns.push({
      head: ['no longer the same'],
      align: 'left',
      drop: 10,
      cells: rows.map(({ point }) => ({ text: eventsText(point.events) })),
    });
  return columns;
}

/** A value as short as an axis needs it. */
function axisText({ metric }: History, value: number): string {
  if (metric.unit !== 'io/s') return metric.format(value);
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  return value >= 1e4 ? `${Number((value / 1e3).toPrecision(4))}k` : String(Number(value.toPrecision(4)));
}

/** The medians of all runs, each level with a mark of its own; none of a few runs. */
export function historyPlot(history: History, columns: number, ascii = false): string[] {
  const { points, changes, metric } = history;
  if (points.length < PLOT_RUNS_MIN) return [];
  const bounds = [0, ...changes.map(({ at }) => at), points.length];
  const levels = bounds.slice(1).map((end, i): PlotSeries => {
    const begin = bounds[i] as number;
    const name = `from ${dateText((points[begin] as HistoryPoint).started_at)}`;
    const own = points.slice(begin, end);
    return { name, points: own.map(({ estimate }, n) => ({ x: begin + n, y: estimate.median })) };
  });
  const shown = levels.slice(-SERIES_MAX);
  return drawPlot(shown, {
    title: `${metric.name} of each run`,
    columns,
    xName: 'run',
    formatX: (x) => (points[x] as HistoryPoint).started_at.slice(5, 10),
    formatY: (y) => axisText(history, y),
    close: true,
    ascii,
  });
}

/** What is left out, for people. */
export function leftOutText(files: number, histories: readonly History[]): string | null {
  const short = histories.filter(({ points }) => points.length === 1);
  if (files === 0 || short.length === 0) return null;
  return `once only, and so without a history: ${joined(short.map(historyTitle))}`;
}
