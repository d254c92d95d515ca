/** The latency map of an evaluation: p99 by the rates of reads and of writes. */
import type {
  Evaluation,
  EvaluationCell,
  EvaluationPhase,
  EvaluationStep,
} from '../../results/evaluate-schema.ts';
import { percentileKey } from '../../results/histogram.ts';
import { stepsOf } from '../../stats/evaluation.ts';
import { formatIops, formatLatency, formatMiBps } from '../../values/format.ts';
import { type EvaluationTable, textColumn } from './evaluate-rounds.ts';

export interface MapGrid {
  op: 'read' | 'write';
  title: string;
  /** Rates that were asked for, as words, from none up. */
  reads: string[];
  writes: string[];
  /** p99 of the response in ns, by the rate of writes and then of reads; null: not measured, or its rate was missed. */
  cells: (number | null)[][];
  /** Cells that missed their rate. */
  missed: number;
}

type Load = NonNullable<EvaluationCell['load']>;

export const isMap = ({ cells }: EvaluationPhase): boolean => cells.some(({ load }) => load !== undefined);

interface Measured {
  load: Load;
  step: EvaluationStep;
}

function measuredCells(evaluation: Evaluation, phase: EvaluationPhase): Measured[] {
  const steps = stepsOf(evaluation, phase.name);
  return phase.cells.flatMap(({ id, load }) => {
    const step = steps.find(({ cell, status }) => cell === id && status === 'complete');
    return load === undefined || step?.load === undefined ? [] : [{ load, step }];
  });
}

/** Levels of a direction with their rates as words. A level that nothing was measured at has its share. */
function levelsOf(phase: EvaluationPhase, found: readonly Measured[], op: 'read' | 'write') {
  const shareOf = (load: Load): number => (op === 'read' ? load.read_share : load.write_share);
  const shares = [...new Set(phase.cells.flatMap(({ load }) => (load === undefined ? [] : shareOf(load))))];
  return shares
    .sort((a, b) => a - b)
    .map((share) => {
      if (share === 0) return { share, word: '0' };
      const one = found.find(({ load }) => shareOf(load) === share);
      const rates = one?.step.load;
      const word =
        rates === undefined || one === undefined
          ? `${Math.round(share * 100)} %`
          : op === 'read'
            ? formatIops(rates.read_iops)
            : formatMiBps(rates.write_iops * one.load.write_bs);
      return { share, word };
    });
}

/** The map of one direction's latencies; null when nothing of it was measured. */
function gridOf(phase: EvaluationPhase, found: readonly Measured[], op: 'read' | 'write'): MapGrid | null {
  if (!found.some(({ step }) => step[op] !== null)) return null;
  const [reads, writes] = [levelsOf(phase, found, 'read'), levelsOf(phase, found, 'write')];
  const at = (read: number, write: number): number | null => {
    const one = found.find(({ load }) => load.read_share === read && load.write_share === write);
    if (one === undefined || one.step.load?.missed !== false) return null;
    return one.step[op]?.lat_ns.percentile[percentileKey(99)] ?? null;
  };
  return {
    op,
    title: `p99 of ${op}s by the rates of both`,
    reads: reads.map(({ word }) => word),
    writes: writes.map(({ word }) => word),
    cells: writes.map((write) => reads.map((read) => at(read.share, write.share))),
    missed: found.filter(({ step }) => step.load?.missed).length,
  };
}

export function mapGrids(evaluation: Evaluation, phase: EvaluationPhase): MapGrid[] {
  const found = measuredCells(evaluation, phase);
  return (['read', 'write'] as const).flatMap((op) => gridOf(phase, found, op) ?? []);
}

export function mapParts(
  evaluation: Evaluation,
  phase: EvaluationPhase,
): { tables: EvaluationTable[]; lines: string[] } {
  const grids = mapGrids(evaluation, phase);
  const tables = grids.map(({ title, reads, writes, cells }) => ({
    title: `${title}: writes in MiB/s down, reads in IOPS along`,
    table: [
      textColumn('', writes),
      ...reads.map((head, column) =>
        textColumn(
          head,
          cells.map((row) => {
            const value = row[column] ?? null;
            return value === null ? '' : formatLatency(value);
          }),
        ),
      ),
    ],
  }));
  const missed = grids[0]?.missed ?? 0;
  const measured = measuredCells(evaluation, phase).length;
  const lines =
    measured === 0
      ? []
      : [
          `${phase.title}: ${missed} of ${measured} cells missed a rate and are blank, as is what had no I/O of that kind`,
        ];
  return { tables, lines };
}

/** What each direction does alone, as fast as it goes. */
export function limitLines(evaluation: Evaluation, phase: EvaluationPhase): string[] {
  return stepsOf(evaluation, phase.name).flatMap(({ cell, iops, bw_bytes: bandwidth }) => {
    const name = phase.cells.find(({ id }) => id === cell)?.name;
    return name === undefined
      ? []
      : [`${name}: ${formatIops(iops)} IOPS, ${formatMiBps(bandwidth)} MiB/s at the most`];
  });
}
