/** Part one: fio, the bare loop and uring-bench in turn, row by row, round after round. */
import { programs } from './build.ts';
import { execute, Hung } from './exec.ts';
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

/** How long fio may take to start and end, besides its time; how often a run of it that hung is begun again. */
const FIO_SLACK_MS = 5000;
const FIO_TRIES = 3;

/**
 * fio up to 3.33 at least loses a wake-up in io_submit_mode=offload now and then (1 of 12 runs seen, but also five in a
 * row): its workers and its submitter then wait for each other for ever.
 * @param run begins it anew
 * @returns what it said; null when it hung each time
 */
export async function unlessHung(
  run: () => Promise<string>,
  say: (line: string) => void,
): Promise<string | null> {
  for (let tries = 1; tries <= FIO_TRIES; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Hung)) throw error;
      say(`${error.message} (${tries} of ${FIO_TRIES} tries)`);
    }
  }
  return null;
}

/** One run -> I/Os per second; null when it hung. */
async function runTool(tool: Tool, row: Row, context: Context): Promise<number | null> {
  const { options, file, signal, say } = context;
  const { seconds, cpu } = options;
  const settings = { path: file.path, fileBytes: file.bytes, seconds, cpu };
  const run = async (program: string, args: string[]) =>
    (await execute(program, args, { signal, seconds })).stdout;
  switch (tool) {
    case 'fio': {
      const limits = { signal, seconds, slackMs: FIO_SLACK_MS };
      const said = await unlessHung(
        async () => (await execute('fio', fioArgs(row, settings), limits)).stdout,
        say,
      );
      return said === null ? null : parseFio(said).ops;
    }
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
  let samples: Sample[] = [];
  const warnings: string[] = [];
  const hung = new Set<string>();
  if (!hasFio) warnings.push('there is no fio in PATH (apt-get install fio): nothing is compared with it');
  const compared = rows.filter(({ backend }) => options.backends.includes(backend));
  await file.warm();
  for (let round = 1; round <= options.rounds; round++) {
    context.say(`comparison: round ${round} of ${options.rounds}`);
    const cold = await file.warm();
    if (cold > 0)
      warnings.push(`round ${round}: ${cold} bytes of the file were not in the page cache before it`);
    for (const row of compared) {
      for (const tool of toolsOf(row, round, hasFio && !hung.has(row.name))) {
        const ops = await runTool(tool, row, context);
        if (ops !== null) {
          samples.push({ round, row: row.name, tool, ops });
          continue;
        }
        // Rounds are pairs: what is missing in one is left out of all.
        hung.add(row.name);
        samples = samples.filter((sample) => sample.row !== row.name || sample.tool !== tool);
        warnings.push(`${row.name}: ${tool} hung ${FIO_TRIES} times: nothing is compared with it`);
      }
    }
  }
  return { samples, rows: compared.map((row) => summarizeRow(row, samples)), warnings };
}
