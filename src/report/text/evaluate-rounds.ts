/** Rounds of an evaluation in tables: means of the steady ones, what was tracked, whether it settled. */
import type {
  Evaluation,
  EvaluationCell,
  EvaluationPhase,
  EvaluationStep,
} from '../../results/evaluate-schema.ts';
import { figureRounds, judgePhase, type PhaseVerdict, stepsOf, wholeRounds } from '../../stats/evaluation.ts';
import { formatBytes, formatIops, formatLatency, formatMiBps, plural } from '../../values/format.ts';
import type { Column, TableView } from './table-view.ts';

export interface EvaluationTable {
  title: string;
  table: TableView;
}

export function textColumn(
  head: string,
  texts: readonly string[],
  align: Column['align'] = 'right',
  drop?: number,
): Column {
  return {
    head: [head],
    align,
    cells: texts.map((text) => ({ text })),
    ...(drop === undefined ? {} : { drop }),
  };
}

/** The mean of a cell over the rounds that its phase's figures are made of. */
export function cellMean(
  evaluation: Evaluation,
  phase: EvaluationPhase,
  cell: string,
  of: (step: EvaluationStep) => number | null,
): number | null {
  const [from, to] = figureRounds(evaluation, phase);
  const values = stepsOf(evaluation, phase.name).flatMap((step) =>
    step.cell === cell && step.round >= from && step.round <= to ? (of(step) ?? []) : [],
  );
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Block sizes down, mixes along: PTS's way of showing IOPS. */
export function mixGrid(phase: EvaluationPhase): {
  sizes: number[];
  mixes: number[];
  cell: (bs: number, mix: number) => EvaluationCell | undefined;
} {
  const mixOf = ({ rw, rwmixread }: EvaluationCell): number => rwmixread ?? (rw.endsWith('read') ? 100 : 0);
  return {
    sizes: [...new Set(phase.cells.map(({ bs }) => bs))].sort((a, b) => a - b),
    mixes: [...new Set(phase.cells.map(mixOf))].sort((a, b) => a - b),
    cell: (bs, mix) => phase.cells.find((one) => one.bs === bs && mixOf(one) === mix),
  };
}

export const mixName = (mix: number): string => `${mix}/${100 - mix}`;

function gridTable(
  evaluation: Evaluation,
  phase: EvaluationPhase,
  title: string,
  of: (step: EvaluationStep) => number | null,
  format: (value: number) => string,
): EvaluationTable {
  const { sizes, mixes, cell } = mixGrid(phase);
  const text = (bs: number, mix: number): string => {
    const found = cell(bs, mix);
    const value = found === undefined ? null : cellMean(evaluation, phase, found.id, of);
    return value === null ? '' : format(value);
  };
  return {
    title,
    table: [
      textColumn('block', sizes.map(formatBytes), 'left'),
      ...mixes.map((mix) =>
        textColumn(
          mixName(mix),
          sizes.map((bs) => text(bs, mix)),
        ),
      ),
    ],
  };
}

/** One row a round: what was tracked. Of hundreds of rounds some are shown. */
const ROUND_ROWS_MAX = 30;

function roundTable(phase: EvaluationPhase, { rounds, tracked, window }: PhaseVerdict): EvaluationTable {
  const every = Math.max(1, Math.ceil(rounds / ROUND_ROWS_MAX));
  const shown = Array.from({ length: rounds }, (_, round) => round).filter(
    (round) => round % every === 0 || round === rounds - 1,
  );
  const metric = phase.steady?.metric ?? 'iops';
  const format = { iops: formatIops, bw: formatMiBps, lat: formatLatency }[metric];
  const unit = { iops: 'IOPS', bw: 'MiB/s', lat: '' }[metric];
  const nameOf = (id: string) => phase.cells.find((cell) => cell.id === id)?.name ?? id;
  const inWindow = (round: number) => window !== null && round >= window[0] && round <= window[1];
  return {
    title: `${phase.title}: rounds`,
    table: [
      textColumn(
        'round',
        shown.map((round) => `${round + 1}${inWindow(round) ? ' *' : '  '}`),
      ),
      ...tracked.map(({ cell, values }) =>
        textColumn(
          `${nameOf(cell)} ${unit}`.trim(),
          shown.map((round) => format(values[round] ?? 0)),
        ),
      ),
    ],
  };
}

/** What became of the rounds of a phase, as a sentence for each cell that was tracked. */
export function steadyLines(evaluation: Evaluation, phase: EvaluationPhase): string[] {
  const verdict = judgePhase(evaluation, phase);
  if (verdict === null || phase.steady === null) return [];
  const { rounds, window, tracked } = verdict;
  const { range, excursion } = phase.steady;
  const limits = `range at most ${range * 100} % of the mean${excursion === null ? '' : `, slope at most ${excursion * 100} %`}`;
  const head =
    window === null
      ? `${phase.title}: not steady in ${plural(rounds, 'round')} (${limits})`
      : `${phase.title}: steady in rounds ${window[0] + 1} to ${window[1] + 1} of ${rounds} (${limits})`;
  const nameOf = (id: string) => phase.cells.find((cell) => cell.id === id)?.name ?? id;
  const each = tracked.flatMap(({ cell, verdict: { range: own, excursion: rise, window: seen } }) =>
    seen === null
      ? []
      : [`${nameOf(cell)}: range ${(own * 100).toFixed(1)} %, slope ${(rise * 100).toFixed(1)} %`],
  );
  return [head, ...each];
}

export function roundsTables(evaluation: Evaluation, phase: EvaluationPhase): EvaluationTable[] {
  const verdict = judgePhase(evaluation, phase);
  if (wholeRounds(evaluation, phase) === 0) return [];
  const metric = phase.steady?.metric ?? 'iops';
  const words = verdict?.window ? 'mean of the steady rounds' : 'mean of the last rounds';
  const mean = (step: EvaluationStep) => (step.write ?? step.read)?.lat_ns.mean ?? null;
  const worst = ({ read, write }: EvaluationStep) => Math.max(read?.lat_ns.max ?? 0, write?.lat_ns.max ?? 0);
  const tables =
    metric === 'lat'
      ? [
          gridTable(evaluation, phase, `mean latency, ${words} (read/write)`, mean, formatLatency),
          gridTable(evaluation, phase, `greatest latency, ${words} (read/write)`, worst, formatLatency),
        ]
      : metric === 'bw'
        ? [
            gridTable(
              evaluation,
              phase,
              `MiB/s, ${words} (read/write)`,
              ({ bw_bytes }) => bw_bytes,
              formatMiBps,
            ),
          ]
        : [gridTable(evaluation, phase, `IOPS, ${words} (read/write)`, ({ iops }) => iops, formatIops)];
  return verdict === null || verdict.rounds < 2 ? tables : [...tables, roundTable(phase, verdict)];
}
