/** The commands and their options as commander definitions, all made from the option table. */
import { Argument, type Command, CommanderError, Option } from 'commander';
import { knownOptions, specOf, type WrittenOption } from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { groups } from '../values/option-spec.ts';
import { TableCommand } from './argv.ts';
import { FoldedHelp, optionHelp, optionTerm } from './help.ts';

/** What a command is called with. */
export interface Invocation {
  options: WrittenOption[];
  operands: string[];
  /** As it was typed, without the program's name. */
  argv: readonly string[];
}

/** Does a command's work and says the exit code. */
type Action = (invocation: Invocation) => Promise<number>;

export interface CommandSpec {
  /** '' is the program itself: a run. */
  name: string;
  summary: string;
  flags: readonly Flag[];
  /** Where an option means something else here than in a run: its help. */
  help?: Partial<Record<Flag, string>>;
  /** Metavar and description of its operands, one or more unless they are optional; none when left out. */
  operands?: { name: string; help: string; optional?: true };
  /** Whether its operands are options of a run, behind `--`. */
  passesOn?: true;
  /** Behind the options in --help; its indented lines stay as they are. */
  after?: string;
  action: Action;
}

export interface ProgramSpec {
  name: string;
  version: () => string;
  commands: readonly CommandSpec[];
  /** Columns that help may take. */
  columns: number;
}

/** What came of a command line: an exit code, and the text of --help or --version if that was asked for. */
export interface ProgramEnd {
  code: number;
  text: string;
}

/**
 * Reads the command line and does what it says.
 * @throws BenchError, or whatever else a command throws
 */
export async function runProgram(spec: ProgramSpec, argv: readonly string[]): Promise<ProgramEnd> {
  const outcome: ProgramEnd = { code: 0, text: '' };
  const program = new TableCommand(spec.name).version(spec.version(), '-V, --version', 'show the version');
  for (const command of spec.commands) {
    const made = command.name === '' ? program : new TableCommand(command.name);
    define(made, command, spec.columns, outcome, argv);
    if (made !== program) program.addCommand(made);
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw error;
  }
  return outcome;
}

function define(
  command: TableCommand,
  spec: CommandSpec,
  columns: number,
  outcome: ProgramEnd,
  argv: readonly string[],
): void {
  command.flags = spec.flags;
  command.passesOn = spec.passesOn === true;
  command
    .description(spec.summary)
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => {
        outcome.text += text;
      },
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
    });
  command.createHelp = () => new FoldedHelp();
  command.complete = () => {
    for (const { flag } of knownOptions.filter((known) => spec.flags.includes(known.flag))) {
      command.addOption(asOption(flag, spec.help?.[flag]));
    }
  };
  if (spec.operands) {
    const { name, help, optional } = spec.operands;
    command.addArgument(new Argument(optional ? `[${name}...]` : `<${name}...>`, help));
    if (spec.passesOn) command.usage(`[options] -- [${name}...]`);
  }
  if (spec.after) command.addHelpText('after', `\n${new FoldedHelp().boxWrap(spec.after, columns)}`);
  command.action(async () => {
    outcome.code = await spec.action({ options: writtenOptions(command), operands: command.args, argv });
  });
}

/** Collects its texts; the table reads them. */
function asOption(flag: Flag, help: string | undefined): Option {
  const known = specOf(flag);
  const option = new Option(`--${flag} <text>`, optionHelp(known, help)).helpGroup(`${groups[known.group]}:`);
  option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
  // What help shows; parsing uses long, which is set already.
  option.flags = optionTerm(known);
  return option;
}

function writtenOptions(command: Command): WrittenOption[] {
  return command.options.flatMap((option) => {
    const texts = command.getOptionValue(option.attributeName()) as string[] | undefined;
    const known = knownOptions.find(({ flag }) => option.long === `--${flag}`);
    return known === undefined || texts === undefined
      ? []
      : texts.map((text) => ({ flag: known.flag, text }));
  });
}
