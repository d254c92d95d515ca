/** The report of one run: which sections it has, and what each says. */
import { workloadName } from '../../../compare/identity.ts';
import type { RunResult } from '../../../results/schema.ts';
import { formatCount, formatIops, formatUsec } from '../../../values/format.ts';
import { explainedOf } from '../../text/explained.ts';
import { type Row, rowsOf } from '../../text/rows.ts';
import { noteLine } from '../../text/warnings.ts';
import { inWordsOf } from '../../text/words.ts';
import { type View, type ViewOptions, viewOf } from '../../view/view.ts';
import { barChart } from '../charts/bar.ts';
import { lineChart } from '../charts/line.ts';
import { environmentHtml, optionsHtml } from './environment.ts';
import { explainHtml } from './explain.ts';
import { latencyCurves } from './latency.ts';
import { targetChart } from './latency-target.ts';
import {
  factsHtml,
  headerFacts,
  leadHtml,
  listHtml,
  notesHtml,
  paragraph,
  type Section,
  sectionsOf,
  tableHtml,
} from './parts.ts';
import { seriesHtml } from './series.ts';

/** What the sections of a run are made of. */
export interface RunSubject {
  result: RunResult;
  view: View;
  rows: readonly Row[];
  /** Before the ids of its charts: a page may have several runs. */
  prefix: string;
}

/** Lines of the head that are said first, not among the facts. */
const FIRST: readonly string[] = ['verdict', 'advice', 'validity'];
/** Dots of fewer trials say no more than their interval. */
const TRIALS_LEAST = 3;

export function runSubject(result: RunResult, options: ViewOptions, prefix = ''): RunSubject {
  return { result, view: viewOf(result, options), rows: rowsOf(result), prefix };
}

/** The verdict, the advice, what they are worth, and that a run is not complete. */
export function runLead({ view, result }: RunSubject): string {
  const lines = view.header.filter(({ name }) => FIRST.includes(name));
  const texts = headerFacts(lines).map(([name, text]) => (name === 'verdict' ? text : `${name}: ${text}`));
  const look =
    result.validity?.verdict === 'unsound'
      ? 'bad'
      : result.validity?.verdict === 'limited'
        ? 'warn'
        : 'plain';
  if (view.status === null) return leadHtml(texts, look);
  return leadHtml([noteLine(view.status), ...texts], 'bad');
}

function iopsBars({ rows, result, prefix }: RunSubject): string {
  const name = inWordsOf(result, 'IOPS');
  const measured = rows.filter(({ summary }) => summary !== null);
  return barChart({
    id: `${prefix}iops`,
    title: `${name} of each ${result.report?.kind === 'ladder' ? 'step' : 'backend'}`,
    description: `${name}, median over trials, with its interval. ${measured
      .map(({ label, summary }) => `${label}: ${formatIops(summary?.iops.median ?? 0)}`)
      .join('; ')}.`,
    value: { label: `${name}, median and 95 % interval`, scale: 'linear', format: formatIops },
    bars: measured.map(({ label, summary }) => ({
      name: label,
      value: summary?.iops.median ?? 0,
      ...((summary?.iops.n ?? 0) > 1 ? { low: summary?.iops.low ?? 0, high: summary?.iops.high ?? 0 } : {}),
    })),
  });
}

function costBars({ rows, result, prefix }: RunSubject): string {
  return barChart({
    id: `${prefix}cost`,
    title: inWordsOf(result, 'CPU time of each I/O'),
    description: 'User and kernel time, helper threads included, median over trials.',
    value: { label: inWordsOf(result, 'CPU time per I/O (µs)'), scale: 'linear', format: formatUsec },
    bars: rows.flatMap(({ label, summary }) =>
      summary === null
        ? []
        : [
            {
              name: label,
              value: summary.cpu_ns_per_io.median,
              ...(summary.cpu_ns_per_io.n > 1
                ? { low: summary.cpu_ns_per_io.low, high: summary.cpu_ns_per_io.high }
                : {}),
            },
          ],
    ),
  });
}

/** Each trial by itself: whether something drifted, or one was held up. */
function trialDots({ rows, result, prefix }: RunSubject): string {
  const lines = rows
    .filter(({ trials }) => trials.length >= TRIALS_LEAST)
    .map(({ label, trials }) => ({
      name: label,
      points: trials.map(({ trial, iops }) => ({ x: trial, y: iops })),
    }));
  const numbers = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))];
  return lineChart({
    id: `${prefix}trials`,
    title: `${inWordsOf(result, 'IOPS')} of each trial`,
    description: 'Trials in their order: a line that falls or rises says that something changed meanwhile.',
    x: { label: 'trial', scale: 'linear', ticks: numbers, format: formatCount },
    y: { label: inWordsOf(result, 'IOPS'), scale: 'linear' },
    lines,
  });
}

function articleHtml({ view }: RunSubject): string {
  if (view.article === null) return '';
  const { title, sides, lines } = view.article;
  return paragraph(title) + sides.map((side) => tableHtml(side)).join('') + listHtml(lines);
}

const always = (): boolean => true;
const searched = ({ result }: RunSubject): boolean => result.report?.kind === 'latency-target';

const RUN_SECTIONS: readonly Section<RunSubject>[] = [
  {
    title: "The article's table",
    applies: ({ view }) => view.article !== null,
    render: articleHtml,
  },
  {
    title: 'The highest rate within the limit',
    applies: searched,
    render: ({ view, result, prefix }) =>
      tableHtml(view.main, 'What each holds') +
      targetChart(result, prefix) +
      tableHtml(view.differences ?? [], 'All rates that were tried'),
  },
  {
    title: 'Results',
    applies: (subject) => !searched(subject),
    render: (subject) => tableHtml(subject.view.main, 'Rate of each, median over trials') + iopsBars(subject),
  },
  {
    title: 'Latency',
    applies: always,
    render: ({ view, rows, prefix }) =>
      latencyCurves(
        `${prefix}latency`,
        'Latency by percentile',
        rows.map(({ label, trials }) => ({ name: label, trials })),
      ) + view.latency.map((table) => tableHtml(table, 'Latency in figures')).join(''),
  },
  {
    title: 'Differences',
    applies: (subject) => subject.view.differences !== null && !searched(subject),
    render: ({ view }) => tableHtml(view.differences ?? [], 'What a program feels, and what an I/O costs'),
  },
  {
    title: 'What an I/O costs',
    applies: always,
    render: (subject) => tableHtml(subject.view.cause, 'What each I/O takes') + costBars(subject),
  },
  {
    title: 'Over time',
    applies: always,
    render: (subject) => seriesHtml(subject.rows, subject.prefix) + trialDots(subject),
  },
  {
    title: 'Where the time goes',
    applies: ({ view }) => view.explain !== null,
    render: ({ view, result, prefix }) =>
      view.explain === null ? '' : explainHtml(view.explain, explainedOf(result), prefix),
  },
  {
    title: 'What to know beside the numbers',
    applies: ({ view }) => view.notes.length > 0,
    render: ({ view }) => notesHtml(view.notes),
  },
  {
    title: 'Workload and storage',
    applies: always,
    render: ({ view }) => factsHtml(headerFacts(view.header.filter(({ name }) => !FIRST.includes(name)))),
  },
  { title: 'Environment', applies: always, render: ({ result }) => environmentHtml(result) },
  { title: 'Options', applies: always, render: ({ result }) => optionsHtml(result) },
];

/** What a run's page is called. */
export function runTitle(result: RunResult): string {
  return workloadName(result);
}

export function runSections(subject: RunSubject): { title: string; html: string }[] {
  return sectionsOf(RUN_SECTIONS, subject);
}
