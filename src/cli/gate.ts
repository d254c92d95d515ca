/** `uring-bench gate --baseline FILE -- RUN-OPTIONS`: a run judged against stored ones. */
import { existsSync } from 'node:fs';
import { baselineWith, isAnotherLevel } from '../compare/baseline.ts';
import { baselineLost, compareRuns, trialsCounted } from '../compare/compare.ts';
import { DEFAULT_RULES, type Look, poolResults, trialsNeeded } from '../compare/gate.ts';
import { NEW_BASELINE } from '../compare/judge-variant.ts';
import type { Comparison } from '../compare/schema.ts';
import { checkSameWorkload, type StoredRun } from '../compare/workload.ts';
import { BenchError, EXIT, usageError } from '../errors.ts';
import { defaultOf, readOptions, specOf, type WrittenOption } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { render } from '../report/formats/index.ts';
import { renderJson } from '../report/formats/json.ts';
import { readMachine } from '../resolve/cpus.ts';
import { resolve } from '../resolve/resolve.ts';
import { pathsOf, type RunPlan, storedJob } from '../resolve/run-plan.ts';
import type { ResultWarning, RunResult } from '../results/schema.ts';
import { plural } from '../values/format.ts';
import { readRunOptions } from './argv.ts';
import { Clearing } from './clean.ts';
import { type CliPlan, comparePlan, exitOf, reportComparison } from './compare.ts';
import { checkExplain, deliverStacks, tracing } from './explaining.ts';
import type { Invocation } from './program.ts';
import { checkApart, checkReportFile, writeReportFile } from './report-file.ts';
import { Session } from './session.ts';
import { readSide } from './sides.ts';
import { tellFailures } from './troubles.ts';

/** Trials of a round when nobody says: the fewest with which one slow trial does not hide a change. */
const ROUND_TRIALS = 5;
/** Rounds until a suspicion is settled as it stands. */
const ROUNDS = 3;

interface Gate {
  path: string;
  /** Its runs; none when there is no baseline yet, or one of another workload that is to be replaced. */
  baseline: StoredRun[];
  /** Runs that --update keeps. */
  baselineRuns: number;
  update: 'never' | 'pass' | 'always';
  plan: CliPlan;
  /** What a round runs. */
  run: RunPlan;
  /** How a regression is explained. */
  explain: RunPlan['explain'];
  maxTrials: number;
  /** Why no trial of this run can be judged against the baseline; null when they can. */
  lost: string | null;
  session: Session;
  warnings: readonly ResultWarning[];
}

/** The options behind `--`. @throws BenchError (usage), also for one that belongs before it */
function readJobOptions(operands: readonly string[]): {
  written: WrittenOption[];
  raw: RawOptions;
  warnings: ResultWarning[];
} {
  const written = readRunOptions(operands);
  for (const { flag } of written) {
    const { scope } = specOf(flag);
    if (scope === 'output') throw usageError(`--${flag} says where the report goes`, 'give it before --');
    if (scope === 'compare') throw usageError(`--${flag} is an option of gate`, 'give it before --');
  }
  return { written, ...readOptions(written) };
}

function readBaseline(path: string, update: Gate['update']): StoredRun[] {
  if (existsSync(path)) return readSide(path);
  if (update !== 'never') return [];
  throw usageError(`there is no baseline ${path}`, 'make one from this run with --update');
}

/** That the run can be compared, before it takes its time. A baseline that is replaced anyway need not fit. */
function checkComparable({
  path,
  baseline,
  run,
  update,
}: Pick<Gate, 'path' | 'baseline' | 'run' | 'update'>): boolean {
  const [first] = baseline;
  if (first === undefined) return false;
  try {
    const hint = 'give the same options, or make another baseline with --update';
    checkSameWorkload({ ...first, path }, { path: 'this run', hint, jobs: run.groups.map(storedJob) });
    const known = baseline.flatMap(({ result }) => result.backends);
    if (run.variants.some(({ name }) => known.some(({ variant }) => variant === name))) return true;
    throw usageError(
      `${path} has none of the backends of this run`,
      `it has ${[...new Set(known.map(({ label }) => label))].join(', ')}`,
    );
  } catch (error) {
    if (error instanceof BenchError && update === 'always') return false;
    throw error;
  }
}

/** From the command line to what is run. @throws BenchError (usage) before anything is created */
async function prepare({ options, operands, argv }: Invocation): Promise<Gate> {
  const { raw, warnings: gateWarnings } = readOptions(options);
  const path = raw.baseline;
  if (path === undefined)
    throw usageError('gate needs --baseline', 'stored runs: --baseline FILE, or two commands: --ab OLD NEW');
  const update = raw.update ?? 'never';
  const plan = comparePlan(raw, DEFAULT_RULES);
  const own = readJobOptions(operands);
  const trials = own.raw.trials ?? ROUND_TRIALS;
  const maxTrials = raw['max-trials'] ?? ROUNDS * trials;
  if (maxTrials < trials) {
    throw usageError(`max-trials=${maxTrials} is less than trials=${trials}`, 'a round has --trials');
  }
  const session = await Session.open(raw, argv);
  const baseline = readBaseline(path, update);
  if (update !== 'never') checkReportFile(path, 'baseline');
  const clearing = new Clearing(session);
  const { target } = clearing;
  const { plan: run, warnings } = resolve({ ...own.raw, trials }, { machine: readMachine(), target });
  const targets = pathsOf(run);
  session.checkApart([...targets, path]);
  checkExplain(run.explain, session);
  if (update !== 'never') checkApart('baseline', path, targets);
  const comparable = checkComparable({ path, baseline, run, update });
  const variants = run.variants.map(({ name }) => name);
  return {
    path,
    baseline: comparable ? baseline : [],
    lost: comparable ? baselineLost(baseline, variants, plan, 2 * maxTrials) : null,
    baselineRuns: raw['baseline-runs'] ?? defaultOf('baseline-runs'),
    update,
    plan,
    // What a round measures is not explained: a regression is, when there is one.
    run: { ...run, explain: 'none' },
    explain: run.explain,
    maxTrials,
    session,
    warnings: [...gateWarnings, ...own.warnings, ...clearing.warnings, ...warnings],
  };
}

interface Measured {
  /** One for each round, where it is stored or what it is called. */
  rounds: StoredRun[];
  comparison: Comparison | null;
  /** Why a round is not stored as it was run; null when all are. */
  unsaved: BenchError | null;
}

/** What makes another round necessary, in a line. */
function suspicion({ checks }: Comparison, more: number): string {
  const [first, ...others] = checks.filter(({ outcome }) => outcome !== 'pass');
  const rest = others.length > 0 ? ` and ${others.length} more` : '';
  return `${first?.outcome}: ${first?.label}: ${first?.rule}${rest}: ${plural(more, 'more trial')} of each`;
}

/** The same with another number of trials. */
function withTrials(run: RunPlan, trials: number): RunPlan {
  const groups = run.groups.map((group) => ({ ...group, options: { ...group.options, trials } }));
  return { ...run, groups, trials };
}

/** How far a gate has come. */
interface State extends Measured {
  looks: Look[];
  /** Trials of each backend that were made, disturbed ones too. */
  made: number;
  /** How many of them are to count at the next look. */
  wanted: number;
}

/** At most so many trials are made for the sake of those that were disturbed: as many again as may count. */
function mostTrials({ baseline, maxTrials, run }: Gate): number {
  return 2 * (baseline.length > 0 ? maxTrials : run.trials);
}

/** What the next round is: its trials, and why there is one. Looks at the trials so far, if as many count as it takes. */
function next(gate: Gate, state: State): { more: number; why: string } {
  const { baseline, plan, run } = gate;
  const left = mostTrials(gate) - state.made;
  const { count: counted, lost } = trialsCounted(baseline, state.rounds, plan);
  if (baseline.length > 0) state.comparison = compareRuns(baseline, state.rounds, plan);
  if (gate.lost !== null) return { more: 0, why: '' };
  if (counted < state.wanted && left > 0) {
    const more = Math.min(state.wanted - counted, left);
    return { more, why: `disturbed ${lost}: ${plural(more, 'more trial')}` };
  }
  const { comparison } = state;
  if (comparison === null) return { more: 0, why: '' };
  state.looks.push({ outcome: comparison.outcome, trials: counted });
  const more = Math.min(trialsNeeded(state.looks, run.trials, gate.maxTrials), left);
  state.wanted = counted + more;
  return { more, why: more > 0 ? suspicion(comparison, more) : '' };
}

/** Rounds until the gate can say something, a run fails, or a signal stops it. */
async function measure(gate: Gate): Promise<Measured> {
  const { runPlan } = await import('../jobs/runner.ts');
  const { run, session, warnings } = gate;
  const state: State = {
    rounds: [],
    comparison: null,
    unsaved: null,
    looks: [],
    made: 0,
    wanted: run.trials,
  };
  const lost = `undecided: disturbed ${gate.lost}: one round, and ${NEW_BASELINE}`;
  const first = { more: run.trials, why: gate.lost === null ? '' : lost };
  for (let round = first; round.more > 0; round = next(gate, state)) {
    const planned = withTrials(run, round.more);
    const { result, path, unsaved } = await session.during((work) => {
      if (round.why !== '') work.progress.note(round.why);
      return runPlan(planned, { ...work, warnings });
    });
    state.rounds.push({ path: path ?? `round ${state.rounds.length + 1}`, result });
    state.made += trialsOf(result);
    state.unsaved ??= unsaved;
    if (result.status !== 'complete' || session.stopped !== null) return state;
  }
  return state;
}

/** Trials of each backend that were asked for: --until-confident may have made more of them. */
function trialsOf({ backends }: RunResult): number {
  return Math.max(1, ...backends.map(({ trials }) => trials.length));
}

/** Adds the run to the baseline where that was asked for. @returns what became of it, for people; null: it stays */
function updateBaseline(gate: Gate, { rounds, comparison }: Measured): string | null {
  const { update, path, baseline, plan } = gate;
  const passed = comparison === null || comparison.outcome === 'pass' || comparison.outcome === null;
  if (update === 'never' || (update === 'pass' && !passed)) return null;
  const anew = comparison !== null && isAnotherLevel(comparison, plan.rules);
  const before = anew ? [] : baseline.map(({ result }) => result);
  const pooled = poolResults(rounds.map(({ result }) => result));
  const made = baselineWith(before, pooled, gate.baselineRuns);
  writeReportFile(path, renderJson(made));
  const why = anew ? ', begun anew: this run is of another level' : '';
  return `Baseline: ${path} (${plural(made.runs.length, 'run')}${why})`;
}

async function report(gate: Gate, measured: Measured): Promise<void> {
  const { session, baseline, plan } = gate;
  const { rounds, comparison } = measured;
  if (comparison !== null) {
    await reportComparison({ baseline, candidate: rounds }, comparison, plan, session);
    return;
  }
  const pooled = poolResults(rounds.map(({ result }) => result));
  await session.deliver(render(pooled, session.output.outputFormat, session.rendering));
  await session.deliverMore((format, rendering) => render(pooled, format, rendering));
}

/**
 * One more run of each variant that got worse, a trial and the pass that explains it; stored beside the rounds.
 * @returns what is to be said beside the report
 */
async function explainRegression(gate: Gate, comparison: Comparison | null): Promise<string[]> {
  const { session, run, explain, warnings } = gate;
  const worse = new Set(
    comparison?.checks.flatMap(({ outcome, variant }) => (outcome === 'regression' ? variant : [])),
  );
  if (comparison === null || explain === 'none' || worse.size === 0 || session.stopped !== null) return [];
  const variants = run.variants.filter(({ name }) => worse.has(name));
  const planned: RunPlan = {
    ...withTrials(run, 1),
    untilConfident: null,
    variants,
    reference: null,
    explain,
  };
  const { runPlan } = await import('../jobs/runner.ts');
  const { result, path, stacks } = await session.during((work) =>
    runPlan(planned, { ...work, warnings, tracing }),
  );
  comparison.explained = result.backends.flatMap(({ variant, label, explain: said }) =>
    said === undefined ? [] : { variant, label, explain: said },
  );
  await deliverStacks(stacks, session);
  return path === null ? [] : [`Explained: ${path}`];
}

export async function gateCommand(invocation: Invocation): Promise<number> {
  const { raw } = readOptions(invocation.options);
  if (raw.ab !== undefined) {
    const { gateAb } = await import('./gate-ab.ts');
    return gateAb(raw, invocation.operands, invocation.argv, readJobOptions);
  }
  const gate = await prepare(invocation);
  const measured = await measure(gate);
  const { rounds, comparison } = measured;
  const failed = rounds.filter(({ result }) => result.status !== 'complete');
  const explained = failed.length > 0 ? [] : await explainRegression(gate, comparison);
  await report(gate, failed.length > 0 ? { ...measured, comparison: null } : measured);
  const { session } = gate;
  for (const { path } of session.output.save ? rounds : []) await session.say(`Result: ${path}`);
  await tellFailures(failed);
  for (const line of explained) await session.say(line);
  if (measured.unsaved !== null) throw measured.unsaved;
  if (session.stopped !== null) return session.stopped;
  if (failed.length > 0) return EXIT.failed;
  const updated = updateBaseline(gate, measured);
  if (updated !== null) {
    await session.say(updated);
    return EXIT.ok;
  }
  if (gate.update === 'pass') await session.say(`Baseline kept: not every check passed: ${gate.path}`);
  return comparison === null ? EXIT.ok : exitOf(comparison);
}
