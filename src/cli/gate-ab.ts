/**
 * `uring-bench gate --ab OLD NEW -- RUN-OPTIONS`: two commands against each other in one job. Trials of both are made in
 * turns, in blocks of one each whose order is shuffled, and compared block by block: what the machine does hits both.
 * Each trial is a process of its own, as whoever uses the command would start it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { compareRuns, trialsCounted } from '../compare/compare.ts';
import { DEFAULT_RULES, type Look, poolResults, trialsNeeded } from '../compare/gate.ts';
import type { Comparison } from '../compare/schema.ts';
import type { StoredRun } from '../compare/workload.ts';
import { BenchError, type ErrorKind, EXIT, usageError } from '../errors.ts';
import { defaultOf, type WrittenOption } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { parseResult } from '../results/read.ts';
import type { RunResult } from '../results/schema.ts';
import { openResultFile } from '../results/store.ts';
import { type Random, randomOf, shuffled } from '../stats/random.ts';
import { plural } from '../values/format.ts';
import { type CliPlan, comparePlan, exitOf, reportComparison } from './compare.ts';
import { Session, type Work } from './session.ts';

/** Blocks of a round when nobody says: with fewer than 8 pairs Wilcoxon's test does not reach 1 %. */
const ROUND_BLOCKS = 8;
const ROUNDS = 3;
/** Of what a command says, so much is kept for an error. */
const SAID_MAX = 2 ** 16;

interface Side {
  name: 'old' | 'new';
  /** As for a shell; the options follow it. */
  command: string;
  results: RunResult[];
}

/** Options that say how often a run measures: here a run is one trial. */
const REPEATING: readonly string[] = ['trials', 'until-confident', 'max-trials', 'reference'];

/** What every trial of both sides is called with. */
function optionsOf(written: readonly WrittenOption[]): string[] {
  const own = written.filter(({ flag }) => !REPEATING.includes(flag));
  if (written.some(({ flag }) => flag === 'until-confident')) {
    throw usageError('gate --ab goes on by itself: no --until-confident', 'give --trials and --max-trials');
  }
  if (written.some(({ flag, text }) => flag === 'explain' && text !== 'none')) {
    throw usageError(
      'gate --ab explains nothing: its commands run by themselves',
      'give --explain to one of them alone',
    );
  }
  return [
    ...own.map(({ flag, text }) => `--${flag}=${text}`),
    ...['--trials=1', '--output-format=json', '--no-save', '--quiet'],
    ...(own.some(({ flag }) => flag === 'warmup-trials') ? [] : ['--warmup-trials=0']),
  ];
}

/** The two commands, of `--ab OLD` and the operand behind it. @throws BenchError (usage) */
function commandsOf(old: string, operands: readonly string[]): { commands: [string, string]; job: string[] } {
  const [now, ...job] = operands;
  if (old.trim() === '' || now === undefined || now.trim() === '' || now.startsWith('-')) {
    throw usageError(
      '--ab takes two commands, OLD and NEW',
      "like gate --ab 'old/bin/uring-bench.mjs' 'bin/uring-bench.mjs' -- --iodepth 8",
    );
  }
  return { commands: [old, now], job };
}

/** A command's exit code as an error of ours: what it lacked, we lack. */
function kindOf(code: number | null): ErrorKind {
  if (code === EXIT.usage) return 'usage';
  return code === EXIT.unavailable ? 'unavailable' : 'failed';
}

/** Hands a stop on to everything that the command started. */
function stopWith(child: ChildProcess, signal: AbortSignal): () => void {
  const stop = (): void => {
    if (child.pid === undefined || child.exitCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGINT');
    } catch {
      // It has just ended.
    }
  };
  signal.addEventListener('abort', stop);
  return () => signal.removeEventListener('abort', stop);
}

/** One trial of a side. @returns null when a signal stopped it @throws BenchError as the command's exit code says */
async function trialOf(
  side: Side,
  options: readonly string[],
  signal: AbortSignal,
): Promise<RunResult | null> {
  // A group of its own, so that a terminal's Ctrl-C reaches it once: from us.
  const child = spawn('/bin/sh', ['-c', `${side.command} "$@"`, side.name, ...options], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = stopWith(child, signal);
  const out: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => {
    said = (said + part.toString('utf8')).slice(-SAID_MAX);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(release);
  if (signal.aborted) return null;
  if (code !== 0) {
    const last = said.trim().split('\n').at(-1) ?? '';
    const why = last.replace(/^uring-bench: /, '') || `it said nothing`;
    throw new BenchError(`${side.command}: exit code ${code}: ${why}`, { kind: kindOf(code) });
  }
  return parseResult(Buffer.concat(out).toString('utf8'), `what ${side.command} wrote`);
}

/** So many blocks more. @returns whether all were made: not when a signal came */
async function measure(
  sides: readonly Side[],
  options: readonly string[],
  blocks: number,
  random: Random,
  signal: AbortSignal,
): Promise<boolean> {
  for (let block = 0; block < blocks; block++) {
    const made: { side: Side; result: RunResult }[] = [];
    for (const side of shuffled(sides, random)) {
      const result = await trialOf(side, options, signal);
      if (result === null) return false;
      made.push({ side, result });
    }
    // A block counts as a whole.
    for (const { side, result } of made) side.results.push(result);
  }
  return true;
}

function storedOf({ name, results }: Side): StoredRun {
  return { path: name, result: poolResults(results) };
}

interface Outcome {
  comparison: Comparison | null;
  baseline: StoredRun;
  candidate: StoredRun;
}

interface Plan {
  sides: readonly [Side, Side];
  options: readonly string[];
  round: number;
  maxTrials: number;
  compare: CliPlan;
  random: Random;
}

/** Rounds until something can be said. @returns null when a signal came before the first block was whole */
async function judge(plan: Plan, work: Work): Promise<Outcome | null> {
  const { sides, round, maxTrials } = plan;
  const looks: Look[] = [];
  let outcome: Outcome | null = null;
  let made = 0;
  let wanted = round;
  for (let more = round; more > 0; ) {
    work.progress.note(`${plural(more, 'block')} of one trial of each side, in turns`);
    if (!(await measure(sides, plan.options, more, plan.random, work.signal))) return outcome;
    made += more;
    const [baseline, candidate] = sides.map(storedOf) as [StoredRun, StoredRun];
    const comparison = compareRuns([baseline], [candidate], plan.compare);
    outcome = { comparison, baseline, candidate };
    const { count, lost } = trialsCounted([baseline], [candidate], plan.compare);
    const left = 2 * maxTrials - made;
    if (count < wanted && left > 0) {
      work.progress.note(`disturbed ${lost}`);
      more = Math.min(wanted - count, left);
      continue;
    }
    looks.push({ outcome: comparison.outcome, trials: count });
    more = Math.min(trialsNeeded(looks, round, maxTrials), left);
    wanted = count + more;
  }
  return outcome;
}

/** Each side as a result of its own, so that it can be looked at again. */
async function store({ baseline, candidate }: Outcome, session: Session): Promise<void> {
  if (!session.output.save) return;
  for (const run of [baseline, candidate]) {
    const file = await openResultFile(session.output.resultsDir, new Date(), `ab-${run.path}`);
    file.write(run.result);
    run.path = file.path;
    await session.say(`Result: ${file.path}`);
  }
}

/**
 * The whole command.
 * @param raw its own options; written: those of the run, behind `--`
 * @throws BenchError as the commands fail, usage for sides that are no one workload
 */
export async function gateAb(
  raw: RawOptions,
  operands: readonly string[],
  argv: readonly string[],
  readJob: (operands: readonly string[]) => { written: WrittenOption[]; raw: RawOptions },
): Promise<number> {
  for (const flag of ['baseline', 'update', 'baseline-runs'] as const) {
    if (raw[flag] !== undefined)
      throw usageError(`--${flag} is for gates against a stored baseline, not for --ab`);
  }
  const { commands, job } = commandsOf(raw.ab ?? '', operands);
  const own = readJob(job);
  const round = own.raw.trials ?? ROUND_BLOCKS;
  const maxTrials = raw['max-trials'] ?? ROUNDS * round;
  if (maxTrials < round)
    throw usageError(`max-trials=${maxTrials} is less than trials=${round}`, 'a round has --trials');
  const session = await Session.open(raw, argv);
  const compare = { ...comparePlan(raw, DEFAULT_RULES), paired: true };
  const plan: Plan = {
    sides: [
      { name: 'old', command: commands[0], results: [] },
      { name: 'new', command: commands[1], results: [] },
    ],
    options: optionsOf(own.written),
    round,
    maxTrials,
    compare,
    random: randomOf(own.raw.randseed ?? defaultOf('randseed')),
  };
  const outcome = await session.during((work) => judge(plan, work));
  if (session.stopped !== null) return session.stopped;
  if (outcome?.comparison == null) throw new Error('a gate without a look');
  const { comparison, baseline, candidate } = outcome;
  await reportComparison({ baseline: [baseline], candidate: [candidate] }, comparison, compare, session);
  await store(outcome, session);
  return exitOf(comparison);
}
