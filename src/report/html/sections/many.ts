/** Many results in one page: an index by workload, how each went over time and machines, and each run below. */
import { apartText } from '../../../compare/identity.ts';
import type { RunResult } from '../../../results/schema.ts';
import { formatIops, formatLatency, plural } from '../../../values/format.ts';
import { rowsOf } from '../../text/rows.ts';
import { verdictText } from '../../text/verdict.ts';
import { noteLine, notesOf } from '../../text/warnings.ts';
import type { RenderOptions, SweepReport } from '../../view/format-spec.ts';
import { viewOf } from '../../view/view.ts';
import { barChart } from '../charts/bar.ts';
import { dataTable } from '../charts/table.ts';
import { idOf } from '../escape.ts';
import { type PageSection, page } from '../page.ts';
import { dateText } from './dates.ts';
import { groupsOf, type PageRun, placeOf, type WorkloadGroup } from './groups.ts';
import { historyHtml } from './history.ts';
import { folded, leadHtml, listHtml, paragraph, tableHtml } from './parts.ts';
import { sweepLead, sweepSummary, sweepTitle } from './sweep.ts';

/** Runs beyond these are rows of the index alone: a page must stay small enough to send. */
const DETAILED_MAX = 40;
/** Bars of more machines cannot be read. */
const PLACES_MAX = 12;

/** The backend with most IOPS of a run, with its latency's tail. */
function bestOf(result: RunResult): { label: string; iops: string; tail: string } {
  const measured = rowsOf(result).filter(({ summary }) => summary !== null);
  const [best] = measured.sort((a, b) => (b.summary?.iops.median ?? 0) - (a.summary?.iops.median ?? 0));
  if (!best?.summary) return { label: result.status, iops: '', tail: '' };
  const tail = best.summary.lat_ns.percentile['99.000000'];
  return {
    label: best.label,
    iops: formatIops(best.summary.iops.median),
    tail: tail === undefined ? '' : formatLatency(tail),
  };
}

function indexTable({ workload, entries }: WorkloadGroup): string {
  return dataTable({
    caption: `${plural(entries.length, 'run')} of ${workload}`,
    head: ['run', 'started', 'host', 'kernel', 'fastest', 'IOPS', 'p99', 'notes', 'file'],
    rows: entries.map(({ number, result, path }) => {
      const { label, iops, tail } = bestOf(result);
      const { hostname, kernel } = result.environment;
      const notes = notesOf(result).length;
      return [
        `#${number}`,
        dateText(result.started_at),
        hostname,
        kernel,
        label,
        iops,
        tail,
        notes === 0 ? '' : String(notes),
        path,
      ];
    }),
  });
}

/** The last run of each machine, kernel or label beside each other, backend by backend. */
function placesChart({ workload, entries }: WorkloadGroup): string {
  const last = new Map(entries.map((entry) => [apartText(placeOf(entry)), entry]));
  if (last.size < 2 || last.size > PLACES_MAX) return '';
  const bars = [...last].flatMap(([place, { result }]) =>
    rowsOf(result).flatMap(({ label, summary }) =>
      summary === null
        ? []
        : [
            {
              name: `${label}${place}`,
              value: summary.iops.median,
              ...(summary.iops.n > 1 ? { low: summary.iops.low, high: summary.iops.high } : {}),
            },
          ],
    ),
  );
  return barChart({
    id: `places-${idOf(workload)}-${entries[0]?.number ?? 0}`,
    title: 'IOPS by machine, kernel and label: the last run of each',
    description: 'Medians over trials with their 95 % intervals.',
    value: { label: 'IOPS, median and 95 % interval', scale: 'linear', format: formatIops },
    bars: bars.sort((a, b) => a.name.localeCompare(b.name)),
  });
}

function runDetail({ number, result, path }: PageRun, options: RenderOptions): string {
  const view = viewOf(result, options);
  const verdict = verdictText(result);
  const name = `Run #${number}: ${dateText(result.started_at)} on ${result.environment.hostname}`;
  return folded(
    name,
    [
      path === '' ? '' : paragraph(path, 'legendline'),
      verdict === null ? '' : paragraph(verdict),
      tableHtml(view.main, name),
      tableHtml(view.cause, 'What each I/O takes'),
      ...view.latency.map((table) => tableHtml(table, 'Latency in figures')),
      listHtml(view.notes.map(noteLine)),
    ].join('\n'),
  );
}

function groupSection(group: WorkloadGroup, options: RenderOptions): PageSection {
  const details = group.entries
    .filter(({ number }) => number <= DETAILED_MAX)
    .map((entry) => runDetail(entry, options));
  const left = group.entries.length - details.length;
  return {
    title: group.workload === '' ? 'unnamed workload' : group.workload,
    html: [
      historyHtml(group),
      placesChart(group),
      indexTable(group),
      ...details,
      left > 0
        ? paragraph(
            `${plural(left, 'further run')}: the report of that file alone says all of it.`,
            'legendline',
          )
        : '',
    ].join('\n'),
  };
}

/** A sweep among others: its knees and curves, without what is said of each point. */
function sweepSection(report: SweepReport, at: number): PageSection {
  return { title: sweepTitle(report), html: sweepLead(report) + sweepSummary(report, `sweep-${at}-`) };
}

/** The page. @param options.paths where the results were read from */
export function manyPage(
  results: readonly RunResult[],
  sweeps: readonly SweepReport[],
  options: RenderOptions,
): string {
  const groups = groupsOf(results, options.paths ?? []);
  const all = [...results, ...sweeps.flatMap(({ sweep }) => sweep.points.map(({ result }) => result))];
  const hosts = new Set(all.map(({ environment }) => environment.hostname));
  const kernels = new Set(all.map(({ environment }) => environment.kernel));
  const dates = all.map(({ started_at }) => started_at).sort();
  const span = `${dateText(dates[0] ?? '')} to ${dateText(dates.at(-1) ?? '')}`;
  return page({
    title: `${plural(results.length, 'run')} of ${plural(groups.length, 'workload')}${sweeps.length > 0 ? ` and ${plural(sweeps.length, 'sweep')}` : ''}`,
    subtitle: `${plural(hosts.size, 'machine')}, ${plural(kernels.size, 'kernel')}, ${span}`,
    lead: leadHtml(headlines(groups)),
    sections: [...groups.map((group) => groupSection(group, options)), ...sweeps.map(sweepSection)],
    version: (results[0] ?? sweeps[0]?.sweep)?.tool.version ?? '',
  });
}

/** One line a workload: what its last run says. */
function headlines(groups: readonly WorkloadGroup[]): string[] {
  return groups.slice(0, 8).map(({ workload, entries }) => {
    const last = entries.at(-1);
    const verdict = last === undefined ? null : verdictText(last.result);
    return `${workload}: ${verdict ?? last?.result.status ?? ''}`;
  });
}
