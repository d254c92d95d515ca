/** `uring-bench sweep`: a grid of runs, its rows as they finish, its knees and plots. */
import { type BenchError, usageError } from '../errors.ts';
import type { PlannedPoint } from '../experiments/many-runs-progress.ts';
import { checkSetup, planSweep, pointsLeft } from '../experiments/sweep.ts';
import { checkSameGrid, gridOf, isConsent, storedGrid } from '../experiments/sweep-resume.ts';
import { readOptions, specOf, type WrittenOption } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { type Grid, pointText, readGrid } from '../options/sweep-grid.ts';
import { renderSweep, sweepRenderer } from '../report/formats/index.ts';
import { sweepExplanation } from '../report/formats/table.ts';
import { layoutOf, type SweepLayout, sweepHead, sweepRows, sweepTail } from '../report/sweep/sweep.ts';
import { kneePoints } from '../report/sweep/sweep-curves.ts';
import { reportSettings, type SweepView, sweepView } from '../report/sweep/sweep-view.ts';
import { printableAll } from '../report/text/text.ts';
import { readMachine } from '../resolve/cpus.ts';
import { pathsOf } from '../resolve/run-plan.ts';
import { isSweep } from '../results/document.ts';
import { openResultFile, type ResultFile, reopenResultFile } from '../results/store.ts';
import type { SweepPoint, SweepResult } from '../results/sweep-schema.ts';
import { SWEEP_VERSION } from '../results/versions.ts';
import { plural } from '../values/format.ts';
import { packageVersion } from '../version.ts';
import { Clearing } from './clean.ts';
import { checkExplain, deliverStacks, tracing } from './explaining.ts';
import type { Invocation } from './program.ts';
import { checkApart } from './report-file.ts';
import { Session } from './session.ts';
import { writeOut } from './terminal.ts';
import { tellFailures } from './troubles.ts';

/** Shows a sweep on stdout while it runs. */
class LiveReport {
  readonly #sweep: SweepResult;
  readonly #view: SweepView;
  readonly #columns: number;
  readonly #color: boolean;
  readonly #ascii: boolean;
  #layout: SweepLayout | null = null;

  constructor(sweep: SweepResult, view: SweepView, { columns, color, ascii = false }: Session['rendering']) {
    this.#color = color;
    this.#ascii = ascii;
    this.#sweep = sweep;
    this.#view = view;
    this.#columns = columns;
  }

  /** The first point says what runs on what: so the head comes with it. */
  async row(point: SweepPoint): Promise<void> {
    if (this.#layout === null) {
      const sweep = printableAll(this.#sweep);
      this.#layout = layoutOf(sweep, this.#view, this.#columns);
      await writeOut(process.stdout, sweepHead(sweep, this.#layout, this.#columns));
    }
    await writeOut(process.stdout, sweepRows(printableAll(point), this.#layout));
  }

  async end(): Promise<void> {
    if (this.#layout === null) return;
    const sweep = printableAll(this.#sweep);
    const explained = sweepExplanation(sweep, { color: this.#color, columns: this.#columns });
    const tail = sweepTail(sweep, this.#layout, this.#columns, this.#ascii);
    await writeOut(process.stdout, `\n${tail}${explained}`);
  }
}

async function readSweep(path: string): Promise<SweepResult> {
  if (path === '-') throw usageError('resume=- is no file', 'what is missing is added to it');
  const { readStored } = await import('./stored.ts');
  const stored = readStored(path);
  if (isSweep(stored)) return stored;
  throw usageError(`resume=${path} is not a sweep but a single run`);
}

/** The options that make the runs, and those that say what becomes of them. */
function splitOptions(options: readonly WrittenOption[]): { runs: WrittenOption[]; raw: RawOptions } {
  const isRun = ({ flag }: WrittenOption) => ['workload', 'run'].includes(specOf(flag).scope);
  const { raw } = readOptions(options.filter((option) => !isRun(option)));
  return { runs: options.filter(isRun), raw };
}

function newSweep(grid: Grid, argv: readonly string[], settings: SweepResult['report']): SweepResult {
  return {
    schema_version: SWEEP_VERSION,
    kind: 'sweep',
    tool: { name: 'uring-bench', version: packageVersion() },
    status: 'interrupted',
    started_at: new Date().toISOString(),
    finished_at: null,
    resumed_at: [],
    command_line: ['uring-bench', ...argv],
    grid: storedGrid(grid),
    report: settings,
    points: [],
  };
}

interface Sweep {
  sweep: SweepResult;
  points: PlannedPoint[];
  /** The file that it goes on from; null for a new one. */
  resumed: string | null;
}

/** From the command line to what is run. @throws BenchError (usage) before anything is created */
async function prepare(
  runs: readonly WrittenOption[],
  raw: RawOptions,
  argv: readonly string[],
  session: Session,
): Promise<Sweep> {
  const resumed = raw.resume ?? null;
  const stored = resumed === null ? null : await readSweep(resumed);
  const settings = reportSettings(raw, stored?.report ?? null);
  const consent = runs.filter(isConsent);
  const known = stored === null || resumed === null ? null : gridOf(stored.grid, resumed, consent);
  const grid = known !== null && runs.length === consent.length ? known : readGrid(runs);
  if (known !== null && resumed !== null) checkSameGrid(grid, known, resumed);
  const points = planSweep(grid, { machine: readMachine(), target: new Clearing(session).target });
  checkSetup(points);
  if (stored === null) return { sweep: newSweep(grid, argv, settings), points, resumed };
  const resumedAt = [...stored.resumed_at, new Date().toISOString()];
  const sweep = { ...stored, grid: storedGrid(grid), report: settings, resumed_at: resumedAt };
  return { sweep, points, resumed };
}

async function openFile(
  { sweep, points, resumed }: Sweep,
  output: Session['output'],
): Promise<ResultFile | null> {
  if (resumed !== null) {
    if (!output.save) throw usageError('a resumed sweep is stored where it was', 'leave out --no-save');
    return reopenResultFile(resumed);
  }
  const rw = points[0]?.plan.groups[0]?.workload.rw ?? '';
  return output.save ? openResultFile(output.resultsDir, new Date(sweep.started_at), `sweep-${rw}`) : null;
}

/** @throws BenchError: usage when there is no curve that could bend, else as checkExplain */
function checkSweepExplain({ sweep, points }: Sweep, session: Session): void {
  for (const { plan } of points) {
    checkExplain(plan.explain, session);
    if (plan.explain === 'none' || sweep.grid.axis !== null) continue;
    throw usageError(
      'explain: a sweep is explained at its knee, and this one has no axis of numbers',
      'run the points that matter by themselves',
    );
  }
}

async function run(prepared: Sweep, session: Session, view: SweepView): Promise<number> {
  const { sweep, points } = prepared;
  const { runSweep } = await import('../experiments/sweep.ts');
  const { output, rendering } = session;
  const live = output.outputFormat === 'table' && session.live;
  const report = live ? new LiveReport(sweep, view, rendering) : null;
  const file = await openFile(prepared, output);
  let unsaved: BenchError | null = null;
  try {
    const ended = await session.during(async (work) => {
      const left = pointsLeft(points, sweep).length;
      const of = left < points.length ? ` of ${points.length}` : '';
      work.progress.note(`sweep of ${plural(left, 'point')}${of}: ${describeGrid(sweep)}`);
      for (const point of sweep.points) if (point.result.status === 'complete') await report?.row(point);
      return runSweep(points, sweep, file, {
        ...work,
        commandLine: sweep.command_line,
        onPoint: async (point) => report?.row(point),
        kneesOf: (measured) => kneePoints(measured, view),
        tracing,
      });
    });
    unsaved = ended.unsaved;
    await deliverStacks(ended.stacks, session);
  } catch (error) {
    if (sweep.points.length === 0 && prepared.resumed === null) file?.discard();
    else if (file !== null) await session.say(`Sweep so far: ${file.path}`);
    throw error;
  }
  await report?.end();
  const text = renderSweep(sweep, view, output.outputFormat, rendering);
  if (report === null) await session.deliver(text);
  await session.deliverMore((format, plain) => renderSweep(sweep, view, format, plain));
  if (unsaved !== null) throw unsaved;
  if (output.outputFormat !== 'table') {
    await tellFailures(sweep.points.map(({ values, result }) => ({ result, at: pointText(values) })));
  }
  await tellFiles(file, session, report !== null);
  return session.exitCode(sweep.status === 'complete');
}

/** `bs=512,4k x iodepth=1,2,4` */
function describeGrid({ grid }: SweepResult): string {
  return grid.dimensions.map(({ option, values }) => `${option}=${values.join(',')}`).join(' x ');
}

async function tellFiles(file: ResultFile | null, session: Session, onStdout: boolean): Promise<void> {
  await session.sayReport();
  if (file === null) return;
  if (onStdout) await writeOut(process.stdout, `\nSweep: ${file.path}\n`);
  else await session.say(`Sweep: ${file.path}`);
}

export async function sweepCommand({ options, argv }: Invocation): Promise<number> {
  const { runs, raw } = splitOptions(options);
  const session = await Session.open(raw, argv);
  for (const format of [session.output.outputFormat, ...session.output.reports.map((one) => one.format)]) {
    sweepRenderer(format);
  }
  const prepared = await prepare(runs, raw, argv, session);
  const { points, resumed } = prepared;
  const targets = points.flatMap(({ plan }) => pathsOf(plan));
  checkSweepExplain(prepared, session);
  if (resumed !== null) checkApart('resume', resumed, targets);
  session.checkApart(resumed === null ? targets : [...targets, resumed]);
  const view = sweepView(prepared.sweep.report);
  return run(prepared, session, view);
}
