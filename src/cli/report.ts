/** Takes a finished report where it was asked to go. */
import type { OutputOptions } from '../options/output.ts';
import { checkApart, checkReportFile, writeReportFile } from './report-file.ts';
import { columnsOf, writeOut } from './terminal.ts';

/** Columns of a report that does not go to a terminal. */
const PLAIN_COLUMNS = 100;

/** Columns that the report may take. */
export function reportColumns(output: OutputOptions): number {
  return output.output === null ? columnsOf(process.stdout, PLAIN_COLUMNS) : PLAIN_COLUMNS;
}

/** To be called before the work whose report it is. @throws BenchError (usage) when --output cannot be written */
export function checkReport(output: OutputOptions): void {
  if (output.output !== null) checkReportFile(output.output);
}

/** That the report does not go where the command's own data comes from or goes to. @throws BenchError (usage) */
export function checkReportApart({ output }: OutputOptions, used: readonly string[]): void {
  if (output !== null) checkApart('output', output, used);
}

/** Writes the report to --output or stdout. @throws BenchError (failed) */
export async function deliverReport(text: string, output: OutputOptions): Promise<void> {
  if (output.output !== null) writeReportFile(output.output, text);
  else await writeOut(process.stdout, text);
}

/** A line beside the report, for people: on stderr, unless --quiet. */
export async function say(line: string, output: OutputOptions): Promise<void> {
  if (!output.quiet) await writeOut(process.stderr, `${line}\n`);
}
