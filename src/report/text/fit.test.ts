import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comparisonTables, fitColumns, groupColumns, tableWidth } from './fit.ts';
import { type Column, LAST_RESORT } from './table-view.ts';

function column(head: string, texts: readonly string[], rest: Partial<Column> = {}): Column {
  return { head: [head], align: 'right', cells: texts.map((text) => ({ text })), ...rest };
}

const names = column('backend', ['sync', 'io_uring+registerfiles+fixedbufs']);
const iops = column('IOPS', ['82,000', '1,486,000']);
const range = column('min..max', ['81,000..83,000', '1,480,000..1,490,000'], { drop: 2 });
const bandwidth = column('MiB/s', ['320.3', '5,804.7'], { drop: 1 });
const switches = column('switches', ['27,625,004', '11,483,468'], { drop: LAST_RESORT });
const change = column('IOPS ±%', ['-94.5%', '']);
const table = [names, iops, range, bandwidth, switches, change];

function heads(columns: readonly Column[]): string {
  return columns.map(({ head }) => head.join('/')).join(' ');
}

function labels(columns: readonly Column[]): string[] | undefined {
  return columns[0]?.cells.map(({ text }) => text);
}

test('where there is room nothing changes', () => {
  assert.equal(fitColumns(table, tableWidth(table)), table);
});

test('a long label is folded before a column goes', () => {
  const fitted = fitColumns(table, tableWidth(table) - 1);
  assert.equal(heads(fitted), heads(table));
  assert.deepEqual(labels(fitted), ['sync', 'io_uring+registerfiles\n +fixedbufs']);
});

test('columns go in their order, those of the last resort only when labels cannot give way', () => {
  const seen = new Set<string>();
  for (let width = tableWidth(table); width >= 40; width--) seen.add(heads(fitColumns(table, width)));
  assert.deepEqual(
    [...seen],
    [
      'backend IOPS min..max MiB/s switches IOPS ±%',
      'backend IOPS min..max switches IOPS ±%',
      'backend IOPS switches IOPS ±%',
    ],
  );
  assert.deepEqual(labels(fitColumns(table, 46)), ['sync', 'io_uring\n +regis…rfiles\n +fixedbufs']);
});

test('numbers are never cut, and the table fits from 40 columns on', () => {
  const label = fc.stringMatching(/^[a-z_]{1,30}(\+[a-z]{1,20}){0,4}$/);
  const number = fc.stringMatching(/^[0-9]{1,9}$/);
  const fixture = fc.array(fc.tuple(label, number, number, number, number), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fixture, fc.integer({ min: 40, max: 120 }), (rows, width) => {
      const columns = [
        column(
          'backend',
          rows.map(([text]) => text),
        ),
        column(
          'a',
          rows.map(([, a]) => a),
        ),
        column(
          'b',
          rows.map(([, , b]) => b),
          { drop: 1 },
        ),
        column(
          'c',
          rows.map(([, , , c]) => c),
          { drop: LAST_RESORT },
        ),
        column(
          'd',
          rows.map(([, , , , d]) => d),
        ),
      ];
      const fitted = fitColumns(columns, width);
      assert.ok(tableWidth(fitted) <= width);
      for (const kept of fitted.slice(1)) assert.ok(columns.includes(kept));
      assert.ok(fitted.some((kept) => kept === columns[1]) && fitted.some((kept) => kept === columns[4]));
    }),
  );
});

test('comparison and cause are one table when that fits, without naming the rows twice', () => {
  const cause = [names, column('syscalls', ['1.00', '1.00'])];
  const whole = tableWidth(table) + 2 + 8;
  assert.deepEqual(comparisonTables(table, cause, whole).map(heads), [`${heads(table)} syscalls`]);
  assert.deepEqual(comparisonTables(table, cause, whole - 1).map(heads), [heads(table), heads(cause)]);
});

test('columns that do not fit side by side come in groups of about the same size', () => {
  const rows = column('latency', ['Lat average', 'Lat max'], { align: 'left' });
  const backends = ['a', 'b', 'c', 'd', 'e'].map((name) => column(name, ['1,234 usec', '5,678 usec']));
  const sizes = (width: number) => groupColumns([rows, ...backends], width).map((group) => group.length - 1);
  assert.deepEqual(sizes(80), [5]);
  assert.deepEqual(sizes(70), [3, 2]);
  assert.deepEqual(sizes(46), [2, 2, 1]);
  assert.deepEqual(sizes(30), [1, 1, 1, 1, 1]);
  for (const group of groupColumns([rows, ...backends], 46)) assert.equal(group[0], rows);
});
