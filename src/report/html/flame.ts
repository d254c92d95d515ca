/** A flame graph of sampled stacks as an SVG that stands by itself: no script, no font, no style from elsewhere. */

import { escapeHtml } from './escape.ts';

/** Stacks as they were sampled. */
export interface FlameStack {
  /** The outermost first. */
  frames: readonly string[];
  count: number;
}

interface FlameNode {
  name: string;
  count: number;
  children: Map<string, FlameNode>;
}

interface Box {
  name: string;
  count: number;
  x: number;
  width: number;
  depth: number;
}

const ROW = 17;
const MARGIN = 10;
const HEAD = 34;
/** Of a character of the font, about: text that is cut a little early is still text. */
const CHARACTER = 6.6;
/** Narrower ones cannot be seen, nor pointed at. */
const WIDTH_LEAST = 0.4;
const COLORS = 6;

/** Always the same for a name: FNV-1a. */
function colorOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % COLORS;
}

function treeOf(stacks: readonly FlameStack[]): FlameNode {
  const root: FlameNode = { name: 'all', count: 0, children: new Map() };
  for (const { frames, count } of stacks) {
    let node = root;
    node.count += count;
    for (const name of frames) {
      const child = node.children.get(name) ?? { name, count: 0, children: new Map() };
      node.children.set(name, child);
      child.count += count;
      node = child;
    }
  }
  return root;
}

/** A node and all above it, left to right by name, each as wide as its share. */
function boxesOf(root: FlameNode, width: number): Box[] {
  const boxes: Box[] = [];
  const waiting = [{ node: root, x: MARGIN, depth: 0 }];
  const scale = root.count > 0 ? (width - 2 * MARGIN) / root.count : 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, x, depth } = next;
    if (node.count * scale < WIDTH_LEAST) continue;
    boxes.push({ name: node.name, count: node.count, x, width: node.count * scale, depth });
    let at = x;
    for (const child of [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      waiting.push({ node: child, x: at, depth: depth + 1 });
      at += child.count * scale;
    }
  }
  return boxes;
}

/** What fits, cut with two dots; '' when not even three characters do. */
function clipped(name: string, width: number): string {
  const room = Math.floor((width - 4) / CHARACTER);
  const chars = [...name];
  if (chars.length <= room) return name;
  return room < 3 ? '' : `${chars.slice(0, room - 2).join('')}..`;
}

const number = (value: number): string => String(Math.round(value * 100) / 100);

function boxText({ name, count, x, width, depth }: Box, total: number, deepest: number): string {
  const y = HEAD + (deepest - depth) * ROW;
  const share = number((count / total) * 100);
  const label = clipped(name, width);
  const text =
    label === '' ? '' : `<text x="${number(x + 2)}" y="${y + ROW - 5}">${escapeHtml(label)}</text>`;
  return (
    `<g><title>${escapeHtml(name)} (${count} samples, ${share} %)</title>` +
    `<rect class="c${colorOf(name)}" x="${number(x)}" y="${y}" width="${number(width)}" height="${ROW - 1}"/>${text}</g>`
  );
}

/** Fills on which black can be read (contrast of 7 and more), so that they do in a light and in a dark page. */
const FILLS = ['#ffb38a', '#ffc47a', '#ffd56b', '#f6b0a0', '#f2c894', '#ffdf9e'];

/** A page around it may set --flame-text (the title's and the frames' colour outside boxes) and --flame-0 to --flame-5. */
function styleText(): string {
  const fills = FILLS.map((color, at) => `.flame .c${at}{fill:var(--flame-${at},${color})}`).join('');
  return (
    '.flame text{font:11px ui-monospace,monospace;fill:#000}' +
    '.flame .title{font-size:13px;fill:var(--flame-text,#222)}' +
    '@media(prefers-color-scheme:dark){.flame .title{fill:var(--flame-text,#ddd)}}' +
    `.flame g:hover rect{stroke:#000}${fills}`
  );
}

/**
 * Boxes as wide as their share of all samples, callers below what they call, in the order of their names; pointing at one
 * says its name, samples and share. The same stacks always make the same text.
 * @param stacks in any order; the same one may come several times
 * @param options.width of the image, in CSS pixels
 */
export function flameGraph(
  stacks: readonly FlameStack[],
  { width, title }: { width: number; title: string },
): string {
  const root = treeOf(stacks);
  const boxes = root.count > 0 ? boxesOf(root, Math.max(width, 100)) : [];
  const deepest = boxes.reduce((most, { depth }) => Math.max(most, depth), 0);
  const height = HEAD + (deepest + 1) * ROW + MARGIN;
  const head = root.count > 0 ? title : `${title}: no samples`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="flame" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escapeHtml(head)}</title><style>${styleText()}</style>`,
    `<text class="title" x="${MARGIN}" y="20">${escapeHtml(head)}</text>`,
    ...boxes.map((box) => boxText(box, root.count, deepest)),
    '</svg>\n',
  ].join('\n');
}
