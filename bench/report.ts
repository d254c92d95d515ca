/** The report as text and as Markdown: two layouts of the same tables. */
import type { Environment } from '../src/results/schema.ts';
import type { Comparison } from './comparison.ts';
import type { Floor } from './floor.ts';
import type { Limit } from './limits.ts';
import { type Row, rows } from './rows.ts';
import { nsPerIo, type Ratio, type RowSummary, type SpreadOf, type Verdict } from './summary.ts';

/** With fewer rounds a figure is shown, but nothing should be concluded from it. */
const ROUNDS_LEAST = 5;

export interface Report {
  /** ISO 8601. */
  date: string;
  environment: Environment;
  /** null without it. */
  fio: string | null;
  compiler: string;
  settings: { rounds: number; seconds: number; cpu: number; fileBytes: number };
  comparison: Comparison | null;
  floor: Floor | null;
  limits: Limit[] | null;
}

interface Table {
  title: string;
  head: string[];
  rows: string[][];
  notes: string[];
}

/** "1.25 M (1.20..1.31)" */
function millions({ median, min, max }: SpreadOf): string {
  const text = (ops: number) => (ops / 1e6).toFixed(3);
  return `${text(median)} M (${text(min)}..${text(max)})`;
}

/** "21.4 ns (20.9..23.0)" */
function nanoseconds({ median, min, max }: SpreadOf): string {
  return `${median.toFixed(1)} ns (${min.toFixed(1)}..${max.toFixed(1)})`;
}

/** The slowest run has the most nanoseconds. */
function perIo({ median, min, max }: SpreadOf): SpreadOf {
  return { median: nsPerIo(median), min: nsPerIo(max), max: nsPerIo(min) };
}

function speed(row: Row, ops: SpreadOf | null): string {
  if (ops === null) return '';
  return row.perIo ? nanoseconds(perIo(ops)) : millions(ops);
}

function ratio(value: Ratio | null): string {
  return value === null ? '' : `${value.ofRounds.toFixed(3)} (${value.ofMedians.toFixed(3)})`;
}

function verdict({ goal, met }: Verdict): string {
  return `${goal}: ${met ? 'met' : 'MISSED'}`;
}

function comparisonRow(row: Row, { ops, vsBare, vsFio, verdicts }: RowSummary): string[] {
  const speeds = [speed(row, ops.fio), speed(row, ops.bare), speed(row, ops['uring-bench'])];
  return [row.name, ...speeds, ratio(vsBare), ratio(vsFio), verdicts.map(verdict).join(', ')];
}

function comparisonTable({ rows: summaries, warnings }: Comparison, rounds: number): Table {
  const few = `goals are judged by ${ROUNDS_LEAST} rounds or more; these were ${rounds}`;
  return {
    title: 'Random reads of 1 KiB from the page cache, one job on one CPU',
    head: ['row', 'fio', 'bare C loop', 'uring-bench', 'vs bare', 'vs fio', 'goal'],
    rows: summaries.flatMap((summary) => {
      const row = rows.find(({ name }) => name === summary.row);
      return row ? [comparisonRow(row, summary)] : [];
    }),
    notes: [
      'I/Os per second (null: time per I/O): median (min..max) of the rounds.',
      'vs: median of the ratios of each round, by which goals are judged (ratio of the medians).',
      ...(rounds < ROUNDS_LEAST ? [few] : []),
      ...warnings.map((text) => `warning: ${text}`),
    ],
  };
}

function floorTable({ rows: floor, clock }: Floor): Table {
  return {
    title: 'What the loop costs per I/O (backend null)',
    head: ['iodepth', 'batch', 'as it is', 'without latencies', 'recording them'],
    rows: floor.map(({ iodepth, batch, with: kept, without, recording }) => [
      String(iodepth),
      String(batch),
      nanoseconds(kept),
      nanoseconds(without),
      `${recording.toFixed(1)} ns`,
    ]),
    notes: [
      'Median (min..max) of the rounds; recording: median of the differences of each round.',
      `Reading the clock once: ${nanoseconds(clock)}.`,
    ],
  };
}

function limitsTable(limits: readonly Limit[]): Table {
  return {
    title: 'Start, stop and use',
    head: ['what', 'measured', 'goal'],
    rows: limits.map(({ name, value, unit, most }) => [
      name,
      `${value.toFixed(unit === '%' || unit === 'x' ? 2 : 0)} ${unit}`,
      `<= ${most} ${unit}: ${value <= most ? 'met' : 'MISSED'}`,
    ]),
    notes: [],
  };
}

function tablesOf({ comparison, floor, limits, settings }: Report): Table[] {
  return [
    ...(comparison ? [comparisonTable(comparison, settings.rounds)] : []),
    ...(floor ? [floorTable(floor)] : []),
    ...(limits ? [limitsTable(limits)] : []),
  ];
}

/** What the figures were measured on and with. */
function origin({ date, environment: e, fio, compiler, settings: s }: Report): string[] {
  const machine = [
    `${e.cpu_model}, ${e.cpus_online} CPUs`,
    e.virtualization ?? 'bare metal',
    ...(e.governor === null ? [] : [`governor ${e.governor}`]),
    `Linux ${e.kernel} ${e.arch}`,
  ];
  return [
    `${date.slice(0, 10)}: ${machine.join(', ')}`,
    `${fio ?? 'no fio'}, Node ${e.node}, glibc ${e.glibc ?? 'unknown'}, ${compiler}, clock ${e.clock}`,
    `${s.rounds} rounds, ${s.seconds} s each, CPU ${s.cpu}, file of ${s.fileBytes / 2 ** 20} MiB on ${e.files[0]?.file_system ?? 'an unknown file system'}`,
  ];
}

function textTable({ title, head, rows: body, notes }: Table): string {
  const widths = head.map((name, i) => Math.max(name.length, ...body.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, '', line(head), rule, ...body.map(line), '', ...notes].join('\n').trimEnd();
}

function markdownTable({ title, head, rows: body, notes }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...body.map(line)];
  return [`### ${title}`, '', ...table, '', ...notes.map((note) => `- ${note}`)].join('\n').trimEnd();
}

/** The report for people. */
export function renderText(report: Report): string {
  return `${[origin(report).join('\n'), ...tablesOf(report).map(textTable)].join('\n\n')}\n`;
}

/** The part of bench/README.md below its last heading. */
export function renderMarkdown(report: Report): string {
  const from = origin(report)
    .map((line) => `- ${line}`)
    .join('\n');
  return `${[from, ...tablesOf(report).map(markdownTable)].join('\n\n')}\n`;
}

/** Everything that was measured. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
