/** Changes with the interval that each is known to be in, about a line at no change. */
import { escapeHtml } from '../escape.ts';
import { figureOf, markerAt, textAt, WIDTH } from './figure.ts';
import { px, textWidth } from './numbers.ts';
import { placedAxis } from './scales.ts';
import type { ForestSpec } from './spec.ts';
import { dataTable } from './table.ts';

const ROW = 26;
const TOP = 12;
const NAME_MAX = 44;
/** Further rows are in the table alone. */
const ROWS_MAX = 40;

/** How a row is drawn: green circles, red triangles, grey diamonds. */
const LOOKS = {
  good: { style: 'good', marker: 0 },
  bad: { style: 'bad', marker: 4 },
  unclear: { style: 'unclear', marker: 3 },
} as const;

function short(name: string): string {
  return name.length <= NAME_MAX ? name : `${name.slice(0, 20)}…${name.slice(21 - NAME_MAX)}`;
}

/** The chart; '' without a row that has a value. */
export function forestChart(spec: ForestSpec): string {
  const all = spec.rows.filter(({ value }) => Number.isFinite(value));
  const rows = all.slice(0, ROWS_MAX);
  if (rows.length === 0) return '';
  const ends = rows.flatMap(({ value, low = value, high = value }) => [value, low, high, 0]);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const left = Math.max(...rows.map(({ name }) => textWidth(short(name)))) + 18;
  const bottom = TOP + rows.length * ROW;
  const room = Math.max(most - least, 1e-9) * 0.04;
  const domain: [number, number] = [least - room, most + room];
  const axis = placedAxis({ ...spec.value, domain }, ends, [left, WIDTH - 24], 'level');
  const drawn = rows.map(({ name, value, low = value, high = value, look }, at) => {
    const y = TOP + at * ROW + ROW / 2;
    const { style, marker } = LOOKS[look];
    const title = `${name}: ${axis.format(value)} (${axis.format(low)}..${axis.format(high)})`;
    const range = `M${px(axis.place(low))},${px(y - 4)}v8M${px(axis.place(low))},${px(y)}H${px(axis.place(high))}M${px(axis.place(high))},${px(y - 4)}v8`;
    return `<g class="${style}"><title>${escapeHtml(title)}</title>${textAt(left - 8, y + 4, short(name), 'end')}<path class="w" d="${range}"/>${markerAt(marker, axis.place(value), y)}</g>`;
  });
  const grid = axis.ticks.map(
    ({ at, text }) =>
      `<path class="g" d="M${px(at)},${TOP}V${px(bottom + 5)}"/>${text === '' ? '' : textAt(at, bottom + 18, text, 'middle')}`,
  );
  const hidden = all.length - rows.length;
  return figureOf({
    ...spec,
    height: bottom + 44,
    body: [
      ...grid,
      `<path class="a" d="M${px(axis.place(0))},${TOP}V${px(bottom)}"/>`,
      ...drawn,
      textAt((left + WIDTH - 24) / 2, bottom + 36, spec.value.label, 'middle', 'an'),
    ].join('\n'),
    below: `<p class="remark">● better · ▼ worse · ◆ no significant difference${hidden > 0 ? ` · ${hidden} more rows are in the table alone` : ''}</p>`,
    table: dataTable({
      caption: spec.title,
      head: ['', spec.value.label, 'from', 'to'],
      rows: all.map(({ name, value, low = value, high = value }) => [
        name,
        ...[value, low, high].map(axis.format),
      ]),
    }),
  });
}
