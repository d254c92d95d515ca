/** How one workload went over time: each backend's runs with intervals, changes of level, and what of the machine changed. */
import { environmentDifferences } from '../../../compare/environment.ts';
import { type History, historiesOf } from '../../../compare/history.ts';
import { parseMetric } from '../../../compare/metrics.ts';
import type { RunResult } from '../../../results/schema.ts';
import { formatChange } from '../../../values/format.ts';
import { lineChart } from '../charts/line.ts';
import { shortNumber, shortTime } from '../charts/numbers.ts';
import type { Mark } from '../charts/spec.ts';
import { idOf } from '../escape.ts';
import { dateText } from './dates.ts';
import type { WorkloadGroup } from './groups.ts';
import { heading, listHtml } from './parts.ts';

/** Fewer runs have no history. */
const RUNS_LEAST = 3;
/** Events beyond these are in the list alone. */
const EVENTS_MARKED = 6;

/** The histories of a metric that are long enough to be one. */
function longHistories({ entries }: WorkloadGroup, name: string): History[] {
  const runs = entries.map(({ result, number }) => ({ path: `run #${number}`, run: result }));
  return historiesOf(runs, parseMetric('metric', name)).filter(({ points }) => points.length >= RUNS_LEAST);
}

function nameOf({ label, host }: History): string {
  return host === null ? label : `${label} on ${host}`;
}

interface Event {
  at: number;
  text: string;
}

/** What of the machine changed between one run and the next. */
function eventsOf(entries: WorkloadGroup['entries']): Event[] {
  return entries.slice(1).flatMap(({ result }, i) => {
    const before = entries[i]?.result as RunResult;
    const differences = environmentDifferences(before, result).map(({ message }) => message);
    const at = Date.parse(result.started_at);
    return differences.length === 0 || Number.isNaN(at) ? [] : [{ at, text: differences.join('; ') }];
  });
}

interface Change {
  at: number;
  text: string;
  mark: string;
}

function changesOf(history: History): Change[] {
  return history.changes.flatMap(({ at, ratio, low, high }) => {
    const point = history.points[at];
    if (point === undefined) return [];
    const pct = (of: number) => formatChange((of - 1) * 100);
    return [
      {
        at: Date.parse(point.started_at),
        mark: `${nameOf(history)} ${pct(ratio)}`,
        text: `${nameOf(history)}: ${history.metric.name} ${pct(ratio)} (${pct(low)}..${pct(high)}) from ${point.path}, ${dateText(point.started_at)}`,
      },
    ];
  });
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const minute = (ms: number): string => new Date(ms).toISOString().slice(5, 16).replace('T', ' ');

const METRICS = [
  { name: 'iops', label: 'IOPS', scale: 'linear', format: shortNumber },
  { name: 'lat_p99', label: 'latency, p99', scale: 'log', format: shortTime },
] as const;

/** Ticks stand where runs are. */
function ticksOf(histories: readonly History[]): { ticks: number[]; format: (ms: number) => string } {
  const dates = histories.flatMap(({ points }) => points.map(({ started_at }) => Date.parse(started_at)));
  const all = [...new Set(dates)].filter((date) => !Number.isNaN(date)).sort((a, b) => a - b);
  const span = Math.max(...all) - Math.min(...all);
  return { ticks: all, format: span > 4 * 86_400_000 ? day : minute };
}

/** Charts of a workload's history, its changes and events in words; '' with too few runs. */
export function historyHtml(group: WorkloadGroup): string {
  const events = eventsOf(group.entries);
  const marks: Mark[] = events
    .slice(0, EVENTS_MARKED)
    .map(({ at }, i) => ({ x: at, label: `event ${i + 1}` }));
  const found: string[] = [];
  const charts = METRICS.map(({ name, label, scale, format }) => {
    const histories = longHistories(group, name);
    if (histories.length === 0) return '';
    const changes = histories.flatMap(changesOf).filter(({ at }) => !Number.isNaN(at));
    found.push(...changes.map(({ text }) => text));
    return lineChart({
      id: `history-${name}-${idOf(group.workload)}-${group.entries[0]?.number ?? 0}`,
      title: `${label} over time`,
      description: `Each run's median with its 95 % interval. ${changes.length} changes of level; ${events.length} changes of the machine.`,
      x: { label: 'when the run began (UTC)', scale: 'linear', ...ticksOf(histories) },
      y: { label, scale, format },
      lines: histories.map((history) => ({
        name: nameOf(history),
        points: history.points.map(({ path, started_at, estimate: { median, low, high, n } }) => ({
          x: Date.parse(started_at),
          y: median,
          ...(n > 1 ? { low, high } : {}),
          title: path,
        })),
      })),
      marks: [...marks, ...changes.map(({ at, mark }): Mark => ({ x: at, label: mark }))],
      zoom: true,
    });
  });
  if (charts.every((chart) => chart === '')) return '';
  const told = events.map(
    ({ at, text }, i) => `event ${i + 1}, ${dateText(new Date(at).toISOString())}: ${text}`,
  );
  return [
    ...charts,
    found.length === 0 ? '' : heading('Changes of level') + listHtml(found),
    told.length === 0 ? '' : heading('Changes of the machine') + listHtml(told),
  ].join('\n');
}
