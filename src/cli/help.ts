/** How --help shows the option table. */
import { Help, type Option } from 'commander';
import type { KnownOption } from '../options/option-reader.ts';
import { foldWords } from '../report/text/text.ts';

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
  if (spec.kind === 'size') return 'SIZE';
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

/** Commander's help, folded to any width. */
export class FoldedHelp extends Help {
  constructor() {
    super();
    this.minWidthToWrap = 1;
  }

  override boxWrap(text: string, width: number): string {
    return text
      .split('\n')
      .flatMap((line) => (/^\s/.test(line) ? [line] : foldWords(line, Math.max(width, 10), 0)))
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
