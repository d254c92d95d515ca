/** docs/OPTIONS.md from the option table. */
import { commands } from '../src/cli/commands.ts';
import { metavar } from '../src/cli/help.ts';
import { type KnownOption, knownOptions } from '../src/options/option-reader.ts';
import { COMPARISON_RUNTIME_NS, DEFAULT_RUNTIME_NS } from '../src/resolve/bounds.ts';
import { type Group, groups } from '../src/values/option-spec.ts';
import { formatSize, formatTime } from '../src/values/units.ts';

const HEAD = `# Options

<!-- Generated from src/options/options.ts by \`npm run generate\`. Do not edit. -->

The names, meanings and defaults are fio's where fio has the option. \`uring-bench --help\` shows those that are used most, \`--help --all\` all of a run, \`help OPTION\` one. On the command line:

- \`--option=value\` is \`--option value\`; \`_\` and \`-\` are the same in every name: \`--iodepth_batch_submit\`.
- Options that are on or off: \`--direct\`, \`--direct=1\`, \`--direct=0\`, \`--no-direct\`.
- Of an option that is given twice the last counts; \`--backend\`, \`--filename\` and \`--destroy-device\` add up.
- An unknown option or value is an error that names a known one where one is near, or says what it is called here: exit code 2, nothing created.
- \`--output FILE\` takes a new or a regular file (written whole or not at all; one that exists keeps its owner, its mode and its other names), a FIFO or a terminal.

## Values

| kind | how it is written |
|---|---|
| SIZE | bytes: \`4096\`, \`4k\`, \`64m\`, \`1g\`, \`1t\`, \`0x1000\`. k, m, g, t and p are powers of 1024, also as \`kb\`, \`mb\`. As in fio (kb_base=1024), \`kib\`, \`mib\`, \`gib\` are powers of **1000**; a warning says so. |
| TIME | \`10\` (seconds), \`10s\`, \`1.5s\`, \`500ms\`, \`20us\`, \`300ns\`, \`2m\`, \`1h\`, \`1d\` |
| N | a whole number, decimal or \`0x\` hexadecimal |
| LIST of percentiles | \`50:95:99.9\` or \`50,95,99.9\` |
| CPUS | \`0,2-5\` |
| on/off | \`1\`, \`0\` (or true, false, yes, no, on, off) |

A stored result holds the value in force of every option but those of the report, by its name: sizes in bytes,
times in seconds (\`thinktime\` in microseconds, \`null-delay\` in nanoseconds), on/off as booleans, \`randseed\` as text. \`bs\` is a number, or
\`"read,write,trim"\` when they differ. \`null\` is none: no bound, all CPUs.
`;

const TAIL = `
## What ends a run

| given | a trial ends |
|---|---|
| nothing | after ${formatTime(DEFAULT_RUNTIME_NS)}; in the default comparison (no \`--backend\`) after ${formatTime(COMPARISON_RUNTIME_NS)} |
| \`--runtime\` | after that time: it implies \`--time-based\`, fio's most common surprise |
| \`--io-size\`, \`--number-ios\` or \`--loops\` | after so many bytes, I/Os or passes of each job |
| one of those and \`--runtime\` | at whichever comes first |
| \`--no-time-based\` | fio's way: after size x loops, or at the runtime |

With \`--ramp-time\` these count from its end, and what is in flight then counts as well. As in fio, \`--number-ios\` does not make a pass longer: a job also ends when it has done its size, \`--io-size\` or
\`--loops\` times that. A warning says when this is what happened.

## Where this is not fio

- \`rw\` is randread and \`direct\` is 1 by default; \`iodepth\` is 8 when no backend is named.
- Jobs are threads; \`--isolation process\` is fio's default, \`worker\` is a Node program's way.
- \`--runtime\` implies \`--time-based\` on the command line (see above).
- A file or device that exists is written to with \`--allow-overwrite\` only; one that is in use or holds partitions
  needs \`--destroy-device\` with its name.
- An option that has no effect on the chosen I/O is reported; one that no chosen backend knows is an error.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | a comparison found a regression |
| 2 | wrong usage; nothing was created or changed |
| 3 | a run failed |
| 4 | no backend that was asked for is available here |
| 5 | a comparison could not decide whether there is a regression |
| 130, 143 | stopped by SIGINT, SIGTERM; the result so far is stored and marked interrupted |
`;

function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function names(spec: KnownOption): string {
  const forms = spec.kind === 'bool' ? [`--${spec.flag}`] : [`--${spec.flag} ${metavar(spec)}`];
  return [...forms, ...(spec.aliases ?? []).map((alias) => `--${alias}`)].map(code).join('<br>');
}

/** What it may be. */
function range(spec: KnownOption): string {
  const { kind, min, max } = spec;
  const format =
    kind === 'size' || kind === 'portion' || kind === 'blocksizes'
      ? formatSize
      : kind === 'time'
        ? formatTime
        : String;
  switch (kind) {
    case 'bool':
      return 'on/off';
    case 'choice':
      return Object.entries(spec.values ?? {})
        .map(([value, others]) => [value, ...others].map(code).join(' = '))
        .join(', ');
    case 'seed':
      return '0 to 2^64-1';
    case 'cpus':
      return `numbers up to ${max}`;
    case 'percentiles':
    case 'percent':
      return 'above 0, up to 100';
    case 'portion':
      return `${format(min ?? 0)} or more, or above 0% up to 100%`;
    case 'count':
    case 'size':
    case 'blocksizes':
    case 'time':
      return max === undefined ? `${format(min ?? 0)} or more` : `${format(min ?? 0)} to ${format(max)}`;
    default:
      return '';
  }
}

function usual(spec: KnownOption): string {
  if (spec.default === undefined) return spec.defaultNote ?? '';
  return code(spec.default);
}

/** The help with what the table alone knows. */
function meaning(spec: KnownOption): string {
  const help = spec.shownAs?.startsWith('--no-') ? `${code(spec.shownAs)}: ${spec.help}` : spec.help;
  const only = spec.backends ? `; ${spec.backends.join(', ')} only` : '';
  const bare = spec.whenBare ? `; without a value it is ${code(spec.whenBare)}` : '';
  return `${help}${only}${bare}${knowing(spec)}`;
}

/** The commands that know an option which a run doesn't. */
function knowing({ flag, scope }: KnownOption): string {
  if (scope !== 'compare') return '';
  const names = commands.filter((command) => command.flags.includes(flag)).map(({ name }) => code(name));
  return `; only in ${names.join(', ')}`;
}

function section(group: Group): string {
  const rows = knownOptions
    .filter((spec) => spec.group === group)
    .map((spec) => [names(spec), meaning(spec), range(spec), usual(spec)].map(cell).join(' | '));
  return [`## ${groups[group]}`, '', '| option | meaning | values | default |', '|---|---|---|---|']
    .concat(rows.map((row) => `| ${row} |`))
    .join('\n');
}

/** The whole file. */
export function optionsMarkdown(): string {
  const sections = (Object.keys(groups) as Group[]).map(section);
  return `${[HEAD.trimEnd(), ...sections].join('\n\n')}\n${TAIL}`;
}
