/**
 * `npm run faults`: lets system calls of our own code fail, a run each, and holds how the runs end against what is
 * promised (oracle.ts).
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { CALLS, RUNS } from './calls.ts';
import { type FaultCase, nameOf } from './cases.ts';
import { allCases, type Tried, tryCases } from './sample.ts';

const HELP = `Usage: npm run faults -- [options]

Runs of every backend in which one system call of uring-bench's own code fails, once or always, with each error of its
man page. Exit code 1 when one of them ends otherwise than promised.

  --cases N|all     so many, drawn at random (default 300); all takes about two hours on two CPUs
  --seed N          of the draw (default 1)
  --only TEXT       only cases whose name contains TEXT: io_submit, sync/, fsync=EIO, or the name of one
  --lanes N         side by side (default: CPUs)
  --verbose         what each run wrote on standard error
`;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    lanes: { type: 'string', default: `${availableParallelism()}` },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** A whole name stands for itself: its run's calls need no counting then. */
function named(text: string): FaultCase | null {
  const [, run = '', call = '', error = '', when = ''] =
    /^(.+?)\/([\w!]+)=(\w+)@(\d+|always)$/.exec(text) ?? [];
  const known = run in RUNS && CALLS.some((entry) => entry.call === call);
  return known ? { run, call, error, when: when === 'always' ? when : Number(when) } : null;
}

async function chosen(lanes: number): Promise<FaultCase[]> {
  const one = named(values.only);
  if (one) return [one];
  const all = (await allCases(Number(values.seed), lanes)).filter((fault) =>
    nameOf(fault).includes(values.only),
  );
  return values.cases === 'all' ? all : all.slice(0, Number(values.cases));
}

function report({ fault, outcome, wrong }: Tried): void {
  if (wrong.length === 0 && !values.verbose) return;
  const said = outcome.stderr.trimEnd().replaceAll(/^/gm, '    ');
  process.stdout.write(
    `${nameOf(fault)} (${outcome.failed ?? 'not met'}, exit ${outcome.code ?? outcome.signal}): ${wrong.join('; ')}\n${said}\n` +
      `    again: npm run faults -- --verbose --only '${nameOf(fault)}'\n`,
  );
}

function summary(tried: readonly Tried[]): string {
  const rows = CALLS.flatMap(({ call }) => {
    const of = tried.filter(({ fault }) => fault.call === call);
    if (of.length === 0) return [];
    const met = of.filter(({ outcome }) => outcome.failed !== null);
    const codes = ['0', '2', '3', '4'].map(
      (code) => met.filter(({ outcome }) => `${outcome.code}` === code).length,
    );
    const wrong = of.filter(({ wrong: what }) => what.length > 0).length;
    return [[call, of.length, of.length - met.length, ...codes, wrong]];
  });
  const table = [['call', 'cases', 'not met', 'exit 0', '2', '3', '4', 'wrong'], ...rows];
  return table
    .map(
      ([name, ...cells]) => `${`${name}`.padEnd(20)}${cells.map((cell) => `${cell}`.padStart(8)).join('')}\n`,
    )
    .join('');
}

if (values.help) process.stdout.write(HELP);
else {
  const lanes = Number(values.lanes);
  const tried = await tryCases(await chosen(lanes), lanes, report);
  const wrong = tried.filter(({ wrong: what }) => what.length > 0).length;
  process.stdout.write(`${summary(tried)}${tried.length} cases, ${wrong} wrong\n`);
  process.exitCode = wrong > 0 || tried.length === 0 ? 1 : 0;
}
