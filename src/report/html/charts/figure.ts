/** What charts have in common: the figure around them, axes, and how lines are told apart without colour. */
import { escapeHtml, idOf } from '../escape.ts';
import { px, textWidth } from './numbers.ts';
import type { PlacedAxis } from './scales.ts';

/** Width of every chart's own coordinates; the page scales it. */
export const WIDTH = 720;

/** The part of a chart in which values lie, in its coordinates. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Lines beyond these could not be told apart. */
export const STYLES_MAX = 8;

/** A shape about (0, 0) a style: colour is never alone. */
const MARKERS = [
  'M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0z',
  'M-3.2,-3.2h6.4v6.4h-6.4z',
  'M0,-4.2L4.2,3.2H-4.2z',
  'M0,-4.6L4.6,0L0,4.6L-4.6,0z',
  'M0,4.2L4.2,-3.2H-4.2z',
  'M-4,-1.3h2.7v-2.7h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7z',
  'M-3.8,-3.8L3.8,3.8M-3.8,3.8L3.8,-3.8',
  'M0,-4.6V4.6M-4.6,0H4.6',
];

export function markerAt(style: number, x: number, y: number, title = ''): string {
  const inside = title === '' ? '' : `<title>${escapeHtml(title)}</title>`;
  const shape = MARKERS[style % STYLES_MAX] ?? '';
  return `<path class="m" transform="translate(${px(x)},${px(y)})" d="${shape}">${inside}</path>`;
}

/** Which line is which, below the chart. */
export function legendOf(names: readonly string[], { dots }: { dots: boolean }): string {
  if (names.length < 2) return '';
  const items = names.map((name, at) => {
    const swatch = `<svg class="swatch s${at}" viewBox="0 0 34 12" width="34" height="12" aria-hidden="true"><path class="l" d="M1,6H33"/>${dots ? markerAt(at, 17, 6) : ''}</svg>`;
    return `<li>${swatch}${escapeHtml(name)}</li>`;
  });
  return `<ul class="legend">${items.join('')}</ul>`;
}

interface FigureParts {
  id: string;
  title: string;
  description: string;
  height: number;
  /** What is drawn. */
  body: string;
  /** Below the drawing: a legend, a remark. */
  below?: string;
  /** The numbers. */
  table: string;
  /** For the page's script: what a pointer may ask of it. */
  data?: string;
}

/** The figure: its heading, the drawing with title and description, its numbers behind a click. */
export function figureOf(parts: FigureParts): string {
  const id = idOf(parts.id);
  const title = escapeHtml(parts.title);
  return `<figure id="${id}"${parts.data ?? ''}>
<figcaption>${title}</figcaption>
<div class="scroll" role="region" aria-label="${title}" tabindex="0"><svg class="chart" role="img" aria-labelledby="${id}-t ${id}-d" viewBox="0 0 ${WIDTH} ${px(parts.height)}">
<title id="${id}-t">${title}</title><desc id="${id}-d">${escapeHtml(parts.description)}</desc>
${parts.body}
</svg></div>
${parts.below ?? ''}
<details><summary>Numbers of this chart</summary>${parts.table}</details>
</figure>`;
}

export function textAt(
  x: number,
  y: number,
  text: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  kind = '',
): string {
  const end = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${px(x)}" y="${px(y)}"${end}${kind === '' ? '' : ` class="${kind}"`}>${escapeHtml(text)}</text>`;
}

/** Room that the labels of an upright axis take to the left of it. */
export function labelRoom(texts: readonly string[]): number {
  return Math.max(24, ...texts.map(textWidth)) + 14;
}

/** Grid lines and labels of both axes, the upright one's name above it, the level one's below its middle. */
export function axesOf(
  { left, right, top, bottom }: Frame,
  x: { axis: PlacedAxis; label: string },
  y: { axis: PlacedAxis; label: string },
): string {
  const rows = y.axis.ticks.map(
    ({ at, text }) =>
      `<path class="g" d="M${px(left)},${px(at)}H${px(right)}"/>${text === '' ? '' : textAt(left - 8, at + 4, text, 'end')}`,
  );
  const columns = x.axis.ticks.map(
    ({ at, text }) =>
      `<g class="xt" data-x="${px(at)}"><path class="g" d="M${px(at)},${px(top)}V${px(bottom + (text === '' ? 3 : 5))}"/>${text === '' ? '' : textAt(at, bottom + 19, text, 'middle')}</g>`,
  );
  return [
    ...rows,
    ...columns,
    `<path class="a" d="M${px(left)},${px(top)}V${px(bottom)}H${px(right)}"/>`,
    textAt(4, 14, y.label, 'start', 'an'),
    textAt((left + right) / 2, bottom + 38, x.label, 'middle', 'an'),
  ].join('\n');
}
