/** Defaults of the options that say where the report goes; apart from resolve.ts, so that `show` stays light. */
import { defaultOf } from './option-reader.ts';
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
  quiet: boolean;
  color: boolean;
}

/** Where the report goes. @param colorByDefault whether the stream it goes to takes colours */
export function resolveOutput(raw: RawOptions, colorByDefault: boolean): OutputOptions {
  const output = raw.output ?? '-';
  return {
    outputFormat: raw['output-format'] ?? defaultOf('output-format'),
    output: output === '-' ? null : output,
    resultsDir: raw['results-dir'] ?? defaultOf('results-dir'),
    save: raw.save ?? defaultOf('save'),
    quiet: raw.quiet ?? defaultOf('quiet'),
    color: raw.color ?? (output === '-' && colorByDefault),
  };
}
