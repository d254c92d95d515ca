import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { fixture } from '../../../test/fixtures/load.ts';
import { longRun } from '../../../test/support/long-run.ts';
import { chartTexts, latencyMap } from './latency-map.ts';
import { type ChartOptions, latencyPlot, shortLatency } from './latency-plot.ts';
import { rowsOf } from './rows.ts';
import { displayWidth } from './text.ts';

const plain: ChartOptions = { columns: 80, color: false, ascii: true };
const comparison = rowsOf(fixture('comparison'));
const long = rowsOf(longRun(1, 60));
const trial = long[0]?.trials[0] ?? assert.fail('it has a trial');
const looks = [plain, { ...plain, ascii: false }, { ...plain, ascii: false, color: true }];

describe('charts of a run in the terminal', () => {
  it('are never wider than it, and no line ends in a space', () => {
    for (const look of looks)
      for (let columns = 40; columns <= 180; columns += 7)
        for (const rows of [comparison, long])
          for (const line of chartTexts(rows, { ...look, columns })
            .join('\n')
            .split('\n')) {
            assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
            assert.doesNotMatch(stripVTControlCharacters(line), / $/);
          }
  });

  it('are of ASCII alone where nothing else is shown', () => {
    const text = chartTexts([...comparison, ...long], plain).join('\n');
    assert.match(text, /latency by percentile/);
    assert.match(text, /latencies over time/);
    assert.match(text, /^[\x20-\x7e\n]*$/);
  });

  it('are none without trials', () => {
    const none = comparison.map((row) => ({ ...row, trials: [] }));
    assert.deepEqual(chartTexts(none, plain).join(''), '');
  });

  it('have percentiles as far out as there are samples, as ratios', () => {
    const lines = latencyPlot(comparison, plain);
    assert.match(lines[0] ?? '', /logarithmic/);
    assert.match(lines.join('\n'), /p0 +p50 +p90 +p99 +p99\.9/);
    for (const { label } of comparison.slice(0, 2)) assert.ok(lines.join('\n').includes(label));
  });

  it('tell that histograms are damaged', () => {
    const { series } = trial;
    const damaged = structuredClone(series ?? assert.fail('it has a series'));
    for (const { ops } of damaged.intervals) if (ops.read) ops.read.lat.hdr = 'no histogram';
    const rows = long.map((row) => ({ ...row, trials: [{ ...trial, series: damaged }] }));
    assert.match(chartTexts(rows, plain).join('\n'), /cannot be read/);
  });
});

describe('a map of latencies over time', () => {
  const body = (options: ChartOptions) =>
    latencyMap('x', trial, options).filter((line) => /[│|]/.test(stripVTControlCharacters(line)));

  it('shows that latencies changed: the level of the last third is another than that of the first', () => {
    const lines = body(plain).map((line) => line.slice(line.indexOf('|') + 1).padEnd(70));
    const rowOf = (column: number) => lines.findIndex((line) => line[column] === '#');
    assert.notEqual(rowOf(60), -1);
    assert.ok(lines.some((line) => line[5] !== line[60]));
  });

  it('has two cells a character with colours, as high as without', () => {
    const colored = body({ ...plain, ascii: false, color: true });
    assert.ok(colored.some((line) => /8;5;\d+;48;5;\d+m▀/.test(line)));
    assert.ok(Math.abs(colored.length - body(plain).length) <= 1);
  });

  it('takes the whole width however many intervals there are', () => {
    for (const columns of [60, 80, 100]) {
      const widest = Math.max(...body({ ...plain, columns }).map((line) => line.length));
      assert.ok(widest >= columns - 2, `${columns}: ${widest}`);
    }
  });
});

it('times are short, in the units of the tables', () => {
  assert.deepEqual([500, 2000, 12_345, 1_500_000, 20e6, 3e9].map(shortLatency), [
    '500 ns',
    '2 usec',
    '12 usec',
    '1.5 msec',
    '20 msec',
    '3 sec',
  ]);
});
