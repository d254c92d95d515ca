/**
 * How the words of a command line are read: aliases, `_` for `-`, booleans with and without a value. Commander
 * dispatches, helps and keeps the values; its own reading of words would give a bare option any word that
 * stands behind it (`show --color FILE`).
 */
import { Command } from 'commander';
import { type BenchError, usageError } from '../errors.ts';
import {
  canonicalName,
  findOption,
  type KnownOption,
  specOf,
  unknownOption,
  type WrittenOption,
} from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { didYouMean } from '../values/nearest.ts';

/** Options that commander answers itself. */
const HELP: readonly string[] = ['--help', '-h'];
const BUILT_IN: readonly string[] = [...HELP, '--version', '-v', '-V'];

/** Beside --help: every option, not those alone that are used most. */
export const ALL = '--all';

/** What stands behind `--`, in words. */
export type PassedOn = 'options of the run stand' | 'the command stands';

interface TypedOption extends WrittenOption {
  /** The name as it was typed. */
  typed: string;
}

interface Read {
  options: TypedOption[];
  builtIn: string[];
  /** Whether --all was among them. */
  all: boolean;
  operands: string[];
}

/**
 * A command that reads words by the option table. The outermost reads all of them, once, wherever the name of
 * a command stands between them, and hands what it read on.
 */
export class TableCommand extends Command {
  /** Of the EventEmitter that every Command is, which its types leave out. */
  declare emit: (event: string, text?: string) => boolean;
  /** The options it knows. */
  flags: readonly Flag[] = [];
  /** What it hands on that stands behind `--`; null: nothing. */
  passesOn: PassedOn | null = null;
  /** Whether help is to show every option. */
  all = false;
  /** Adds its options: called for the command that is asked for alone, as all options of all commands take time. */
  complete: () => void = () => {};
  /** What the command above this one has read for it. */
  private handed: Read | undefined;

  /**
   * Commander's step of reading words: sets the options, and says what is left.
   * @throws BenchError (usage) for an unknown option or command, and for a value that is missing
   */
  override parseOptions(argv: readonly string[]): { operands: string[]; unknown: string[] } {
    const read = this.handed ?? readArgv(argv);
    const [word] = read.operands;
    if (this.commands.length > 0 && word !== undefined) return this.handOn(word, read);
    return this.take(read);
  }

  /** Sets what was read for this very command. */
  private take(read: Read): { operands: string[]; unknown: string[] } {
    this.all = read.all;
    if (read.all && !read.builtIn.some((word) => HELP.includes(word))) {
      throw usageError(`${ALL} is only of --help`, 'uring-bench --help --all shows every option');
    }
    this.complete();
    for (const option of read.options) {
      if (!this.flags.includes(option.flag)) throw this.notHere(option);
      this.emit(`option:${option.flag}`, option.text);
    }
    return { operands: read.operands, unknown: this.answered(read.builtIn) };
  }

  /** What commander refuses. @throws BenchError (usage) always */
  override error(message: string): never {
    const line = message.replace(/^error: /, '').split('\n')[0] ?? '';
    const names = [this.parent?.name(), this.name(), '--help'];
    throw usageError(line, `see ${names.filter((name) => name !== undefined).join(' ')}`);
  }

  /** Lets the command that a word names go on with what was read; `help COMMAND` is `COMMAND --help`. */
  private handOn(word: string, read: Read): { operands: string[]; unknown: string[] } {
    const operands = read.operands.slice(1);
    if (word !== 'help') {
      this.named(word).handed = { ...read, operands };
      return { operands: [word], unknown: [] };
    }
    const [about] = operands;
    const asked = { options: [], builtIn: ['--help'], all: read.all, operands: [] };
    if (about === undefined) return this.take(asked);
    this.named(about).handed = asked;
    return { operands: [about], unknown: [] };
  }

  private subcommands(): TableCommand[] {
    return this.commands.filter((command) => command instanceof TableCommand);
  }

  /** @throws BenchError (usage) when there is none of that name */
  private named(word: string): TableCommand {
    const found = this.subcommands().find((command) => command.name() === word);
    if (found !== undefined) return found;
    if (word.endsWith('.fio')) {
      throw usageError(
        `${word}: fio's job files are not read yet`,
        'give its options; each section is a --job',
      );
    }
    const [name = ''] = word.split('=');
    if (name !== word && findOption(name) !== undefined) {
      throw usageError(`unknown command '${word}': did you mean '--${word}'?`, 'options begin with --');
    }
    const names = this.subcommands().map((command) => command.name());
    throw usageError(
      `unknown command '${word}'${didYouMean(word, names)}`,
      `there are: ${names.join(', ')}; options begin with --`,
    );
  }

  /** Tells commander of --version where there is one; --help it finds itself among what nobody knew. */
  private answered(builtIn: readonly string[]): string[] {
    return builtIn.filter((word) => {
      const option = this.options.find(({ short, long }) => word === short || word === long);
      if (option !== undefined) this.emit(`option:${option.name()}`);
      return option === undefined;
    });
  }

  /** An option that another command knows. */
  private notHere({ flag, typed }: TypedOption): BenchError {
    if (!(this.parent instanceof TableCommand)) {
      const knowing = this.subcommands().filter(({ flags }) => flags.includes(flag));
      const names = knowing.map((command) => command.name());
      return usageError(`a run has no option '--${typed}'`, `${names.join(', ')}: these have it`);
    }
    if (specOf(flag).scope === 'output') {
      const having = this.parent.subcommands().filter(({ flags }) => flags.includes(flag));
      const names = [
        ...(this.parent.flags.includes(flag) ? ['a run'] : []),
        ...having.map((command) => command.name()),
      ];
      return usageError(`${this.name()} has no option '--${typed}'`, `${names.join(', ')}: these have it`);
    }
    const passed = this.parent.flags.includes(flag) ? this.passesOn : null;
    return usageError(
      `${this.name()} has no option '--${typed}'`,
      passed !== null ? `${passed} behind --` : `see ${this.parent.name()} ${this.name()} --help`,
    );
  }
}

/**
 * Options of a run that stand behind another command's `--`.
 * @throws BenchError (usage) for an unknown one and for what is no option
 */
export function readRunOptions(argv: readonly string[]): WrittenOption[] {
  const { options, builtIn, all, operands } = readArgv(argv);
  const [stray] = [...builtIn, ...(all ? [ALL] : []), ...operands];
  if (stray !== undefined) throw usageError(`'${stray}' behind -- is no option of a run`);
  return options.map(({ flag, text }) => ({ flag, text }));
}

function readArgv(argv: readonly string[]): Read {
  const read: Read = { options: [], builtIn: [], all: false, operands: [] };
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? '';
    if (token === '--') {
      read.operands.push(...argv.slice(at + 1));
      break;
    }
    if (token === ALL) read.all = true;
    else if (BUILT_IN.includes(token)) read.builtIn.push(token === '-V' ? '-v' : token);
    else if (!token.startsWith('-') || token === '-') read.operands.push(token);
    else {
      const { used, ...option } = readOption(longForm(token), argv[at + 1]);
      read.options.push(option);
      if (used) at++;
    }
  }
  return read;
}

/** fio takes `-rw=read` for `--rw=read`, too; -o is what compilers call the file that they make. @throws BenchError (usage) for what is no option of that name either */
function longForm(token: string): string {
  if (token.startsWith('--')) return token;
  const [name = '', ...text] = token.slice(1).split('=');
  if (name === 'o') return ['--output', ...text].join('=');
  if (name.length > 1 && findOption(name) !== undefined) return `-${token}`;
  throw usageError(`unknown option '${token}'`, 'options begin with --');
}

/** One `--name`, `--name=text` or `--name text`; used says whether the next argument was its text. */
function readOption(token: string, next: string | undefined): TypedOption & { used: boolean } {
  const equals = token.indexOf('=');
  const typed = token.slice(2, equals < 0 ? undefined : equals);
  const given = equals < 0 ? undefined : token.slice(equals + 1);
  const spec = findOption(typed);
  if (spec === undefined) return { ...readNegated(typed, given), typed, used: false };
  const { flag } = spec;
  if (given !== undefined) return { flag, text: given, typed, used: false };
  const bare = spec.kind === 'bool' ? '1' : spec.whenBare;
  if (next !== undefined && !spec.equalsOnly && mayBeValue(spec, next))
    return { flag, text: next, typed, used: true };
  if (bare === undefined) throw usageError(`option '--${typed}' needs a value`);
  return { flag, text: bare, typed, used: false };
}

/** `--no-save`. */
function readNegated(typed: string, given: string | undefined): WrittenOption {
  const name = canonicalName(typed);
  const positive = name.startsWith('no-') ? findOption(name.slice(3)) : undefined;
  if (positive?.kind !== 'bool') throw unknownOption(typed, '--');
  if (given !== undefined) throw usageError(`option '--${typed}' takes no value`);
  return { flag: positive.flag, text: '0' };
}

/** Whether the argument behind an option belongs to it. */
function mayBeValue(spec: KnownOption, next: string): boolean {
  // Of several values too, as a sweep takes them: another command then says what is wrong with `0,1`.
  if (spec.kind === 'bool') return /^[01](,[01])*$/.test(next);
  return !next.startsWith('--') && !(spec.whenBare !== undefined && next.startsWith('-'));
}
