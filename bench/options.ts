/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { rows } from './rows.ts';

const parts = ['comparison', 'floor', 'limits'] as const;
type Part = (typeof parts)[number];
const backends: readonly string[] = rows.map(({ backend }) => backend);

export interface BenchOptions {
  rounds: number;
  /** Of each run. */
  seconds: number;
  /** The one that every job is pinned to. */
  cpu: number;
  directory: string;
  fileBytes: number;
  parts: readonly Part[];
  /** Those whose rows are compared. */
  backends: readonly string[];
  format: 'text' | 'json' | 'markdown';
  build: boolean;
}

export const HELP = `Usage: npm run bench -- [options]

Compares uring-bench with fio and with bare C loops on one file in the page cache, measures what its own loop
costs, and how it starts and stops. Installs nothing: without fio in PATH its columns stay empty.

  --rounds N        interleaved rounds (default 5, the least that goals are judged by)
  --seconds N       length of each run (default 2)
  --cpu N           CPU that every job is pinned to (default 0)
  --directory DIR   where the file is created, and removed at the end (default the current directory)
  --size MIB        size of the file (default 512)
  --parts LIST      some of comparison,floor,limits (default all)
  --backends LIST   compare only these rows, e.g. sync,io_uring+enhanced (default all)
  --json            all samples and the summary as JSON
  --markdown        the tables as Markdown, for bench/README.md
  --no-build        leave the build of uring-bench as it is
  --help            this text
`;

function number(name: string, text: string, least: number, whole: boolean): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least) || (whole && !Number.isInteger(value))) {
    throw new TypeError(`--${name}=${text} is not a ${whole ? 'whole ' : ''}number of ${least} or more`);
  }
  return value;
}

/** Those of the known names that a list asks for, in their own order. */
function chosen<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  const asked = text.split(',');
  const unknown = asked.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) {
    throw new TypeError(`--${option}: there is no '${unknown}', only ${known.join(', ')}`);
  }
  return known.filter((name) => asked.includes(name));
}

/**
 * Reads the arguments -> null when help was asked for.
 * @throws TypeError for what it does not know
 */
export function readOptions(argv: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      cpu: { type: 'string', default: '0' },
      directory: { type: 'string', default: '.' },
      size: { type: 'string', default: '512' },
      parts: { type: 'string', default: parts.join(',') },
      backends: { type: 'string', default: backends.join(',') },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  if (values.json && values.markdown) throw new TypeError('--json and --markdown exclude each other');
  return {
    rounds: number('rounds', values.rounds, 1, true),
    seconds: number('seconds', values.seconds, 0.05, false),
    cpu: number('cpu', values.cpu, 0, true),
    directory: values.directory,
    fileBytes: number('size', values.size, 1, true) * 2 ** 20,
    parts: chosen('parts', values.parts, parts),
    backends: chosen('backends', values.backends, backends),
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
    build: !values['no-build'],
  };
}
