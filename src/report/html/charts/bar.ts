/** Bars with what they are known to be within: lying, so that names have room. */
import { escapeHtml } from '../escape.ts';
import { figureOf, textAt, WIDTH } from './figure.ts';
import { px, shortName, textWidth } from './numbers.ts';
import { type PlacedAxis, placedAxis } from './scales.ts';
import type { Bar, BarChartSpec } from './spec.ts';
import { dataTable } from './table.ts';

const ROW = 30;
const TOP = 10;
/** Further bars are in the table alone. */
const BARS_MAX = 40;

function barOf({ name, value, low, high }: Bar, at: number, left: number, axis: PlacedAxis): string {
  const y = TOP + at * ROW;
  const end = axis.place(value);
  const ranged = low !== undefined && high !== undefined && low < high;
  const [from, to] = ranged ? [axis.place(low), axis.place(high)] : [end, end];
  const middle = y + ROW / 2;
  const interval = ranged
    ? `<path class="w" d="M${px(from)},${px(middle - 5)}v10M${px(from)},${px(middle)}H${px(to)}M${px(to)},${px(middle - 5)}v10"/>`
    : '';
  const range = ranged ? ` (${axis.format(low)}..${axis.format(high)})` : '';
  return `<g><title>${escapeHtml(`${name}: ${axis.format(value)}${range}`)}</title>${textAt(left - 8, middle + 4, shortName(name), 'end')}<rect class="bar" x="${px(left)}" y="${px(y + 5)}" width="${px(Math.max(0.5, end - left))}" height="${ROW - 10}"/>${interval}${textAt(Math.max(end, to) + 6, middle + 4, axis.format(value), 'start', 'v')}</g>`;
}

/** The chart; '' without a bar. Values are 0 or more. */
export function barChart(spec: BarChartSpec): string {
  const all = spec.bars.filter(({ value }) => Number.isFinite(value) && value >= 0);
  const bars = all.slice(0, BARS_MAX);
  if (bars.length === 0) return '';
  const most = Math.max(...bars.map(({ value, high = value }) => Math.max(value, high)));
  const left = Math.max(...bars.map(({ name }) => textWidth(shortName(name)))) + 18;
  const format = spec.value.format ?? String;
  const right = WIDTH - 20 - Math.max(...bars.map(({ value }) => textWidth(format(value))));
  const bottom = TOP + bars.length * ROW;
  const domain: [number, number] = [0, most > 0 ? most : 1];
  const axis = placedAxis({ ...spec.value, scale: 'linear', domain }, [0, most], [left, right], 'level');
  const grid = axis.ticks.map(
    ({ at, text }) =>
      `<path class="g" d="M${px(at)},${TOP}V${px(bottom + 5)}"/>${text === '' ? '' : textAt(at, bottom + 18, text, 'middle')}`,
  );
  const ranged = bars.some(({ low }) => low !== undefined);
  const hidden = all.length - bars.length;
  return figureOf({
    ...spec,
    height: bottom + 44,
    body: [
      ...grid,
      ...bars.map((bar, at) => barOf(bar, at, left, axis)),
      `<path class="a" d="M${px(left)},${TOP}V${px(bottom)}"/>`,
      textAt((left + right) / 2, bottom + 36, spec.value.label, 'middle', 'an'),
    ].join('\n'),
    below: hidden > 0 ? `<p class="remark">${hidden} more bars are in the table alone.</p>` : '',
    table: dataTable({
      caption: spec.title,
      head: ['', spec.value.label, ...(ranged ? ['from', 'to'] : [])],
      rows: all.map(({ name, value, low, high }) => [
        name,
        axis.format(value),
        ...(ranged ? [low, high].map((end) => (end === undefined ? '' : axis.format(end))) : []),
      ]),
    }),
  });
}
