/** What the measurements of an evaluation say together: when rounds settled, means of the steady window. */
import type {
  Evaluation,
  EvaluationHealth,
  EvaluationPhase,
  EvaluationStep,
} from '../results/evaluate-schema.ts';
import { type SteadyVerdict, steadyState } from './steady-state.ts';

interface TrackedCell {
  cell: string;
  /** Of each whole round, in the rule's unit: IOPS, bytes a second, mean latency in ns. */
  values: number[];
  verdict: SteadyVerdict;
}

export interface PhaseVerdict {
  /** Whole rounds that were done. */
  rounds: number;
  /** First and last round of the window in which all tracked cells are steady; null: there is none. */
  window: [number, number] | null;
  tracked: TrackedCell[];
}

/** The measurements of a phase and round. */
export function stepsOf(
  evaluation: Pick<Evaluation, 'steps'>,
  phase: string,
  round?: number,
): EvaluationStep[] {
  return evaluation.steps.filter(
    (step) => step.phase === phase && (round === undefined || step.round === round),
  );
}

function trackedValue(step: EvaluationStep, metric: 'iops' | 'bw' | 'lat'): number {
  if (metric === 'iops') return step.iops;
  if (metric === 'bw') return step.bw_bytes;
  return (step.write ?? step.read)?.lat_ns.mean ?? 0;
}

/** Rounds in which every cell was measured. */
export function wholeRounds(evaluation: Pick<Evaluation, 'steps'>, phase: EvaluationPhase): number {
  let rounds = 0;
  const done = (round: number) => stepsOf(evaluation, phase.name, round).length >= phase.cells.length;
  while (rounds < phase.rounds && done(rounds)) rounds++;
  return rounds;
}

/** Of a phase with a rule; null for one without. */
export function judgePhase(
  evaluation: Pick<Evaluation, 'steps'>,
  phase: EvaluationPhase,
): PhaseVerdict | null {
  const { steady } = phase;
  if (steady === null) return null;
  const rounds = wholeRounds(evaluation, phase);
  const { metric, rounds: length, range, excursion } = steady;
  const rule = { metric, rounds: length, range, excursion };
  const series = steady.cells.map((cell) => ({
    cell,
    values: stepsOf(evaluation, phase.name)
      .filter((step) => step.cell === cell && step.round < rounds)
      .sort((a, b) => a.round - b.round)
      .map((step) => trackedValue(step, metric)),
  }));
  const windowAt = (end: number): TrackedCell[] =>
    series.map((one) => ({
      ...one,
      verdict: steadyState(one.values.slice(end - length + 1, end + 1), rule),
    }));
  for (let end = length - 1; end < rounds; end++) {
    const tracked = windowAt(end);
    if (tracked.every(({ verdict }) => verdict.steady))
      return { rounds, window: [end - length + 1, end], tracked };
  }
  return { rounds, window: null, tracked: windowAt(rounds - 1) };
}

/** Bytes that the rounds of a phase have written. */
export function writtenBytes(evaluation: Pick<Evaluation, 'steps'>, phase: string): number {
  return stepsOf(evaluation, phase).reduce((sum, { write }) => sum + (write?.bytes ?? 0), 0);
}

/** Whether a phase needs no further round. */
export function phaseDone(evaluation: Pick<Evaluation, 'steps'>, phase: EvaluationPhase): boolean {
  const rounds = wholeRounds(evaluation, phase);
  if (rounds >= phase.rounds) return true;
  if (phase.write_bytes_max !== null && writtenBytes(evaluation, phase.name) >= phase.write_bytes_max)
    return true;
  return phase.steady?.ends === true && judgePhase(evaluation, phase)?.window != null;
}

/** The rounds that a phase's figures are made of: the steady window, else the last as many, else all. */
export function figureRounds(
  evaluation: Pick<Evaluation, 'steps'>,
  phase: EvaluationPhase,
): [number, number] {
  const verdict = judgePhase(evaluation, phase);
  if (verdict?.window) return verdict.window;
  const last = Math.max(0, wholeRounds(evaluation, phase) - 1);
  return [Math.max(0, last - (phase.steady?.rounds ?? 1) + 1), last];
}

/** Below it steps of the drive's counters decide the ratio. */
const AMPLIFICATION_BYTES_MIN = 2 ** 30;

/** Bytes on the media for each byte that was written to the drive; null where the drive does not say, or too little was written. */
export function writeAmplification(before: EvaluationHealth, after: EvaluationHealth): number | null {
  const host = after.host_written_bytes - before.host_written_bytes;
  if (before.media_written_bytes === null || after.media_written_bytes === null) return null;
  return host < AMPLIFICATION_BYTES_MIN
    ? null
    : (after.media_written_bytes - before.media_written_bytes) / host;
}
