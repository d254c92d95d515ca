/** The report for a terminal: never a line wider than the terminal, fewer columns where it is narrow. */
import CliTable3 from 'cli-table3';
import picocolors from 'picocolors';
import type { RunResult } from '../results/schema.ts';
import { comparisonTables, GAP, groupColumns } from './fit.ts';
import type { HeaderLine } from './header.ts';
import type { RenderOptions } from './index.ts';
import type { TableView, Tone } from './table-view.ts';
import { cutMiddle, foldWords } from './text.ts';
import { viewOf } from './view.ts';
import { type Note, noteLine } from './warnings.ts';

/** Below this nothing reads well; a narrower terminal gets lines of this width. */
const LEAST_COLUMNS = 40;

type Colors = ReturnType<typeof picocolors.createColors>;
type Paint = (text: string, tone: Tone | undefined) => string;

/** Each line is painted by itself, so that a colour never runs over the end of a line. */
function painter(colors: Colors): Paint {
  const of: Record<Tone, (text: string) => string> = {
    best: (text) => colors.bold(colors.green(text)),
    good: colors.green,
    bad: colors.red,
    unclear: colors.dim,
    warning: colors.yellow,
    error: colors.red,
  };
  return (text, tone) => (tone === undefined ? text : text.split('\n').map(of[tone]).join('\n'));
}

export function renderTable(result: RunResult, options: RenderOptions): string {
  const columns = Math.max(options.columns, LEAST_COLUMNS);
  const colors = picocolors.createColors(options.color);
  const paint = painter(colors);
  const view = viewOf(result, options);
  const draw = (table: TableView) => {
    const legend = table.flatMap((column) => column.legend ?? []);
    const lines = legend.flatMap((line) => foldWords(line, columns, 2).map(colors.dim));
    return [drawTable(table, colors, paint), ...lines].join('\n');
  };
  const parts = [
    [
      ...view.header.flatMap((line) => headerText(line, columns, colors)),
      ...(view.status ? noteLines(view.status, columns, paint) : []),
    ].join('\n'),
    ...comparisonTables(view.main, view.cause, columns).map(draw),
    ...view.latency.flatMap((table) => groupColumns(table, columns)).map(draw),
    view.notes.flatMap((note) => noteLines(note, columns, paint)).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Name in a column of its own; items folded beside it. A single item that is too wide is cut in its middle. */
function headerText(line: HeaderLine, columns: number, colors: Colors): string[] {
  const indent = 10;
  const room = columns - indent;
  const unbroken = line.items.map((item, i) => {
    const end = i < line.items.length - 1 ? line.separator : '';
    return cutMiddle(item, room - end.length).replaceAll(' ', '\u00a0') + end;
  });
  return foldWords(unbroken.join(' '), room, 0).map((text, i) => {
    const name = (i === 0 ? line.name : '').padEnd(indent);
    return `${i === 0 ? colors.dim(name) : name}${text.replaceAll('\u00a0', ' ')}`;
  });
}

function noteLines(note: Note, columns: number, paint: Paint): string[] {
  return foldWords(noteLine(note), columns, 2).map((line) =>
    paint(line, note.level === 'error' ? 'error' : 'warning'),
  );
}

/** A rule below the heading and no other line: the numbers are what is to be seen. */
const CHARS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '─', 'mid-mid': '─'.repeat(GAP) },
  ...{ right: '', 'right-mid': '', middle: ' '.repeat(GAP) },
};

function drawTable(columns: TableView, colors: Colors, paint: Paint): string {
  const headLines = Math.max(...columns.map((column) => column.head.length));
  const table = new CliTable3({
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: columns.map((column) => column.align),
    head: columns.map((column) =>
      [...Array(headLines - column.head.length).fill(''), ...column.head].join('\n'),
    ),
  });
  const rows = Math.max(...columns.map((column) => column.cells.length));
  for (let row = 0; row < rows; row++) {
    table.push(columns.map(({ cells }) => paint(cells[row]?.text ?? '', cells[row]?.tone)));
  }
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  return lines.map((line) => (/^─+$/.test(line) ? colors.dim(line) : line)).join('\n');
}
