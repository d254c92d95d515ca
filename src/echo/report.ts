/** The result of `uring-bench echo` for people: one table, a row each backend. */

import { listText, markdownTable } from '../report/formats/markdown.ts';
import { terminalTable } from '../report/formats/table.ts';
import { differenceCell, differenceLegend } from '../report/text/difference-cell.ts';
import { fitColumns } from '../report/text/fit.ts';
import { type Cell, type Column, LAST_RESORT, type TableView } from '../report/text/table-view.ts';
import { foldWords, printable } from '../report/text/text.ts';
import type { RenderOptions } from '../report/view/format-spec.ts';
import { percentileKey } from '../results/histogram.ts';
import { INTERVAL_TRIALS_LEAST } from '../stats/confidence.ts';
import { COMPARED_PERCENTILES } from '../stats/summary.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatIops,
  formatPerIo,
  formatQuantile,
  formatUsec,
  plural,
} from '../values/format.ts';
import { formatCpus } from '../values/units.ts';
import type { EchoBackend, EchoResult, EchoSummary } from './schema.ts';

function numbers(
  backends: readonly EchoBackend[],
  head: string[],
  of: (summary: EchoSummary) => Cell | string,
  rest: Pick<Column, 'drop' | 'legend'> = {},
): Column {
  const cells = backends.map(({ summary }): Cell => {
    if (summary === null) return { text: '' };
    const cell = of(summary);
    return typeof cell === 'string' ? { text: cell } : cell;
  });
  return { head, align: 'right', cells, ...rest };
}

function rateCell({ summary, status }: EchoBackend): Cell {
  if (summary !== null) return { text: formatIops(summary.requests_per_sec.median) };
  return { text: status, tone: status === 'failed' ? 'error' : 'warning' };
}

function echoTable({ backends }: EchoResult): TableView {
  const [first] = backends;
  const fewest = Math.min(...backends.map(({ summary }) => summary?.trials ?? Number.POSITIVE_INFINITY));
  const changes = backends.map(({ summary }) => summary?.vs_first?.requests_per_sec ?? null);
  const quantiles = COMPARED_PERCENTILES.map((p, i) =>
    numbers(
      backends,
      ['RTT usec', formatQuantile(p)],
      ({ lat_ns }) => formatUsec(lat_ns.percentile[percentileKey(p)] ?? 0),
      i === 1 ? {} : { drop: 3 - i },
    ),
  );
  return [
    {
      head: ['backend'],
      align: 'left',
      cells: backends.map(({ variant }) => ({ text: variant })),
      legend: differenceLegend(changes, '--trials'),
    },
    { head: ['req/s', 'median'], align: 'right', cells: backends.map(rateCell) },
    numbers(
      backends,
      ['req/s', fewest < INTERVAL_TRIALS_LEAST ? 'min..max' : '95% interval'],
      ({ requests_per_sec: { low, high } }) => `${formatIops(low)}..${formatIops(high)}`,
      { drop: 1 },
    ),
    ...(backends.length > 1
      ? [
          numbers(backends, ['±%', `vs ${first?.variant ?? ''}`], ({ vs_first }) =>
            differenceCell(vs_first?.requests_per_sec ?? null, null, 'higher'),
          ),
        ]
      : []),
    ...quantiles,
    numbers(backends, ['CPU usec', 'per req'], (s) => formatUsec(s.cpu_ns_per_request.median)),
    numbers(backends, ['calls', 'per req'], (s) => formatPerIo(s.syscalls_per_request.median), {
      drop: LAST_RESORT,
    }),
    numbers(backends, ['switches', 'per req'], (s) => formatPerIo(s.ctx_per_request.median), {
      drop: LAST_RESORT,
    }),
  ];
}

/** What was done, in a line. */
function echoWords({ options, environment }: Pick<EchoResult, 'options' | 'environment'>): string {
  const server =
    options.server_cpus === null
      ? `the server is at ${options.connect}`
      : `server on ${cpuText(options.server_cpus)}`;
  return [
    `${options.transport}, ${plural(options.connections, 'connection')}`,
    `requests of ${formatBytes(options.bs)}, ${options.pipeline} in flight each`,
    options.rate === null ? 'closed loop' : `open loop: ${formatCount(options.rate)} req/s`,
    `${plural(options.trials, 'trial')} of ${formatDuration(options.runtime * 1e9)}`,
    `${server}, client on ${cpuText(options.client_cpus)}`,
    `Linux ${environment.kernel}, ${environment.cpu_model}`,
  ].join('; ');
}

function cpuText(cpus: readonly number[]): string {
  return `CPU${cpus.length === 1 ? '' : 's'} ${formatCpus(cpus)}`;
}

function notes({ backends, warnings, status }: EchoResult): string[] {
  return [
    ...(status === 'interrupted' ? ['warning: this run was interrupted: the result is partial'] : []),
    ...backends.flatMap(({ variant, reason, status: own }) =>
      reason === null ? [] : [`${own === 'failed' ? 'error' : own}: ${variant}: ${reason}`],
    ),
    ...warnings.map((warning) => `warning: ${warning}`),
  ].map(printable);
}

/** @returns the whole document, with a newline at its end */
export function renderEcho(result: EchoResult, format: 'table' | 'markdown', options: RenderOptions): string {
  const [table, words, said] = [echoTable(result), printable(echoWords(result)), notes(result)];
  if (format === 'markdown') {
    return `${[words, markdownTable(table), ...(said.length > 0 ? [listText(said)] : [])].join('\n\n')}\n`;
  }
  const fold = (line: string) => foldWords(line, options.columns, 2);
  return `${[
    fold(words).join('\n'),
    terminalTable(fitColumns(table, options.columns), options),
    ...(said.length > 0 ? [said.flatMap(fold).join('\n')] : []),
  ].join('\n\n')}\n`;
}
