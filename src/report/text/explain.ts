/** The part of a report that says what the kernel did for each backend, made of the stored explanations alone. */
import { formatPct, plural } from '../../values/format.ts';
import { basicLines, basicTables } from './explain-basic.ts';
import { cacheTables, costOfTracing, interruptTables, ringTables, syscallTables } from './explain-kernel.ts';
import { costTables, threadTables } from './explain-threads.ts';
import { requestTables, timeTables } from './explain-time.ts';
import {
  type ExplainedBackend,
  isForeign,
  type TitledTable,
  type TracedBackend,
  tracedOf,
} from './explained.ts';
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

/** Fewer, as a share of the backend's own, are not worth a word. */
const OTHERS_LEAST = 0.01;

/** Requests that nobody traced began: write-back of dirty pages is the kernel's. */
function othersLine(one: TracedBackend): string[] {
  const { block, ios } = one.traced;
  if (block === null || block.others <= OTHERS_LEAST * Math.max(ios, 1)) return [];
  const text = `${plural(block.others, 'block request')} of others completed meanwhile: write-back and other programs`;
  return [ofBackend(one, text)];
}

/** Requests that the means cannot hold; never kept quiet, be it one. */
function lostLine(one: TracedBackend): string[] {
  const lost = one.traced.block?.lost ?? 0;
  if (lost === 0) return [];
  const text = `the end of ${plural(lost, 'block request')} was not seen: counts of requests and interrupts are too small by so many`;
  return [ofBackend(one, text)];
}

/** Hooks that some machine lacks, with the reason, each once. */
function missingLines(all: readonly TracedBackend[]): string[] {
  const byReason = new Map<string, Set<string>>();
  for (const { name, reason } of all.flatMap(({ traced }) => traced.hooks.missing)) {
    byReason.set(reason, (byReason.get(reason) ?? new Set()).add(name));
  }
  return [...byReason].map(([reason, names]) => printable(`not seen: ${[...names].join(', ')} (${reason})`));
}

/** Every text of a part in other words. */
export function explainInWords(view: ExplainView, said: (text: string) => string): ExplainView {
  const tables = (titled: readonly TitledTable[]): TitledTable[] =>
    titled.map(({ title, table }) => ({
      title: said(title),
      table: table.map((column) => ({
        ...column,
        head: column.head.map(said),
        ...(column.legend === undefined ? {} : { legend: column.legend.map(said) }),
      })),
    }));
  return {
    chief: tables(view.chief),
    sentences: view.sentences.map(said),
    details: tables(view.details),
    side: tables(view.side),
    lines: view.lines.map(said),
  };
}

/** Of a program that is not ours what is counted is block requests. */
function inRequestWords(text: string): string {
  return text.replaceAll('per I/O', 'per request').replaceAll('an I/O', 'a block request');
}

/** null where nothing is explained. */
export function explainView(all: readonly ExplainedBackend[]): ExplainView | null {
  if (all.length === 0) return null;
  const rows = tracedOf(all);
  const tables = (parts: readonly Part[]) => parts.flatMap((part) => part(rows));
  const view: ExplainView = {
    chief: [...tables(CHIEF), ...basicTables(all)],
    sentences: all.flatMap((one) => one.explain.sentences.map(({ text }) => ofBackend(one, text))),
    details: tables(DETAILS),
    side: requestTables(rows),
    lines: [
      ...rows.flatMap(samplesLine),
      ...rows.flatMap(othersLine),
      ...rows.flatMap(lostLine),
      ...missingLines(rows),
      ...basicLines(all),
    ],
  };
  return rows.every(isForeign) ? explainInWords(view, inRequestWords) : view;
}
