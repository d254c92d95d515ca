/** The program: reads the command line, runs the command, turns errors into a line and an exit code. */
import { packageVersion } from '../version.ts';
import { commands } from './commands.ts';
import { describeFailure } from './failure.ts';
import { runProgram } from './program.ts';
import { columnsOf, surviveClosedPipes, writeOut } from './terminal.ts';

/** @returns the exit code; everything is written by then */
export async function main(argv: readonly string[]): Promise<number> {
  surviveClosedPipes();
  try {
    const columns = columnsOf(process.stdout, 80);
    const program = { name: 'uring-bench', version: packageVersion, commands, columns };
    const { code, text } = await runProgram(program, argv);
    await writeOut(process.stdout, text);
    return code;
  } catch (error) {
    const { code, text } = describeFailure(error);
    await writeOut(process.stderr, text);
    return code;
  }
}
