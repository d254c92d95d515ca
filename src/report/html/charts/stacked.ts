/** Bars of parts that follow each other: where a whole went, a bar each. */
import { escapeHtml } from '../escape.ts';
import { figureOf, STYLES_MAX, textAt, WIDTH } from './figure.ts';
import { px, shortName, textWidth } from './numbers.ts';
import { type PlacedAxis, placedAxis } from './scales.ts';
import type { StackedBar, StackedChartSpec } from './spec.ts';
import { dataTable } from './table.ts';

const ROW = 34;
const TOP = 10;
/** Further bars are in the table alone. */
const BARS_MAX = 24;

const sumOf = ({ values }: StackedBar): number =>
  values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

/** The parts of one bar, each with its number where there is room, and with its name for the pointer. */
function partsOf(
  bar: StackedBar,
  y: number,
  left: number,
  axis: PlacedAxis,
  parts: readonly string[],
): string {
  let start = 0;
  return bar.values
    .map((value, at) => {
      if (value === null || value <= 0) return '';
      const [from, to] = [axis.place(start), axis.place(start + value)];
      start += value;
      const text = axis.format(value);
      const title = `${bar.name}, ${parts[at] ?? ''}: ${text}`;
      const room = to - from > textWidth(text) + 4;
      const number = room ? textAt((from + to) / 2, y + ROW / 2 + 4, text, 'middle', 'on') : '';
      return `<g><title>${escapeHtml(title)}</title><rect class="f${at % STYLES_MAX}" x="${px(Math.max(left, from))}" y="${px(y + 5)}" width="${px(Math.max(0.5, to - from))}" height="${ROW - 10}"/>${number}</g>`;
    })
    .join('');
}

function legend(parts: readonly string[]): string {
  const items = parts.map(
    (name, at) =>
      `<li><svg class="swatch" viewBox="0 0 14 12" width="14" height="12" aria-hidden="true"><rect class="f${at % STYLES_MAX}" width="14" height="12"/></svg>${escapeHtml(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

/** The chart; '' without anything to stack. Parts lie in the order of the legend; those that are nowhere are not named. */
export function stackedChart(spec: StackedChartSpec): string {
  const all = spec.bars.filter((bar) => sumOf(bar) > 0);
  const bars = all.slice(0, BARS_MAX);
  if (bars.length === 0) return '';
  const used = spec.parts.flatMap((_, at) => (all.some(({ values }) => (values[at] ?? 0) > 0) ? [at] : []));
  const parts = used.map((at) => spec.parts[at] ?? '');
  const kept = (bar: StackedBar): StackedBar => ({
    ...bar,
    values: used.map((at) => bar.values[at] ?? null),
  });
  const left = Math.max(...bars.map(({ name }) => textWidth(shortName(name)))) + 18;
  const bottom = TOP + bars.length * ROW;
  const domain: [number, number] = spec.value.domain
    ? [...spec.value.domain]
    : [0, Math.max(...bars.map(sumOf))];
  const axis = placedAxis({ ...spec.value, scale: 'linear', domain }, domain, [left, WIDTH - 30], 'level');
  const grid = axis.ticks.map(
    ({ at, text }) =>
      `<path class="g" d="M${px(at)},${TOP}V${px(bottom + 5)}"/>${text === '' ? '' : textAt(at, bottom + 18, text, 'middle')}`,
  );
  const rows = bars.map(kept).map((bar, at) => {
    const y = TOP + at * ROW;
    return textAt(left - 8, y + ROW / 2 + 4, shortName(bar.name), 'end') + partsOf(bar, y, left, axis, parts);
  });
  const hidden = all.length - bars.length;
  return figureOf({
    ...spec,
    height: bottom + 44,
    body: [
      ...grid,
      ...rows,
      `<path class="a" d="M${px(left)},${TOP}V${px(bottom)}"/>`,
      textAt((left + WIDTH - 30) / 2, bottom + 36, spec.value.label, 'middle', 'an'),
    ].join('\n'),
    below:
      legend(parts) + (hidden > 0 ? `<p class="remark">${hidden} more bars are in the table alone.</p>` : ''),
    table: dataTable({
      caption: spec.title,
      head: ['', ...parts],
      rows: all
        .map(kept)
        .map(({ name, values }) => [
          name,
          ...values.map((value) => (value === null ? '' : axis.format(value))),
        ]),
    }),
  });
}
