/** How --help shows the option table. */
import { type Command, Help, type Option } from 'commander';
import type { KnownOption } from '../options/option-reader.ts';
import { displayWidth, foldWords } from '../report/text/text.ts';

/** Below this many columns for descriptions they go on lines of their own. */
const LEAST_DESCRIPTION = 34;
const INDENT = '  ';

/** `--iodepth N`, `--pre-read`, `--[no-]direct` (on unless it is given), `--no-save`. */
export function optionTerm(spec: KnownOption): string {
  if (spec.shownAs !== undefined) return spec.shownAs;
  if (spec.kind !== 'bool') return `--${spec.flag} ${metavar(spec)}`;
  return spec.default === '0' ? `--${spec.flag}` : `--[no-]${spec.flag}`;
}

/** What stands for a value. */
export function metavar(spec: KnownOption): string {
  if (spec.metavar !== undefined) return spec.metavar;
  if (spec.kind === 'size' || spec.kind === 'portion') return 'SIZE';
  if (spec.kind === 'time') return 'TIME';
  return 'N';
}

/** Defaults that go without saying. */
const SILENT_DEFAULTS: readonly (string | undefined)[] = [undefined, '0', 'none'];

/** The help line with what holds when the option is not given. */
export function optionHelp(spec: KnownOption, help = spec.help): string {
  const usual = spec.defaultNote ?? spec.default;
  const silent = help !== spec.help || SILENT_DEFAULTS.includes(usual) || spec.shownAs?.startsWith('--no-');
  const only = spec.backends ? `${spec.backends.join(', ')} only; ` : '';
  return `${help}${silent ? '' : ` (${only}default ${usual})`}`;
}

/** `help OPTION`: what the table knows of it. */
export function optionPage(spec: KnownOption, columns: number): string {
  const names = (spec.aliases ?? []).map((name) => `--${name}`);
  const values = Object.entries(spec.values ?? {}).map(([value, others]) => [value, ...others].join(' = '));
  const lines = [
    `${spec.help}.`,
    ...(names.length > 0 ? [`Also: ${names.join(', ')}.`] : []),
    ...(values.length > 0 ? [`Values: ${values.join(', ')}.`] : []),
    `Default: ${spec.defaultNote ?? spec.default ?? 'none'}.`,
    ...(spec.backends ? [`Only of: ${spec.backends.join(', ')}.`] : []),
    'docs/OPTIONS.md has the units and what holds of all options.',
  ];
  const folded = lines.flatMap((line) => foldWords(line, Math.max(columns - 2, 10), 0));
  return `${[optionTerm(spec), ...folded.map((line) => INDENT + line)].join('\n')}\n`;
}

/** An indented example on several lines as a shell takes them, broken between its words. */
function foldCommand(line: string, width: number): string[] {
  const [, indent = '', command = ''] = /^(\s*)(.*)$/.exec(line) ?? [];
  const lines: string[] = [];
  for (const word of command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []) {
    const last = lines.at(-1);
    // Two columns for the backslash, should another word follow.
    if (last !== undefined && displayWidth(`${last} ${word}`) <= width - 2)
      lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(last === undefined ? indent + word : `${indent}${INDENT}${word}`);
  }
  return lines.map((text, at) => (at === lines.length - 1 ? text : `${text} \\`));
}

/** Commander's help, folded to any width. */
export class FoldedHelp extends Help {
  constructor() {
    super();
    this.minWidthToWrap = 1;
  }

  /** The commands first, then a command's options, at last what every command has. */
  override formatHelp(command: Command): string {
    const termWidth = this.padWidth(command, this);
    const width = this.helpWidth ?? 80;
    const section = (title: string, items: readonly (readonly [string, string])[]) =>
      items.length === 0
        ? []
        : [[title, ...items.map(([term, text]) => this.formatItem(term, termWidth, text, this))]];
    const options = this.visibleOptions(command);
    const headings = [...new Set(options.map(({ helpGroupHeading }) => helpGroupHeading ?? ''))];
    const sections = [
      [`Usage: ${this.commandUsage(command)}`],
      [this.boxWrap(this.commandDescription(command), width)],
      ...section(
        'Commands:',
        this.visibleCommands(command).map((each) => [
          this.subcommandTerm(each),
          this.subcommandDescription(each),
        ]),
      ),
      ...section(
        'Arguments:',
        this.visibleArguments(command).map((each) => [
          this.argumentTerm(each),
          this.argumentDescription(each),
        ]),
      ),
      ...[...headings.filter((heading) => heading !== ''), ''].flatMap((heading) =>
        section(
          heading || 'Help:',
          options
            .filter(({ helpGroupHeading = '' }) => helpGroupHeading === heading)
            .map((option) => [this.optionTerm(option), this.optionDescription(option)]),
        ),
      ),
    ];
    return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
  }

  override boxWrap(text: string, width: number): string {
    return text
      .split('\n')
      .flatMap((line) =>
        /^\s/.test(line) ? foldCommand(line, width) : foldWords(line, Math.max(width, 10), 0),
      )
      .join('\n');
  }

  override optionDescription(option: Option): string {
    return option.description;
  }

  override formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const width = helper.helpWidth ?? 80;
    const room = width - termWidth - 2 * INDENT.length;
    if (room >= LEAST_DESCRIPTION) {
      const [first = '', ...rest] = foldWords(description, room, 0);
      const under = ' '.repeat(termWidth + 2 * INDENT.length);
      return [
        `${INDENT}${term.padEnd(termWidth)}${INDENT}${first}`,
        ...rest.map((line) => under + line),
      ].join('\n');
    }
    const lines = foldWords(description, Math.max(width - 6, 10), 0);
    return [INDENT + term, ...lines.map((line) => `      ${line}`)].join('\n');
  }
}
