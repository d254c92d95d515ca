/** What a comparison says, before it is known how it looks: the terminal's and the Markdown report are two layouts. */
import type { Comparison, MetricComparison, Side, VariantComparison } from '../../compare/schema.ts';
import { type HeaderLine, headerLines } from '../text/header.ts';
import { labelParts } from '../text/rows.ts';
import { type Cell, type Column, LAST_RESORT, type TableView, type Tone } from '../text/table-view.ts';
import { printable } from '../text/text.ts';
import type { Note } from '../text/warnings.ts';
import {
  changeIntervalText,
  changeText,
  metricOf,
  plusMinusText,
  probabilityText,
  valueText,
} from './compare-cells.ts';
import { type VerdictLine, verdictLines } from './compare-verdict.ts';
import type { ComparisonReport } from './format-spec.ts';

export interface ComparisonView {
  header: HeaderLine[];
  table: TableView;
  /** For each rule that did not pass what it says and why; the last one sums up. Empty without rules. */
  verdicts: VerdictLine[];
  notes: Note[];
}

/** So many files of a side are named. */
const FILES_SHOWN = 3;

function sideLine(name: string, { files, started_at, hostname, tool_version }: Side): HeaderLine {
  const more = files.length - FILES_SHOWN;
  const when = (started_at[0] ?? '').replace('T', ' ').replace(/(\.\d+)?(Z|\+00:00)$/, ' UTC');
  const items = [
    ...files.slice(0, FILES_SHOWN),
    ...(more > 0 ? [`and ${more} more`] : []),
    `started ${when} on ${hostname}`,
    `uring-bench ${tool_version}`,
  ];
  return { name, separator: ',', items: items.map(printable) };
}

interface Line {
  metric: MetricComparison;
  /** Of the variant's name: all of it in its first line, or a part in each. */
  label: string;
}

/** A name longer than this is put on several lines where there are as many. */
const LONG_LABEL = 24;

/** The variant's name over its lines: a long one in pieces, so that no line is higher than one row. */
function labelsOf({ label, metrics }: VariantComparison): string[] {
  const text = printable(label);
  const parts = text.length > LONG_LABEL ? labelParts(text) : [text];
  return parts.length <= metrics.length ? parts : [text];
}

function linesOf({ variants }: Comparison, whole: boolean): Line[] {
  return variants.flatMap((variant) => {
    const labels = whole ? [printable(variant.label)] : labelsOf(variant);
    return variant.metrics.map((metric, at) => ({ metric, label: labels[at] ?? '' }));
  });
}

/** Whether the candidate is better or worse where that is significant. */
export function toneOf({ difference, better }: MetricComparison): Tone {
  if (difference?.verdict !== 'higher' && difference?.verdict !== 'lower') return 'unclear';
  return difference.verdict === better ? 'good' : 'bad';
}

function tableOf(comparison: Comparison, whole: boolean): TableView {
  const lines = linesOf(comparison, whole);
  const column = (
    head: readonly string[],
    align: Column['align'],
    of: (line: Line) => string | Cell,
    rest: Pick<Column, 'drop' | 'legend'> = {},
  ): Column => {
    const cells = lines.map((line): Cell => {
      const cell = of(line);
      return typeof cell === 'string' ? { text: cell } : cell;
    });
    return { head, align, cells, ...rest };
  };
  const has = (mark: string) => lines.some(({ metric }) => changeText(metric).startsWith(mark));
  const legend = [
    ...(has('~') ? ['~ not significant at 5 %'] : []),
    ...(has('?') ? ['? too few trials to tell: 4 of each are the least'] : []),
  ];
  return [
    column(['backend'], 'left', ({ label }) => label),
    column(['metric'], 'left', ({ metric }) => metric.metric),
    ...(['baseline', 'candidate'] as const).flatMap((side, at) => [
      column([side], 'right', ({ metric }) => valueText(metricOf(metric), metric[side]), {
        drop: LAST_RESORT + at,
      }),
      column(['±'], 'right', ({ metric }) => plusMinusText(metric[side]), { drop: 4 }),
    ]),
    column(['change'], 'right', ({ metric }) => ({ text: changeText(metric), tone: toneOf(metric) }), {
      legend,
    }),
    column(['95 % interval'], 'right', ({ metric }) => changeIntervalText(metric), { drop: 2 }),
    column(['p'], 'right', ({ metric }) => probabilityText(metric), { drop: 3 }),
    column(['n'], 'right', ({ metric }) => trialsText(metric), { drop: 1 }),
  ];
}

/** Trials of both sides: "5", or "5+10" when they differ. */
function trialsText({ baseline, candidate }: MetricComparison): string {
  const [before, after] = [baseline?.n ?? 0, candidate?.n ?? 0];
  return before === after ? String(before) : `${before}+${after}`;
}

/** @param whole names of backends unbroken, in one line of their table */
export function comparisonViewOf(
  { comparison, candidate }: ComparisonReport,
  { whole }: { whole: boolean },
): ComparisonView {
  const [first] = candidate;
  const about = first === undefined ? [] : headerLines(first.result);
  const missing = comparison.variants.flatMap(({ label, missing }): Note[] =>
    missing === null ? [] : [{ level: 'warning', subject: label, text: missing }],
  );
  return {
    header: [
      sideLine('baseline', comparison.baseline),
      sideLine('candidate', comparison.candidate),
      ...about.filter(({ name }) => name === 'workload' || name === 'storage' || name === 'system'),
    ],
    table: tableOf(comparison, whole),
    verdicts: verdictLines(comparison),
    notes: [
      ...missing,
      ...comparison.warnings.map(({ message }): Note => ({ level: 'warning', subject: null, text: message })),
    ],
  };
}
