/** The report of an evaluation: its charts, then the same tables as on a terminal. */
import type { Evaluation, EvaluationPhase } from '../../../results/evaluate-schema.ts';
import { percentileKey } from '../../../results/histogram.ts';
import { judgePhase, stepsOf, wholeRounds } from '../../../stats/evaluation.ts';
import { formatBytes, formatIops } from '../../../values/format.ts';
import { evaluationView } from '../../text/evaluate.ts';
import { isMap, mapGrids } from '../../text/evaluate-map.ts';
import { cellMean, mixGrid, mixName } from '../../text/evaluate-rounds.ts';
import { barChart } from '../charts/bar.ts';
import { heatMap } from '../charts/heat.ts';
import { lineChart } from '../charts/line.ts';
import { shortNumber, shortTime } from '../charts/numbers.ts';
import type { Axis, Line, Mark } from '../charts/spec.ts';
import { page } from '../page.ts';
import { dateText } from './dates.ts';
import { environmentHtml } from './environment.ts';
import { factsHtml, headerFacts, leadHtml, listHtml, tableHtml } from './parts.ts';

const MIB = 2 ** 20;
const mib = (bytes: number): string => `${shortNumber(bytes / MIB)} MiB/s`;

const UNITS: Readonly<Record<'iops' | 'bw' | 'lat', Omit<Axis, 'domain'>>> = {
  iops: { label: 'IOPS', scale: 'linear', format: shortNumber },
  bw: { label: 'throughput', scale: 'linear', format: mib },
  lat: { label: 'mean latency', scale: 'linear', format: shortTime },
};

const nameOf = ({ cells }: EvaluationPhase, id: string): string =>
  cells.find((cell) => cell.id === id)?.name ?? id;

/** Bars of what the screen measured, with the least and the most of the trials. */
function screenChart(evaluation: Evaluation, phase: EvaluationPhase, random: boolean): string {
  const bars = stepsOf(evaluation, phase.name).flatMap(({ cell, iops, iops_low, iops_high }) => {
    const found = phase.cells.find(({ id }) => id === cell);
    if (found === undefined || found.name.startsWith('RND') !== random) return [];
    const unit = random ? 1 : found.bs;
    return [{ name: found.name, value: iops * unit, low: iops_low * unit, high: iops_high * unit }];
  });
  if (bars.length === 0) return '';
  const [what, value] = random ? ['Random 4k', UNITS.iops] : ['Sequential', UNITS.bw];
  return barChart({
    id: `screen-${random ? 'random' : 'sequential'}`,
    title: `${what}: ${value.label}`,
    description: `${value.label} of each pattern, the median of its trials with the least and the most of them`,
    value,
    bars,
  });
}

/** IOPS and p99 by depth. */
function kneeCharts(evaluation: Evaluation, phase: EvaluationPhase): string {
  const steps = stepsOf(evaluation, phase.name).flatMap((step) => {
    const cell = phase.cells.find(({ id }) => id === step.cell);
    return cell === undefined ? [] : [{ x: cell.iodepth, step }];
  });
  if (steps.length === 0) return '';
  const x: Axis = { label: 'I/Os in flight', scale: 'log', ticks: steps.map((one) => one.x) };
  const points = steps.map((one) => ({ x: one.x, y: one.step.iops }));
  const p99 = steps.flatMap(({ x: depth, step }) => {
    const ns = (step.read ?? step.write)?.lat_ns.percentile[percentileKey(99)];
    return ns === undefined ? [] : [{ x: depth, y: ns }];
  });
  const shared = { x, description: `${phase.title}, from one I/O in flight to many` };
  return [
    lineChart({
      ...{ ...shared, id: `${phase.name}-iops`, title: `${phase.title}: IOPS` },
      ...{ y: UNITS.iops, lines: [{ name: 'IOPS', points, style: 'both' }] },
    }),
    lineChart({
      ...{ ...shared, id: `${phase.name}-p99`, title: `${phase.title}: p99 latency` },
      ...{
        y: { ...UNITS.lat, label: 'p99', scale: 'log' },
        lines: [{ name: 'p99', points: p99, style: 'both' }],
      },
    }),
  ].join('\n');
}

/** What was tracked by rounds; the steady window as a band, its fitted line and its mean. */
function convergenceCharts(evaluation: Evaluation, phase: EvaluationPhase): string {
  const verdict = judgePhase(evaluation, phase);
  if (verdict === null || phase.steady === null || verdict.rounds < 2) return '';
  const { window, tracked } = verdict;
  const y = UNITS[phase.steady.metric];
  const band: Mark[] = window === null ? [] : [{ x: window[0] + 1, toX: window[1] + 1, label: 'steady' }];
  return tracked
    .map(({ cell, values, verdict: fitted }) => {
      const lines: Line[] = [
        {
          name: nameOf(phase, cell),
          points: values.map((value, at) => ({ x: at + 1, y: value })),
          style: 'both',
        },
      ];
      const marks = [...band];
      const length = phase.steady?.rounds ?? 0;
      if (fitted.window !== null) {
        const from = window === null ? verdict.rounds - length : window[0];
        const rise = fitted.slope * (length - 1);
        const ends = [-rise / 2, rise / 2].map((off, at) => ({
          x: from + 1 + at * (length - 1),
          y: Math.max(0, fitted.mean + off),
        }));
        lines.push({ name: 'line of least squares', points: ends, style: 'line' });
        marks.push({ y: fitted.mean, label: 'mean' });
      }
      const said =
        fitted.window === null
          ? 'too few rounds to judge'
          : `range ${(fitted.range * 100).toFixed(1)} %, slope ${(fitted.excursion * 100).toFixed(1)} % of the mean`;
      return lineChart({
        id: `steady-${phase.name}-${cell}`,
        title: `${nameOf(phase, cell)} by rounds`,
        description: `${y.label} of each round; the window that is judged: ${said}`,
        x: { label: 'round', scale: 'linear', domain: [1, verdict.rounds] },
        ...{ y, lines, marks },
      });
    })
    .join('\n');
}

/** Means of the steady rounds: block sizes down, mixes along. */
function gridChart(evaluation: Evaluation, phase: EvaluationPhase): string {
  const { sizes, mixes, cell } = mixGrid(phase);
  if (phase.steady?.metric !== 'iops' || wholeRounds(evaluation, phase) === 0 || mixes.length < 2) return '';
  const value = (bs: number, mix: number): number | null => {
    const found = cell(bs, mix);
    return found === undefined ? null : cellMean(evaluation, phase, found.id, ({ iops }) => iops);
  };
  return heatMap({
    id: `grid-${phase.name}`,
    title: 'IOPS by block size and mix',
    description: 'mean IOPS of the rounds that count, by block size and by the share of reads',
    x: { label: 'reads/writes', names: mixes.map(mixName) },
    y: { label: 'block size', names: sizes.map(formatBytes) },
    cells: sizes.map((bs) => mixes.map((mix) => value(bs, mix))),
    format: formatIops,
    scale: 'log',
  });
}

/** A map of each direction: the shade is its p99. */
function mapCharts(evaluation: Evaluation, phase: EvaluationPhase): string {
  return mapGrids(evaluation, phase)
    .map(({ op, title, reads, writes, cells }) =>
      heatMap({
        id: `map-${op}`,
        title,
        description: `${title}, from when an I/O was due; blank: a rate was missed, or there was no such I/O`,
        x: { label: 'reads: IOPS', names: reads },
        // As a chart goes up.
        y: { label: 'writes: MiB/s', names: writes.toReversed() },
        cells: cells.toReversed(),
        format: shortTime,
        scale: 'log',
      }),
    )
    .join('\n');
}

function chartsOf(evaluation: Evaluation, phase: EvaluationPhase): string {
  if (phase.name === 'screen')
    return [false, true].map((random) => screenChart(evaluation, phase, random)).join('\n');
  if (isMap(phase)) return mapCharts(evaluation, phase);
  if (phase.name === 'limits') return '';
  if (phase.name.startsWith('knee')) return kneeCharts(evaluation, phase);
  return [gridChart(evaluation, phase), convergenceCharts(evaluation, phase)].join('\n');
}

/** The page as text that ends in a newline. */
export function evaluationDocument(evaluation: Evaluation): string {
  const { header, status, tables, lines } = evaluationView(evaluation);
  const { target, profile, environment, tool } = evaluation;
  return page({
    title: `Evaluation of ${target.path}: ${profile}`,
    subtitle: `${environment.hostname}, Linux ${environment.kernel}, ${dateText(evaluation.started_at)}`,
    lead: status === '' ? leadHtml([evaluation.title]) : leadHtml([evaluation.title, status], 'warn'),
    sections: [
      { title: 'What was done', html: factsHtml(headerFacts(header)) },
      ...evaluation.phases.map((phase) => ({
        title: phase.title,
        html: chartsOf(evaluation, phase).trim(),
      })),
      { title: 'Tables', html: tables.map(({ title, table }) => tableHtml(table, title)).join('\n') },
      { title: 'What to know beside the numbers', html: listHtml(lines) },
      { title: 'Environment', html: environmentHtml({ environment }) },
    ],
    version: tool.version,
  });
}
