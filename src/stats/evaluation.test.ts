import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvaluationHealth, EvaluationPhase, EvaluationStep } from '../results/evaluate-schema.ts';
import {
  figureRounds,
  judgePhase,
  phaseDone,
  wholeRounds,
  writeAmplification,
  writtenBytes,
} from './evaluation.ts';

const cell = (id: string) => ({ id }) as EvaluationPhase['cells'][number];

function phase(more: Partial<EvaluationPhase> = {}): EvaluationPhase {
  return {
    name: 'rounds',
    title: 'rounds',
    rounds: 25,
    write_bytes_max: null,
    steady: { metric: 'iops', rounds: 5, range: 0.2, excursion: 0.1, cells: ['a', 'b'], ends: true },
    cells: [cell('a'), cell('b')],
    ...more,
  };
}

function step(round: number, id: string, iops: number): EvaluationStep {
  return {
    ...{ phase: 'rounds', round, cell: id, started_at: '', runtime_ns: 1, status: 'complete', reason: null },
    ...{ iops, iops_low: iops, iops_high: iops, bw_bytes: 0, read: null, errors: 0, kernel: null },
    write: { iops, bw_bytes: 0, bytes: 1000, lat_ns: { mean: 1, max: 1, percentile: {} } },
  };
}

const rounds = (a: number[], b: number[]) => ({
  steps: a.flatMap((value, round) => [step(round, 'a', value), step(round, 'b', b[round] ?? 0)]),
});
const FLAT = [100, 100, 100, 100, 100, 100, 100];

test('rounds end when all that is tracked is steady in one window', () => {
  const evaluation = rounds([300, 200, 100, 100, 100, 100, 100], FLAT);
  assert.deepEqual(judgePhase(evaluation, phase())?.window, [2, 6]);
  assert.equal(phaseDone(evaluation, phase()), true);
  assert.deepEqual(figureRounds(evaluation, phase()), [2, 6]);
  assert.equal(phaseDone(rounds([300, 200, 100, 100, 100, 100], FLAT), phase()), false);
});

test('one cell alone is not enough', () => {
  const evaluation = rounds(FLAT, [1, 2, 4, 8, 16, 32, 64]);
  assert.equal(judgePhase(evaluation, phase())?.window, null);
  assert.equal(phaseDone(evaluation, phase()), false);
  assert.equal(phaseDone(evaluation, phase({ rounds: 7 })), true, 'at the last round it ends anyway');
});

test('a round that lacks a cell counts for nothing', () => {
  const evaluation = rounds(FLAT.slice(0, 4), FLAT.slice(0, 4));
  evaluation.steps.push(step(4, 'a', 100));
  assert.equal(wholeRounds(evaluation, phase()), 4);
  assert.equal(judgePhase(evaluation, phase())?.window, null);
});

test('what is written may end it', () => {
  const evaluation = rounds(FLAT.slice(0, 2), FLAT.slice(0, 2));
  assert.equal(writtenBytes(evaluation, 'rounds'), 4000);
  assert.equal(phaseDone(evaluation, phase({ write_bytes_max: 4000, steady: null })), true);
  assert.equal(phaseDone(evaluation, phase({ write_bytes_max: 4001, steady: null })), false);
});

test('write amplification is told where both are known and enough was written', () => {
  const health = (host: number, media: number | null) =>
    ({ host_written_bytes: host, media_written_bytes: media }) as EvaluationHealth;
  assert.equal(writeAmplification(health(0, 0), health(4 * 2 ** 30, 6 * 2 ** 30)), 1.5);
  assert.equal(writeAmplification(health(0, 0), health(2 ** 20, 2 ** 30)), null);
  assert.equal(writeAmplification(health(0, null), health(4 * 2 ** 30, null)), null);
});
