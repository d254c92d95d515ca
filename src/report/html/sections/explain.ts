/** What the kernel was seen to do for each backend. */
import type { ExplainView } from '../../text/explain.ts';
import { type ExplainedBackend, tracedOf } from '../../text/explained.ts';
import { flameGraph } from '../flame.ts';
import { listHtml, tableHtml } from './parts.ts';

/** Graphs of more backends would be most of a page. */
const GRAPHS_MAX = 4;
const GRAPH_WIDTH = 960;

/** Where CPUs were, of the stacks that --explain=full keeps. */
function flames(all: readonly ExplainedBackend[]): string {
  const sampled = tracedOf(all).flatMap(({ label, traced }) => {
    const stacks = traced.samples?.stacks ?? [];
    return stacks.length === 0 ? [] : [{ label, stacks }];
  });
  const graphs = sampled.slice(0, GRAPHS_MAX).map(({ label, stacks }) => {
    const split = stacks.map(({ frames, count }) => ({ frames: frames.split(';'), count }));
    const title = label === '' ? 'Where CPUs were' : `Where CPUs were: ${label}`;
    return flameGraph(split, { width: GRAPH_WIDTH, title });
  });
  return graphs
    .map((graph) => `<div class="scroll" role="region" aria-label="Flame graph" tabindex="0">${graph}</div>`)
    .join('\n');
}

export function explainHtml(view: ExplainView, all: readonly ExplainedBackend[]): string {
  const tables = (some: ExplainView['chief']) =>
    some.map(({ title, table }) => tableHtml(table, title)).join('\n');
  return [
    listHtml(view.sentences),
    tables(view.chief),
    flames(all),
    tables([...view.details, ...view.side]),
    listHtml(view.lines),
  ].join('\n');
}
