/** The columns of CSV reports that say what a result was measured on and what it was labelled as: rows of several are one table. */
import { deviceName, labelFacts, workloadName } from '../../compare/identity.ts';
import type { RunResult } from '../../results/schema.ts';
import { own } from '../../values/own.ts';
import type { Value } from './csv-line.ts';

interface PlaceColumn {
  name: string;
  help: string;
  of: (source: { result: RunResult; path: string }) => Value;
}

/** The same in each report. */
export const PLACE_COLUMNS: readonly PlaceColumn[] = [
  { name: 'workload', help: 'what the jobs did, in words', of: ({ result }) => workloadName(result) },
  {
    name: 'device',
    help: 'block devices below the files, with their models',
    of: ({ result }) => deviceName(result),
  },
  {
    name: 'files',
    help: 'files that the jobs worked on; of job 1 where each has its own',
    of: ({ result }) => [...new Set(result.jobs.flatMap((job) => job.files))].join(' '),
  },
  { name: 'result_file', help: 'stored result that the row was read from', of: ({ path }) => path },
  { name: 'version', help: 'of uring-bench', of: ({ result }) => result.tool.version },
  { name: 'note', help: 'of --note', of: ({ result }) => result.note ?? null },
];

/** One for each label that any of the results has. */
export function labelColumns(results: readonly RunResult[]): PlaceColumn[] {
  const labels = [...new Set(results.flatMap((result) => Object.keys(labelFacts(result))))];
  return labels.map((name) => ({
    name,
    help: 'value of the --label',
    of: ({ result }) => own(labelFacts(result), name) ?? null,
  }));
}
