/**
 * The command line before commander sees it: aliases, `_` for `-`, booleans with and without a value. What
 * comes out is plain `--flag=value`, so that a value never depends on what stands behind it.
 */
import { type BenchError, usageError } from '../errors.ts';
import {
  canonicalName,
  findOption,
  type KnownOption,
  unknownOption,
  type WrittenOption,
} from '../options/option-reader.ts';
import type { Flag } from '../options/options.ts';
import { didYouMean } from '../values/nearest.ts';

/** Subcommands with the options each knows; '' is the run itself. */
export type CommandFlags = Readonly<Record<string, readonly Flag[]>>;

/** Commands that hand the options behind `--` on to a run. */
export type PassingOn = readonly string[];

/** Options that commander answers itself. */
const BUILT_IN: readonly string[] = ['--help', '-h', '--version', '-V'];

interface Read {
  options: { flag: Flag; text: string; typed: string }[];
  builtIn: string[];
  operands: string[];
}

/**
 * The arguments for commander: `[command, --flag=value..., operands...]`.
 * @throws BenchError (usage) for an unknown option or command, and for a value that is missing
 */
export function normalizeArgv(
  argv: readonly string[],
  commands: CommandFlags,
  passingOn: PassingOn = [],
): string[] {
  const { options, builtIn, operands } = readArgv(argv);
  const help = operands[0] === 'help';
  const command = commandOf(help ? operands[1] : operands[0], commands);
  const rest = operands.slice(command === '' ? 0 : 1);
  if (help) return [...(command === '' ? [] : [command]), '--help'];
  const allowed = commands[command] ?? [];
  for (const { flag, typed } of options) {
    if (!allowed.includes(flag)) throw notHere(command, { flag, typed }, commands, passingOn);
  }
  const written = options.map(({ flag, text }) => `--${flag}=${text}`);
  const first = command === '' ? [] : [command];
  return [...first, ...builtIn, ...written, ...(rest.length > 0 ? ['--', ...rest] : [])];
}

/** An option that another command knows. */
function notHere(
  command: string,
  { flag, typed }: { flag: Flag; typed: string },
  commands: CommandFlags,
  passingOn: PassingOn,
): BenchError {
  if (command === '') {
    const knowing = Object.keys(commands).filter((name) => commands[name]?.includes(flag));
    return usageError(`a run has no option '--${typed}'`, `${knowing.join(', ')}: these have it`);
  }
  const runs = passingOn.includes(command) && commands['']?.includes(flag);
  return usageError(
    `${command} has no option '--${typed}'`,
    runs ? 'options of the run stand behind --' : `see uring-bench ${command} --help`,
  );
}

/**
 * Options of a run that stand behind another command's `--`.
 * @throws BenchError (usage) for an unknown one and for what is no option
 */
export function readRunOptions(argv: readonly string[]): WrittenOption[] {
  const { options, builtIn, operands } = readArgv(argv);
  const [stray] = [...builtIn, ...operands];
  if (stray !== undefined) throw usageError(`'${stray}' behind -- is no option of a run`);
  return options.map(({ flag, text }) => ({ flag, text }));
}

function commandOf(word: string | undefined, commands: CommandFlags): string {
  if (word === undefined) return '';
  const known = Object.keys(commands).filter((name) => name !== '');
  if (known.includes(word)) return word;
  throw usageError(
    `unknown command '${word}'${didYouMean(word, known)}`,
    `there are: ${known.join(', ')}; options begin with --`,
  );
}

function readArgv(argv: readonly string[]): Read {
  const read: Read = { options: [], builtIn: [], operands: [] };
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? '';
    if (token === '--') {
      read.operands.push(...argv.slice(at + 1));
      break;
    }
    if (BUILT_IN.includes(token)) read.builtIn.push(token);
    else if (!token.startsWith('-') || token === '-') read.operands.push(token);
    else if (!token.startsWith('--')) throw usageError(`unknown option '${token}'`, 'options begin with --');
    else {
      const { used, ...option } = readOption(token, argv[at + 1]);
      read.options.push(option);
      if (used) at++;
    }
  }
  return read;
}

/** One `--name`, `--name=text` or `--name text`; used says whether the next argument was its text. */
function readOption(
  token: string,
  next: string | undefined,
): { flag: Flag; text: string; typed: string; used: boolean } {
  const equals = token.indexOf('=');
  const typed = token.slice(2, equals < 0 ? undefined : equals);
  const given = equals < 0 ? undefined : token.slice(equals + 1);
  const spec = findOption(typed);
  if (spec === undefined) return { ...readNegated(typed, given), typed, used: false };
  const { flag } = spec;
  if (given !== undefined) return { flag, text: given, typed, used: false };
  const bare = spec.kind === 'bool' ? '1' : spec.whenBare;
  if (next !== undefined && mayBeValue(spec, next)) return { flag, text: next, typed, used: true };
  if (bare === undefined) throw usageError(`option '--${typed}' needs a value`);
  return { flag, text: bare, typed, used: false };
}

/** `--no-save`. */
function readNegated(typed: string, given: string | undefined): { flag: Flag; text: string } {
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
