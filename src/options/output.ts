/** Defaults of the options that say where the report goes; apart from resolve.ts, so that `show` stays light. */
import { usageError } from '../errors.ts';
import { parseLabels } from '../results/labels.ts';
import { shown } from '../values/units.ts';
import { defaultOf, parseOption } from './option-reader.ts';
import type { RawOptions } from './options.ts';

/** The values of --output-format. */
export type OutputFormat = NonNullable<RawOptions['output-format']>;

/** Where the report and the stored result go; no part of the workload. */
export interface OutputOptions {
  outputFormat: OutputFormat;
  /** File that takes the report instead of stdout. */
  output: string | null;
  resultsDir: string;
  save: boolean;
  /** Whether the report says what to use. */
  advise: boolean;
  quiet: boolean;
  /** Whether a report for people has charts. */
  plot: boolean;
  color: boolean;
  /** Of --report: more of them, each in a file of its own. */
  reports: readonly { format: OutputFormat; path: string }[];
  /** File that takes the stacks of --explain=full; null: none. */
  explainStacks: string | null;
  /** Of --label, by key. */
  labels: Readonly<Record<string, string>>;
  note: string | null;
  /** Whether serial numbers of drives are stored as hashes. */
  hashSerial: boolean;
}

/** `junit=FILE`, each file once. @param output where the report itself goes @throws BenchError (usage) */
function parseReports(texts: readonly string[], output: string): OutputOptions['reports'] {
  const taken = new Set([output]);
  return texts.map((text) => {
    const at = text.indexOf('=');
    const path = text.slice(at + 1);
    if (at < 0 || path === '' || path === '-') {
      throw usageError(
        `${shown('report', text)} is no FORMAT=FILE`,
        'like junit=report.xml; --output-format is for standard output',
      );
    }
    if (taken.has(path))
      throw usageError(`report: ${path} would take two reports`, 'give each a file of its own');
    taken.add(path);
    return { format: parseOption('output-format', text.slice(0, at)), path };
  });
}

/** Stacks are sampled by --explain=full alone. @throws BenchError (usage) */
function parseStacks(raw: RawOptions): string | null {
  const path = raw['explain-stacks'];
  if (path === undefined) return null;
  if (path === '' || path === '-') {
    throw usageError(`${shown('explain-stacks', path)} is no file`, 'standard output is for the report');
  }
  const others = [raw.output, ...(raw.report ?? []).map((text) => text.slice(text.indexOf('=') + 1))];
  if (others.includes(path)) {
    throw usageError(`explain-stacks: ${path} would take a report, too`, 'give each a file of its own');
  }
  return path;
}

/** Where the report goes. @throws BenchError (usage) for a label that is none @param colorByDefault whether the stream it goes to takes colours */
export function resolveOutput(raw: RawOptions, colorByDefault: boolean): OutputOptions {
  const output = raw.output ?? '-';
  return {
    outputFormat: raw['output-format'] ?? defaultOf('output-format'),
    output: output === '-' ? null : output,
    resultsDir: raw['results-dir'] ?? defaultOf('results-dir'),
    save: raw.save ?? defaultOf('save'),
    advise: raw.advise ?? defaultOf('advise'),
    quiet: raw.quiet ?? defaultOf('quiet'),
    plot: raw.plot ?? defaultOf('plot'),
    color: raw.color ?? (output === '-' && colorByDefault),
    reports: parseReports(raw.report ?? [], output),
    explainStacks: parseStacks(raw),
    labels: parseLabels(raw.label ?? []),
    note: raw.note ?? null,
    hashSerial: raw['hash-serial'] ?? defaultOf('hash-serial'),
  };
}
