/** The program: reads the command line, runs the command, turns errors into a line and an exit code. */
import { EXIT, leftBehind } from '../errors.ts';
import { printable } from '../report/text/text.ts';
import { packageVersion } from '../version.ts';
import { describeFailure } from './failure.ts';
import { helpPage } from './help-page.ts';
import { columnsOf, surviveClosedPipes, tell, writeOut } from './terminal.ts';

const VERSION: readonly string[] = ['--version', '-v', '-V'];

/** @returns the exit code; everything is written by then */
export async function main(argv: readonly string[]): Promise<number> {
  surviveClosedPipes();
  const code = await run(argv);
  for (const line of leftBehind()) await tell(`${printable(line)}\n`);
  return code;
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    // Nothing more is loaded for it: scripts ask often, and want to wait no longer than for Node itself.
    if (argv.length === 1 && VERSION.includes(argv[0] ?? '')) {
      await writeOut(process.stdout, `${packageVersion()}\n`);
      return EXIT.ok;
    }
    const columns = columnsOf(process.stdout, 80);
    const page = helpPage(argv, columns);
    if (page !== undefined) {
      await writeOut(process.stdout, page);
      return EXIT.ok;
    }
    const [{ commands }, { runProgram }] = await Promise.all([
      import('./commands.ts'),
      import('./program.ts'),
    ]);
    const program = { name: 'uring-bench', version: packageVersion, commands, columns };
    const { code, text } = await runProgram(program, argv);
    await writeOut(process.stdout, text);
    return code;
  } catch (error) {
    const { code, text } = describeFailure(error);
    await tell(text);
    return code;
  }
}
