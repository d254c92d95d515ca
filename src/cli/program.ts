/** The commands and their options as commander definitions, all made from the option table. */
import { Argument, type Command, CommanderError, Option } from 'commander';
import { BenchError, usageError } from '../errors.ts';
import {
  findOption,
  isOtherName,
  type KnownOption,
  knownOptions,
  readingsOf,
  unknownOption,
  type WrittenOption,
} from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { groups } from '../values/option-spec.ts';
import { ALL, type PassedOn, TableCommand } from './argv.ts';
import { FoldedHelp, optionHelp, optionPage, optionTerm } from './help.ts';
import { checkPlatform } from './platform.ts';

/** Options that a command's help shows at once; one with more has a page of what is used most first. */
const MOST_OPTIONS = 40;

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
  /** Its line in the list of commands; the program itself has none. */
  brief?: string;
  summary: string;
  flags: readonly Flag[];
  /** Where an option means something else here than in a run: its help. */
  help?: Partial<Record<Flag, string>>;
  /** Metavar and description of its operands, one or more unless they are optional; none when left out. */
  operands?: { name: string; help: string; optional?: true };
  /** What its operands are when they stand behind `--`: options of a run, another command. */
  passesOn?: PassedOn;
  /** Whether it works anywhere: the others need Linux. */
  anywhere?: true;
  /** Behind the options in --help; its indented lines stay as they are. */
  after?: string;
  /** The same of the first page, where --help --all shows more. */
  afterPage?: string;
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
  const about = helpWord(argv);
  if (about !== undefined && !spec.commands.some(({ name }) => name === about)) {
    const option = findOption(about);
    if (option !== undefined) return { code: 0, text: optionPage(option, spec.columns) };
    if (isOtherName(about)) throw unknownOption(about, '--');
  }
  const program = new TableCommand(spec.name);
  for (const command of spec.commands) {
    const made = command.name === '' ? program : new TableCommand(command.name);
    define(made, command, spec.columns, outcome, argv);
    if (made !== program) program.addCommand(made);
  }
  program.version(spec.version(), '-v, --version', 'show the version');
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw error;
  }
  return outcome;
}

/** What `help WORD` asks about, dashes taken off; undefined for other lines. */
function helpWord(argv: readonly string[]): string | undefined {
  const [word, about, more] = argv.filter((typed) => typed !== ALL);
  return word === 'help' && more === undefined ? about?.replace(/^-{1,2}/, '') : undefined;
}

function define(
  command: TableCommand,
  spec: CommandSpec,
  columns: number,
  outcome: ProgramEnd,
  argv: readonly string[],
): void {
  command.flags = spec.flags;
  command.passesOn = spec.passesOn ?? null;
  command
    .description(spec.summary)
    .summary(spec.brief ?? '')
    .helpOption('-h, --help', hasMore(spec) ? 'show this page; with --all every option' : 'show this help')
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
    const page = hasMore(spec) && !command.all;
    for (const option of inOrder(spec, page)) command.addOption(asOption(option, spec, page));
  };
  if (spec.operands) {
    const { name, help, optional } = spec.operands;
    command.addArgument(new Argument(optional ? `[${name}...]` : `<${name}...>`, help));
    if (spec.passesOn) command.usage(`[options] -- [${name}...]`);
  }
  command.addHelpText('after', () => {
    const text = hasMore(spec) && !command.all ? afterPage(spec) : spec.after;
    return text ? `\n${new FoldedHelp().boxWrap(text, columns)}` : '';
  });
  command.action(async () => {
    const options = writtenOptions(command);
    try {
      if (!spec.anywhere) checkPlatform();
      outcome.code = await spec.action({ options, operands: command.args, argv });
    } catch (error) {
      throw withReadings(error, options);
    }
  });
}

/** A usage error with how sizes were read that its numbers may come from. */
function withReadings(error: unknown, options: readonly WrittenOption[]): unknown {
  if (!(error instanceof BenchError) || error.kind !== 'usage') return error;
  try {
    const hint = [...(error.hint ? [error.hint] : []), ...readingsOf(options)].join('; ');
    return hint === '' ? error : usageError(error.message, hint);
  } catch {
    return error; // one of them cannot be read: that is what it says
  }
}

/** Whether its help is a page of what people use most, and --help --all the rest: of those that take all of a run's options. */
function hasMore({ flags }: CommandSpec): boolean {
  return flags.length > MOST_OPTIONS;
}

/** Whether an option is known to this command but not to a run, or means something else here. */
function isOwn({ name, help }: CommandSpec, { flag, scope }: KnownOption): boolean {
  return name !== '' && (scope === 'compare' || help?.[flag] !== undefined);
}

/** A command's options as its help shows them: what no run knows comes first, on a first page all of its own. */
function inOrder(spec: CommandSpec, page: boolean): KnownOption[] {
  const known = knownOptions.filter(({ flag }) => spec.flags.includes(flag));
  const first = (option: KnownOption) => (page ? isOwn(spec, option) : option.scope === 'compare');
  return [...known.filter(first), ...known.filter((option) => !first(option))];
}

/** Behind a first page. */
function afterPage({ name, after, afterPage }: CommandSpec): string | undefined {
  if (afterPage !== undefined) return afterPage;
  return [`It takes every option of a run: uring-bench ${name} --help --all shows them.`, after].join('\n\n');
}

/**
 * Collects its texts; the table reads them.
 * @param page whether help is the first page
 */
function asOption(known: KnownOption, spec: CommandSpec, page: boolean): Option {
  const own = isOwn(spec, known);
  const text = spec.help?.[known.flag] ?? (page && !own ? known.brief : undefined);
  const option = new Option(`--${known.flag} <text>`, optionHelp(known, text));
  option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
  option.helpGroup(
    page ? (own ? 'Options of its own:' : 'Most used options of a run:') : `${groups[known.group]}:`,
  );
  option.hideHelp(page && !own && known.brief === undefined);
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
