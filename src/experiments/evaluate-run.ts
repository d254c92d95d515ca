/** Runs an evaluation: phase by phase, round by round, each measurement stored before the next begins. */
import type { BenchError } from '../errors.ts';
import type { RunContext } from '../jobs/context.ts';
import { runPlan, withIdentities } from '../jobs/runner.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import type {
  Evaluation,
  EvaluationCell,
  EvaluationFinding,
  EvaluationPhase,
  EvaluationStep,
  OpFigures,
} from '../results/evaluate-schema.ts';
import { mergeLatencies } from '../results/histogram.ts';
import { Keeper } from '../results/keeper.ts';
import type { BackendResult, ResultWarning, RunResult, Trial } from '../results/schema.ts';
import type { ResultFile } from '../results/store.ts';
import { judgePhase, phaseDone, stepsOf, wholeRounds } from '../stats/evaluation.ts';
import { fellBehind } from '../stats/rated.ts';
import { median } from '../stats/spread.ts';
import { atRates, loadFigures, loadOf } from './evaluate-map.ts';
import { PERCENTILES } from './evaluate-plan.ts';
import { type EvaluationTarget, kernelCounters } from './evaluate-target.ts';
import { ManyRunsProgress } from './many-runs-progress.ts';
import { makeFiles, withFiles } from './sweep.ts';

/** Findings of one evaluation: of each matter one is kept. */
const FINDINGS_MAX = 60;

export interface EvaluationRun {
  evaluation: Evaluation;
  target: EvaluationTarget;
  /** By the ids of cells. */
  plans: ReadonlyMap<string, RunPlan>;
  file: ResultFile | null;
}

export type EvaluationContext = Pick<RunContext, 'progress' | 'signal' | 'commandLine' | 'output'>;

function figuresOf(trials: readonly Trial[], op: 'read' | 'write'): OpFigures | null {
  const found = trials.flatMap(({ ops }) => ops[op] ?? []);
  if (found.length === 0 || found.every(({ total_ios }) => total_ios === 0)) return null;
  const { mean, max, percentile } = mergeLatencies(
    found.map(({ lat_ns }) => lat_ns),
    PERCENTILES,
  );
  return {
    iops: median(found.map(({ iops }) => iops)),
    bw_bytes: median(found.map(({ bw_bytes }) => bw_bytes)),
    bytes: found.reduce((sum, { io_bytes }) => sum + io_bytes, 0),
    lat_ns: { mean, max, percentile },
  };
}

function complete({ trials }: BackendResult): Trial[] {
  return trials.filter(({ status }) => status === 'complete');
}

/** What is kept of a run. */
function stepOf(
  result: RunResult,
  at: Pick<EvaluationStep, 'phase' | 'round' | 'cell'>,
  kernel: EvaluationStep['kernel'],
  load: ReturnType<typeof loadOf>,
): EvaluationStep {
  const [backend] = result.backends as [BackendResult];
  const trials = complete(backend);
  const iops = trials.map((trial) => trial.iops);
  const failed = result.status !== 'complete' || trials.length === 0;
  const failure = backend.trials.find((trial) => trial.failure !== null)?.failure?.message;
  return {
    ...at,
    started_at: result.started_at,
    runtime_ns: trials.reduce((sum, { runtime_ns }) => sum + runtime_ns, 0),
    status: failed ? 'failed' : 'complete',
    reason: failed ? (backend.reason ?? failure ?? 'it did not end') : null,
    iops: failed ? 0 : median(iops),
    iops_low: failed ? 0 : Math.min(...iops),
    iops_high: failed ? 0 : Math.max(...iops),
    bw_bytes: failed ? 0 : median(trials.map((trial) => trial.bw_bytes)),
    read: figuresOf(trials, 'read'),
    write: figuresOf(trials, 'write'),
    errors: trials.reduce((sum, { errors }) => sum + errors.reduce((all, { count }) => all + count, 0), 0),
    kernel,
    ...loadFigures(load, trials.some(missedRate)),
  };
}

/** Whether any of a trial's groups fell behind. */
function missedRate(trial: Trial): boolean {
  return fellBehind(trial) || trial.groups.some(fellBehind);
}

/** Adds to what is known against the figures; of each code one, with how often. */
export function addFinding(evaluation: Evaluation, finding: EvaluationFinding): void {
  const known = evaluation.findings.find(({ code }) => code === finding.code);
  if (known !== undefined) known.count += finding.count;
  else if (evaluation.findings.length < FINDINGS_MAX) evaluation.findings.push({ ...finding });
}

/** What a run of one trial says of itself, and what an evaluation asks for on purpose. */
const EXPECTED: readonly string[] = [
  ...['single-trial', 'few-trials', 'low-depth', 'depth-no-gain', 'leftovers'],
  // A map goes on to where rates are too much.
  'rate-missed',
];

function addWarnings(evaluation: Evaluation, warnings: readonly ResultWarning[]): void {
  const codes = new Set<string>();
  for (const { code, message } of warnings) {
    if (EXPECTED.includes(code) || codes.has(code)) continue;
    codes.add(code);
    addFinding(evaluation, { code, message, count: 1 });
  }
}

/** Apart from each other's random numbers, and the same at each attempt. */
function seeded(plan: RunPlan, round: number, place: number): RunPlan {
  const randseed = BigInt.asUintN(64, plan.randseed + BigInt(round) * 1_000_003n + BigInt(place) * 7919n);
  return { ...plan, randseed };
}

/** An evaluation at work. */
class Runner {
  readonly #run: EvaluationRun;
  readonly #context: EvaluationContext;
  readonly #progress: ManyRunsProgress;
  readonly #keeper: Keeper;

  constructor(run: EvaluationRun, context: EvaluationContext) {
    this.#run = run;
    this.#context = context;
    this.#keeper = new Keeper(run.file, (line) => context.progress.note(line));
    this.#progress = new ManyRunsProgress(context.progress, this.#left());
  }

  /** What may still come, for progress. */
  #left() {
    const { evaluation, plans } = this.#run;
    return evaluation.phases.flatMap((phase) => {
      const done = phaseDone(evaluation, phase) ? phase.rounds : wholeRounds(evaluation, phase);
      const rounds = Array.from({ length: phase.rounds - done }, (_, i) => done + i);
      return rounds.flatMap((round) =>
        phase.cells.flatMap(({ id }) => {
          const plan = plans.get(id);
          return plan === undefined
            ? []
            : [{ values: { phase: phase.name, round: String(round) }, plan, warnings: [] }];
        }),
      );
    });
  }

  store(): BenchError | null {
    return this.#keeper.write(this.#run.evaluation);
  }

  /** @returns whether to go on */
  async #cell(phase: EvaluationPhase, round: number, cell: EvaluationCell, place: number, plan: RunPlan) {
    const { evaluation, target } = this.#run;
    const { signal, commandLine, output } = this.#context;
    const at = phase.rounds > 1 ? `${phase.name} ${round + 1}/${phase.rounds}` : phase.name;
    const progress = this.#progress.at({ at, cell: cell.name });
    const load = loadOf(evaluation, cell);
    const before = kernelCounters(target);
    const { result } = await runPlan(seeded(load === null ? plan : atRates(plan, load), round, place), {
      ...{ progress, signal, commandLine, warnings: [] },
      output: { ...output, save: false },
    });
    const after = kernelCounters(target);
    if (signal.aborted || result.status === 'interrupted') return false;
    const kernel =
      before === null || after === null
        ? null
        : { read_bytes: after.read - before.read, written_bytes: after.written - before.written };
    const step = stepOf(result, { phase: phase.name, round, cell: cell.id }, kernel, load);
    evaluation.steps.push(step);
    addWarnings(evaluation, result.warnings);
    this.store();
    if (step.status === 'complete') return true;
    evaluation.status = 'failed';
    this.#context.progress.note(`${cell.name} failed: ${step.reason}`);
    return false;
  }

  async #phase(phase: EvaluationPhase, made: ReadonlyMap<string, RunPlan>): Promise<boolean> {
    const { evaluation } = this.#run;
    while (!phaseDone(evaluation, phase)) {
      const round = wholeRounds(evaluation, phase);
      const done = new Set(stepsOf(evaluation, phase.name, round).map(({ cell }) => cell));
      for (const [place, cell] of phase.cells.entries()) {
        const plan = made.get(cell.id);
        if (done.has(cell.id) || plan === undefined) continue;
        if (this.#context.signal.aborted || !(await this.#cell(phase, round, cell, place, plan)))
          return false;
      }
      this.#tellRound(phase, round);
    }
    return true;
  }

  #tellRound(phase: EvaluationPhase, round: number): void {
    const verdict = judgePhase(this.#run.evaluation, phase);
    if (verdict === null) return;
    const worst = verdict.tracked.map(({ verdict: { range, excursion } }) => ({ range, excursion }));
    const most = (of: 'range' | 'excursion') => Math.max(0, ...worst.map((one) => one[of]));
    const known = round + 1 >= (phase.steady?.rounds ?? 0);
    const words = known
      ? `range ${(most('range') * 100).toFixed(1)} %, slope ${(most('excursion') * 100).toFixed(1)} %${verdict.window ? ': steady' : ''}`
      : 'too few rounds to judge';
    this.#context.progress.note(`${phase.name}: round ${round + 1} of at most ${phase.rounds}: ${words}`);
  }

  async all(): Promise<void> {
    const { evaluation, plans } = this.#run;
    const points = [...plans].map(([id, plan]) => ({ values: { cell: id }, plan, warnings: [] }));
    const created = await makeFiles(points, this.#context);
    const removeFiles = (): void => created.remove();
    process.once('exit', removeFiles);
    try {
      const made = new Map([...plans].map(([id, plan]) => [id, withFiles(withIdentities(plan, created))]));
      this.#progress.startAll();
      let on = true;
      for (const phase of evaluation.phases) {
        on = on && (await this.#phase(phase, made));
        if (!on) break;
      }
      if (on) evaluation.status = 'complete';
      else if (evaluation.status !== 'failed') evaluation.status = 'interrupted';
    } finally {
      this.#context.progress.end();
      removeFiles();
      process.off('exit', removeFiles);
    }
  }
}

/** The kernel's own count of a device against ours: a difference means that somebody else was there, or that we are wrong. */
function checkKernel(evaluation: Evaluation): void {
  let [ours, kernels] = [0, 0];
  for (const { kernel, read, write } of evaluation.steps) {
    if (kernel === null) continue;
    ours += (read?.bytes ?? 0) + (write?.bytes ?? 0);
    kernels += kernel.read_bytes + kernel.written_bytes;
  }
  if (kernels === 0 && ours === 0) return;
  if (Math.abs(kernels - ours) <= Math.max(0.01 * ours, 2 ** 20)) return;
  addFinding(evaluation, {
    code: 'kernel-counters',
    message: `the kernel counted ${kernels} bytes for the device, and ${ours} were ours`,
    count: 1,
  });
}

/** PTS's rounds that never settled are told. */
function checkSteady(evaluation: Evaluation): void {
  for (const phase of evaluation.phases) {
    const verdict = judgePhase(evaluation, phase);
    if (verdict === null || verdict.window !== null || !phaseDone(evaluation, phase)) continue;
    addFinding(evaluation, {
      code: 'not-steady',
      message: `${phase.title}: no steady state in ${verdict.rounds} rounds`,
      count: 1,
    });
  }
}

/**
 * Does what an evaluation lacks.
 * @param atEnd adds what is asked of the drive then
 * @returns why its file lacks the whole of it; null when it has it
 * @throws BenchError as runPlan does; what was done until then is stored
 */
export async function runEvaluation(
  run: EvaluationRun,
  context: EvaluationContext,
  atEnd: () => void,
): Promise<BenchError | null> {
  const runner = new Runner(run, context);
  runner.store();
  await runner.all();
  const { evaluation } = run;
  atEnd();
  checkKernel(evaluation);
  checkSteady(evaluation);
  evaluation.finished_at = new Date().toISOString();
  return runner.store();
}
