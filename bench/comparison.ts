/** Part one: fio, the bare loop and uring-bench in turn, row by row, round after round. */
import { programs } from './build.ts';
import { execute } from './exec.ts';
import type { HotFile } from './file.ts';
import { fioArgs, parseFio } from './fio.ts';
import type { BenchOptions } from './options.ts';
import { ownArgs, parseOwn } from './own.ts';
import { BLOCK_BYTES, type Row, rows } from './rows.ts';
import { type RowSummary, type Sample, summarizeRow, type Tool, tools } from './summary.ts';

export interface Comparison {
  samples: Sample[];
  rows: RowSummary[];
  warnings: string[];
}

export interface Context {
  options: BenchOptions;
  file: HotFile;
  /** Whether there is one in PATH. */
  hasFio: boolean;
  signal: AbortSignal;
  /** A line for whoever waits. */
  say(line: string): void;
}

/** One run -> I/Os per second. */
async function runTool(tool: Tool, row: Row, context: Context): Promise<number> {
  const { options, file, signal } = context;
  const { seconds, cpu } = options;
  const settings = { path: file.path, fileBytes: file.bytes, seconds, cpu };
  const run = async (program: string, args: string[]) =>
    (await execute(program, args, { signal, seconds })).stdout;
  switch (tool) {
    case 'fio':
      return parseFio(await run('fio', fioArgs(row, settings))).ops;
    case 'uring-bench':
      return parseOwn(await run(process.execPath, ownArgs(row, settings)));
    case 'bare': {
      const numbers = [BLOCK_BYTES, row.iodepth, row.batch, seconds, cpu].map(String);
      return Number(await run(programs.bare, [row.bare ?? '', file.path, ...numbers]));
    }
  }
}

/** Those that can do a row, each round beginning with another one. */
function toolsOf(row: Row, round: number, hasFio: boolean): Tool[] {
  const able = tools.filter((tool) => (tool !== 'fio' || hasFio) && (tool !== 'bare' || row.bare !== null));
  const first = (round - 1) % able.length;
  return [...able.slice(first), ...able.slice(0, first)];
}

export async function runComparison(context: Context): Promise<Comparison> {
  const { options, file, hasFio } = context;
  const samples: Sample[] = [];
  const warnings: string[] = [];
  if (!hasFio) warnings.push('there is no fio in PATH (apt-get install fio): nothing is compared with it');
  const compared = rows.filter(({ backend }) => options.backends.includes(backend));
  await file.warm();
  for (let round = 1; round <= options.rounds; round++) {
    context.say(`comparison: round ${round} of ${options.rounds}`);
    const cold = await file.warm();
    if (cold > 0)
      warnings.push(`round ${round}: ${cold} bytes of the file were not in the page cache before it`);
    for (const row of compared) {
      for (const tool of toolsOf(row, round, hasFio)) {
        samples.push({ round, row: row.name, tool, ops: await runTool(tool, row, context) });
      }
    }
  }
  return { samples, rows: compared.map((row) => summarizeRow(row, samples)), warnings };
}
