/** What rules look at, and small questions to it. Shares are 0..1; nothing here is NaN, whatever was seen. */
import type { ThreadFigures, ThreadKind, Traced } from '../results/schema-explain.ts';
import { formatPct } from '../values/format.ts';
import type { ExplainContext } from './context.ts';

export interface Facts extends ExplainContext {
  traced: Traced;
}

type Sleep = ThreadFigures['sleeps'][number];

/** 0 of nothing. */
export function shareOf(part: number | null, whole: number | null): number {
  return part !== null && whole !== null && whole > 0 ? part / whole : 0;
}

/** A share as text: "89 %". */
export function percentText(share: number): string {
  return `${formatPct(100 * share)} %`;
}

export function perIo({ traced }: Facts, count: number): number {
  return shareOf(count, traced.ios);
}

/** "an I/O", or what else figures are divided by. */
export function each({ traced }: Facts): string {
  return traced.per === 'I/O' ? 'an I/O' : 'a block request';
}

/** Who does the I/O: of a program that is not ours the tracer tells threads that do from those that don't. */
export function jobsText({ traced }: Facts): string {
  return traced.per === 'I/O' ? 'the jobs' : 'threads that do I/O';
}

/** The row of a kind of thread. */
export function rowOf({ traced }: Facts, kind: ThreadKind): ThreadFigures | undefined {
  return traced.threads.find((row) => row.kind === kind);
}

/** Features of the variant: "force_async". */
export function hasFeature({ variant }: Facts, name: string): boolean {
  return variant.split('+').includes(name);
}

interface JobSleeps {
  /** Of the jobs' time. */
  share: number;
  /** Times an I/O. */
  perIo: number;
  /** Where most of it was. */
  in: string;
}

/** Sleeps of the jobs of one sort. */
export function jobSleeps(facts: Facts, which: (sleep: Sleep) => boolean): JobSleeps {
  const row = rowOf(facts, 'job');
  const found = row?.sleeps.filter(which) ?? [];
  const sum = (of: (sleep: Sleep) => number) => found.reduce((total, sleep) => total + of(sleep), 0);
  return {
    share: shareOf(
      sum(({ ns }) => ns),
      row?.alive_ns ?? 0,
    ),
    perIo: perIo(
      facts,
      sum(({ count }) => count),
    ),
    in: found[0]?.in ?? '',
  };
}
