/** What the rounds say together. Pure functions over samples. */
import { quantile } from '../src/stats/spread.ts';
import type { Goals, Row } from './rows.ts';

export const tools = ['fio', 'bare', 'uring-bench'] as const;
export type Tool = (typeof tools)[number];

export interface SpreadOf {
  median: number;
  min: number;
  max: number;
}

/** Median, least and greatest of some numbers. @throws RangeError without numbers */
export function spread(values: readonly number[]): SpreadOf {
  return { median: quantile(values, 0.5), min: quantile(values, 0), max: quantile(values, 1) };
}

/** One run of one tool. */
export interface Sample {
  /** From 1. */
  round: number;
  row: string;
  tool: Tool;
  /** I/Os per second. */
  ops: number;
}

export interface Ratio {
  /**
   * Median of the rounds' own ratios: the tools of a round ran within seconds of each other, so that a machine
   * that is slow for a while is slow for both. This is the one that goals are judged by.
   */
  ofRounds: number;
  /** Ratio of the medians of all rounds. */
  ofMedians: number;
}

export interface Verdict {
  /** ">= 0.95 x bare". */
  goal: string;
  value: number;
  met: boolean;
}

export interface RowSummary {
  row: string;
  /** I/Os per second; null when the tool did not run. */
  ops: Record<Tool, SpreadOf | null>;
  vsBare: Ratio | null;
  vsFio: Ratio | null;
  verdicts: Verdict[];
}

/** Ratio of paired values: one pair a round. @throws RangeError without values or when they are no pairs */
export function ratioOf(own: readonly number[], other: readonly number[]): Ratio {
  if (own.length !== other.length)
    throw new RangeError(`${own.length} and ${other.length} values are no pairs`);
  return {
    ofRounds: quantile(
      own.map((value, round) => value / (other[round] as number)),
      0.5,
    ),
    ofMedians: quantile(own, 0.5) / quantile(other, 0.5),
  };
}

/** Nanoseconds per I/O of a number of I/Os per second. */
export function nsPerIo(ops: number): number {
  return 1e9 / ops;
}

function opsOf(samples: readonly Sample[], row: string, tool: Tool): number[] {
  return samples
    .filter((sample) => sample.row === row && sample.tool === tool)
    .sort((a, b) => a.round - b.round)
    .map(({ ops }) => ops);
}

/** What came of the goals; those that miss a tool are left out. */
export function judge(goals: Goals, vsBare: Ratio | null, vsFio: Ratio | null, ownNs: number): Verdict[] {
  const verdicts: Verdict[] = [];
  if (goals.nsAtMost !== undefined) {
    verdicts.push({ goal: `<= ${goals.nsAtMost} ns`, value: ownNs, met: ownNs <= goals.nsAtMost });
  }
  for (const [name, least, ratio] of [
    ['bare', goals.bare, vsBare],
    ['fio', goals.fio, vsFio],
  ] as const) {
    if (least === undefined || ratio === null) continue;
    verdicts.push({
      goal: `>= ${least.toFixed(2)} x ${name}`,
      value: ratio.ofRounds,
      met: ratio.ofRounds >= least,
    });
  }
  return verdicts;
}

/** One row's samples; every tool that ran must have run in every round. @throws RangeError when it did not */
export function summarizeRow(row: Row, samples: readonly Sample[]): RowSummary {
  const of = (tool: Tool) => opsOf(samples, row.name, tool);
  const own = of('uring-bench');
  const against = (other: readonly number[]) => (other.length > 0 ? ratioOf(own, other) : null);
  const vsBare = against(of('bare'));
  const vsFio = against(of('fio'));
  const spreadOf = (values: readonly number[]) => (values.length > 0 ? spread(values) : null);
  return {
    row: row.name,
    ops: { fio: spreadOf(of('fio')), bare: spreadOf(of('bare')), 'uring-bench': spreadOf(own) },
    vsBare,
    vsFio,
    verdicts: judge(row.goals, vsBare, vsFio, nsPerIo(quantile(own, 0.5))),
  };
}
