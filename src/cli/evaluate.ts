/** `uring-bench evaluate TARGET`: what a drive, a partition, a file or a folder can do, in one command. */
import { createInterface } from 'node:readline/promises';
import { type BenchError, usageError } from '../errors.ts';
import { chooseBackend, fittingPhases, planCells } from '../experiments/evaluate-plan.ts';
import {
  costOf,
  missingProfiles,
  type Profile,
  type ProfileName,
  phasesOf,
  profiles,
  writes,
} from '../experiments/evaluate-profiles.ts';
import {
  checkConsent,
  checkKind,
  checkSameTarget,
  claimDevice,
  type EvaluationTarget,
  lookAtTarget,
  regionOf,
} from '../experiments/evaluate-target.ts';
import { withHashedSerial } from '../host/device-info.ts';
import { captureEnvironment } from '../host/environment.ts';
import { nativeFacts } from '../native/library.ts';
import { readOptions } from '../options/option-reader.ts';
import type { RawOptions } from '../options/options.ts';
import { evaluationRenderer, renderEvaluation } from '../report/formats/index.ts';
import { printable } from '../report/text/text.ts';
import { readMachine } from '../resolve/cpus.ts';
import type { ResolveHost } from '../resolve/resolve.ts';
import type { RunPlan } from '../resolve/run-plan.ts';
import { isEvaluation } from '../results/document.ts';
import type { Evaluation } from '../results/evaluate-schema.ts';
import { openResultFile, type ResultFile, reopenResultFile } from '../results/store.ts';
import { EVALUATION_VERSION } from '../results/versions.ts';
import { formatBytes, formatDuration } from '../values/format.ts';
import { didYouMean } from '../values/nearest.ts';
import { packageVersion } from '../version.ts';
import { Clearing } from './clean.ts';
import type { Invocation } from './program.ts';
import { checkApart } from './report-file.ts';
import { Session } from './session.ts';
import { writeOut } from './terminal.ts';

/** Cells of a rehearsal take this at least. */
const REHEARSAL_NS_MIN = 1e9;
const PTS_CELL_NS = 60e9;
/** A cell's run takes so much longer than its trials, about. */
const OVERHEAD_NS = 0.6e9;
/** At which passes over the region are guessed to go. */
const PASS_BYTES_PER_SECOND = 500e6;

/** Those that say what is done: a resumed evaluation has its own. */
const PLANNING = [
  'profile',
  'read-only',
  'scale',
  'round-time',
  'max-rounds',
  'map',
  'purge',
  'backend',
] as const;

function profileOf(name: string): ProfileName {
  if (Object.hasOwn(profiles, name)) return name as ProfileName;
  const known = Object.keys(profiles);
  const why = missingProfiles[name];
  if (why !== undefined) throw usageError(`profile=${name} ${why}`, `there are: ${known.join(', ')}`);
  throw usageError(`unknown profile '${name}'${didYouMean(name, known)}`, `there are: ${known.join(', ')}`);
}

/** 1/64 or 0.5. @throws BenchError (usage) */
function scaleOf(text: string): number {
  const [, above, below = '1'] = /^(\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(text) ?? [];
  const scale = Number(above) / Number(below);
  if (scale > 0 && scale <= 1) return scale;
  throw usageError(`scale=${text} is no share`, 'more than 0 and at most 1, like 1/64');
}

/** Why figures are not those of the standard. */
function rehearsalOf(profile: Profile, raw: RawOptions, scale: number): string | null {
  if (profile.follows === null) return null;
  const why = [
    ...(scale < 1 ? [`1/${Math.round(1 / scale)} of the target`] : []),
    ...(raw['round-time'] !== undefined && raw['round-time'] !== PTS_CELL_NS
      ? ['another time of a cell']
      : []),
    ...(raw['max-rounds'] === undefined ? [] : ['another number of rounds']),
    ...(raw['read-only'] === true ? ['reads alone'] : []),
  ];
  return why.length === 0 ? null : `not a ${profile.follows} result: ${why.join(', ')}`;
}

function cellNs(raw: RawOptions, scale: number, profile: Profile): number | null {
  if (raw['round-time'] !== undefined) return raw['round-time'];
  if (scale === 1 || profile.follows === null) return null;
  return Math.max(REHEARSAL_NS_MIN, PTS_CELL_NS * scale);
}

/** What is going to be done, with the runs that do it. */
interface Prepared {
  evaluation: Evaluation;
  target: EvaluationTarget;
  plans: Map<string, RunPlan>;
  /** The file that it goes on from; null for a new one. */
  resumed: string | null;
}

function oneBackend(raw: RawOptions): string | null {
  const [first, ...more] = raw.backend ?? [];
  if (more.length > 0) throw usageError('an evaluation has one backend', '--backend io_uring');
  return first ?? null;
}

async function newEvaluation(
  path: string,
  raw: RawOptions,
  session: Session,
  host: ResolveHost,
): Promise<Prepared> {
  const name = profileOf(raw.profile ?? 'quick');
  const profile: Profile = profiles[name];
  const target = lookAtTarget(path);
  const readOnly = raw['read-only'] ?? false;
  checkKind(target, name, profile, readOnly);
  const scale = scaleOf(raw.scale ?? '1');
  const regionBytes = regionOf(target, scale, profile);
  const rounds = raw['max-rounds'] ?? null;
  const map = raw.map ?? null;
  if (map !== null && name !== 'mixed') throw usageError(`profile=${name} has no map`, '--profile mixed');
  const roundNs = cellNs(raw, scale, profile);
  const wanted = phasesOf(profile, { regionBytes, readOnly, roundNs, rounds, map });
  if (wanted.length === 0) throw usageError(`profile=${name} only writes`, 'leave out --read-only');
  const { phases: fitting, findings } = fittingPhases(wanted, target, host);
  // A file that is made for it has all of its bytes.
  const phases = target.kind === 'folder' ? fitting.filter(({ name: one }) => one !== 'fill') : fitting;
  const purge = raw.purge ?? 'none';
  if (purge !== 'none' && (readOnly || target.kind !== 'block'))
    throw usageError(`purge=${purge} is for a device that may be written`, 'leave out --purge');
  const randseed = 0x89n;
  const [probe] = phases.at(-1)?.cells ?? [];
  if (probe === undefined) throw usageError(`profile=${name} has nothing for ${path}`);
  const shared = { target, regionBytes, readOnly, randseed };
  const backend = chooseBackend(oneBackend(raw), probe, shared, host);
  const plans = planCells(phases, { ...shared, backend }, host);
  const environment = await captureEnvironment([target.path], nativeFacts());
  const files = session.output.hashSerial ? environment.files.map(withHashedSerial) : environment.files;
  const { identity, kind, sizeBytes } = target;
  return {
    ...{ target, plans, resumed: null },
    evaluation: {
      schema_version: EVALUATION_VERSION,
      kind: 'evaluation',
      tool: { name: 'uring-bench', version: packageVersion() },
      status: 'interrupted',
      started_at: new Date().toISOString(),
      finished_at: null,
      resumed_at: [],
      command_line: [...session.commandLine],
      ...{ profile: name, title: profile.title, backend, scale, rehearsal: rehearsalOf(profile, raw, scale) },
      ...{ read_only: readOnly, purge, purged_at: null, randseed: String(randseed) },
      target: { path, kind, size_bytes: sizeBytes, region_bytes: regionBytes, identity },
      environment: { ...environment, files },
      phases,
      steps: [],
      health: { before: null, after: null, absent: null },
      findings,
    },
  };
}

async function readEvaluation(path: string): Promise<Evaluation> {
  if (path === '-') throw usageError('resume=- is no file', 'what is missing is added to it');
  const { readStored } = await import('./stored.ts');
  const stored = readStored(path);
  if (isEvaluation(stored)) return stored;
  throw usageError(`resume=${path} is no evaluation`);
}

/** The stored plan is gone on with as it is. @throws BenchError (usage) when the target is another one */
async function resumedEvaluation(
  file: string,
  operand: string | undefined,
  raw: RawOptions,
  host: ResolveHost,
): Promise<Prepared> {
  const given = PLANNING.find((flag) => raw[flag] !== undefined);
  if (given !== undefined) throw usageError(`resume: ${file} has its own ${given}`, `leave out --${given}`);
  const stored = await readEvaluation(file);
  if (stored.status === 'complete') throw usageError(`${file} is complete`, 'show shows it');
  const target = lookAtTarget(operand ?? stored.target.path);
  checkSameTarget(target, stored, file);
  const profile: Profile = profiles[profileOf(stored.profile)];
  const { phases, target: at, backend, read_only: readOnly } = stored;
  if (at.region_bytes > target.sizeBytes) throw usageError(`${target.path} is smaller than it was`);
  const randseed = BigInt.asUintN(64, BigInt(stored.randseed.replace(/\D/g, '') || '0'));
  const plans = planCells(
    phases,
    { target, regionBytes: at.region_bytes, backend, readOnly, randseed },
    host,
  );
  const evaluation: Evaluation = {
    ...stored,
    status: 'interrupted',
    resumed_at: [...stored.resumed_at, new Date().toISOString()],
    // What was measured stays; what failed is tried again.
    steps: stored.steps.filter(({ status }) => status === 'complete'),
  };
  if (profile.unbroken && stored.steps.length > 0) {
    const { addFinding } = await import('../experiments/evaluate-run.ts');
    addFinding(evaluation, {
      code: 'broken-off',
      message: `it was stopped after ${stored.steps.length} measurements and gone on with: a rest is no part of ${profile.follows}`,
      count: 1,
    });
  }
  return { evaluation, target, plans, resumed: file };
}

/** What is going to be written and how long it takes, in lines for people. */
function announcement({ evaluation, target }: Prepared): string[] {
  const { region_bytes: region, size_bytes: size } = evaluation.target;
  const cost = costOf(evaluation.phases, region);
  const cells = evaluation.phases.reduce(
    (sum, { rounds, cells: own }) => sum + rounds * own.reduce((all, { trials }) => all + trials, 0),
    0,
  );
  const made = target.kind === 'folder' && evaluation.steps.length === 0 ? region : 0;
  const passNs = ((cost.passBytes + made) / PASS_BYTES_PER_SECOND) * 1e9;
  const longest = formatDuration(cost.timedNs + cells * OVERHEAD_NS + passNs);
  const most = evaluation.phases.some(({ steady }) => steady?.ends) ? 'at most about' : 'about';
  const what =
    target.kind === 'folder'
      ? `a file of ${formatBytes(region)} in ${target.path}`
      : `${formatBytes(region)} of ${target.path} (${formatBytes(size)})`;
  const writing =
    evaluation.read_only || !evaluation.phases.some(({ cells: own }) => own.some(writes))
      ? 'nothing is written'
      : `writes ${formatBytes(cost.passBytes + made)}, and then for ${formatDuration(cost.writingNs)} as fast as it takes it`;
  return [
    `evaluate ${evaluation.profile}: ${evaluation.title}; ${what}, by ${evaluation.backend}`,
    `${writing}; ${most} ${longest}${evaluation.purge === 'none' ? '' : `; purged first (${evaluation.purge}): all of its data goes`}`,
    ...(evaluation.rehearsal === null ? [] : [evaluation.rehearsal]),
  ].map(printable);
}

/** Asks a person, where there is one. @throws BenchError (usage) when nobody says yes */
async function ask({ target }: Prepared): Promise<void> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const loses =
        target.kind === 'folder' ? 'Go on' : `What is on ${printable(target.path)} is lost. Go on`;
      const answer = await terminal.question(`${loses}? [y/N] `);
      if (/^y(es)?$/i.test(answer.trim())) return;
    } finally {
      terminal.close();
    }
    throw usageError('nothing was written', '--yes does not ask');
  }
  // A device was spelled out, and a folder loses nothing.
  if (target.kind === 'file')
    throw usageError(
      `${target.path} has data that would be overwritten`,
      'if you want that: --yes; --read-only only reads',
    );
}

async function openFile({ evaluation, resumed }: Prepared, { output }: Session): Promise<ResultFile | null> {
  if (resumed !== null) {
    if (!output.save) throw usageError('a resumed evaluation is stored where it was', 'leave out --no-save');
    return reopenResultFile(resumed);
  }
  if (!output.save) return null;
  return openResultFile(output.resultsDir, new Date(evaluation.started_at), `evaluate-${evaluation.profile}`);
}

async function perform(prepared: Prepared, session: Session): Promise<number> {
  const { evaluation, target } = prepared;
  const release = claimDevice(target, evaluation.read_only);
  let unsaved: BenchError | null = null;
  let file: ResultFile | null = null;
  try {
    file = await openFile(prepared, session);
    const { runEvaluation } = await import('../experiments/evaluate-run.ts');
    const { beginDrive, endDrive } = await import('../experiments/evaluate-drive.ts');
    unsaved = await session.during(async (work) => {
      beginDrive(evaluation, target, (line) => work.progress.note(line));
      return runEvaluation({ ...prepared, file }, work, () => endDrive(evaluation, target));
    });
  } catch (error) {
    if (evaluation.steps.length === 0 && prepared.resumed === null) file?.discard();
    else if (file !== null) await session.say(`Evaluation so far: ${file.path}`);
    throw error;
  } finally {
    release();
  }
  await session.deliver(renderEvaluation(evaluation, session.output.outputFormat, session.rendering));
  await session.deliverMore((format, plain) => renderEvaluation(evaluation, format, plain));
  if (unsaved !== null) throw unsaved;
  await session.sayReport();
  if (file !== null) {
    const text = `Evaluation: ${file.path}`;
    if (session.live && session.output.outputFormat === 'table')
      await writeOut(process.stdout, `\n${text}\n`);
    else await session.say(text);
    if (evaluation.status !== 'complete')
      await session.say(`go on: uring-bench evaluate --resume ${file.path}`);
  }
  return session.exitCode(evaluation.status === 'complete');
}

export async function evaluateCommand({ options, operands, argv }: Invocation): Promise<number> {
  const { raw } = readOptions(options);
  const session = await Session.open(raw, argv);
  for (const format of [session.output.outputFormat, ...session.output.reports.map((one) => one.format)])
    evaluationRenderer(format);
  const [operand, ...more] = operands;
  if (more.length > 0)
    throw usageError('one target at a time is evaluated', `${operand}, or ${more.join(', ')}`);
  const clearing = new Clearing(session);
  const host = { machine: readMachine(), target: clearing.target };
  const { resume } = raw;
  if (operand === undefined && resume === undefined)
    throw usageError('evaluate what?', 'a device, a file with data, or a folder: uring-bench evaluate .');
  if (resume === undefined) profileOf(raw.profile ?? 'quick');
  // Consent comes first: it is asked of this command line alone, and again of each that goes on.
  const at = operand ?? (resume === undefined ? '' : (await readEvaluation(resume)).target.path);
  const readOnly =
    resume === undefined ? (raw['read-only'] ?? false) : (await readEvaluation(resume)).read_only;
  const consent = { destroyDevice: raw['destroy-device'] ?? [], yes: raw.yes ?? false, readOnly };
  const asks = checkConsent(lookAtTarget(at), consent, host.target);
  const prepared =
    resume === undefined
      ? await newEvaluation(at, raw, session, host)
      : await resumedEvaluation(resume, operand, raw, host);
  if (resume !== undefined) checkApart('resume', resume, [prepared.target.file]);
  session.checkApart([prepared.target.file, ...(resume === undefined ? [] : [resume])]);
  for (const line of announcement(prepared)) await session.say(line);
  if (asks) await ask(prepared);
  return perform(prepared, session);
}
