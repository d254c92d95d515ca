import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { barChart } from './bar.ts';
import { heatMap } from './heat.ts';
import { lineChart } from './line.ts';
import { percentileName, shortNumber, shortTime, tickText } from './numbers.ts';
import { placedAxis } from './scales.ts';
import type { Axis, LineChartSpec } from './spec.ts';
import { stackedChart } from './stacked.ts';
import { dataTable, isNumeric } from './table.ts';

const about = { id: 'chart', title: 'A chart', description: 'What one sees.' };
const linear: Axis = { label: 'IOPS', scale: 'linear' };
const HOSTILE = `</script><img src=x onerror=alert(1)>"'&\u0000\u202e\ud800`;

/** Names of the elements that are open at the end, or the first that is closed without having been opened. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, close = '', name = '', empty = ''] of html.matchAll(/<(\/?)([a-zA-Z]\w*)[^>]*?(\/?)>/g)) {
    if (empty === '/') continue;
    if (close === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

/** Where the tick labels of the level axis stand, with their width as it is reckoned. */
function levelLabels(html: string): { from: number; to: number }[] {
  return [...html.matchAll(/<g class="xt"[^>]*><path[^>]*\/><text x="([\d.]+)"[^>]*>([^<]*)</g)].map(
    ([, x = '', text = '']) => ({
      from: Number(x) - text.length * 3.35,
      to: Number(x) + text.length * 3.35,
    }),
  );
}

function lines(change: Partial<LineChartSpec>): string {
  const points = [1, 2, 3].map((x) => ({ x, y: x * 1000, low: x * 900, high: x * 1100 }));
  return lineChart({
    ...about,
    x: { label: 'time (s)', scale: 'linear' },
    y: linear,
    lines: [{ name: 'a', points }],
    ...change,
  });
}

describe('lineChart', () => {
  it('has a title, a description and every number in a table', () => {
    const html = lines({});
    assert.match(html, /<svg[^>]* role="img" aria-labelledby="chart-t chart-d"/);
    assert.match(html, /<title id="chart-t">A chart<\/title><desc id="chart-d">What one sees\.<\/desc>/);
    assert.match(html, /<td class="n">3k<\/td><td class="n">2\.7k\.\.3\.3k<\/td>/);
    assert.equal(html.match(/<tr>/g)?.length, 4);
    assert.deepEqual(unbalanced(html), []);
  });

  it('is nothing without a point that has a place', () => {
    assert.equal(lines({ lines: [] }), '');
    const points = [
      { x: 1, y: 0 },
      { x: 2, y: Number.NaN },
    ];
    assert.equal(lines({ lines: [{ name: 'a', points }], y: { ...linear, scale: 'log' } }), '');
  });

  it('tells lines apart by marker and class, and keeps what is too much for the table', () => {
    const many = Array.from({ length: 10 }, (_, at) => ({
      name: `line ${at}`,
      points: [
        { x: 1, y: at + 1 },
        { x: 2, y: at + 2 },
      ],
    }));
    const html = lines({ lines: many });
    for (let at = 0; at < 8; at++) assert.ok(html.includes(`<g class="s${at}"`));
    assert.ok(!html.includes('<g class="s8"'));
    assert.match(html, /2 more lines are in the table alone/);
    assert.match(html, /<th scope="row">line 9<\/th>/);
    const shapes = new Set([...html.matchAll(/<path class="m" [^>]*d="([^"]+)"/g)].map(([, d]) => d));
    assert.equal(shapes.size, 8);
  });

  it('draws intervals as bars of few points and as a band of many', () => {
    assert.match(lines({}), /<path class="w"/);
    const points = Array.from({ length: 100 }, (_, x) => ({ x, y: 10, low: 9, high: 11 }));
    const html = lines({ lines: [{ name: 'a', points }] });
    assert.match(html, /<path class="b"/);
    assert.doesNotMatch(html, /<path class="[wm]"/);
  });

  it('names marks and bands where there is room, and the others below', () => {
    const html = lines({
      marks: [
        { x: 1.5, label: 'knee' },
        { x: 2, toX: 3, label: 'steady' },
        { x: 2, label: 'a third of many words' },
        { x: 2.01, label: 'a fourth of many words' },
        { y: 2500, label: 'limit' },
      ],
    });
    assert.match(html, /<rect class="kb"/);
    for (const name of ['knee', 'steady', 'limit']) assert.match(html, new RegExp(`class="kn">${name}<`));
    assert.match(html, /Marked, too: 2\.01: a fourth of many words/);
    assert.deepEqual(unbalanced(html), []);
  });

  it('never lets labels of an axis touch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom('linear' as const, 'log' as const),
        (xs, scale) => {
          const html = lines({
            x: { label: 'x', scale, ticks: xs },
            lines: [{ name: 'a', points: xs.map((x) => ({ x, y: 1 })) }],
          });
          const labels = levelLabels(html);
          for (const [at, { from }] of labels.entries())
            assert.ok(at === 0 || from >= (labels[at - 1]?.to ?? 0));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('placedAxis', () => {
  it('puts each further nine at the same distance', () => {
    const { place, ticks } = placedAxis({ label: '', scale: 'percentile' }, [0, 99.99], [0, 400], 'level');
    assert.deepEqual(
      [0, 90, 99, 99.9, 99.99, 100].map((p) => Math.round(place(p))),
      [0, 100, 200, 300, 400, 600],
    );
    assert.deepEqual(
      ticks.map(({ text }) => text),
      ['p0', '', 'p90', 'p99', 'p99.9', 'p99.99'].map((text, at) => (at === 1 ? 'p50' : text)),
    );
  });

  it('begins at 0 upwards unless it is told otherwise', () => {
    const at = (axis: Partial<Axis>) =>
      placedAxis({ ...linear, ...axis }, [90, 110], [0, 100], 'upright').domain;
    assert.equal(at({})[0], 0);
    assert.deepEqual(at({ domain: [80, 120] }), [80, 120]);
    assert.ok(at({ scale: 'log' })[0] > 0);
  });
});

describe('barChart', () => {
  const spec = { ...about, value: linear };
  it('shows value and interval of each, and cuts long names in the drawing alone', () => {
    const name = 'io_uring+fixedbufs+registerfiles+sqpoll+iopoll';
    const html = barChart({
      ...spec,
      bars: [
        { name, value: 10, low: 9, high: 12 },
        { name: 'sync', value: 5 },
      ],
    });
    assert.match(
      html,
      new RegExp(
        `<th scope="row">${name.replaceAll('+', '\\+')}</th><td class="n">10</td><td class="n">9</td><td class="n">12</td>`,
      ),
    );
    assert.match(html, /…/);
    assert.equal(html.match(/<rect class="bar"/g)?.length, 2);
    assert.deepEqual(unbalanced(html), []);
  });

  it('is nothing without bars, and bears nothing but zeros', () => {
    assert.equal(barChart({ ...spec, bars: [] }), '');
    assert.doesNotMatch(barChart({ ...spec, bars: [{ name: 'a', value: 0 }] }), /NaN|Infinity/);
  });
});

describe('heatMap', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);
  const map = (
    rows: number,
    columns: number,
    of: (y: number, x: number) => number | null,
    scale: 'linear' | 'log' = 'log',
  ) =>
    heatMap({
      ...about,
      x: { label: 'x', names: names(columns) },
      y: { label: 'y', names: names(rows) },
      format: String,
      scale,
      cells: names(rows).map((_, y) => names(columns).map((__, x) => of(y, x))),
    });

  it('writes numbers into few cells and leaves unmeasured ones blank', () => {
    const html = map(2, 3, (y, x) => (y === 1 && x === 2 ? null : (y + 1) * (x + 1)));
    assert.equal(html.match(/<rect class="h\d"/g)?.length, 5 + 8);
    assert.match(html, /class="h0"/);
    assert.match(html, /class="h7"/);
    assert.deepEqual(unbalanced(html), []);
  });

  it('draws many cells as one path a shade', () => {
    const html = map(40, 120, (y, x) => y * x);
    assert.ok((html.match(/<path class="h\d"/g)?.length ?? 0) <= 8);
    assert.equal(html.match(/<tr>/g)?.length, 41);
    assert.doesNotMatch(html, /NaN/);
  });

  it('bears equal values, zeros and nothing', () => {
    assert.equal(
      map(2, 2, () => null),
      '',
    );
    for (const value of [0, 7])
      assert.doesNotMatch(
        map(2, 2, () => value, 'linear'),
        /NaN|undefined/,
      );
    assert.doesNotMatch(
      map(2, 2, () => 0),
      /NaN|undefined/,
    );
  });
});

describe('text from elsewhere', () => {
  it('is inert in every part of every chart', () => {
    const html = [
      lines({
        ...about,
        id: HOSTILE,
        title: HOSTILE,
        description: HOSTILE,
        marks: [{ x: 2, label: HOSTILE }],
        x: { label: HOSTILE, scale: 'linear', format: () => HOSTILE },
        lines: [
          { name: HOSTILE, points: [{ x: 1, y: 1, title: HOSTILE }] },
          { name: 'b', points: [{ x: 1, y: 1 }] },
        ],
      }),
      barChart({ ...about, title: HOSTILE, value: linear, bars: [{ name: HOSTILE, value: 1 }] }),
      heatMap({
        ...about,
        x: { label: HOSTILE, names: [HOSTILE] },
        y: { label: HOSTILE, names: [HOSTILE] },
        cells: [[1]],
        format: () => HOSTILE,
        scale: 'log',
      }),
      dataTable({ caption: HOSTILE, head: [HOSTILE], rows: [[HOSTILE]] }),
    ].join('');
    assert.doesNotMatch(html, /<(script|img)|<\/script|onerror=alert\(1\)>/);
    assert.ok(!html.includes('\u0000') && !html.includes('\u202e') && !/\p{Cs}/u.test(html));
    assert.deepEqual(unbalanced(html), []);
  });
});

describe('numbers on axes', () => {
  it('are short and have their unit', () => {
    assert.deepEqual([0, 12.345, 1500, 2.5e6, 3e9].map(shortNumber), ['0', '12.3', '1.5k', '2.5M', '3G']);
    assert.deepEqual([0, 850, 12_500, 3e6, 2e9].map(shortTime), ['0', '850 ns', '12.5 µs', '3 ms', '2 s']);
    assert.deepEqual([50, 99.9, 99.999999, 100].map(percentileName), ['p50', 'p99.9', 'p99.999999', 'max']);
  });

  it('are told from words', () => {
    for (const text of ['', '1,200', '84.1 usec', '±2%', '+4.9%', '~ +0.3%', '<0.01', '>=1.00'])
      assert.ok(isNumeric(text), text);
    for (const text of ['io_uring', 'none', 'p99']) assert.ok(!isNumeric(text), text);
  });
});

describe('stacked bars', () => {
  const spec = { ...about, value: linear, parts: ['queue', 'device', 'rest'] };

  it('lie one after the other, without parts that are nowhere', () => {
    const html = stackedChart({
      ...spec,
      bars: [
        { name: 'a', values: [10, 0, 30] },
        { name: 'b', values: [null, null, 20] },
      ],
    });
    const rects = [...html.matchAll(/<rect class="f(\d)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(
      ([, part, x, width]) => ({ part, x: Number(x), width: Number(width) }),
    );
    const [first, second, third] = rects;
    assert.deepEqual(
      rects.map(({ part }) => part),
      ['0', '1', '1'],
    );
    assert.ok(first && second && third);
    assert.ok(Math.abs(first.x + first.width - second.x) < 0.2);
    assert.ok(Math.abs(second.width - 3 * first.width) < 0.5);
    assert.equal(third.x, first.x);
    assert.doesNotMatch(html, /device/);
    assert.deepEqual(unbalanced(html), []);
  });

  it('are none without anything to stack', () => {
    assert.equal(stackedChart({ ...spec, bars: [{ name: 'a', values: [null, 0, null] }] }), '');
  });
});

it('ticks have no zeros that say nothing', () => {
  const texts = ['0.00', '5.00', '55.0', '2.50', '100,000', '12.5 µs', '+5.0%', '0.050', '100'];
  assert.deepEqual(texts.map(tickText), ['0', '5', '55', '2.5', '100,000', '12.5 µs', '+5%', '0.05', '100']);
});
