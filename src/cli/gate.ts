/** `uring-bench gate --baseline FILE -- RUN-OPTIONS`: a run judged against a stored one. */
import { existsSync } from 'node:fs';
import { type ComparePlan, compareRuns, isFailure } from '../compare/compare.ts';
import { type Look, poolResults, trialsNeeded } from '../compare/gate.ts';
import type { Comparison } from '../compare/schema.ts';
import { checkSameWorkload, type StoredRun } from '../compare/workload.ts';
import { BenchError, EXIT, usageError } from '../errors.ts';
import { targetHost } from '../native/library.ts';
import { readOptions, specOf } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { render } from '../report/formats/index.ts';
import { renderJson } from '../report/formats/json.ts';
import { readMachine } from '../resolve/cpus.ts';
import { resolve } from '../resolve/resolve.ts';
import { pathsOf, type RunPlan, storedJob } from '../resolve/run-plan.ts';
import type { ResultWarning, RunResult } from '../results/schema.ts';
import { plural } from '../values/format.ts';
import { readRunOptions } from './argv.ts';
import { comparePlan, reportComparison } from './compare.ts';
import type { Invocation } from './program.ts';
import { checkApart, checkReportFile, writeReportFile } from './report-file.ts';
import { Session } from './session.ts';
import { readSide } from './sides.ts';

/** Trials of a round when nobody says: the fewest with which one slow trial does not hide a change. */
const ROUND_TRIALS = 5;
/** Rounds until a suspicion is settled as it stands. */
const ROUNDS = 3;
const DEFAULT_RULES = ['iops<-5%'];

interface Gate {
  path: string;
  /** null when there is none yet. */
  baseline: StoredRun | null;
  update: 'never' | 'pass' | 'always';
  plan: ComparePlan;
  /** What a round runs. */
  run: RunPlan;
  maxTrials: number;
  session: Session;
  warnings: readonly ResultWarning[];
}

/** The options behind `--`. @throws BenchError (usage), also for one that belongs before it */
function readJobOptions(operands: readonly string[]): { raw: RawOptions; warnings: ResultWarning[] } {
  const written = readRunOptions(operands);
  for (const { flag } of written) {
    const { scope } = specOf(flag);
    if (scope === 'output') throw usageError(`--${flag} says where the report goes`, 'give it before --');
    if (scope === 'compare') throw usageError(`--${flag} is an option of gate`, 'give it before --');
  }
  return readOptions(written);
}

function readBaseline(path: string, update: Gate['update']): StoredRun | null {
  if (existsSync(path)) {
    const [run, ...others] = readSide(path);
    if (run === undefined || others.length > 0) throw new Error('a file that is not one file');
    return run;
  }
  if (update !== 'never') return null;
  throw usageError(`there is no baseline ${path}`, 'make one from this run with --update');
}

/** That the run can be compared, before it takes its time. A baseline that is replaced anyway need not fit. */
function checkComparable({ baseline, run, update }: Pick<Gate, 'baseline' | 'run' | 'update'>): boolean {
  if (baseline === null) return false;
  try {
    const hint = 'give the same options, or make another baseline with --update';
    checkSameWorkload(baseline, { path: 'this run', hint, jobs: run.groups.map(storedJob) });
    const known = baseline.result.backends.map(({ variant }) => variant);
    if (run.variants.some(({ name }) => known.includes(name))) return true;
    throw usageError(
      `${baseline.path} has none of the backends of this run`,
      `it has ${baseline.result.backends.map(({ label }) => label).join(', ')}`,
    );
  } catch (error) {
    if (error instanceof BenchError && update === 'always') return false;
    throw error;
  }
}

/** From the command line to what is run. @throws BenchError (usage) before anything is created */
function prepare({ options, operands, argv }: Invocation): Gate {
  const { raw, warnings: gateWarnings } = readOptions(options);
  const path = raw.baseline;
  if (path === undefined) throw usageError('gate needs --baseline', 'a stored result: --baseline FILE');
  const update = raw.update ?? 'never';
  const plan = comparePlan(raw, DEFAULT_RULES);
  const own = readJobOptions(operands);
  const trials = own.raw.trials ?? ROUND_TRIALS;
  const maxTrials = raw['max-trials'] ?? ROUNDS * trials;
  if (maxTrials < trials) {
    throw usageError(`max-trials=${maxTrials} is less than trials=${trials}`, 'a round has --trials');
  }
  const session = Session.open(raw, argv);
  const baseline = readBaseline(path, update);
  if (update !== 'never') checkReportFile(path);
  const { plan: run, warnings } = resolve(
    { ...own.raw, trials },
    { machine: readMachine(), target: targetHost },
  );
  const targets = pathsOf(run);
  session.checkApart([...targets, path]);
  if (update !== 'never') checkApart('baseline', path, targets);
  const comparable = checkComparable({ baseline, run, update });
  return {
    path,
    baseline: comparable ? baseline : null,
    update,
    plan,
    run,
    maxTrials,
    session,
    warnings: [...gateWarnings, ...own.warnings, ...warnings],
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

/** Rounds until the gate can say something, a run fails, or a signal stops it. */
async function measure(gate: Gate): Promise<Measured> {
  const { runPlan } = await import('../jobs/runner.ts');
  const { run, session, warnings, baseline, plan } = gate;
  const rounds: StoredRun[] = [];
  const looks: Look[] = [];
  let comparison: Comparison | null = null;
  let unsaved: BenchError | null = null;
  let more = run.trials;
  while (more > 0) {
    const suspected = comparison === null ? null : suspicion(comparison, more);
    const planned = withTrials(run, more);
    const round = await session.during((work) => {
      if (suspected !== null) work.progress.note(suspected);
      return runPlan(planned, { ...work, warnings });
    });
    const { result, path } = round;
    rounds.push({ path: path ?? `round ${rounds.length + 1}`, result });
    unsaved ??= round.unsaved;
    if (result.status !== 'complete' || session.stopped !== null) return { rounds, comparison, unsaved };
    if (baseline === null) break;
    comparison = compareRuns([baseline], rounds, plan);
    const trials = rounds.reduce((sum, { result }) => sum + trialsOf(result), 0);
    looks.push({ outcome: comparison.outcome, trials });
    more = trialsNeeded(looks, run.trials, gate.maxTrials);
  }
  return { rounds, comparison, unsaved };
}

/** Trials of each backend that were asked for: --until-confident may have made more of them. */
function trialsOf({ backends }: RunResult): number {
  return Math.max(1, ...backends.map(({ trials }) => trials.length));
}

/** Makes the run the baseline where that was asked for. @returns whether it did */
function updateBaseline({ update, path, baseline }: Gate, { rounds, comparison }: Measured): boolean {
  const passed = baseline === null || comparison?.outcome === 'pass' || comparison?.outcome === null;
  if (update === 'never' || (update === 'pass' && !passed)) return false;
  writeReportFile(path, renderJson(poolResults(rounds.map(({ result }) => result))));
  return true;
}

async function report(gate: Gate, measured: Measured): Promise<void> {
  const { session, baseline, plan } = gate;
  const { rounds, comparison } = measured;
  if (comparison !== null && baseline !== null) {
    await reportComparison({ baseline: [baseline], candidate: rounds }, comparison, plan, session);
    return;
  }
  const pooled = poolResults(rounds.map(({ result }) => result));
  await session.deliver(render(pooled, session.output.outputFormat, session.rendering));
}

export async function gateCommand(invocation: Invocation): Promise<number> {
  const gate = prepare(invocation);
  const measured = await measure(gate);
  const { rounds, comparison } = measured;
  const failed = rounds.filter(({ result }) => result.status !== 'complete');
  await report(gate, failed.length > 0 ? { ...measured, comparison: null } : measured);
  const { session } = gate;
  for (const { path } of session.output.save ? rounds : []) await session.say(`Result: ${path}`);
  for (const { result } of failed) {
    for (const { label, reason } of result.backends.filter(({ status }) => status === 'failed')) {
      await session.say(`${label} failed: ${reason}`);
    }
  }
  if (measured.unsaved !== null) throw measured.unsaved;
  if (session.stopped !== null) return session.stopped;
  if (failed.length > 0) return EXIT.failed;
  if (updateBaseline(gate, measured)) {
    await session.say(`Baseline: ${gate.path}`);
    return EXIT.ok;
  }
  if (gate.update === 'pass') await session.say(`Baseline kept: not every check passed: ${gate.path}`);
  return comparison !== null && isFailure(comparison) ? EXIT.regression : EXIT.ok;
}
