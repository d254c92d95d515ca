/** `uring-bench ls [RESULTS...]`: stored results as a table, from their summaries alone. */
import picocolors from 'picocolors';
import {
  type Condition,
  checkLabel,
  chiefMetric,
  type Key,
  keyOf,
  type ListedRow,
  parseCondition,
  rowValue,
  select,
  sorted,
} from '../compare/listing.ts';
import { EXIT } from '../errors.ts';
import { defaultOf, readOptions } from '../options/option-reader.ts';
import type { OutputFormat } from '../options/output.ts';
import { csvLine } from '../report/formats/csv-line.ts';
import { cliTable } from '../report/text/cli-table.ts';
import { fitColumns } from '../report/text/fit.ts';
import { jsonText } from '../report/text/json.ts';
import type { Column } from '../report/text/table-view.ts';
import { foldWords, printable } from '../report/text/text.ts';
import { formatIops, plural } from '../values/format.ts';
import { own } from '../values/own.ts';
import { allStoredFiles } from './operands.ts';
import type { Invocation } from './program.ts';
import { readListed } from './read-listed.ts';
import { Session } from './session.ts';

type JsonValue = string | number | null | Readonly<Record<string, string | number | null>>;

/** Something that is shown of each row. */
interface Shown {
  name: string;
  align: Column['align'];
  /** For people; of several lines where there are several things. */
  text: (row: ListedRow) => string;
  /** For programs. */
  value: (row: ListedRow) => JsonValue;
  /** What a table leaves out first where it is narrow, lowest first. */
  drop?: number;
  /** Whether a table says it once where it is the same in all rows. */
  common?: boolean;
}

const USUAL = ['date', 'host', 'device', 'workload', 'backends', 'labels', 'status', 'file'] as const;
const DROPS: Readonly<Record<string, number>> = { device: 1, status: 2, labels: 3, host: 4, file: 5 };
const COMMON: readonly string[] = ['host', 'device', 'labels', 'status'];
/** Columns that a workload takes at most before it is folded. */
const WORKLOAD_COLUMNS = 38;

/** Each backend with its median IOPS, or why it has none. */
function backendsOf({ subjects }: ListedRow): [label: string, iops: number | null, status: string][] {
  const best = new Map<string, [string, number | null, string]>();
  for (const { backend } of subjects) {
    if (backend === null) continue;
    const iops = backend.summary?.iops.median ?? null;
    const before = best.get(backend.variant);
    if (before === undefined || (before[1] ?? -1) < (iops ?? -1)) {
      best.set(backend.variant, [backend.label, iops, backend.status]);
    }
  }
  return [...best.values()];
}

function labelsOf({ subjects }: ListedRow): Record<string, string> {
  return subjects[0]?.run.labels ?? {};
}

const dateText = (text: string) => text.slice(0, 16).replace('T', ' ');

function shownAs(name: string, by: Key): Shown {
  const drop = own(DROPS, name);
  const around = {
    ...(drop === undefined ? {} : { drop }),
    ...(COMMON.includes(name) ? { common: true } : {}),
  };
  switch (name) {
    case 'backends':
      return {
        ...around,
        ...{ name, align: 'left' },
        text: (row) =>
          backendsOf(row)
            .map(([label, iops, status]) => `${label} ${iops === null ? status : formatIops(iops)}`)
            .join('\n'),
        value: (row) => Object.fromEntries(backendsOf(row).map(([label, iops]) => [label, iops])),
      };
    case 'labels':
      return {
        ...around,
        ...{ name, align: 'left' },
        text: (row) =>
          Object.entries(labelsOf(row))
            .map(([key, value]) => `${key}=${value}`)
            .join('\n'),
        value: labelsOf,
      };
    default:
      return { ...around, ...ofKey(name, by) };
  }
}

function ofKey(typed: string, by: Key): Shown {
  const key = keyOf('columns', typed);
  const numeric = key.metric !== null;
  const shown = (row: ListedRow) => key.show(rowValue(row, key, by));
  const texts: Readonly<Record<string, (row: ListedRow) => string>> = {
    date: (row) => dateText(row.file.started_at),
    workload: (row) => foldWords(shown(row), WORKLOAD_COLUMNS, 1).join('\n'),
  };
  return {
    name: key.name,
    align: numeric ? 'right' : 'left',
    text: own(texts, key.name) ?? shown,
    value: (row) => rowValue(row, key, by),
  };
}

/** What of the rows is shown: what was asked for, and what they are sorted by. */
function columnsFor(asked: readonly string[] | undefined, sort: Key): Shown[] {
  const names = asked ?? USUAL;
  const by = chiefMetric(sort);
  const shown = names.map((name) => shownAs(name, by));
  const there = shown.some(({ name }) => name === sort.name) || sort.name === 'iops';
  return there || asked !== undefined
    ? shown
    : [...shown.slice(0, 5), ofKey(sort.name, by), ...shown.slice(5)];
}

function tableText(
  rows: readonly ListedRow[],
  shown: readonly Shown[],
  { columns, color }: Session['rendering'],
): string {
  const colors = picocolors.createColors(color);
  const cellsOf = ({ text }: Shown) =>
    rows.map((row) => ({ text: text(row).split('\n').map(printable).join('\n') }));
  const all = shown.map((one) => ({ one, cells: cellsOf(one) }));
  const same = all.filter(
    ({ one, cells }) => one.common && rows.length > 1 && cells.every(({ text }) => text === cells[0]?.text),
  );
  const view = all
    .filter((entry) => !same.includes(entry))
    .map(
      ({ one, cells }): Column => ({
        head: [one.name],
        align: one.align,
        cells,
        ...(one.drop === undefined ? {} : { drop: one.drop }),
      }),
    );
  const fitted = fitColumns(view, columns);
  const dropped = view.filter(({ head }) => !fitted.some((column) => column.head[0] === head[0]));
  const lines = cliTable({
    head: fitted.map(({ head }) => colors.dim(head.join(' '))),
    rows: rows.map((_, at) => fitted.map(({ cells }) => cells[at]?.text ?? '')),
    aligns: fitted.map(({ align }) => align),
    rule: true,
  });
  const alike = same
    .filter(({ cells }) => cells[0]?.text !== '')
    .map(({ one, cells }) => `${one.name} ${cells[0]?.text.replaceAll('\n', ' ')}`);
  const below = [
    ...(alike.length > 0 ? [`the same in all: ${alike.join(', ')}`] : []),
    ...(dropped.length > 0
      ? [`no room for: ${dropped.map(({ head }) => head[0]).join(', ')} (--columns chooses)`]
      : []),
  ];
  return `${[...lines, ...below.flatMap((line) => foldWords(line, columns, 2)).map(colors.dim)].join('\n')}\n`;
}

function csvText(rows: readonly ListedRow[], shown: readonly Shown[]): string {
  const field = (value: JsonValue) =>
    value !== null && typeof value === 'object'
      ? Object.entries(value)
          .map(([key, one]) => `${key}=${one ?? ''}`)
          .join(';')
      : value;
  return [shown.map(({ name }) => name), ...rows.map((row) => shown.map(({ value }) => field(value(row))))]
    .map(csvLine)
    .join('');
}

function jsonRows(rows: readonly ListedRow[], shown: readonly Shown[]): string {
  return jsonText(rows.map((row) => Object.fromEntries(shown.map(({ name, value }) => [name, value(row)]))));
}

export async function lsCommand({ options, operands }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = await Session.open(raw);
  session.checkFormats('ls', ['table', 'json', 'csv']);
  const conditions: Condition[] = (raw.where ?? []).map(parseCondition);
  const sort = raw.sort ?? defaultOf('sort');
  const descending = sort.startsWith('-');
  const by = keyOf('sort', sort.replace(/^[-+]/, ''));
  const shown = columnsFor(raw.columns, by);
  const paths = allStoredFiles(operands.length > 0 ? operands : [defaultOf('results-dir')]);
  session.checkApart(paths);
  const files = await readListed(paths);
  for (const { key } of conditions) checkLabel('where', key, files);
  checkLabel('sort', by, files);
  const rows = sorted(sorted(select(files, conditions), keyOf('sort', 'date'), false), by, descending);
  const none = `nothing found in ${plural(files.length, 'result')}`;
  const render = (format: OutputFormat, rendering: Session['rendering']) => {
    if (format === 'json') return jsonRows(rows, shown);
    if (format === 'csv') return csvText(rows, shown);
    return rows.length === 0 ? `${none}\n` : tableText(rows, shown, rendering);
  };
  const { outputFormat } = session.output;
  if (rows.length > 0 || outputFormat !== 'table') {
    await session.deliver(render(outputFormat, session.rendering));
  } else await session.say(none);
  await session.deliverMore(render);
  return EXIT.ok;
}
