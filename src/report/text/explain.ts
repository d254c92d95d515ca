/** The part of a report that says what the kernel did for each backend, made of the stored explanations alone. */
import { formatPct, plural } from '../../values/format.ts';
import { cacheTables, costOfTracing, interruptTables, ringTables, syscallTables } from './explain-kernel.ts';
import { costTables, threadTables } from './explain-threads.ts';
import { requestTables, timeTables } from './explain-time.ts';
import { type ExplainedBackend, type TitledTable, type TracedBackend, tracedOf } from './explained.ts';
import { printable } from './text.ts';

export interface ExplainView {
  /** Where time went and what an I/O takes: as wide as there is room for. */
  chief: TitledTable[];
  /** What it means, most important first, a line each. */
  sentences: string[];
  /** What else was seen. */
  details: TitledTable[];
  /** Backends beside each other: in groups where they are many. */
  side: TitledTable[];
  lines: string[];
}

type Part = (rows: readonly TracedBackend[]) => TitledTable[];

const CHIEF: readonly Part[] = [timeTables, threadTables, costTables];
const DETAILS: readonly Part[] = [ringTables, syscallTables, cacheTables, interruptTables, costOfTracing];

/** With the backend before it, where there is more than one program. */
function ofBackend({ label }: ExplainedBackend, text: string): string {
  return printable(label === '' ? text : `${label}: ${text}`);
}

function samplesLine(one: TracedBackend): string[] {
  const { samples } = one.traced;
  if (samples === null || samples.total === 0) return [];
  const shares = samples.top.map(
    (top) => `${top.function} ${formatPct((top.count / samples.total) * 100)} %`,
  );
  return [ofBackend(one, `CPUs were in ${shares.join(', ')} (${plural(samples.total, 'sample')})`)];
}

/** Hooks that some machine lacks, with the reason, each once. */
function missingLines(all: readonly TracedBackend[]): string[] {
  const byReason = new Map<string, Set<string>>();
  for (const { name, reason } of all.flatMap(({ traced }) => traced.hooks.missing)) {
    byReason.set(reason, (byReason.get(reason) ?? new Set()).add(name));
  }
  return [...byReason].map(([reason, names]) => printable(`not seen: ${[...names].join(', ')} (${reason})`));
}

/** null where nothing was traced. */
export function explainView(all: readonly ExplainedBackend[]): ExplainView | null {
  const rows = tracedOf(all);
  if (rows.length === 0) return null;
  const tables = (parts: readonly Part[]) => parts.flatMap((part) => part(rows));
  return {
    chief: tables(CHIEF),
    sentences: all.flatMap((one) => one.explain.sentences.map(({ text }) => ofBackend(one, text))),
    details: tables(DETAILS),
    side: requestTables(rows),
    lines: [...rows.flatMap(samplesLine), ...missingLines(rows)],
  };
}
