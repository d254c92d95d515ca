/** The article's table beside this machine's, and in words where they agree: from a stored result alone. */
import { parseMetric } from '../../compare/metrics.ts';
import { articleOf } from '../../results/document.ts';
import type { BackendResult, RunResult } from '../../results/schema.ts';
import type { ArticleReport } from '../../results/schema-report.ts';
import { estimate } from '../../stats/difference.ts';
import { type Measured, pairOrder } from '../../stats/order.ts';
import { usableTrials } from '../../stats/summary.ts';
import { formatChange, formatCount, formatIops } from '../../values/format.ts';
import { labelParts } from '../text/rows.ts';
import type { Cell, Column, TableView } from '../text/table-view.ts';
import { checkLines, cpuLine } from './article-checks.ts';
import { articleTitles, type PublishedRow, publishedMetrics, publishedRows } from './article-published.ts';
import { metricWords, orderWords } from './article-words.ts';

export interface ArticleView {
  title: string;
  /** The article's side and this machine's, with the same first column; or one table of columns by backend. */
  sides: TableView[];
  /** In words. */
  lines: string[];
}

const IO_URING = 'io_uring';

/** A metric of a backend, trial by trial. */
function samplesOf(backend: BackendResult | undefined, metric: string): Measured['samples'] {
  const { of } = parseMetric('metric', metric);
  return usableTrials(backend?.trials ?? []).flatMap((trial) => {
    const value = of(trial);
    return value === null ? [] : [{ trial: trial.trial, value }];
  });
}

function medianOf(samples: Measured['samples']): number | null {
  return samples.length === 0 ? null : estimate(samples.map(({ value }) => value)).median;
}

function columns(heads: readonly (readonly string[])[], rows: readonly (readonly Cell[])[]): Column[] {
  return heads.map((head, at) => ({
    head,
    ...(head.includes('switches') ? { drop: 1 } : {}),
    align: 'right',
    cells: rows.map((row) => row[at] ?? { text: '' }),
  }));
}

/** This machine's cells of a row: IOPS, context switches, ±%. */
function hereCells(row: PublishedRow, backend: BackendResult | undefined, base: Measured): Cell[] {
  if (backend === undefined) return [{ text: 'not run' }];
  const { summary } = backend;
  if (summary === null)
    return [{ text: backend.status, tone: backend.status === 'failed' ? 'error' : 'warning' }];
  const cells: Cell[] = [
    { text: formatIops(summary.iops.median) },
    { text: formatCount(summary.ctx.median) },
  ];
  const own = { name: row.label, published: row.iops, samples: samplesOf(backend, 'iops') };
  if (row.variant === IO_URING || base.samples.length === 0 || own.samples.length === 0) return cells;
  const { measured } = pairOrder({ ...own, published: 1 }, { ...base, published: 0 });
  const change = formatChange((measured.ratio - 1) * 100);
  const clear = measured.verdict === 'higher' || measured.verdict === 'lower';
  if (!clear) return [...cells, { text: `~ ${change}`, tone: 'unclear' }];
  return [...cells, { text: change, tone: measured.ratio < 1 ? 'bad' : 'good' }];
}

function ratesView(table: 'table1' | 'table2', result: RunResult): ArticleView {
  const published = publishedRows[table];
  const find = (variant: string) => result.backends.find((backend) => backend.variant === variant);
  const things = published.map(({ variant, label, iops }): Measured => {
    return { name: label, published: iops, samples: samplesOf(find(variant), 'iops') };
  });
  const base = things.find(({ name }) => name === IO_URING) ?? { name: IO_URING, published: 1, samples: [] };
  const labels: Column = {
    head: ['backend'],
    align: 'left',
    cells: published.map(({ label }) => ({ text: label })),
  };
  const heads = (where: string) => [
    [where, 'IOPS'],
    [where, 'context', 'switches'],
    [where, 'IOPS ±%'],
  ];
  const theirs = published.map(({ iops, ctx, pct }): Cell[] => [
    { text: formatCount(iops) },
    { text: formatCount(ctx) },
    { text: pct === null ? '' : formatChange(pct) },
  ]);
  const here = published.map((row) => hereCells(row, find(row.variant), base));
  const own = columns(heads('here'), here);
  if (here.some((row) => row.some(({ tone }) => tone === 'unclear'))) {
    own.push(...withLegend(own.pop(), ['~ no significant difference here']));
  }
  return {
    title: articleTitles[table],
    sides: [
      [labels, ...columns(heads('article'), theirs)],
      [labels, ...own],
    ],
    lines: [...orderWords(things), cpuLine(result)],
  };
}

function withLegend(column: Column | undefined, legend: string[]): Column[] {
  return column === undefined ? [] : [{ ...column, legend }];
}

/** In the article's units: MB/s and usec. */
function metricCell(metric: string, value: number | null): Cell {
  if (value === null) return { text: '' };
  return metric === 'bw'
    ? { text: `${formatIops(value / 1e6)} MB/s` }
    : { text: `${formatIops(value / 1000)} usec` };
}

function latencyView(result: RunResult): ArticleView {
  const aio = result.backends.find(({ backend }) => backend === 'linux-aio');
  const uring = result.backends.find(({ backend }) => backend === IO_URING);
  const rows = publishedMetrics.map(({ metric, linuxAio, ioUring }) => {
    const scale = metric === 'bw' ? 1e6 : 1000;
    return [
      metricCell(metric, linuxAio * scale),
      metricCell(metric, ioUring * scale),
      metricCell(metric, medianOf(samplesOf(aio, metric))),
      metricCell(metric, medianOf(samplesOf(uring, metric))),
    ];
  });
  const heads = [
    ['article', 'linux-aio'],
    ['article', 'io_uring', '+enhanced', 'with poll'],
    ['here', ...labelParts(aio?.label ?? 'linux-aio')],
    ['here', ...labelParts(uring?.label ?? 'io_uring')],
  ];
  const names: Column = {
    head: [''],
    align: 'left',
    cells: publishedMetrics.map(({ name }) => ({ text: name })),
  };
  const things = publishedMetrics.map(({ name, metric, linuxAio, ioUring }) => ({
    name,
    better: parseMetric('metric', metric).better,
    linuxAio: { name: 'linux-aio', published: linuxAio, samples: samplesOf(aio, metric) },
    ioUring: { name: IO_URING, published: ioUring, samples: samplesOf(uring, metric) },
  }));
  return {
    title: articleTitles.table3,
    sides: [[names, ...columns(heads, rows)]],
    lines: metricWords(things),
  };
}

/** null for a result that is not one of the article's experiments. */
export function articleView(result: RunResult): ArticleView | null {
  const report = articleOf(result);
  if (report === null) return null;
  const view = report.table === 'table3' ? latencyView(result) : ratesView(report.table, result);
  return { ...view, lines: [...view.lines, ...checkLines(report), ...setupLines(report)] };
}

function setupLines({ notes }: ArticleReport): string[] {
  return notes.map((note) => `Not as in the article: ${note}.`);
}
