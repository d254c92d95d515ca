/** Whole reports in HTML: of runs, comparisons and sweeps. */
import type { RunResult } from '../../../results/schema.ts';
import type { TableView } from '../../text/table-view.ts';
import type { ComparisonReport, RenderOptions, SweepReport } from '../../view/format-spec.ts';
import { page } from '../page.ts';
import { comparisonLead, comparisonSections, comparisonSummary, comparisonTitle } from './comparison.ts';
import { dateText } from './dates.ts';
import { manyPage } from './many.ts';
import { leadHtml, listHtml, tableHtml } from './parts.ts';
import { runLead, runSections, runSubject, runTitle } from './run.ts';
import { sweepLead, sweepSections, sweepTitle } from './sweep.ts';

function runPage(result: RunResult, options: RenderOptions): string {
  const subject = runSubject(result, options);
  const { environment, started_at, tool } = result;
  return page({
    title: runTitle(result),
    subtitle: `${environment.hostname}, Linux ${environment.kernel}, ${dateText(started_at)}`,
    lead: runLead(subject),
    sections: runSections(subject),
    version: tool.version,
  });
}

/** One run or sweep in full; of several an index, with each of them below it. */
export function storedDocument(
  results: readonly RunResult[],
  sweeps: readonly SweepReport[],
  options: RenderOptions,
): string {
  const [only] = results;
  const [sweep] = sweeps;
  if (results.length === 1 && only !== undefined && sweep === undefined) return runPage(only, options);
  if (results.length === 0 && sweep !== undefined && sweeps.length === 1) return sweepDocument(sweep);
  return manyPage(results, sweeps, options);
}

/** More than two sides, each against the first. */
export interface SidesParts {
  names: readonly string[];
  /** Which files each side is. */
  lines: readonly string[];
  table: TableView;
  notes: readonly string[];
  reports: readonly ComparisonReport[];
}

export function sidesDocument({ names, lines, table, notes, reports }: SidesParts): string {
  const version = reports[0]?.comparison.tool.version ?? '';
  return page({
    title: `${names.length} sides against ${names[0] ?? 'the first'}`,
    subtitle: reports[0] === undefined ? '' : comparisonTitle(reports[0]),
    lead: leadHtml(lines),
    sections: [
      { title: 'All sides', html: tableHtml(table, `Changes against ${names[0] ?? 'the first'}`) },
      ...reports.map((report, at) => ({
        title: `${names[at + 1] ?? ''} against ${names[0] ?? 'the first'}`,
        html: comparisonSummary(report, `side-${at}-`),
      })),
      { title: 'What to know beside the numbers', html: listHtml(notes) },
    ],
    version,
  });
}

export function comparisonDocument(report: ComparisonReport): string {
  return page({
    title: comparisonTitle(report),
    subtitle: `Compared by uring-bench ${report.comparison.tool.version}`,
    lead: comparisonLead(report),
    sections: comparisonSections(report),
    version: report.comparison.tool.version,
  });
}

export function sweepDocument(report: SweepReport): string {
  const { sweep } = report;
  const [first] = sweep.points;
  const where =
    first === undefined
      ? ''
      : `${first.result.environment.hostname}, Linux ${first.result.environment.kernel}, `;
  return page({
    title: sweepTitle(report),
    subtitle: `${where}${dateText(sweep.started_at)}`,
    lead: sweepLead(report),
    sections: sweepSections(report),
    version: sweep.tool.version,
  });
}
