import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { drawPlot, type PlotOptions, type PlotSeries } from './plot.ts';
import { scaleX, scaleY } from './plot-scale.ts';
import { displayWidth } from './text.ts';

const options: PlotOptions = {
  title: 'IOPS',
  columns: 44,
  xName: 'iodepth',
  formatX: String,
  formatY: (y) => (y >= 1000 ? `${y / 1000}k` : String(y)),
};
const points = (values: Record<number, number>) =>
  Object.entries(values).map(([x, y]) => ({ x: Number(x), y }));

describe('a plot', () => {
  it('shows a curve that rises and levels off', () => {
    const series: PlotSeries[] = [
      { name: 'io_uring', points: points({ 1: 10e3, 2: 20e3, 4: 40e3, 8: 80e3, 16: 82e3 }) },
    ];
    assert.deepEqual(drawPlot(series, options), [
      'IOPS',
      '100k ┤',
      '     │',
      '     │                          o·······o',
      '     │                        ··',
      '     │                      ··',
      ' 50k ┤                    ··',
      '     │                ··o·',
      '     │            ····',
      '     │      ···o··',
      '     │ o····',
      '   0 ┤',
      '     └─┴───────┴────────┴───────┴───────┴─',
      '       1       2        4       8      16',
      '      iodepth',
      'o io_uring',
    ]);
  });

  it('takes a logarithmic scale where values span a wide range, and says so', () => {
    const series: PlotSeries[] = [
      { name: 'a', points: points({ 1: 50, 2: 50, 3: 60 }) },
      { name: 'b', points: points({ 1: 50, 2: 500, 3: 5000 }) },
    ];
    const lines = drawPlot(series, { ...options, columns: 30 });
    assert.equal(lines[0], 'IOPS, logarithmic');
    assert.match(lines[1] ?? '', /^ *5k ┤ +·?x$/);
    assert.match(lines[11] ?? '', /^ *50 ┤ 2/);
    assert.deepEqual(lines.slice(-1), ['o a  x b  2: two there']);
  });

  it('has a number where several curves meet', () => {
    const same = points({ 1: 5, 2: 5 });
    const series = ['a', 'b', 'c'].map((name) => ({ name, points: same }));
    const lines = drawPlot(series, options);
    assert.ok(lines.some((line) => /┤ 3·+3$|│ 3·+3$/.test(line)));
    assert.equal(lines.at(-1), 'o a  x b  + c  2..3: so many there');
  });

  it('is nothing without points, and one mark of one point', () => {
    assert.deepEqual(drawPlot([], options), []);
    assert.deepEqual(drawPlot([{ name: 'a', points: [] }], options), []);
    const lines = drawPlot([{ name: 'a', points: [{ x: 8, y: 0 }] }], options);
    assert.equal(lines.join('').match(/[┤│] ?o/g)?.length, 1);
  });

  it('fits any width, whatever the points', () => {
    const point = fc.record({
      x: fc.integer({ min: 1, max: 32768 }),
      y: fc.double({ min: 0, max: 1e9, noNaN: true }),
    });
    const many = fc.array(fc.uniqueArray(point, { maxLength: 10, selector: ({ x }) => x }), { maxLength: 8 });
    fc.assert(
      fc.property(many, fc.integer({ min: 1, max: 200 }), (curves, columns) => {
        const series = curves.map((own, i) => ({
          name: `curve ${i}`,
          points: own.sort((a, b) => a.x - b.x),
        }));
        const formatY = (y: number) => String(Math.round(y));
        for (const line of drawPlot(series, { ...options, columns, formatY })) {
          assert.ok(displayWidth(line) <= Math.max(columns, 30), line);
          assert.doesNotMatch(line, / $/);
        }
      }),
    );
  });

  it('shows every point at its place or counts it', () => {
    const depths = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(depths, fc.integer({ min: 60, max: 120 }), (exponents, columns) => {
        const own = exponents.sort((a, b) => a - b).map((e) => ({ x: 2 ** e, y: e + 1 }));
        const unlabelled = { ...options, columns, formatY: () => '' };
        const body = drawPlot([{ name: 'a', points: own }], unlabelled).slice(1, 12);
        const marks = body.join('').match(/[o2-9]/g) ?? [];
        const counted = marks.reduce((sum, mark) => sum + (mark === 'o' ? 1 : Number(mark)), 0);
        assert.equal(counted, own.length, body.join('\n'));
      }),
    );
  });
});

describe('scales', () => {
  it('mark a linear axis from 0 to a round number', () => {
    const { ticks, log } = scaleY([3, 87_000]);
    assert.equal(scaleY([30_000, 87_000]).log, false);
    assert.equal(log, true);
    assert.deepEqual(scaleY([30_000, 87_000]).ticks, [0, 50_000, 100_000]);
    assert.equal(ticks[0], 2);
    assert.equal(ticks.at(-1), 100_000);
  });

  it('hold every value within 0 and 1', () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, (numbers) => {
        const [x, y] = [scaleX(numbers), scaleY(numbers)];
        for (const value of numbers) {
          for (const place of [x.at(value), y.at(value)])
            assert.ok(place >= 0 && place <= 1 + 1e-9, `${place}`);
        }
        for (const tick of y.ticks) assert.ok(y.at(tick) >= -1e-9 && y.at(tick) <= 1 + 1e-9);
      }),
    );
  });
});
